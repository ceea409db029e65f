"""A process of this package's own: it takes requests and gives answers as JSON lines, within a time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: No thread of a library's is to run in a process that forks: a lock that one holds then is held for ever in the child.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


class Helper:
    """``module`` of the child's side, run by the interpreter ``python`` with a home of its own below ``folder``."""

    def __init__(self, python: str, module: str, folder: Path, *arguments: str) -> None:
        home = folder / module
        home.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            **_ONE_THREAD,
            "HOME": str(home),
            "TMPDIR": str(home),
            "DAGSTER_HOME": str(home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.complaints = folder / f"{module}.txt"
        self.end = ""  # why there are no more answers
        self._rest = b""
        with open(self.complaints, "ab") as complaints:
            self.process = subprocess.Popen(
                [python, "-m", f"asset_lint.verify.child.{module}", *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, cwd=home, env=environment,
            )  # fmt: skip

    def send(self, message: Mapping[str, Any]) -> None:
        """A request; that the process has died is seen when the answer is read."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(message).encode() + b"\n")
            self.process.stdin.flush()

    def receive(self, within: float) -> Any:
        """The next answer; None where the process has died, or is killed as it gives none ``within`` so many seconds.

        ``end`` says which.
        """
        assert self.process.stdout is not None
        last = time.monotonic() + within
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            parts = [self._rest]
            while b"\n" not in parts[-1]:
                if not selector.select(max(0.0, last - time.monotonic())):
                    self.process.kill()
                    self.end = f"has not answered within {within:g} s"
                    return None
                data = os.read(self.process.stdout.fileno(), 1 << 20)
                if not data:  # perhaps in the middle of a line
                    self.end = "has died"
                    return None
                parts.append(data)
        line, _, self._rest = b"".join(parts).partition(b"\n")
        return json.loads(line)

    def said(self) -> str:
        """The end of what it wrote to its standard error."""
        return self.complaints.read_text(errors="replace")[-2000:]

    def close(self) -> None:
        """End it, and with it all that it started."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
