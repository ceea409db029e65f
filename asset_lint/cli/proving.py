"""``check --fix --verify``: each fix stays only if its asset, run before and after, shows that it is right."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from asset_lint.errors import FixError
from asset_lint.evidence import Evidence, Scenario
from asset_lint.finding import Finding
from asset_lint.report.common import BOLD, CYAN, GREEN, RED, YELLOW, Context, counted
from asset_lint.verify import Fate, Proof, Sandbox, Task, Unit, Witness, observe, prove

from .verifying import RUNNABLE, unit_of

if TYPE_CHECKING:
    from asset_lint.engine import FileResult
    from asset_lint.registry import Registry

    from . import known

Place = tuple[str, str]  # a file and a function in it
Repair = Callable[[Callable[[Finding], bool]], "list[FileResult]"]

_MARKS = {Fate.KEPT: ("+", GREEN), Fate.TAKEN_BACK: ("-", RED), Fate.NOT_RUN: ("?", YELLOW)}


@dataclass
class Proofs:
    """What became of each fix: the finding that it was for, and why."""

    entries: list[tuple[Finding, Proof]] = field(default_factory=list)
    witnesses: Mapping[Place, Witness] = field(default_factory=dict)  # of the runs before
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def kept(self) -> set[tuple[str, str, str]]:
        """Files, functions and codes whose fixes stay."""
        return {_key(finding) for finding, proof in self.entries if proof.fate is Fate.KEPT}

    def text(self, context: Context) -> str:
        """What is told of it: the fixes that stay, then those that don't, then those that could not be run."""
        assets = len({(finding.path, finding.function) for finding, proof in self.entries if proof.fate is Fate.KEPT})
        lines = []
        for fate in Fate:
            for finding, proof in self.entries:
                if proof.fate is fate:
                    mark, color = _MARKS[fate]
                    place = f"{finding.path}:{finding.span.line}"
                    head = f"{context.paint(mark, BOLD, color)} {context.paint(finding.code, BOLD)} {place}"
                    words = proof.words if fate is Fate.KEPT else f"{fate.value}: {proof.words}"
                    lines += [f"{head} {context.paint(finding.function, CYAN)}", f"    {words}"]
        counts = {fate: sum(proof.fate is fate for _, proof in self.entries) for fate in Fate}
        lines.append(
            f"{counted(counts[Fate.KEPT], 'fix')} proven by running {counted(assets, 'asset')} before and after"
            f", {counts[Fate.TAKEN_BACK]} taken back, {counts[Fate.NOT_RUN]} not run and so not applied."
        )
        return "\n".join(lines) + "\n"

    def page(self, wanted: Sequence[FileResult], context: Context) -> str:
        """The same to look at: each asset, its runs before, and its fixes with what became of them."""
        from asset_lint.report.page import Mark, Mending, page

        from .sections import section

        sections = []
        for place, witness in self.witnesses.items():
            mine = [(f, proof) for f, proof in self.entries if (f.path, f.function) == place]
            marks = [Mark(f.span.line, f.code, f.message, proof.fate.value, proof.words) for f, proof in mine]
            mendings = [Mending(f.code, proof.fate.value, proof.words, _diff(f, wanted)) for f, proof in mine]
            sections.append(section(witness, place[0], marks, context, mendings))
        return page("Fixes, before and after", sections, self.versions)


