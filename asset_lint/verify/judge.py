"""Observations → whether a symptom was seen. The only part of ``verify`` that has opinions."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asset_lint.evidence import Evidence, Scenario

from .observations import Observations

Runs = Mapping[Scenario, Sequence[Observations]]


class Verdict(enum.Enum):
    """What runs say of a finding."""

    CONFIRMED = "confirmed"  # the symptom was seen
    REFUTED = "refuted"  # the runs that could have shown it came to their end, and it was not seen
    NOT_REACHED = "not reached"  # nothing was run that could have shown it


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, what was seen in words, and in which scenario."""

    verdict: Verdict
    seen: str = ""
    scenario: Scenario | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """How a symptom is told from what was seen.

    ``look`` says in words what one run shows of it, "" where it shows nothing; ``compare`` does so of a run beside the
    normal one. ``reached`` is whether a run could have shown it.
    """

    look: Callable[[Observations], str] | None = None
    compare: Callable[[Observations, Observations], str] | None = None
    reached: Callable[[Observations], bool] = lambda run: run.finished


def judge(evidence: Evidence, runs: Runs) -> Judgement:
    """Whether ``runs`` show the symptom; those that are compared with the normal one need it among them."""
    from .symptoms import PROBES

    probe = PROBES[evidence]
    normal = next(iter(runs.get(Scenario.NORMAL, ())), None)
    reached = False
    for scenario in evidence.scenarios:
        for run in runs.get(scenario, ()):
            seen = probe.look(run) if probe.look else ""
            if not seen and probe.compare and normal is not None:
                seen = probe.compare(normal, run)
            if seen:
                return Judgement(Verdict.CONFIRMED, seen, scenario)
            reached |= probe.reached(run)
    return Judgement(Verdict.REFUTED if reached else Verdict.NOT_REACHED)
