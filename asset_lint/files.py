"""Replacing a file as a whole or not at all."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path


def replace(path: Path, data: bytes) -> None:
    """Give the file ``path`` the content ``data``; raises OSError, and then the file is as it was.

    The new file is complete before it takes the old one's place. Mode and, where allowed, owner stay; a symbolic link
    stays one. What can't be written to, or stands in a folder where no file can be made, is refused.
    """
    target = os.path.realpath(path)
    try:
        old: os.stat_result | None = os.stat(target)
    except FileNotFoundError:
        old = None
    if old is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", target)
    folder, name = os.path.split(target)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if old is not None:
            _chown(temporary, old)
            os.chmod(temporary, stat.S_IMODE(old.st_mode))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _chown(path: str, old: os.stat_result) -> None:
    if hasattr(os, "chown"):
        try:
            os.chown(path, old.st_uid, old.st_gid)
        except OSError:
            pass  # only root may give files away
