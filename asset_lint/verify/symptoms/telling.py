"""What definitions declare, and what assets tell."""

from __future__ import annotations

from collections.abc import Iterator

from ..judge import Runs
from ..observations import Event, Observations
from .errors import came_to_end, either, error_with

_CONTEXT = "ExecutionContext"


def other_context(run: Observations, runs: Runs) -> str:
    """A context arrives where another is declared, or an asset asks for an op's."""
    for event in run.of("received"):
        if event["declared"] and event["declared"] != event["received"]:
            return f"`{event['function']}` declares {event['declared']} and receives {event['received']}"
    for target in run.asked:
        context = target.get("context")
        if context and context["declared"] == "OpExecutionContext" and target["kind"] in ("asset", "check"):
            return f"`{target['function']}` receives an OpExecutionContext"
    return error_with("AttributeError", text=_CONTEXT)(run, runs)


def context_undeclared(run: Observations, runs: Runs) -> str:
    """A context parameter without an annotation."""
    for target in run.asked:
        if target.get("context") and not target["context"]["declared"]:
            return f"`{target['function']}` declares no type for `{target['context']['parameter']}`"
    return ""


def dependency_twice(run: Observations, runs: Runs) -> str:
    """A key stands in ``deps`` and among the parameters."""
    for event in run.of("declared"):
        twice = {name.rpartition("/")[2] for name in event["deps"]} & set(event["parameters"])
        if twice:
            return f"{', '.join(sorted(twice))} is both in `deps` and a parameter"
    bare_key = error_with("TypeError", "Exception", text="iterat|iterable")  # Dagster's own words for no list
    return either(error_with("DagsterInvalidDefinitionError", text="deps"), bare_key)(run, runs)


def parameter_for_asset(run: Observations, runs: Runs) -> str:
    """A context or a configuration is expected from an upstream asset."""
    for target in run.asked:
        for name in target.get("misnamed", ()):
            return f"`{name}` of `{target['function']}` is taken for the asset `{target['inputs'][name]}`"
    return error_with("DagsterInvalidDefinitionError", text="not a valid name|not produced")(run, runs)


def touching(run: Observations) -> Iterator[Event]:
    """The assets that ran and asked DuckDB something."""
    entered = {event["place"]["entered"] for event in run.of("query", "opening") if event["place"]}
    for target in run.asked:
        if target["kind"] == "asset" and (target.get("function") in entered or not entered):
            yield target


def nothing_logged(run: Observations, runs: Runs) -> str:
    """An asset whose step has no line of its own."""
    if not came_to_end(run, runs):
        return ""
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


def materialized(run: Observations, runs: Runs) -> bool:
    """Whether an asset that asked DuckDB something was materialized."""
    return any(key in run.own_metadata for target in touching(run) for key in target["keys"])


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
