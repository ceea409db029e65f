"""What becomes of faults and cancellations."""

from __future__ import annotations

from asset_lint.evidence import Scenario

from ..judge import Runs
from ..observations import Observations
from .errors import error_with, injected, left_with, where

_WARNING = ("WARNING", "ERROR", "CRITICAL")


def cancellation_swallowed(run: Observations, runs: Runs) -> str:
    """Cancelled inside a query, and what the run ends with is no cancellation."""
    for place in run.cancelled_at:
        if run.runs and not any("Interrupt" in error["type"] for error in left_with(run)):
            end = "green" if run.succeeded else "a failure like any other"
            return f"cancelled in {where(place)}, and the run is {end}"
    return ""


def error_swallowed(run: Observations, runs: Runs) -> str:
    """A query failed, the run did not, and nothing tells of it."""
    for event in injected(run):
        if run.runs and not run.told(event["error"]):
            end = "the run is green" if run.succeeded else "the run fails of something else"
            return f"the query of {where(event['place'])} failed; {end}, and nothing tells of it"
    return ""


def error_untold(run: Observations, runs: Runs) -> str:
    """DuckDB's bare error leaves the asset, and the asset has logged no warning and no error."""
    if not injected(run):
        return ""
    usual = {log["message"] for normal in runs.get(Scenario.NORMAL, ()) for log in normal.own_logs}
    if any(log["level"] in _WARNING and log["message"] not in usual for log in run.own_logs):
        return ""
    for error in left_with(run):
        if error["type"] == "IOException":
            return "a query failed, and the asset's own log says nothing of it"
    return ""


def retries_untold(run: Observations, runs: Runs) -> str:
    """One query fails more than once, and no event of Dagster's says that it was tried again."""
    tried: dict[tuple[object, ...], int] = {}
    for event in [*injected(run), *(event for event in run.of("refused") if event["place"])]:
        if event["place"]["library"] or event["place"]["retried_by"]:
            continue
        key = event["place"]["file"], event["place"]["line"], event.get("sql")
        tried[key] = tried.get(key, 0) + 1
    most = max(tried.values(), default=0)
    restarted = any(event["type"] == "STEP_UP_FOR_RETRY" for event in run.of("event"))
    return f"tried {most} times, and no event tells of it" if most > 1 and not restarted else ""


def none_after_retries(run: Observations, runs: Runs) -> str:
    """Each attempt failed, and None was materialized."""
    if not injected(run):
        return ""
    if run.succeeded and any(value["type"] == "NoneType" for value in run.values.values()):
        return "each attempt failed, and None is materialized"
    return error_with("DagsterTypeCheckDidNotPass", text='"None"|NoneType')(run, runs)
