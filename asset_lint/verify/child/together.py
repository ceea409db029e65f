"""Two processes on one database file: two assets at once, or a reader beside the run."""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from . import observe
from .loading import Target
from .record import Recorder

_PATIENCE = 3.0  # seconds that one waits for the other to come to the same file
_HOLD = 0.05  # seconds that a file is held when the other is known to want it


class Meeting:
    """Lets two processes meet at the first file that each opens: who has it waits until the other asks for it."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._met = False

    def before_opening(self) -> None:
        """Say that this process is about to open a file."""
        if not self._met:
            os.write(self._write, b".")

    def after_opening(self) -> None:
        """Hold the file until the other has asked for one."""
        if not self._met:
            self._met = True
            if select.select([self._read], [], [], _PATIENCE)[0]:
                time.sleep(_HOLD)


def unordered(targets: Sequence[Target]) -> tuple[Target, Target] | None:
    """Two assets that Dagster would run at once: neither waits for the other, and no limit holds them apart."""
    assets = [target for target in targets if target.kind == "asset"]
    upstream = {key: set(_parents(target)) for target in assets for key in target.definition.keys}

    def waits(one: Target, other: Target) -> bool:
        seen: set[Any] = set()
        waiting = list(_parents(one))
        while waiting:
            key = waiting.pop()
            if key not in seen:
                seen.add(key)
                waiting += upstream.get(key, ())
        return bool(seen & set(other.definition.keys))

    for one, other in itertools.combinations(assets, 2):
        if not (waits(one, other) or waits(other, one) or _limits(one) & _limits(other)):
            return one, other
    return None


def _parents(target: Target) -> Iterator[Any]:
    for keys in target.definition.asset_deps.values():
        yield from keys


def _limits(target: Target) -> set[str]:
    node = target.definition.node_def
    found = {getattr(node, "pool", None), dict(node.tags or {}).get("dagster/concurrency_key")}
    return {each for each in found if each}


def both(recorder: Recorder, folder: Path, one: Callable[[], None], other: Callable[[], None]) -> None:
    """Do ``one`` here and ``other`` in a second process, at the same time; both tell this recorder's pipe."""
    first, second = os.pipe(), os.pipe()
    told = folder / "other.jsonl"
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            recorder.to(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND))
            observe.meet(Meeting(first[0], second[1]))
            other()
        os._exit(0)
    observe.meet(Meeting(second[0], first[1]))
    one()
    os.waitpid(pid, 0)
    recorder.pass_on(told)


@contextlib.contextmanager
def reader(database: str) -> Iterator[None]:
    """Another process has the database open for reading meanwhile."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException), observe.unseen():
            connection = duckdb.connect(database, read_only=True)
            os.write(write, b".")
            select.select([], [], [], 60)
            connection.close()
        os._exit(0)
    os.close(write)
    select.select([read], [], [], _PATIENCE)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(read)
