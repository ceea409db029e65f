"""Fixing one file: apply, check again, until nothing changes; what makes things worse is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asset_lint.errors import FixError
from asset_lint.finding import Finding, Safety
from asset_lint.fixing import apply_fixes
from asset_lint.registry import INVALID_SYNTAX, UNUSED_SUPPRESSION

from .check import Checked, Checker
from .result import FileResult

if TYPE_CHECKING:
    from asset_lint.config import Config

MAX_ROUNDS = 100


def repair(
    checker: Checker, path: str, data: bytes, config: Config, leave: Callable[[Finding], bool] = lambda finding: False
) -> FileResult:
    """The file ``path`` with the content ``data`` after all fixes that the configuration wants.

    A fix whose result does not parse is taken back and named in the result's ``error``; one whose result has a finding
    that was not there before, advice aside, is taken back too, unless its rule is said to have hidden it; and what it
    had hidden may be left only where it is of less weight: a warning in place of an error. Findings for
    which ``leave`` holds keep their faults. Where a rule raises, nothing is fixed. Raises FixError where fixes never
    come to rest.
    """
    return Repair(checker, path, data, config, leave).run()


class Repair:
    """One file on its way; see :func:`repair`."""

    def __init__(
        self, checker: Checker, path: str, data: bytes, config: Config, leave: Callable[[Finding], bool]
    ) -> None:
        self.checker = checker
        self.path = path
        self.data = data
        self.config = config
        self.leave = leave
        self.safety = Safety.UNSAFE if config.unsafe_fixes else Safety.SAFE
        self.refused: set[_Key] = set()
        self.problems: list[str] = []
        self.applied: list[tuple[_Key, Finding]] = []

    def run(self) -> FileResult:
        """The file after all fixes."""
        first = self.checker.check(self.path, self.data, self.config)
        if first.problems or not first.findings:
            return result_of(self.path, first)
        current = self.without_uncovering(first)
        changed = current is not first
        if changed:
            self.checker.restore(self.path, self.data, self.config)
        return FileResult(
            self.path,
            self.reported(current.findings),
            first.source,
            current.source.text if changed else None,
            tuple(finding for _, finding in self.applied),
            "\n".join(self.problems) or None,
            first.note,
            current.known,
        )

    def without_uncovering(self, first: Checked) -> Checked:
        """The file after all fixes but those that leave a finding which they had hidden."""
        current, suspects = self.rounds(first), list[_Key]()
        while found := self.uncovering(first, current):
            suspects += sorted(found - self.refused, key=repr)
            current = self.again(first, self.refused | found)
        for each in suspects if len(suspects) > 1 else ():  # where one did it alone, the others are innocent
            without = self.again(first, self.refused - {each})
            if self.uncovering(first, without):
                current = self.again(first, self.refused | {each})
            else:
                current = without
        return current

    def again(self, first: Checked, refused: set[_Key]) -> Checked:
        """The file after all fixes but the ``refused``, from the beginning."""
        self.refused = refused
        self.applied.clear()
        self.problems.clear()
        return self.rounds(first)

    def rounds(self, first: Checked) -> Checked:
        """The file after as many rounds as there is something to do in."""
        current, seen = first, {first.source.data}
        for _ in range(MAX_ROUNDS):
            following = self.round(current)
            if following is None:
                return current
            if following is not current and following.source.data in seen:
                raise FixError(f"the fixes of {self.path} undo each other: {self.names()}")
            seen.add(following.source.data)
            current = following
        raise FixError(f"the fixes of {self.path} do not come to rest after {MAX_ROUNDS} rounds: {self.names()}")

    def uncovering(self, first: Checked, last: Checked) -> set[_Key]:
        """The fixes that took a finding away and left one that it had hidden, and that is of no less weight."""
        uncovered = self.uncovered(first, last, [each for _, each in self.applied])
        weights = {(each.code, each.function): each.severity for each in last.findings}
        return {
            key
            for key, each in self.applied
            if any(
                (code, each.function) in uncovered and weights[code, each.function] >= each.severity
                for code in self.hidden_by(each.code)
            )
        }

    def uncovered(self, before: Checked, after: Checked, fixed: Sequence[Finding]) -> set[tuple[str, str]]:
        """Codes and functions of what the fixed findings had hidden, and which is there now."""
        new = Counter((each.code, each.function) for each in after.findings)
        new.subtract((each.code, each.function) for each in before.findings)
        hidden = {(code, each.function) for each in fixed for code in self.hidden_by(each.code)}
        return {each for each in hidden if new[each] > 0}

    def hidden_by(self, code: str) -> tuple[str, ...]:
        """The rules that keep silent where a rule speaks."""
        rule = self.checker.registry.pages[code].rule
        return rule.hides if rule is not None else ()

    def round(self, current: Checked) -> Checked | None:
        """The file after one round; itself where a fix was found out to be bad; None where there is nothing to do."""
        keyed = {id(each): key for key, each in self.not_refused(current.findings) if not self.leave(each)}
        text, taken = apply_fixes(current.source, [f for f in current.findings if id(f) in keyed], self.safety)
        if not taken:
            return None
        chosen = [(keyed[id(each)], each) for each in taken]
        attempt = self.attempt(current, text, taken)
        if isinstance(attempt, Checked):
            self.applied += chosen
            return attempt
        # The longest run of good fixes, by halving: the fix behind it is the bad one.
        good, bad, best = 0, len(taken), current
        while bad - good > 1:
            middle = (good + bad) // 2
            part, _ = apply_fixes(current.source, taken[:middle], self.safety)
            result = self.attempt(current, part, taken[:middle])
            if isinstance(result, Checked):
                good, best = middle, result
            else:
                bad, attempt = middle, result
        key, culprit = chosen[bad - 1]
        self.refused.add(key)
        if attempt:
            self.problems.append(
                f"the fix of {culprit.code} at {self.path}:{culprit.span.line} was taken back: {attempt}"
            )
        self.applied += chosen[:good]
        return best

    def attempt(self, before: Checked, text: str, fixed: Sequence[Finding]) -> Checked | str:
        """The file checked with the content ``text``; else what is wrong with it, "" if it is a new finding."""
        try:
            after = self.checker.check(self.path, before.source.encode(text), self.config)
        except FixError as error:
            return "" if before.source.is_document else str(error)  # there, a fix may ask for more than a cell
        if after.problems:
            return after.problems[0]
        broken = [finding for finding in after.findings if finding.code == INVALID_SYNTAX]
        if len(broken) > sum(finding.code == INVALID_SYNTAX for finding in before.findings):  # of a notebook's cells
            return f"its result does not parse: {broken[0].message}"
        left = Counter(finding.code for finding in after.findings)
        left.subtract(finding.code for finding in before.findings)
        # that a suppression has become idle is a good sign; and what a finding had hidden was there before
        expected = {UNUSED_SUPPRESSION}
        for finding in fixed:
            expected.update(self.hidden_by(finding.code))
        return "" if any(count > 0 for code, count in left.items() if code not in expected) else after

    def not_refused(self, findings: Sequence[Finding]) -> Iterator[tuple[_Key, Finding]]:
        """The findings whose fixes were not taken back, each with its key."""
        kinds = [kind_of(each) for each in findings]
        total, number = Counter(kinds), Counter[Hashable]()
        for kind, finding in zip(kinds, findings):
            key = _Key(kind, number[kind], total[kind])
            number[kind] += 1
            # of equal fixes some of which have been made, no one knows which was the one
            if not any(each == key or (each.kind == kind and each.total != key.total) for each in self.refused):
                yield key, finding

    def reported(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings, without the fixes that were taken back."""
        kept = {id(finding) for _, finding in self.not_refused(findings)}
        return tuple(each if id(each) in kept else replace(each, fix=None) for each in findings)

    def names(self) -> str:
        return ", ".join(sorted({finding.code for _, finding in self.applied}))


@dataclass(frozen=True, slots=True)
class _Key:
    """What tells a finding and its fix from others wherever edits have moved them: what it is, and which of those that
    are the same it is, of how many."""

    kind: Hashable
    number: int
    total: int


def kind_of(finding: Finding) -> Hashable:
    """What a finding and its fix are, wherever edits have moved them."""
    texts = tuple(edit.text for edit in finding.fix.edits) if finding.fix else ()
    return finding.code, finding.function, finding.message, texts


def result_of(path: str, checked: Checked, *, suppressed: bool = False) -> FileResult:
    """What a check alone says of a file; with what is ``suppressed``, if that is wanted."""
    told = checked.suppressed if suppressed else ()
    return FileResult(
        path,
        checked.findings,
        checked.source if checked.findings or told else None,
        error="\n".join(checked.problems) or None,
        note=checked.note,
        known=checked.known,
        suppressed=told,
    )
