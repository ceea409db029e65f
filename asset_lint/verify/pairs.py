"""Runs the two sides of fixture cases: the violation shows the symptom, its cure does not, and both give the same."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from asset_lint.evidence import Evidence, Scenario

from .cases import Case
from .judge import Judgement, Verdict, judge
from .observations import Observations
from .sandbox import Sandbox
from .symptoms import left_with, said
from .task import Task

_QUERIES = 5  # of one asset, that are made to fail one by one
_LINES = 12  # of one asset, at which it is cancelled


_RACES = {Evidence.SHARED_BY_THREADS, Evidence.ROWS_LOST}  # what the violation gives is wrong by nature


class Status(enum.Enum):
    """What came of a case."""

    PROVEN = "proven"
    FAILED = "failed"
    SKIPPED = "skipped"  # it cannot be run here; its reason is told


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen of a case. ``cured`` says how the cure's run ended where the violation's showed the symptom,
    ``faults`` what was not as it must be, ``compared`` how the outputs were compared: "equal", "expected" (with
    ``expected.json``), or why they were not."""

    case: Case
    status: Status
    seen: str = ""
    scenario: Scenario | None = None
    faults: tuple[str, ...] = ()
    compared: str = ""
    seconds: float = 0.0
    cured: str = ""


@dataclass
class _Work:
    """A case, the runs of both sides so far, and how many are under way."""

    case: Case
    runs: dict[str, dict[Scenario, list[Observations]]] = field(default_factory=lambda: {"violation": {}, "fixed": {}})
    under_way: int = 0
    scenarios: list[Scenario] = field(default_factory=list)  # not yet tried
    query: int = 1  # that was last made to fail alone
    line: int = 0  # at which the run was last cancelled
    seconds: float = 0.0

    def judgement(self, side: str) -> Judgement:
        return judge(self.case.evidence, self.runs[side])


def run_pairs(cases: Iterable[Case], sandbox: Sandbox, *, compare: bool = True) -> Iterator[Result]:
    """The results of ``cases``, as they come. ``compare``: also run both sides normally, and compare what they give."""
    tasks: deque[Task] = deque()
    owners: dict[int, tuple[_Work, str]] = {}

    def begin(work: _Work, side: str, scenario: Scenario, at: int = 0, line: int = 0) -> None:
        task = work.case.task(side, scenario)
        task = replace(task, at=at, line=line, dump=task.dump and (compare or scenario is not Scenario.NORMAL))
        owners[id(task)] = work, side
        tasks.append(task)
        work.under_way += 1

    for case in cases:
        if reason := case.left_out(sandbox.versions["duckdb"]):
            yield Result(case, Status.SKIPPED, faults=(reason,))
            continue
        work = _Work(case)
        first, *work.scenarios = case.evidence.scenarios
        for scenario in dict.fromkeys([first, *_beside(case.evidence), *[Scenario.NORMAL] * compare]):
            for side in ("violation", "fixed"):
                begin(work, side, scenario)
    for outcome in sandbox.run(_Popped(tasks)):
        work, side = owners.pop(id(outcome.task))
        work.runs[side].setdefault(outcome.task.scenario, []).append(Observations(outcome))
        work.seconds += outcome.seconds
        work.under_way -= 1
        if work.under_way == 0:
            again = _next_attempt(work)
            if again is not None:
                for each in ("violation", "fixed"):
                    begin(work, each, **again)
            else:
                yield _result(work)


class _Popped:
    """Iterates over a queue that may grow again after it was found empty."""

    def __init__(self, tasks: deque[Task]) -> None:
        self.tasks = tasks

    def __iter__(self) -> _Popped:
        return self

    def __next__(self) -> Task:
        if not self.tasks:
            raise StopIteration
        return self.tasks.popleft()


def _beside(evidence: Evidence) -> Sequence[Scenario]:
    """The runs that the symptom is told apart from."""
    if evidence in (Evidence.NOT_REPEATABLE, Evidence.STALE_ROWS):
        return [Scenario.CHANGED]
    differs = {Scenario.NO_ROWS, Scenario.NULLS, Scenario.QUOTES} & set(evidence.scenarios[:1])
    return [Scenario.NORMAL] if differs or evidence is Evidence.ERROR_UNTOLD else []


