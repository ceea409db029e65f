"""How each symptom shows itself in what was observed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from asset_lint.evidence import Evidence, Scenario

from .judge import Probe, Runs
from .observations import Event, Observations
from .task import End

_WARNING = ("WARNING", "ERROR", "CRITICAL")
_CONTEXT = "ExecutionContext"
_WRAPPERS = tuple(f"DagsterExecution{what}Error" for what in ("StepExecution", "HandleOutput", "LoadInput"))


# -- errors ------------------------------------------------------------------------------------------------------------


def said(error: Event) -> str:
    """An error in one line."""
    lines = str(error["message"]).strip().splitlines() or [""]
    name = str(error["type"])
    return f"{name}: " + re.sub(rf"^[\w.]*{name}: ", "", lines[0])


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


# -- connections -------------------------------------------------------------------------------------------------------


def where(place: Event | None) -> str:
    """A place in words."""
    return f"{place['file']}:{place['line']}" if place else "a library"


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


def opened_by_user(run: Observations) -> bool:
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


# -- faults and cancellations ------------------------------------------------------------------------------------------


def injected(run: Observations) -> Sequence[Event]:
    """The queries that were made to fail."""
    return [event for event in run.of("failed") if event["injected"]]


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


def was_injected(run: Observations) -> bool:
    """Whether a query was made to fail, or interrupted."""
    return bool(injected(run))


# -- contexts and definitions ------------------------------------------------------------------------------------------


def other_context(run: Observations, runs: Runs) -> str:
    """A context arrives where another is declared, or an asset asks for an op's."""
    for event in run.of("received"):
        if event["declared"] and event["declared"] != event["received"]:
            return f"`{event['function']}` declares {event['declared']} and receives {event['received']}"
    for target in run.targets:
        context = target.get("context")
        if context and context["declared"] == "OpExecutionContext" and target["kind"] in ("asset", "check"):
            return f"`{target['function']}` receives an OpExecutionContext"
    return error_with("AttributeError", text=_CONTEXT)(run, runs)


def context_undeclared(run: Observations, runs: Runs) -> str:
    """A context parameter without an annotation."""
    for target in run.targets:
        if target.get("context") and not target["context"]["declared"]:
            return f"`{target['function']}` declares no type for `{target['context']['parameter']}`"
    return ""


def dependency_twice(run: Observations, runs: Runs) -> str:
    """A key stands in ``deps`` and among the parameters."""
    for event in run.of("declared"):
        twice = {name.rpartition("/")[2] for name in event["deps"]} & set(event["parameters"])
        if twice:
            return f"{', '.join(sorted(twice))} is both in `deps` and a parameter"
    return error_with("DagsterInvalidDefinitionError", text="deps")(run, runs)


def parameter_for_asset(run: Observations, runs: Runs) -> str:
    """A context or a configuration is expected from an upstream asset."""
    for target in run.targets:
        for name in target.get("misnamed", ()):
            return f"`{name}` of `{target['function']}` is taken for the asset `{target['inputs'][name]}`"
    return error_with("DagsterInvalidDefinitionError", text="not a valid name|not produced")(run, runs)


# -- what an asset tells -----------------------------------------------------------------------------------------------


def touching(run: Observations) -> Iterator[Event]:
    """The assets that ran and asked DuckDB something."""
    entered = {event["place"]["entered"] for event in run.of("query", "opening") if event["place"]}
    for target in run.targets:
        if target["kind"] == "asset" and (target.get("function") in entered or not entered):
            yield target


def nothing_logged(run: Observations, runs: Runs) -> str:
    """An asset whose step has no line of its own."""
    for target in touching(run):
        logs = [log for log in run.own_logs if log["step"] == target["op"] and log["level"] != "DEBUG"]
        if not logs:
            return f"`{target['function']}` ran, and its log has nothing of its own"
    return ""


def no_metadata(run: Observations, runs: Runs) -> str:
    """A materialization without metadata of the asset's own."""
    for target in touching(run):
        for key in target["keys"]:
            if key in run.own_metadata and not run.own_metadata[key]:
                return f"the materialization of {key} has no metadata of its own"
    return ""


def printed_only(run: Observations, runs: Runs) -> str:
    """Printed, and in no event."""
    texts = [str(log["message"]) for log in run.of("log")]
    for event in run.of("printed"):
        if not any(event["text"] in text for text in texts):
            return f"`{event['text'][:60]}` is printed, and in no event"
    return ""


def none_stored(run: Observations, runs: Runs) -> str:
    """None went through an IO manager."""
    for event in run.of("event"):
        value = run.values.get(f"{event['step']}.{event.get('none')}")
        if event["type"] == "HANDLED_OUTPUT" and value is not None and value["type"] == "NoneType":
            return f"the IO manager stores None for `{event['step']}`"
    return ""


def deprecated_call(run: Observations, runs: Runs) -> str:
    """A deprecation warning from the user's code."""
    for event in run.of("warned"):
        if "Deprecat" in event["category"]:
            return f"{event['file']}:{event['line']}: {event['message'].splitlines()[0]}"
    return ""


