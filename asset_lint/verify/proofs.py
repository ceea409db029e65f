"""Whether a fix may stay: its asset, run before and after, shows the symptom gone and gives the same."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asset_lint.evidence import Evidence, Scenario

from .assets import Witness
from .judge import Verdict
from .observations import Observations
from .symptoms import left_with, said


class Fate(enum.Enum):
    """What becomes of a fix."""

    KEPT = "kept"
    TAKEN_BACK = "taken back"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Proof:
    """The fate of a fix, and why."""

    fate: Fate
    words: str


def prove(before: Witness, after: Witness, evidence: Evidence | None) -> Proof:
    """What two witnesses say of a fix that lies between them, whose finding claims ``evidence``."""
    if evidence is None:
        return Proof(Fate.NOT_RUN, "no run shows what it is about")
    if before.problem:
        return Proof(Fate.NOT_RUN, before.problem)
    first, second = before.judge(evidence), after.judge(evidence)
    if first.verdict is Verdict.NOT_REACHED:
        return Proof(Fate.NOT_RUN, first.seen or "no run reached it")
    if first.verdict is Verdict.REFUTED:
        return Proof(Fate.TAKEN_BACK, "nothing to mend was seen: the asset ran without the symptom")
    if after.problem:
        return Proof(Fate.TAKEN_BACK, f"afterwards {after.problem}")
    if second.verdict is Verdict.CONFIRMED:
        return Proof(Fate.TAKEN_BACK, f"the symptom is still there: {second.seen}")
    old, new = before.normal, after.normal
    if old is None or new is None:
        return Proof(Fate.NOT_RUN, "it was not run both before and after")
    if old.succeeded and not new.succeeded:
        return Proof(Fate.TAKEN_BACK, f"it fails afterwards: {_error_of(new)}")
    if old.succeeded and (change := _difference(output_of(old), output_of(new))):
        return Proof(Fate.TAKEN_BACK, f"it gives something else afterwards: {change}")
    if not old.succeeded and not new.succeeded and (was := _error_of(old)) != (now := _error_of(new)):
        return Proof(Fate.TAKEN_BACK, f"it fails in another way afterwards: {now}, and before: {was}")
    scenario = f" ({first.scenario.value})" if first.scenario and first.scenario is not Scenario.NORMAL else ""
    if old.succeeded:
        same = f"; it gives the same{_size_of(new)}"
    elif new.succeeded:
        same = f"; now it gives{_size_of(new) or ' a value'}"
    else:
        same = f"; it fails as before: {_error_of(new)}"
    return Proof(Fate.KEPT, f"before: {first.seen}{scenario}. Afterwards not{same}")


def output_of(run: Observations) -> Mapping[str, Any]:
    """What a run gave, comparable with another's: the values that left, and the tables that there are now."""
    values = {f"the value of {name}": event["digest"] for name, event in run.values.items()}
    return {**values, **{f"the table {name}": facts for name, facts in run.outcome.tables.items()}}


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return ", ".join(sorted(changed))


def _size_of(run: Observations) -> str:
    rows = [event["rows"] for event in run.values.values() if "rows" in event]
    return f" ({sum(rows)} rows)" if rows else ""


def _error_of(run: Observations) -> str:
    for error in (*left_with(run), *run.errors):
        return said(error)
    return run.outcome.detail or run.outcome.end.value
