"""Errors: which, what they say, and what left the user's code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from asset_lint.evidence import Scenario

from ..judge import Runs
from ..observations import Event, Observations
from ..task import End

_WRAPPERS = tuple(f"DagsterExecution{what}Error" for what in ("StepExecution", "HandleOutput", "LoadInput"))


def said(error: Event) -> str:
    """An error in one line."""
    lines = str(error["message"]).strip().splitlines() or [""]
    name = str(error["type"])
    return f"{name}: " + re.sub(rf"^(?:[\w.]*{name}: )?(?:[A-Z]\w+(?: \w+){{0,3}} Error: )?", "", lines[0])


def error_with(*types: str, text: str = "") -> Callable[[Observations, Runs], str]:
    """Sees an error of one of ``types`` (a prefix of it) with ``text``, a pattern, in its message."""

    def look(run: Observations, runs: Runs) -> str:
        for error in (*run.errors, *(event["error"] for event in run.of("failed", "refused"))):
            if str(error["type"]).startswith(types) and re.search(text, str(error["message"]), re.IGNORECASE):
                return said(error)
        return ""

    return look


def either(*looks: Callable[[Observations, Runs], str]) -> Callable[[Observations, Runs], str]:
    """The first that sees something."""
    return lambda run, runs: next(filter(None, (look(run, runs) for look in looks)), "")


def left_with(run: Observations) -> Iterator[Event]:
    """The exceptions that left the user's code: those within Dagster's own."""
    for chain in run.failures:
        inner = [error for error in chain if error["type"] not in _WRAPPERS]
        yield from inner[:1]


def not_stored(run: Observations, runs: Runs) -> str:
    """Storing the value that leaves fails, or its type is refused."""
    for chain in run.failures:
        if any(error["type"] in ("DagsterExecutionHandleOutputError", "DagsterTypeCheckDidNotPass") for error in chain):
            return said(chain[-1])
    return error_with("DagsterInvariantViolationError", "CheckError", text="pickl|handler|yielded a value")(run, runs)


def hangs(run: Observations, runs: Runs) -> str:
    """The last thing that was seen of a process that had to be killed is that it opened a connection."""
    last = run.outcome.events[-1] if run.outcome.events else None
    if run.outcome.end is End.TIMED_OUT and last and last["kind"] == "opening":
        return "the next connection to the file never returned"
    return ""


def where(place: Event | None) -> str:
    """A place in words."""
    return f"{place['file']}:{place['line']}" if place else "a library"


def injected(run: Observations) -> Sequence[Event]:
    """The queries that were made to fail."""
    return [event for event in run.of("failed") if event["injected"]]


def came_to_end(run: Observations, runs: Runs) -> bool:
    """Whether the user's code ran to its end, and not into an error of its own: what comes after it did happen."""
    cut_short = any(
        error["type"] in ("DagsterExecutionStepExecutionError", "DagsterExecutionLoadInputError")
        for chain in run.failures
        for error in chain
    )
    return bool(run.runs) and not cut_short


def normal_succeeded(run: Observations, runs: Runs) -> bool:
    """Whether there is a good run to tell another one from."""
    return bool(run.runs) and any(normal.succeeded for normal in runs.get(Scenario.NORMAL, ()))


def was_injected(run: Observations, runs: Runs) -> bool:
    """Whether a query was made to fail, or interrupted."""
    return bool(injected(run))
