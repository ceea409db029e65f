"""What a process does besides DuckDB: prints, warns, starts others."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import sys
import time
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import dagster

from . import observe
from .record import Recorder, shortened

_STARTS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}


def shorten_waiting() -> None:
    """Let Dagster's retries of a connection wait for a second altogether, where they would for minutes."""
    from dagster._utils import backoff

    waiting = SimpleNamespace(sleep=lambda seconds: time.sleep(min(seconds, 0.1)))
    backoff.time = waiting  # pyright: ignore[reportPrivateImportUsage]


def shorten_sleep() -> None:
    """Let code that waits before it tries again do so quickly: it is known to fail."""
    from dagster._core.execution.plan import active

    original = time.sleep
    time.sleep = lambda seconds: original(min(float(seconds), 0.01))
    # It asks the clock whether the time before a retry is over.
    active.time = _Hurried()  # pyright: ignore[reportPrivateImportUsage]


class _Hurried:
    """A clock that goes on by as much as was to be slept."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Let ``seconds`` be over."""
        self._ahead += seconds
        time.sleep(0)


def keep_printing_and_warnings(recorder: Recorder) -> None:
    """Tell what the user's code prints, and which deprecated things it calls."""
    original = builtins.print

    def printing(*values: Any, **named: Any) -> None:
        place = recorder.place()
        if place is not None and named.get("file") in (None, sys.stdout, sys.stderr):
            recorder.tell("printed", text=shortened(str(named.get("sep") or " ").join(map(str, values))), place=place)
        original(*values, **named)

    builtins.print = printing

    def warn(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if filename.startswith(recorder.project):
            facts = {"category": category.__name__, "message": shortened(str(message)), "line": lineno}
            recorder.tell("warned", file=filename[len(recorder.project) :], **facts)

    warnings.simplefilter("always")
    warnings.showwarning = warn


def keep_contexts_that_are_never_entered(recorder: Recorder) -> Callable[[], None]:
    """Tell, when what is returned is called, which context managers the user's code made and never entered."""
    kind: Any = contextlib._GeneratorContextManager
    original = kind.__init__
    made: list[tuple[Any, Any]] = []

    def init(self: Any, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        if recorder.own(sys._getframe(2)):
            made.append((self.gen, recorder.place()))

    def tell() -> None:
        for generator, place in made:
            if inspect.getgeneratorstate(generator) == inspect.GEN_CREATED:
                recorder.tell("never_entered", place=place)

    kind.__init__ = init
    return tell


def keep_declared_dependencies(recorder: Recorder) -> None:
    """Tell which assets stand in ``deps``, and which are parameters: the definition makes no difference of it."""
    original = dagster.asset

    def asset(*args: Any, **named: Any) -> Any:
        made = original(*args, **named)
        deps = named.get("deps")
        if not isinstance(deps, (list, tuple, set)) or args:
            return made

        def define(function: Any) -> Any:
            with contextlib.suppress(TypeError):
                recorder.tell("declared", deps=[_key(each) for each in deps], parameters=_names(function))
            return made(function)

        return define

    dagster.asset = asset


def _key(dependency: Any) -> str:
    key = getattr(dependency, "asset_key", None) or getattr(dependency, "key", dependency)
    return key if isinstance(key, str) else "/".join(getattr(key, "path", [repr(key)]))


def _names(function: Any) -> list[str]:
    return list(inspect.signature(function).parameters)


def keep_starting_processes(recorder: Recorder) -> None:
    """Tell which other programs are started, and what is open then."""

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS and (place := recorder.place()) is not None:
            recorder.tell(
                "started", program=shortened(repr(arguments[:1])), open=sorted(observe.open_files()), place=place
            )

    sys.addaudithook(audit)