# -- assumptions about the data ----------------------------------------------------------------------------------------


def told_of(run: Observations, *, metadata: bool) -> tuple[object, ...]:
    """All that a run tells: logs, check results and, if asked for, metadata."""
    logs = sorted((str(log["step"]), log["level"], log["message"]) for log in run.own_logs)
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


PROBES: dict[Evidence, Probe] = {
    Evidence.VALUE_NOT_STORED: Probe(either(not_stored, error_with("ConnectionException", "InvalidInputException"))),
    Evidence.LAZY_VALUE_FAILS: Probe(
        either(not_stored, hangs, error_with("ConnectionException", "InvalidInputException", "ResourceInUseException")),
        reached=lambda run: True,
    ),
    Evidence.READ_AFTER_CLOSE: Probe(
        error_with("ConnectionException", "InvalidInputException", "ComputeError", text="clos|open result|invalid")
    ),
    Evidence.UNFINISHED_RESULT: Probe(error_with("ResourceInUseException", text="unfinished|result")),
    Evidence.TYPE_REFUSED: Probe(
        either(
            error_with(
                "DagsterTypeCheck", "DagsterInvariantViolationError", "DagsterInvalidDefinitionError", text="type"
            ),
            error_with("ParameterCheckError", "CheckError"),
        )
    ),
    Evidence.METADATA_REFUSED: Probe(
        error_with("DagsterInvalidMetadata", "SerializationError", "CheckError", "ParameterCheckError", "TypeError")
    ),
    Evidence.CONNECTION_LEFT_OPEN: Probe(left_open, opened_by_user),
    Evidence.CLOSED_BY_HAND: Probe(closed_by_hand, opened_by_user),
    Evidence.FOREIGN_DATABASE: Probe(foreign_database),
    Evidence.SHARED_STATE: Probe(shared_state),
    Evidence.LOCKED_BY_IMPORT: Probe(locked_by_import),
    Evidence.WRITERS_COLLIDE: Probe(error_with("IOException", text="lock")),
    Evidence.READER_SHUT_OUT: Probe(error_with("IOException", text="lock")),
    Evidence.LOCK_MET_BY_INNER_PROCESS: Probe(lock_met_inside),
    Evidence.SHARED_BY_THREADS: Probe(shared_by_threads),
    Evidence.CONFLICTING_CONNECTION: Probe(
        error_with("ConnectionException", "ResourceInUseException", "BinderException", text="configuration|file handle")
    ),
    Evidence.LOCK_DROPPED: Probe(lock_dropped, opened_by_user),
    Evidence.CANCELLATION_SWALLOWED: Probe(cancellation_swallowed, lambda run: bool(run.cancelled_at)),
    Evidence.ERROR_SWALLOWED: Probe(error_swallowed, was_injected),
    Evidence.ERROR_UNTOLD: Probe(error_untold, was_injected),
    Evidence.RETRIES_UNTOLD: Probe(retries_untold, was_injected),
    Evidence.NONE_STORED_AFTER_RETRIES: Probe(none_after_retries, was_injected),
    Evidence.CONTEXT_OF_OTHER_TYPE: Probe(other_context),
    Evidence.CONTEXT_REFUSED: Probe(error_with("DagsterInvalidDefinitionError", "DagsterInvalidInvocationError")),
    Evidence.CONTEXT_UNDECLARED: Probe(context_undeclared),
    Evidence.DEFINITION_REFUSED: Probe(error_with("DagsterInvalid")),
    Evidence.NOTHING_LOGGED: Probe(nothing_logged),
    Evidence.NO_METADATA: Probe(no_metadata),
    Evidence.PRINTED_ONLY: Probe(printed_only),
    Evidence.EMPTY_RESULT_UNTOLD: Probe(untold("no rows", metadata=True)),
    Evidence.FAILS_ON_NO_ROWS: Probe(fails_unlike_normal("TypeError", "IndexError")),
    Evidence.NULLS_UNTOLD: Probe(untold("NULLs", metadata=False)),
    Evidence.TABLE_MISSING: Probe(table_missing),
    Evidence.QUOTE_BREAKS_QUERY: Probe(
        either(fails_unlike_normal("ParserException", "BinderException", "CatalogException"), query_varies)
    ),
    Evidence.ROWS_LOST: Probe(rows_lost),
    Evidence.NOT_REPEATABLE: Probe(not_repeatable),
    Evidence.STALE_ROWS: Probe(not_repeatable),
    Evidence.DEPENDENCY_TWICE: Probe(dependency_twice),
    Evidence.DEPRECATED_CALL: Probe(deprecated_call),
    Evidence.NONE_STORED: Probe(none_stored),
    Evidence.PARAMETER_TAKEN_FOR_ASSET: Probe(parameter_for_asset),
    Evidence.UPSTREAM_WITHOUT_VALUE: Probe(error_with("DagsterExecutionLoadInputError", "FileNotFoundError")),
}
