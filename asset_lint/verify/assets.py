"""The user's own assets: each run by itself in the scenarios that what is said of it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from asset_lint.evidence import Evidence, Scenario

from .generated import Made, make
from .judge import NEEDS_REAL_DATA, Judgement, Verdict, judge
from .observations import Event, Observations
from .sandbox import Sandbox
from .symptoms import left_with, said
from .task import End, Task

ALWAYS = (Scenario.NORMAL, Scenario.FAULT)


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A function whose body Dagster runs. ``task`` says how its module is imported, ``file`` is below its root."""

    file: str
    function: str
    line: int
    task: Task

    @property
    def name(self) -> str:
        """Its bare name."""
        return self.function.rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Witness:
    """What was seen of a unit. ``keys`` are its assets, ``problem`` says why nothing could be run; "": it could.

    ``copied``: its project can be imported only where it may write to its own folder. ``generated`` are tables that
    were made for it from its queries, by the SQL ``setup``.
    """

    unit: Unit
    keys: tuple[str, ...] = ()
    runs: Mapping[Scenario, Sequence[Observations]] = field(default_factory=dict)
    problem: str = ""
    copied: bool = False
    generated: tuple[str, ...] = ()
    setup: str = ""

    def judge(self, evidence: Evidence) -> Judgement:
        """Whether the runs show a symptom; generated tables neither confirm nor refute what depends on the data."""
        if not self.runs:
            return Judgement(Verdict.NOT_REACHED, self.problem)
        if self.generated and evidence in NEEDS_REAL_DATA:
            return Judgement(
                Verdict.NOT_REACHED, "only real data can show it: give some with `--database` or `--setup`"
            )
        judgement = judge(evidence, self.runs)
        if judgement.verdict is Verdict.NOT_REACHED:
            return replace(judgement, seen=self.failure)
        if judgement.verdict is Verdict.REFUTED and evidence is Evidence.ERROR_SWALLOWED and not self._all_failed:
            return Judgement(Verdict.NOT_REACHED, "the failure of an earlier query ends the run before it")
        if self._broken and (judgement.verdict is Verdict.REFUTED or evidence in NEEDS_REAL_DATA):
            return Judgement(Verdict.NOT_REACHED, f"a query of it fails by itself: {self._broken}")
        return replace(judgement, generated=bool(self.generated))

    @property
    def _broken(self) -> str:
        """The error of a query in a normal run that the asset ends well with: it has not done what it is for."""
        if self.normal is None or not self.normal.succeeded:
            return ""
        return next((said(each["error"]) for each in self.normal.query_errors if not each["injected"]), "")

    @property
    def _all_failed(self) -> bool:
        """Whether each query that a normal run asks was made to fail in some run."""
        asked = (
            {(query["place"]["file"], query["place"]["line"]) for query in self.normal.queries} if self.normal else ()
        )
        failed = {
            (error["place"]["file"], error["place"]["line"])
            for run in self.runs.get(Scenario.FAULT, ())
            for error in run.query_errors
            if error["injected"]
        }
        return failed.issuperset(asked)

    @property
    def failure(self) -> str:
        """Why the normal run did not come to a good end, "" if it did."""
        if self.problem or self.normal is None or self.normal.succeeded:
            return self.problem
        error = next((said(error) for error in left_with(self.normal)), "")
        return f"fails: {error}" if error else "fails"

    @property
    def normal(self) -> Observations | None:
        """The run in the circumstances that were given."""
        return next(iter(self.runs.get(Scenario.NORMAL, ())), None)


