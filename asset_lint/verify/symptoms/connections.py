"""What becomes of connections, their files and their locks."""

from __future__ import annotations

import re

from ..judge import Runs
from ..observations import Event, Observations
from .errors import error_with, said, where


def left_open(run: Observations, runs: Runs) -> str:
    """A connection of the user's own that nobody closed."""
    for each in run.connections:
        if not each.by_library and each.closed in ("", "gc"):
            locked = ", and the file is locked" if each.path in run.locked("ran") else ""
            return f"the connection of {where(each.place)} is closed by nobody{locked}"
    for event in run.of("never_entered"):
        return f"the context manager that {where(event['place'])} makes is never entered: it opens nothing"
    return ""


def closed_by_hand(run: Observations, runs: Runs) -> str:
    """A connection to a file that `close()` closed."""
    for each in run.connections:
        if not each.by_library and each.path and each.closed == "close":
            return f"the connection of {where(each.place)} is closed by `close()`"
    return ""


def opened_by_user(run: Observations, runs: Runs) -> bool:
    """Whether the user's code opened a connection, or had one opened."""
    return any(each.place is not None for each in run.connections) or any(run.of("never_entered"))


def foreign_database(run: Observations, runs: Runs) -> str:
    """A file that is not the given one was opened, or would have been."""
    given = run.isolation.get("database")
    for event in run.of("opening"):
        if event["file"] and event["place"] and event["path"] != given:
            return f"{where(event['place'])} opens {event['path'].rpartition('/')[2]}"
    return ""


def shared_state(run: Observations, runs: Runs) -> str:
    """Tables, views or settings of the default connection."""
    for event in run.of("default_state"):
        if event["tables"]:
            return f"the default connection is left with {', '.join(event['tables'])}"
    for query in run.queries:
        if query["connection"] == 0 and re.match(r"\s*(SET|PRAGMA|ATTACH|USE|LOAD)\b", query["sql"], re.IGNORECASE):
            return f"the default connection is left with `{query['sql']}`"
    return _missing_on_default(run)


def _missing_on_default(run: Observations) -> str:
    for event in run.query_errors:
        if event["connection"] == 0 and event["error"]["type"] == "CatalogException":
            return said(event["error"])
    return ""


def locked_by_import(run: Observations, runs: Runs) -> str:
    """A file is locked before anything runs, by a connection that may write."""
    paths = {each.path for each in run.connections if not each.read_only}
    for path in run.locked("imported"):
        if path in paths:
            return f"{path.rpartition('/')[2]} is locked by importing the module"
    return ""


def lock_met_inside(run: Observations, runs: Runs) -> str:
    """Another program is started while a file is open."""
    for event in run.of("started"):
        if event["open"]:
            return f"{where(event['place'])} starts another process while the file is locked"
    return ""


def lock_dropped(run: Observations, runs: Runs) -> str:
    """A connection was open, and its lock gone."""
    for each in run.connections:
        if each.path and each.closed in ("with", "close") and not each.was_locked:
            what = "lock" if each.was_locked is False else "file"
            return f"the {what} of the connection of {where(each.place)} was gone while it was open"
    return ""


def shared_by_threads(run: Observations, runs: Runs) -> str:
    """A query comes between another thread's query and the reading of its result."""
    busy: dict[int, int] = {}  # by connection, the thread whose query is not done with
    reads: object = None
    for event in run.of("answered", "fetched", "query"):
        connection, thread = event["connection"], event["thread"]
        if event["kind"] == "query":
            if busy.setdefault(connection, thread) != thread:
                return f"{where(event['place'])} queries a connection while another thread's query is not done with"
            reads = re.match(r"\s*(SELECT|FROM|WITH|VALUES|SHOW|DESCRIBE)\b", event["sql"], re.IGNORECASE)
        elif event["kind"] == "fetched" or not reads:
            busy.pop(connection, None)
    threads = {event["thread"] for event in run.of("query")}
    return error_with("ResourceInUseException")(run, runs) if len(threads) > 1 else ""


def rows_lost(run: Observations, runs: Runs) -> str:
    """The connection was closed inside a transaction, and all went on as if nothing was."""
    open_in: dict[int, Event] = {}
    for event in run.of("query", "did", "closed"):
        word = event.get("sql", event.get("method", "")).strip().partition(" ")[0].rstrip(";").upper()
        if event["kind"] != "closed" and word in ("BEGIN", "START"):
            open_in[event["connection"]] = event
        elif word in ("COMMIT", "ROLLBACK", "ABORT", "END"):
            open_in.pop(event["connection"], None)
        elif event["kind"] == "closed" and event["connection"] in open_in and run.succeeded:
            place = where(open_in[event["connection"]]["place"])
            return f"the transaction of {place} ends with its connection, uncommitted; the run is green"
    return ""