def _next_attempt(work: _Work) -> dict[str, Any] | None:
    """What else may show the symptom: the next scenario; a fault in one query alone; a cancellation at some line."""
    if work.judgement("violation").verdict is Verdict.CONFIRMED:
        return None
    while work.scenarios:
        scenario = work.scenarios.pop(0)
        if scenario not in work.runs["violation"]:
            return {"scenario": scenario}
    one_by_one = {Scenario.FAULT, Scenario.INTERRUPT} & set(work.case.evidence.scenarios)
    if not one_by_one:
        return None
    [scenario] = one_by_one
    queries = max((len(run.queries) for runs in work.runs["violation"].values() for run in runs), default=0)
    if work.query < min(queries, _QUERIES):
        work.query += 1
        return {"scenario": scenario, "at": work.query}
    if scenario is Scenario.INTERRUPT and work.line < _LINES:
        work.line += 1
        return {"scenario": scenario, "at": -1, "line": work.line}
    return None


def _result(work: _Work) -> Result:
    shown, cured = work.judgement("violation"), work.judgement("fixed")
    faults = []
    if shown.verdict is not Verdict.CONFIRMED:
        faults.append(f"the violation does not show it: {shown.verdict.value}{_why(work.runs['violation'])}")
    if cured.verdict is Verdict.CONFIRMED:
        faults.append(f"the cure shows it, too: {cured.seen}")
    elif cured.verdict is Verdict.NOT_REACHED:
        faults.append(f"the cure was not run{_why(work.runs['fixed'])}")
    compared, differences = _compare(work)
    faults += differences
    status = Status.FAILED if faults else Status.PROVEN
    cured_runs = work.runs["fixed"].get(shown.scenario, ()) if shown.scenario else ()
    ended = next((_end_of(run) for run in reversed(cured_runs)), "")
    return Result(work.case, status, shown.seen, shown.scenario, tuple(faults), compared, work.seconds, ended)


def _end_of(run: Observations) -> str:
    """How a run ended."""
    if run.succeeded:
        return "the run is green"
    if not run.finished:
        return f"{run.outcome.end.value}: {run.outcome.detail}"
    return f"the run ends with {next((said(error) for error in left_with(run)), 'an error')}"


def _why(runs: dict[Scenario, list[Observations]]) -> str:
    """What kept runs from showing anything."""
    for run in (each for group in runs.values() for each in group):
        if not run.finished:
            return f" ({run.outcome.end.value}: {run.outcome.detail})"
        for error in [*left_with(run), *([run.load_error] if run.load_error else [])]:
            return f" ({said(error)})"
    return ""


def _compare(work: _Work) -> tuple[str, list[str]]:
    """How the outputs of the normal runs were compared, and where they differ."""
    sides = [next(iter(work.runs[side].get(Scenario.NORMAL, ())), None) for side in ("violation", "fixed")]
    wrong, right = sides
    if wrong is None or right is None:
        return "not run", []
    if work.case.expected is not None:
        return "expected", _unlike_expected(work.case.expected, right)
    if not right.succeeded:
        return "the cure fails", []
    if not wrong.succeeded:
        return "the violation fails", []
    differences = [f"the value of {name} differs: {wrong.values[name]['value']} before, {value['value']} after"
                   for name, value in right.values.items()
                   if name in wrong.values and wrong.values[name]["digest"] != value["digest"]]  # fmt: skip
    if work.case.evidence in _RACES:
        return "the violation gives what chance wants", []
    if work.case.evidence is not Evidence.FOREIGN_DATABASE:  # there the tables are in another file
        before, after = wrong.outcome.tables, right.outcome.tables
        differences += [f"the table {name} differs" for name in {*before, *after}
                        if before.get(name, {}).get("digest") != after.get(name, {}).get("digest")]  # fmt: skip
    return "equal" if not differences else "different", differences


def _unlike_expected(expected: object, run: Observations) -> list[str]:
    assert isinstance(expected, dict)
    if not run.succeeded:
        return ["the cure fails, where expected.json says what it gives"]
    for value in run.values.values():
        if all(value.get(key) == wanted for key, wanted in expected.items()):
            return []
    given = [{key: value.get(key) for key in expected} for value in run.values.values()]
    return [f"the cure gives {given}, expected was {expected}"]
