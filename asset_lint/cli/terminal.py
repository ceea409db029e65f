"""The process: its streams and what becomes of a run when they break, its processors, its version."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import TextIO

from asset_lint.errors import AssetLintError, SourceError


class BrokenPipe(AssetLintError):
    """Whoever reads our output has gone; the process ends as a signal would end it, and says nothing."""

    exit_code = 141


def write(text: str | bytes) -> None:
    """Write to standard output, all of it at once; raises BrokenPipe, SourceError."""
    _write(sys.stdout, text, "standard output")


def tell(text: str) -> None:
    """A line for the user on standard error; lost where there is none."""
    if sys.stderr is not None:
        try:
            _write(sys.stderr, f"{text}\n", "standard error")
        except AssetLintError:
            pass


def _write(stream: TextIO | None, text: str | bytes, name: str) -> None:
    if stream is None:
        raise SourceError(f"cannot write to {name}: it is closed")
    try:
        # what the stream's encoding lacks is escaped, never a crash
        data = text if isinstance(text, bytes) else text.encode(stream.encoding or "utf-8", "backslashreplace")
        stream.flush()
        stream.buffer.write(data)
        stream.flush()
    except (OSError, ValueError) as error:
        silence(stream)
        gone = {errno.EPIPE, errno.EINVAL} if sys.platform == "win32" else {errno.EPIPE}
        if isinstance(error, OSError) and error.errno in gone:
            raise BrokenPipe("") from None
        raise SourceError(f"cannot write to {name}: {getattr(error, 'strerror', None) or error}") from None


def silence(stream: TextIO | None) -> None:
    """Keep the interpreter from trying, and failing, once more at its end."""
    if stream is None:
        return
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        pass


def write_file(path: Path, text: str) -> None:
    """Write a report to a file, whole or not at all; raises SourceError."""
    from asset_lint.files import replace

    data = text.encode("utf-8", "backslashreplace")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or a pipe
        else:
            replace(path, data)
    except OSError as error:
        raise SourceError(f"cannot write {path}: {error.strerror or error}") from None


def read_stdin() -> bytes:
    """All of standard input."""
    if sys.stdin is None:
        raise SourceError("cannot read standard input: it is closed")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise SourceError(f"cannot read standard input: {error.strerror or error}") from None


def colored() -> bool:
    """Does standard output want colours? NO_COLOR and FORCE_COLOR have their say before the terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_terminal() and os.environ.get("TERM") != "dumb"


def is_terminal() -> bool:
    """Is standard output looked at directly?"""
    return sys.stdout is not None and sys.stdout.isatty()


def processors() -> int:
    """How many processes may run at a time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