def _diff(finding: Finding, results: Sequence[FileResult]) -> str:
    """What the fix of a finding changes."""
    from asset_lint.fixing import apply

    source = next((each.source for each in results if each.path == finding.path), None)
    if source is None or finding.fix is None:
        return ""
    try:
        new = apply(source.text, [finding.fix])
    except FixError:  # it was found in a later round, in a text that was fixed before
        return ""
    lines = difflib.unified_diff(source.text.split("\n"), new.split("\n"), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def proven(
    files: known.Files, registry: Registry, repair: Repair, given: Mapping[str, Any], workers: int
) -> tuple[list[FileResult], Proofs]:
    """The results with the fixes that are proven, and what became of each. ``repair`` fixes all findings but those for
    which what it is given holds, and writes nothing."""
    from asset_lint.engine.located import Locator

    wanted = repair(lambda finding: False)
    applied = [finding for result in wanted for finding in result.applied]
    proofs = Proofs()
    if not applied:
        return wanted, proofs
    locator = Locator(files, registry)
    located = [each for each in locator.compute_functions() if each.kind in RUNNABLE]
    runnable = {(each.path, each.function): unit_of(each, given) for each in located}
    units: dict[Place, Unit] = {}
    groups: dict[Place, list[Finding]] = {}
    for finding in applied:
        place = (finding.path, finding.function)
        leading = [each for each in locator.leading_to(place) if each in runnable]
        if leading:  # a helper is run by the first asset that leads to it
            units.setdefault(place, replace(runnable[leading[0]]))
            groups.setdefault(place, []).append(finding)
        else:
            proofs.entries.append((finding, Proof(Fate.NOT_RUN, "no asset that can be run leads to it")))

    def evidence(finding: Finding) -> Evidence | None:
        rule = registry.pages[finding.code].rule
        return rule.evidence if rule else None

    with Sandbox(workers) as sandbox:
        trial = _Trial(sandbox, units, groups, evidence, repair)
        together = trial.of({place: {f.code for f in group} for place, group in groups.items()}, wanted)
        doubtful = {place for place, entries in together.items() if _is_doubtful(entries)}
        for place in groups.keys() - doubtful:
            proofs.entries += together[place]
        proofs.entries += trial.one_by_one(doubtful)
        proofs.witnesses, proofs.versions = trial.before, sandbox.versions
    proofs.entries.sort(key=lambda entry: entry[0].order)
    kept = proofs.kept
    return repair(lambda finding: _key(finding) not in kept), proofs


class _Trial:
    """Runs of the same assets with different fixes."""

    def __init__(
        self,
        sandbox: Sandbox,
        units: Mapping[Place, Unit],
        groups: Mapping[Place, list[Finding]],
        evidence: Callable[[Finding], Evidence | None],
        repair: Repair,
    ) -> None:
        self.sandbox = sandbox
        self.units = units
        self.groups = groups
        self.evidence = evidence
        self.repair = repair
        self.before = self.run({place: units[place] for place in groups})

    def run(self, units: Mapping[Place, Unit]) -> dict[Place, Witness]:
        """What is seen of some assets, in the scenarios that their findings need."""
        places = {unit: place for place, unit in units.items()}

        def scenarios(unit: Unit) -> Iterable[Scenario]:
            for finding in self.groups[places[unit]]:
                evidence = self.evidence(finding)
                yield from evidence.scenarios if evidence else ()

        return {places[seen.unit]: seen for seen in observe(self.sandbox, list(places), scenarios)}

    def of(
        self, codes: Mapping[Place, set[str]], results: Sequence[FileResult]
    ) -> dict[Place, list[tuple[Finding, Proof]]]:
        """The proofs of the fixes of ``codes``, which are in the texts of ``results``."""
        new = {result.path: result for result in results if result.text is not None}
        fixed = {}
        for place, unit in self.units.items():
            if codes.get(place) and (result := new.get(place[0])) is not None and result.text is not None:
                old = result.source.text if result.source else result.text
                mine = unit.file == _below(unit.task.root, place[0])
                line = _moved(unit, old, result.text) if mine else unit.line
                fixed[place] = replace(unit, line=line, task=self.with_text(place, result.text))
        after = self.run(fixed)
        return {
            place: [
                (finding, prove(self.before[place], after[place], self.evidence(finding)))
                for finding in self.groups[place]
                if finding.code in codes[place]
            ]
            for place in after
        }

    def with_text(self, place: Place, text: str) -> Task:
        """The task with another text, on the tables that there were before."""
        task = self.units[place].task
        setup = self.before[place].setup or task.setup
        return replace(task, files={_below(task.root, place[0]): text}, setup=setup)

    def one_by_one(self, places: Iterable[Place]) -> list[tuple[Finding, Proof]]:
        """Where fixes together are not right: each rule's alone, and of those that are right all that go together."""
        found: list[tuple[Finding, Proof]] = []
        for place in sorted(places):
            alone: list[tuple[Finding, Proof]] = []
            for code in sorted({finding.code for finding in self.groups[place]}):
                wanted = (*place, code)
                results = self.repair(lambda finding, wanted=wanted: _key(finding) != wanted)  # type: ignore[misc]
                alone += self.of({place: {code}}, results).get(place, [])
            good = {finding.code for finding, proof in alone if proof.fate is Fate.KEPT}
            if len(good) > 1:
                kept = {(*place, code) for code in good}
                results = self.repair(lambda finding, kept=kept: _key(finding) not in kept)  # type: ignore[misc]
                together = self.of({place: good}, results).get(place, [])
                alone = [entry for entry in alone if entry[0].code not in good] + together
            found += alone
        return found


def _is_doubtful(entries: Sequence[tuple[Finding, Proof]]) -> bool:
    fates = {proof.fate for _, proof in entries}
    return len({finding.code for finding, _ in entries}) > 1 and fates != {Fate.KEPT}


def _moved(unit: Unit, old: str, new: str) -> int:
    """The line of the function of ``unit`` in a text that fixes, those of its neighbours too, have changed."""
    begins = re.compile(rf"^[ \t]*(?:async[ \t]+)?def[ \t]+{re.escape(unit.name)}\b", re.MULTILINE)
    before, after = ([text.count("\n", 0, each.start()) + 1 for each in begins.finditer(text)] for text in (old, new))
    number = before.index(unit.line) if unit.line in before else -1
    return after[number] if -1 < number < len(after) else unit.line


def _below(root: str, path: str) -> str:
    return os.path.relpath(os.path.abspath(path), root)


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.path, finding.function, finding.code
