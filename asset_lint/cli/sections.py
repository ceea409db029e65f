"""What was run, as sections of the page that ``--report`` writes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from asset_lint.evidence import Scenario
from asset_lint.report import Context
from asset_lint.report.page import Mark, Mending, Run, Section
from asset_lint.verify import End, Observations, Witness

_AROUND = 40  # lines of an asset that are shown at most before the rest is left out


def section(
    witness: Witness, path: str, marks: Sequence[Mark], context: Context, mendings: Iterable[Mending] = ()
) -> Section:
    """One asset, with what is said of it and what its runs showed."""
    unit = witness.unit
    lines = context.lines(path)
    last = max([unit.line + _extent(lines, unit.line), *(mark.line for mark in marks if mark.line > unit.line)])
    first = max(unit.line - 3, 1)
    return Section(
        name=unit.name,
        place=f"{path}:{unit.line}",
        first=first,
        lines=tuple(lines[first - 1 : min(last, first + 400)]),
        problem=witness.problem,
        generated=witness.generated,
        marks=tuple(marks),
        runs=tuple(_run(scenario, run) for scenario, runs in witness.runs.items() for run in runs),
        mendings=tuple(mendings),
    )


def _extent(lines: Sequence[str], first: int) -> int:
    """How many lines the function at line ``first`` goes on for, by its indentation."""
    head = lines[first - 1] if first <= len(lines) else ""
    indent = len(head) - len(head.lstrip())
    for count, line in enumerate(lines[first : first + 400]):
        if line.strip() and len(line) - len(line.lstrip()) <= indent and not re.match(r"\s*[)\]}]", line):
            return count
    return min(len(lines) - first + 1, _AROUND)


def _run(scenario: Scenario, seen: Observations) -> Run:
    if seen.outcome.end is not End.FINISHED:
        return Run(scenario.value, f"{seen.outcome.end.value}: {seen.outcome.detail}", False, seen.outcome.events)
    errors = [(str(error["message"]).strip().splitlines() or [str(error["type"])])[0] for error in seen.errors]
    outcome = "success" if seen.succeeded else (errors[-1] if errors else "nothing ran")
    return Run(scenario.value, outcome, seen.succeeded, seen.outcome.events)
