"""What a run was seen to do, as questions to its events. No opinions: those are ``judge``'s."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .task import End, Outcome

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Opened:
    """A connection's life. ``closed`` is by ``with``, by ``close``, by ``gc`` (nobody did), or "" (it never was)."""

    number: int
    path: str  # "" in memory
    read_only: bool
    place: Mapping[str, Any] | None
    closed: str
    was_locked: bool | None

    @property
    def by_library(self) -> bool:
        """Whether a library's resource or IO manager opened it."""
        return self.place is None or bool(self.place["library"])


@dataclass(frozen=True)
class Observations:
    """The events of one process. What it did not live to tell is not there."""

    outcome: Outcome

    def of(self, *kinds: str) -> Iterator[Event]:
        """The events of some kinds, in order."""
        return (event for event in self.outcome.events if event["kind"] in kinds)

    @cached_property
    def finished(self) -> bool:
        """Whether the process came to its end."""
        return self.outcome.end is End.FINISHED

    @cached_property
    def load_error(self) -> Event | None:
        """The error that importing the modules ended with."""
        return next((event["error"] for event in self.of("load_failed")), None)

    @cached_property
    def targets(self) -> tuple[Event, ...]:
        """The assets and checks that were found, with what their signatures declare."""
        return tuple(target for event in self.of("loaded") for target in event["assets"])

    @cached_property
    def asked(self) -> tuple[Event, ...]:
        """Those of the assets and checks that the task was about: all, where it names none."""
        wanted = set(self.outcome.task.assets)
        return tuple(target for target in self.targets if not wanted or wanted & set(target.get("keys", ())))

    @cached_property
    def runs(self) -> tuple[Event, ...]:
        """How each run in the process ended."""
        return tuple(self.of("run"))

    @cached_property
    def succeeded(self) -> bool:
        """Whether something ran, and all that ran was a success."""
        return self.finished and bool(self.runs) and all(run["success"] for run in self.runs)

    @cached_property
    def failures(self) -> tuple[Sequence[Event], ...]:
        """The errors of the steps that failed: each as a chain, the outermost first."""
        chains = [event["errors"] for event in self.of("event") if "errors" in event and "FAILURE" in event["type"]]
        chains += [[run["error"]] for run in self.runs if run["error"]]
        return tuple(chains)

    @cached_property
    def errors(self) -> tuple[Event, ...]:
        """All errors: those of the steps, of the runs, of importing."""
        alone = [self.load_error] if self.load_error else []
        return (*(error for chain in self.failures for error in chain), *alone)

    @cached_property
    def connections(self) -> tuple[Opened, ...]:
        """The connections that were opened, in order; cursors and the default connection are not among them."""
        ends = {event["connection"]: event for event in self.of("closed")}
        found = []
        for event in self.of("opened"):
            if not event["default"]:
                end = ends.get(event["connection"], {})
                path = event["path"] if event["file"] else ""
                facts = (path, event["read_only"], event["place"], end.get("how", ""), end.get("was_locked"))
                found.append(Opened(event["connection"], *facts))
        return tuple(found)

    @cached_property
    def own_logs(self) -> tuple[Event, ...]:
        """What the assets themselves logged (not their IO managers)."""
        return tuple(event for event in self.of("log") if event["own"])

    @cached_property
    def own_metadata(self) -> Mapping[str, Mapping[str, str]]:
        """For each asset that was materialized: the metadata that its code added."""
        stored: dict[str, set[str]] = {}
        for event in self.of("handled"):
            for step, names in event["metadata"].items():
                stored.setdefault(step, set()).update(names)
        found: dict[str, dict[str, str]] = {}
        for event in self.of("event"):
            if event["type"] == "ASSET_MATERIALIZATION":
                names = stored.get(event["step"], set())
                own = {name: value for name, value in event["metadata"].items() if name not in names}
                found.setdefault(event["asset"], {}).update(own)
        return found

    @cached_property
    def values(self) -> Mapping[str, Event]:
        """What left each op, by op and output."""
        return {f"{event['op']}.{event['output']}": event for event in self.of("value")}

    @cached_property
    def queries(self) -> tuple[Event, ...]:
        """The queries that the user's own code asked."""
        return tuple(event for event in self.of("query") if event["place"] and not event["place"]["library"])

    @cached_property
    def query_errors(self) -> tuple[Event, ...]:
        """The queries, and readings of results, that failed in the user's own code."""
        return tuple(event for event in self.of("failed") if event["place"] and not event["place"]["library"])

    @cached_property
    def cancelled_at(self) -> tuple[Event, ...]:
        """The places where the run was cancelled: in a query or at a line."""
        inside = [event for event in self.of("failed") if event["injected"] and "Interrupted" in event["error"]["type"]]
        return tuple(event["place"] for event in [*inside, *self.of("interrupted")])

    @cached_property
    def isolation(self) -> Event:
        """What was enforced: ``files``, ``network``, ``processes``."""
        return next(self.of("isolated"), {})

    def locked(self, when: str) -> tuple[str, ...]:
        """The database files that nobody else could write to: "imported", or "ran", after success and failure alike."""
        return tuple(event["path"] for event in self.of("lock") if event["when"] == when and event["held"])

    def told(self, error: Event) -> bool:
        """Whether an error's message is in an event or a log line."""
        words = error["message"].strip().partition("\n")[0]
        texts = [each["message"] for each in self.errors] + [event["message"] for event in self.of("log")]
        return any(words and words in text for text in texts)