def observe(
    sandbox: Sandbox,
    units: Sequence[Unit],
    scenarios: Callable[[Unit], Iterable[Scenario]],
    *,
    on_unit: Callable[[Unit], None] = lambda unit: None,
) -> Iterator[Witness]:
    """Run each unit in its scenarios (the normal one and that of faults are always among them), in their order.

    Tables are generated for those that have no database and fail for want of them.
    ``on_unit`` is told of each that is done. A unit whose run does not come to its end is a witness all the same.
    """
    listed = dict(_listed(sandbox, units))
    runnable = {id(unit): unit for unit in units if not listed[unit].problem}
    normal = {number: _task(unit, listed[unit], Scenario.NORMAL) for number, unit in runnable.items()}
    made = {runnable[number]: each for number, each in make(sandbox, normal).items()}
    tasks: list[Task] = []
    owners: dict[int, Unit] = {}
    for unit in runnable.values():
        for scenario in dict.fromkeys((*ALWAYS, *scenarios(unit))):
            if scenario is not Scenario.NORMAL:
                task = replace(made[unit].task, scenario=scenario)
                owners[id(task)] = unit
                tasks.append(task)
    runs = {unit: {Scenario.NORMAL: [made[unit].normal]} if unit in made else {} for unit in units}
    left = {unit: sum(owner is unit for owner in owners.values()) for unit in units}
    for outcome in sandbox.run(tasks):
        unit = owners[id(outcome.task)]
        runs[unit].setdefault(outcome.task.scenario, []).append(Observations(outcome))
        left[unit] -= 1
        if not left[unit]:
            on_unit(unit)
    for unit in units:
        ordered = {scenario: runs[unit][scenario] for scenario in Scenario if scenario in runs[unit]}
        yield _with_tables(replace(listed[unit], runs=ordered), made.get(unit))


def _task(unit: Unit, listed: Witness, scenario: Scenario) -> Task:
    return replace(unit.task, scenario=scenario, assets=listed.keys, jobs=False, copied=listed.copied)


def _with_tables(witness: Witness, made: Made | None) -> Witness:
    if made is None:
        return witness
    problem = _problem_of(witness.runs) or made.problem
    return replace(witness, problem=problem, generated=made.names, setup=made.task.setup if made.names else "")


def _problem_of(runs: Mapping[Scenario, Sequence[Observations]]) -> str:
    """Why the normal run shows nothing, "" if it came to its end."""
    for run in runs.get(Scenario.NORMAL, ()):
        if run.outcome.end is not End.FINISHED:
            return f"{run.outcome.end.value}: {run.outcome.detail}"
        if not run.runs:
            return "nothing was run"
    return ""


def _listed(sandbox: Sandbox, units: Sequence[Unit]) -> Iterator[tuple[Unit, Witness]]:
    """Each unit with the keys of its assets, found by importing its module."""
    groups: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        groups.setdefault((unit.task.root, unit.file), []).append(unit)
    yield from _found(sandbox, groups.values(), copied=False)


def _found(sandbox: Sandbox, groups: Iterable[list[Unit]], *, copied: bool) -> Iterator[tuple[Unit, Witness]]:
    tasks: dict[int, list[Unit]] = {}
    waiting = []
    for group in groups:
        task = replace(group[0].task, only_load=True, dump=False, copied=copied)
        tasks[id(task)] = group
        waiting.append(task)
    again = []
    for outcome in sandbox.run(waiting):
        seen = Observations(outcome)
        group = tasks[id(outcome.task)]
        if not copied and seen.load_error and seen.load_error["type"] == "PermissionError":
            again.append(group)  # many a project makes its folders as it is imported
            continue
        for unit in group:
            yield unit, replace(_named(unit, seen), copied=copied)
    if again:
        yield from _found(sandbox, again, copied=True)


def _named(unit: Unit, seen: Observations) -> Witness:
    if seen.outcome.end is not End.FINISHED:
        return Witness(unit, problem=f"its module cannot be imported: {seen.outcome.end.value}, {seen.outcome.detail}")
    if error := seen.load_error:
        why = f"{error['type']}: {error['message']}"
        if error["type"] == "PermissionError":
            why += " (nothing may be written outside the folder of a run)"
        return Witness(unit, problem=f"its module cannot be imported: {why}")
    mine = [target for target in seen.targets if _is_of(target, unit)]
    if not mine:
        return Witness(unit, problem="no asset of its module is made by it")
    first = max(target["line"] for target in mine)
    keys = tuple(key for target in mine if target["line"] == first for key in target["keys"])
    return Witness(unit, keys)


def _is_of(target: Event, unit: Unit) -> bool:
    function, file, line = target.get("function"), target.get("file"), target.get("line")
    if function != unit.name or not isinstance(file, str) or not isinstance(line, int):
        return False
    parts = PurePath(unit.file).parts
    return PurePath(file).parts[-len(parts) :] == parts and line <= unit.line
