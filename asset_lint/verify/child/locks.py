"""Whether this process holds the lock of a database file; the file itself must not be opened to find out.

Opening and closing it here would drop the lock, and a forked process inherits DuckDB's own idea of what is open.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

_ASK = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"


def lock_held(path: str) -> bool | None:
    """Whether another process could not open ``path`` for writing; None where there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if sys.platform != "linux":
        return subprocess.run([sys.executable, "-c", _ASK, path], capture_output=True, check=False).returncode != 0
    return any(_has_lock(opened) for opened in _descriptors(status))


def _descriptors(status: os.stat_result) -> Iterator[str]:
    """The file descriptors of this process that are open on a file. A lock ends with the last of them at the latest."""
    for opened in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the listing's own is closed by now
            if os.path.samestat(os.fstat(int(opened)), status):
                yield opened


def _has_lock(opened: str) -> bool:
    """Whether the kernel says that a lock was taken through a file descriptor.

    /proc/locks says the same, but to list the locks of all processes the kernel waits for every processor.
    """
    try:
        with open(f"/proc/self/fdinfo/{opened}") as facts:
            return any(line.startswith("lock:") for line in facts)
    except OSError:
        return False
