"""Observations → whether a symptom was seen. The only part of ``verify`` that has opinions."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asset_lint.evidence import Evidence, Scenario

from .observations import Observations

Runs = Mapping[Scenario, Sequence[Observations]]


#: What depends on the rows and the types of columns that there are: no generated table tells anything of it.
NEEDS_REAL_DATA = frozenset(
    (
        Evidence.TYPE_REFUSED, Evidence.METADATA_REFUSED, Evidence.EMPTY_RESULT_UNTOLD, Evidence.FAILS_ON_NO_ROWS,
        Evidence.NULLS_UNTOLD, Evidence.QUOTE_BREAKS_QUERY, Evidence.NOT_REPEATABLE, Evidence.STALE_ROWS,
    )
)  # fmt: skip


class Verdict(enum.Enum):
    """What runs say of a finding."""

    CONFIRMED = "confirmed"  # the symptom was seen
    REFUTED = "refuted"  # the runs that could have shown it came to their end, and it was not seen
    NOT_REACHED = "not reached"  # nothing was run that could have shown it


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, what was seen in words, in which scenario, and whether on tables that were generated."""

    verdict: Verdict
    seen: str = ""
    scenario: Scenario | None = None
    generated: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """How a symptom is told from what was seen.

    ``look`` says in words what a run shows of it, "" where it shows nothing; it may look at the other runs, too.
    ``reached`` is whether a run that shows nothing could have shown it, by itself or beside the others.
    """

    look: Callable[[Observations, Runs], str]
    reached: Callable[[Observations, Runs], bool] = lambda run, runs: bool(run.runs) or run.load_error is not None


def judge(evidence: Evidence, runs: Runs) -> Judgement:
    """Whether ``runs`` show the symptom; what is a difference from the normal run needs that among them, too."""
    from .symptoms import PROBES

    probe = PROBES[evidence]
    reached = False
    for scenario in evidence.scenarios:
        for run in runs.get(scenario, ()):
            if seen := probe.look(run, runs):
                return Judgement(Verdict.CONFIRMED, seen, scenario)
            reached |= probe.reached(run, runs)
    return Judgement(Verdict.REFUTED if reached else Verdict.NOT_REACHED)
