"""Whether this process holds the lock of a database file; the file itself must not be opened to find out.

Opening and closing it here would drop the lock, and a forked process inherits DuckDB's own idea of what is open.
"""

from __future__ import annotations

import os
import subprocess
import sys

_ASK = "import duckdb, sys; duckdb.connect(sys.argv[1]).close()"


def lock_held(path: str) -> bool | None:
    """Whether another process could not open ``path`` for writing; None where there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    if sys.platform != "linux":
        return subprocess.run([sys.executable, "-c", _ASK, path], capture_output=True, check=False).returncode != 0
    own = os.readlink("/proc/self")
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with open("/proc/locks") as locks:
        return any(fields[4] == own and fields[5] == wanted for fields in (line.split() for line in locks))
