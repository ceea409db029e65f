"""Progress on stderr, where a run takes long and somebody looks on."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_PATIENCE = 1.0  # seconds before anything is shown


class Progress:
    """A bar that appears only after a while; :meth:`step` is called for each file."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total = total
        self._done = 0
        self._wanted = (
            not quiet and total > 1 and sys.stderr is not None and sys.stderr.isatty() and "CI" not in os.environ
        )
        self._since = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def step(self, path: str) -> None:
        """One file more is done."""
        self._done += 1
        if not self._wanted:
            return
        if self._bar is None and time.monotonic() - self._since > _PATIENCE:
            self._show()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (TextColumn("Checking"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
        console = Console(stderr=True)
        self._bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._task = self._bar.add_task("", total=self._total)
        self._bar.start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()
