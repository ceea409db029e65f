"""Fixing one finding at a time, each as somebody answers."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.errors import FixError, SourceError
from asset_lint.finding import Finding
from asset_lint.fixing import apply_fixes
from asset_lint.registry import Registry
from asset_lint.source import Source

from .check import Checked, Checker
from .fix import MAX_ROUNDS, Repair, kind_of, result_of
from .result import FileResult

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config


class Answer(enum.Enum):
    """What is to become of a fix that is offered."""

    YES = "y"  # apply it
    NO = "n"  # leave it
    ALL = "a"  # apply it, and all others of this file
    DONE = "d"  # leave it, and all others of this file
    QUIT = "q"  # leave it, and all others


#: Asked with a finding and what its fix makes of the file (``source`` and ``text``).
Ask = Callable[[Finding, FileResult], Answer]


def choose(
    files: Sequence[tuple[Path, Config]],
    registry: Registry,
    ask: Ask,
    keep: Callable[[FileResult], None],
    *,
    baseline: Baseline | None = None,
    ignore_noqa: bool = False,
) -> list[FileResult]:
    """The results of ``files`` after the fixes that ``ask`` wants, in their order.

    ``keep`` gets, and writes, each file that is through and has changed. A fix is offered only if applying it leaves
    nothing behind that was not there before, as with :func:`repair`; what it uncovers and can be fixed is part of it.
    Files are gone through again as long as something changes, but nothing is asked twice.
    """
    asked = [_Asked() for _ in files]
    results: list[FileResult | None] = [None] * len(files)
    changed = True
    while changed:
        changed = False
        checker = Checker(registry, ignore_noqa=ignore_noqa, baseline=baseline)
        for at, (path, config) in enumerate(files):
            result = _one(checker, path, config, ask, asked[at])
            if asked[at].quits:
                for each in asked:
                    each.stopped = True
            if result.text is not None and result.source is not None:
                keep(result)
                changed = True
                if path.suffix == ".py":
                    checker.lay_over(str(path), result.source.encode(result.text))
            before = results[at]
            results[at] = result if before is None else result.following(before)
    return [each for each in results if each is not None]


def _one(checker: Checker, path: Path, config: Config, ask: Ask, asked: _Asked) -> FileResult:
    try:
        return _Choice(checker, str(path), Source.read(path).data, config, ask, asked).run()
    except (SourceError, FixError) as error:
        return FileResult(str(path), error=str(error))


class _Asked:
    """What was answered in a file: how many fixes of each kind were declined, always the first ones; and what the file
    has been, which no fix may make of it again."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self.declined: Counter[Hashable] = Counter()
        self.stopped = False
        self.quits = False


_Fixed = tuple[Checked, list[Finding]]  # the file after a fix, and what is fixed then


class _Choice(Repair):
    """One file."""

    def __init__(self, checker: Checker, path: str, data: bytes, config: Config, ask: Ask, asked: _Asked) -> None:
        super().__init__(checker, path, data, config, lambda finding: False)
        self.ask = ask
        self.asked = asked
        self.done: list[Finding] = []
        self.asked.seen.add(data)
        self.tried: dict[int, _Fixed | None] = {}  # by the finding, in the file as it is now

    def run(self) -> FileResult:
        """Ask, and apply, until there is nothing left to ask."""
        first = self.checker.check(self.path, self.data, self.config)
        if first.problems or not first.findings:
            return result_of(self.path, first)
        current, limit = first, 0
        while not self.asked.stopped and (offered := self.offered(current)):
            finding, following, fixed = offered
            change = FileResult(self.path, source=current.source, text=following.source.text)
            match Answer.ALL if limit else self.ask(finding, change):
                case Answer.YES | Answer.ALL as answer:
                    if answer is Answer.ALL and not limit:
                        limit = len(self.done) + len(current.findings) + MAX_ROUNDS
                    current = following
                    self.done += fixed
                    self.asked.seen.add(current.source.data)
                    self.tried.clear()
                    self.problems.clear()
                    if limit and len(self.done) > limit:
                        raise FixError(f"the fixes of {self.path} do not come to rest")
                case Answer.NO:
                    self.asked.declined[kind_of(finding)] += 1
                case answer:
                    self.asked.stopped = True
                    self.asked.quits = answer is Answer.QUIT
        return self.result(first, current)

    def result(self, first: Checked, current: Checked) -> FileResult:
        """What is said of the file as it is now."""
        changed = current is not first
        if changed or self.tried:  # other contents of the file have been checked
            self.checker.restore(self.path, self.data, self.config)
        return FileResult(
            self.path,
            current.findings,
            first.source,
            current.source.text if changed else None,
            tuple(self.done),
            "\n".join(self.problems) or None,
            current.note,
            current.known,
        )

    def offered(self, current: Checked) -> tuple[Finding, Checked, list[Finding]] | None:
        """The next finding whose fix is good, the file after that, and all that is fixed then."""
        passed: Counter[Hashable] = Counter()
        for finding in current.findings:
            if finding.fix is None or not finding.fix.edits or finding.fix.safety > self.safety:
                continue
            kind = kind_of(finding)
            passed[kind] += 1
            if passed[kind] <= self.asked.declined[kind]:
                continue
            if id(finding) not in self.tried:
                self.tried[id(finding)] = self.fixed(current, finding)
            attempt = self.tried[id(finding)]
            if attempt is not None:
                return finding, *attempt
        return None

    def fixed(self, current: Checked, finding: Finding) -> _Fixed | None:
        """The file after a fix, and after those of what it uncovers; None where the result is not good."""
        done: list[Finding] = []
        following, wanted = current, finding
        for _ in range(MAX_ROUNDS):
            text, taken = apply_fixes(following.source, [wanted], self.safety)
            attempt = self.attempt(following, text, taken) if taken else ""
            if isinstance(attempt, str):
                if attempt:
                    self.problems.append(
                        f"the fix of {wanted.code} at {self.path}:{wanted.span.line} is not offered: {attempt}"
                    )
                return None
            following = attempt
            done.append(wanted)
            uncovered = self.uncovered(current, following, done)
            if not uncovered:
                return None if following.source.data in self.asked.seen else (following, done)
            fixable = [
                each
                for each in following.findings
                if (each.code, each.function) in uncovered and each.fix and each.fix.safety <= self.safety
            ]
            if not fixable:
                return None
            wanted = fixable[0]
        return None
