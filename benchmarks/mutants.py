"""Does every fault count? Faults put mechanically into real, silent functions, and what the linter says of them.

usage: python -m benchmarks.mutants --corpus DIR [--rules CODES] [--count N] [--seed N] [--no-fixes] [--show ...]

DIR holds one folder a repository. Of each rule N mutants (default 30) are drawn with a fixed seed, evenly over the
repositories and over the ways to make the fault (see ``benchmarks.mutate``). A function takes a fault only if none of
the rules speaks of it (or of the helper that the fault is put into) beforehand, and a mutant must compile; other rules'
duties are left aside. It counts as found if its rule reports a new finding in the changed function; every other finding
that is new or gone, in the changed files and in those that import them, is counted beside it, unless the mutant says
why its fault is another rule's too (``Mutant.implied``). Then every fix is applied: the result must parse, lose no
comment, cure what it says, bring no finding, and rest. Exit status 1 if a rule finds fewer than 97 in 100 (of the
families AL5, AL6, AL7 and AL9: 95), or something else changed.
``--write`` puts the figures into benchmarks/MUTANTS.md, beside those of other rules; ``--no-fixes`` leaves the fixes
alone, which takes half the time.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from asset_lint import registry
from asset_lint.finding import Finding, Safety
from asset_lint.rule import Rule

from .invariants import comments, parses
from .linter import Linter
from .mutate import OPERATORS, Mutant, Repository
from .mutate.repository import named_function

CODES = tuple(OPERATORS)
ENOUGH = {"AL1": 0.97, "AL2": 0.97, "AL3": 0.97, "AL4": 0.97, "AL8": 0.97}  # by family; of the others 0.95
NAMES = (ast.Name, ast.Attribute)
RESULTS = Path(__file__).with_name("MUTANTS.md")
IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+)?import[ \t]*(\([^)]*\)|[^\n]*)", re.MULTILINE)


@dataclass
class Outcome:
    """What the linter said of one mutant.

    ``others`` are findings (new "+", gone "-") that are not the fault's. ``implied`` counts those of its own rule in
    functions that call a changed helper: the fault is theirs too. ``also`` counts, by their codes, those of other rules
    that the mutant says its fault implies. ``fixes`` counts what the fault's findings offer, and
    ``broken`` are sentences on what did not hold once these fixes were applied.
    """

    mutant: Mutant
    found: bool
    implied: int = 0
    also: Counter[str] = field(default_factory=Counter)
    fixes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


class Bench:
    """One repository: its mutants, its linter, and what that says of it unchanged."""

    def __init__(self, root: Path) -> None:
        self.repository = Repository(root)
        self.candidates = list(self.repository.candidates())
        self.linter = Linter(root, CODES)
        self._before: dict[Path, list[Finding]] = {}

    def before(self, path: Path) -> list[Finding]:
        """What the linter says of a file unchanged; each file is checked when it is asked for."""
        if path not in self._before:
            self._before.update(self.linter.check([path]))
        return self._before[path]

    def silent(self, path: Path, function: str, rule: str) -> bool:
        """Whether nothing is said of ``function`` as it is; a function that is not there yet is silent."""
        text = self.repository.text(path)
        node = named_function(text.tree, function) if text is not None else None
        return node is None or not any(_within(f, node) for f in _heard(self.before(path), rule))

    def judge(self, mutant: Mutant, *, fixes: bool = True) -> Outcome:
        """Check the repository with the fault in it; ``fixes``: and apply what is offered."""
        affected = list(dict.fromkeys([*mutant.overrides, *self._importers(mutant.overrides)]))
        checked = self.linter.check(affected, mutant.overrides)
        after = {path: _heard(findings, mutant.rule) for path, findings in checked.items()}
        before = {path: _heard(self.before(path), mutant.rule) for path in affected}
        own: dict[Path, list[ast.AST]] = defaultdict(list)
        for path, function in mutant.expected:
            data = mutant.overrides.get(path, self.repository.files[path])
            tree = ast.parse(data)
            node = named_function(tree, function) if function else tree
            if node is not None:
                own[path].append(node)
        outcome = Outcome(mutant, False)
        for path in affected:
            rule = [f for f in after[path] if f.code == mutant.rule]
            mine = {f for f in rule if any(_within(f, node) for node in own.get(path, ()))}
            outcome.found = outcome.found or bool(mine)
            if mine and fixes:
                self._mend(outcome, path, mine, after)
            implied = {f for f in rule if f not in mine and self._calls(f, path, mutant)} - set(before[path])
            then, now = _signs(before[path]), _signs(f for f in after[path] if f not in mine)
            new = now - then
            others = new - _signs(implied)
            outcome.implied += (new - others).total()
            also = [
                f for f in after[path] if f.code in mutant.implied and any(_within(f, n) for n in own.get(path, ()))
            ]
            shared = others & (_signs(also) - then)
            outcome.also.update(sign.partition(" ")[0] for sign in shared.elements())
            others -= shared
            relative = path.relative_to(self.repository.root)
            outcome.others += [f"+ {relative} {sign}" for sign in others.elements()]
            outcome.others += [f"- {relative} {sign}" for sign in (then - now).elements()]
        return outcome

    def _mend(self, outcome: Outcome, path: Path, mine: set[Finding], after: dict[Path, list[Finding]]) -> None:
        """Apply every fix to ``path`` and see what holds."""
        outcome.fixes.update(str(f.fix.safety) if f.fix else "none" for f in mine)
        overrides = outcome.mutant.overrides
        result = self.linter.fixed(path, overrides)
        if result.error:
            outcome.broken.append(result.error)
        if result.source is None or result.text is None:
            return
        old = overrides.get(path, self.repository.files[path])
        new = result.source.encode(result.text)
        again = self.linter.fixed(path, {**overrides, path: new})
        if again.text is not None:
            outcome.broken.append("changes when fixed again")
        if not parses(new):
            outcome.broken.append("no longer parses")
            return
        outcome.broken += [f"lost the comment {c}" for c in (comments(old) - comments(new)).elements()]
        checked = self.linter.check(after, {**overrides, path: new})
        rest = {file: _heard(findings, outcome.mutant.rule) for file, findings in checked.items()}
        hidden = rules()[outcome.mutant.rule].hides  # these were there before
        for file, findings in rest.items():
            shown = _signs(f for f in findings if f.code not in hidden)
            outcome.broken += [f"new: {sign}" for sign in (shown - _signs(after[file])).elements()]
        gone = _signs(after[path]) - _signs(rest[path])
        owed = _signs(f for f in mine if f.fix is not None and f.fix.safety <= Safety.UNSAFE)
        outcome.broken += [f"not cured: {sign}" for sign in (owed - gone).elements()]

    def _calls(self, finding: Finding, path: Path, mutant: Mutant) -> bool:
        """Whether the function of ``finding``, or one of its file that it calls, calls a helper that has the fault."""
        helpers = {function for _, function in mutant.expected[1:]}
        tree = ast.parse(mutant.overrides.get(path, self.repository.files[path]))
        seen, waiting = set[str](), [finding.function]
        while helpers and waiting:
            name = waiting.pop()
            node = named_function(tree, name)
            if name in seen or node is None:
                continue
            seen.add(name)
            used = {n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(node) if isinstance(n, NAMES)}
            if used & helpers:
                return True
            waiting += used
        return False

    def _importers(self, changed: Iterable[Path]) -> Iterator[Path]:
        """Files that may import one of ``changed``: its name is in an import, from its own package if relative."""
        names = {p: (p.parent.name if p.name == "__init__.py" else p.stem).encode() for p in changed}
        for path, data in self.repository.files.items():
            if b"dagster" not in data or not any(name in data for name in names.values()):
                continue
            for module, imported in IMPORT.findall(data):
                if any(
                    name in module + imported
                    and (module[:1] != b"." or file.is_relative_to(path.parents[_dots(module)]))
                    for file, name in names.items()
                ):
                    yield path
                    break


@cache
def rules() -> dict[str, type[Rule]]:
    """The rules by their codes."""
    return {rule.code: rule for rule in registry.load().rules}


def _heard(findings: Iterable[Finding], rule: str) -> list[Finding]:
    """The findings that count for mutants of ``rule``: nearly every function leaves some duty of other rules undone."""
    return [f for f in findings if f.code == rule or not rules()[f.code].duty]


def _dots(module: bytes) -> int:
    """How many folders up a relative import begins."""
    return len(module) - len(module.lstrip(b".")) - 1


def _within(finding: Finding, node: ast.AST) -> bool:
    if isinstance(node, ast.Module):
        return True
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(d.lineno for d in decorators)])  # type: ignore[attr-defined]
    return first <= finding.span.line <= node.end_lineno  # type: ignore[attr-defined,no-any-return]


def _signs(findings: Iterable[Finding]) -> Counter[str]:
    """Findings without their lines, which a fault moves."""
    return Counter(f"{f.code} {f.function}: {f.message}" for f in findings)


def drawn(benches: list[Bench], rule: str, count: int, seed: int) -> Iterator[tuple[Bench, Mutant]]:
    """``count`` mutants of ``rule``: of each repository in turn one, made in the way that was used least so far."""
    random = Random(f"{seed} {rule}")
    streams = [(bench, _mutants(bench, rule, seed)) for bench in benches]
    random.shuffle(streams)
    used = [0] * len(OPERATORS[rule])
    left = count
    while streams and left:
        for stream in list(streams):
            bench, ways = stream
            order = sorted(ways, key=lambda way: (used[way], random.random()))
            mutant = None
            while order and mutant is None:
                way = order.pop(0)
                mutant = next(ways[way], None)
                if mutant is None:
                    del ways[way]
            if mutant is None:
                streams.remove(stream)
            elif left:
                used[way] += 1
                left -= 1
                yield bench, mutant


def _mutants(bench: Bench, rule: str, seed: int) -> dict[int, Iterator[Mutant]]:
    """For each way to make the fault, by its number, the mutants that it makes: one of each function."""

    def made(way: int) -> Iterator[Mutant]:
        random = Random(f"{seed} {rule} {way} {bench.repository.root.name}")
        candidates = list(bench.candidates)
        random.shuffle(candidates)
        for candidate in candidates:
            mutant = next(_usable(bench, OPERATORS[rule][way](candidate, random)), None)
            if mutant is not None:
                yield mutant

    return {way: made(way) for way in range(len(OPERATORS[rule]))}


def _usable(bench: Bench, mutants: Iterator[Mutant]) -> Iterator[Mutant]:
    for mutant in mutants:
        if all(bench.silent(path, function, mutant.rule) for path, function in mutant.expected) and _compiles(mutant):
            yield mutant


def _compiles(mutant: Mutant) -> bool:
    try:
        for path, data in mutant.overrides.items():
            compile(data, str(path), "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def show(outcome: Outcome) -> None:
    """Print a mutant as a diff, and what changed beside it."""
    print("=" * 100)
    print(outcome.mutant.label, "found" if outcome.found else "MISSED")
    for path, data in outcome.mutant.overrides.items():
        old, new = path.read_bytes().decode().splitlines(), data.decode().splitlines()
        print("\n".join(difflib.unified_diff(old, new, lineterm="", n=3)))
    print("\n".join([*outcome.others, *outcome.broken]))


def table(outcomes: list[Outcome]) -> str:
    """The figures as a Markdown table."""
    rows = [
        "| rule | mutants | repositories | found | found in other callers too | other findings changed |",
        "|---|---|---|---|---|---|",
    ]
    for rule in CODES:
        mine = [o for o in outcomes if o.mutant.rule == rule]
        if mine:
            found = sum(o.found for o in mine)
            repositories = len({o.mutant.repository.root for o in mine})
            implied, others = sum(o.implied for o in mine), sum(len(o.others) for o in mine)
            share = f"{found} ({found / len(mine):.1%})"
            rows.append(f"| {rule} | {len(mine)} | {repositories} | {share} | {implied} | {others} |")
    rows += [
        "",
        "| rule | safe fixes | unsafe fixes | shown only | none | promises broken |",
        "|---|---|---|---|---|---|",
    ]
    for rule in dict.fromkeys(o.mutant.rule for o in outcomes):
        fixes = sum((o.fixes for o in outcomes if o.mutant.rule == rule), Counter[str]())
        broken = sum(len(o.broken) for o in outcomes if o.mutant.rule == rule)
        counts = " | ".join(str(fixes[safety]) for safety in ("safe", "unsafe", "display", "none"))
        rows.append(f"| {rule} | {counts} | {broken} |")
    rows += ["", "| way to make the fault | found |", "|---|---|"]
    ways: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        ways[f"{outcome.mutant.rule} {outcome.mutant.operator}"].append(outcome.found)
    return "\n".join([*rows, *(f"| {way} | {sum(found)} of {len(found)} |" for way, found in sorted(ways.items()))])


def write(outcomes: list[Outcome], seed: int) -> None:
    """Put the figures of the rules that were measured into the file, beside those of the others that stand there."""
    rows, notes = {}, dict[str, list[str]]()
    if RESULTS.exists():
        for line in RESULTS.read_text(encoding="utf-8").splitlines():
            if line.startswith("| AL"):
                rows[line[2:7]] = line
            elif line.startswith("- AL"):
                notes.setdefault(line[2:7], []).append(line)
    for rule in CODES:
        mine = [o for o in outcomes if o.mutant.rule == rule]
        if mine:
            found, ways = sum(o.found for o in mine), len({o.mutant.operator for o in mine})
            repositories = len({o.mutant.repository.root for o in mine})
            share = f"{found} ({found / len(mine):.1%})"
            changed = sum(len(o.others) for o in mine)
            rows[rule] = f"| {rule} | {len(mine)} | {ways} | {repositories} | {share} | {changed} |"
            reasons = Counter((code, o.mutant.implied[code]) for o in mine for code in o.also.elements())
            notes[rule] = [f"- {rule} in {n}: {code} too, {why}" for (code, why), n in sorted(reasons.items())]
    text = (
        "# Faults found\n\nMade by `python -m benchmarks.mutants --corpus DIR --write` "
        f"(seed {seed}) on public repositories of Dagster and DuckDB code, which are no part of this one.\n\n"
        "| rule | mutants | ways to make the fault | repositories | found | other findings changed |\n"
        "|---|---|---|---|---|---|\n" + "\n".join(rows[rule] for rule in sorted(rows)) + "\n"
    )
    listed = [note for rule in sorted(notes) for note in notes[rule]]
    if listed:
        text += "\nNot counted as changed, for the fault is another one too:\n\n" + "\n".join(listed) + "\n"
    RESULTS.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--rules", default=",".join(CODES))
    parser.add_argument("--repositories", default="", help="only folders whose names contain this")
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--no-fixes", action="store_true")
    parser.add_argument("--show", choices=["missed", "found", "changed", "broken", "wrong"])
    options = parser.parse_args()
    benches = []
    for root in sorted(p.resolve() for p in options.corpus.iterdir() if p.is_dir()):
        if options.repositories in root.name:
            benches.append(Bench(root))
    outcomes = []
    for rule in options.rules.split(","):
        for bench, mutant in drawn(benches, rule, options.count, options.seed):
            outcome = bench.judge(mutant, fixes=not options.no_fixes)
            outcomes.append(outcome)
            print(".+x-"[(not outcome.found) * 2 + bool(outcome.others)], end="", file=sys.stderr, flush=True)
            wanted = {"missed": not outcome.found, "found": outcome.found, "changed": bool(outcome.others)}
            wanted["broken"] = bool(outcome.broken)
            wanted["wrong"] = not outcome.found or bool(outcome.others or outcome.broken)
            if options.show and wanted[options.show]:
                show(outcome)
        print(file=sys.stderr)
        if options.write:
            write(outcomes, options.seed)
    print(table(outcomes))
    rates = {o.mutant.rule: [p.found for p in outcomes if p.mutant.rule == o.mutant.rule] for o in outcomes}
    short = any(sum(found) < ENOUGH.get(rule[:3], 0.95) * len(found) for rule, found in rates.items())
    return int(short or any(o.others for o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
