"""What a scenario does to a run: queries that raise, a cancellation, a database where the code expects one."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import duckdb

from asset_lint.evidence import Scenario

MESSAGE = "IO Error: this query was made to fail"


class Effects:
    """The effects of ``scenario`` at query ``at`` (0: each that raises, the first that is interrupted).

    Where the code opens a database of its own below ``folder`` which is not there, ``copy`` is put there first.
    """

    def __init__(self, scenario: Scenario, at: int, folder: Path, copy: Path | None) -> None:
        self.scenario = scenario
        self.at = at
        self.folder = os.path.realpath(folder)
        self.copy = copy
        self.queries = 0
        self.made: list[str] = []

    def before_opening(self, path: str) -> None:
        """Let a database of the code's own hold the tables that the given one holds."""
        if self.copy is not None and path.startswith(self.folder + os.sep) and not os.path.exists(path):
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(self.copy, path)
            self.made.append(path)

    def before_query(self) -> None:
        """Raise, or be cancelled, if this is the query for it."""
        self.queries += 1
        if self.scenario is Scenario.FAULT and self.at in (0, self.queries):
            raise duckdb.IOException(MESSAGE)
        if self.scenario is Scenario.INTERRUPT and self.at in (0, self.queries):
            self.at = -1
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(100):  # the handler runs between two steps of the interpreter
                time.sleep(0.001)

    def after_query(self) -> None:
        """Give other threads the time to come between a query and the reading of its result."""
        if self.scenario is Scenario.THREADS:
            time.sleep(0.02)
