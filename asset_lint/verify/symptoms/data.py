"""What becomes of assumptions about the data."""

from __future__ import annotations

from collections.abc import Callable

from asset_lint.evidence import Scenario

from ..judge import Runs
from ..observations import Event, Observations
from .errors import left_with, said, where


def told_of(run: Observations, *, metadata: bool) -> tuple[object, ...]:
    """All that a run tells: logs, check results and, if asked for, metadata.

    What is logged for debugging is left out: IO managers name the folder of the run there.
    """
    logs = sorted((str(log["step"]), log["level"], log["message"]) for log in run.own_logs if log["level"] != "DEBUG")
    checks = sorted(str(event.get("passed")) for event in run.of("event") if "passed" in event)
    return logs, checks, run.own_metadata if metadata else None


def untold(what: str, *, metadata: bool) -> Callable[[Observations, Runs], str]:
    """The run is as green as the normal one and tells the same."""

    def look(run: Observations, runs: Runs) -> str:
        normal = next(iter(runs.get(Scenario.NORMAL, ())), None)
        if normal is None or not (run.succeeded and normal.succeeded):
            return ""
        same = told_of(run, metadata=metadata) == told_of(normal, metadata=metadata)
        return f"{what}: green, and nothing tells of it" if same else ""

    return look


def fails_unlike_normal(*types: str) -> Callable[[Observations, Runs], str]:
    """An error of one of ``types`` that the normal run has not."""

    def look(run: Observations, runs: Runs) -> str:
        normal = next(iter(runs.get(Scenario.NORMAL, ())), None)
        if normal is not None and not normal.succeeded:
            return ""
        return next((said(error) for error in left_with(run) if not types or error["type"] in types), "")

    return look


def query_varies(run: Observations, runs: Runs) -> str:
    """The text of a query is another one where only values differ."""
    normal = next(iter(runs.get(Scenario.NORMAL, ())), None)
    texts = {_spot(query): query["sql"] for query in normal.queries} if normal else {}
    for query in run.queries:
        if texts.get(_spot(query), query["sql"]) != query["sql"]:
            return f"{where(query['place'])}: a value is part of the query's text"
    return ""


def _spot(query: Event) -> tuple[str, int]:
    return query["place"]["file"], query["place"]["line"]


def table_missing(run: Observations, runs: Runs) -> str:
    """DuckDB's bare error about a table leaves the asset."""
    for error in left_with(run):
        if error["type"] == "CatalogException":
            return said(error)
    return ""


def not_repeatable(run: Observations, runs: Runs) -> str:
    """The second run fails where the first did not, or leaves other tables than one run on the same rows would."""
    ends = [each["success"] for each in run.runs]
    if len(ends) > 1 and ends[0] and not ends[-1]:
        return "the second run fails: " + next((said(error) for error in left_with(run)), "")
    fresh = next(iter(runs.get(Scenario.CHANGED, ())), None)
    if fresh is None or not (fresh.succeeded and run.succeeded):
        return ""
    for name, table in fresh.outcome.tables.items():
        other = run.outcome.tables.get(name)
        if other is not None and other["digest"] != table["digest"]:
            return f"{name} holds {other['rows']} rows after two runs, where one on the same data gives {table['rows']}"
    return ""
