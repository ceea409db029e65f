"""Suppressing everything that is found, for the first day on an existing code base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.documents import source_of
from asset_lint.errors import AssetLintError, FixError, SourceError
from asset_lint.finding import Edit, Finding, Fix, Safety
from asset_lint.fixing import apply
from asset_lint.registry import Registry
from asset_lint.source import Source
from asset_lint.suppression import OWN, Form, Lines, Suppressions

from .result import FileResult, Mode, write

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config


def add_comments(
    files: Sequence[tuple[Path, Config]],
    registry: Registry,
    reason: str | None = None,
    *,
    form: Form = Form.NOQA,
    jobs: int = 1,
    baseline: Baseline | None = None,
) -> int:
    """Write a comment (noqa or ignore) that suppresses it for every finding into its file; gives the number of those
    that were written or got further codes.

    What keeps a file from being checked or written is raised as a SourceError when all the others are done.
    """
    from . import run

    count = 0
    problems: list[str] = []
    for result in run(files, registry, mode=Mode.CHECK, jobs=jobs, baseline=baseline):
        if result.error is not None:
            problems.append(result.error)
        elif result.source is not None:
            try:
                text, added = suppressed(result.source, result.findings, registry, reason, form)
                write(FileResult(result.path, source=result.source, text=text))
                count += added
            except AssetLintError as error:
                problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return count


@dataclass(slots=True)
class _Comment:
    """A comment to write over a stretch of the text, or, where there is one already, what is added to its codes."""

    start: int
    end: int
    is_new: bool
    codes: set[str] = field(default_factory=set)


def suppressed(
    source: Source, findings: Iterable[Finding], registry: Registry, reason: str | None, form: Form = Form.NOQA
) -> tuple[str, int]:
    """The text of ``source`` with a comment for each finding, and how many comments are new or changed.

    Codes are added to a comment that is there already. Raises FixError where a comment would change the program, or
    would not do.
    """
    wanted = [finding for finding in findings if finding.code not in OWN]
    if not wanted:
        return source.text, 0
    lines = Lines(source.text)
    place = _Ignores(source, registry, lines) if form is Form.IGNORE else _Noqas(source, registry)
    comments: dict[int, _Comment] = {}
    for finding in wanted:
        comment = place(finding)
        comments.setdefault(comment.start, comment).codes.add(finding.code)
    text = apply(source.text, [Fix("suppress", Safety.UNSAFE, tuple(_edits(source, comments.values(), form, reason)))])
    if [each.tokens for each in Lines(text).logical] != [each.tokens for each in lines.logical]:
        raise FixError(
            f"{source.path}: a comment cannot stand on one of the lines "
            f"{', '.join(map(str, sorted({finding.noqa_line for finding in wanted})))}"
        )
    left = Suppressions(source_of(source.path, source.encode(text)), registry).kept(wanted)  # no line has moved
    if left:
        raise FixError(f"{source.path}:{left[0].span.line}: a comment would not suppress {left[0].code} here")
    return text, len(comments)


def _edits(source: Source, comments: Iterable[_Comment], form: Form, reason: str | None) -> Iterable[Edit]:
    words = f" {reason}" if reason else ""
    for comment in comments:
        listed = ", ".join(sorted(comment.codes))
        if not comment.is_new:
            text = f", {listed}"
        elif form is Form.IGNORE:
            text = f"  # asset-lint: ignore[{listed}]{words}"
        else:
            text = f"  # noqa: {listed}{words}"
        yield Edit(source.span(comment.start, comment.end), text)


class _Noqas:
    """Where the noqa comment of a finding stands: on the line that it belongs to."""

    def __init__(self, source: Source, registry: Registry) -> None:
        self.source = source
        self.there = {each.comment.line: each for each in Suppressions(source, registry).named(Form.NOQA)}

    def __call__(self, finding: Finding) -> _Comment:
        there = self.there.get(finding.noqa_line)
        if there is not None:
            return _Comment(there.end, there.end, is_new=False)
        return self.behind(finding.noqa_line)

    def behind(self, line: int) -> _Comment:
        """A new one at the end of a line."""
        start, content = self.source.offset(line, 0), self.source.line_text(line)
        return _Comment(start + len(content.rstrip()), start + len(content), is_new=True)


class _Ignores(_Noqas):
    """Where the ignore comment of a finding stands: one is enough for the whole statement."""

    def __init__(self, source: Source, registry: Registry, lines: Lines) -> None:
        super().__init__(source, registry)
        self.lines = lines
        self.ignores = Suppressions(source, registry).named(Form.IGNORE)
        self.written: dict[int, _Comment] = {}  # by the first line of their statement

    def __call__(self, finding: Finding) -> _Comment:
        line = finding.span.line
        for each in self.ignores:
            if each.first <= line <= each.last:
                end = each.named[-1].end
                return _Comment(end, end, is_new=False)
        statement = self.lines.at(line)
        if statement is None:
            return self.behind(finding.noqa_line)
        inside = statement.first <= finding.noqa_line <= statement.last
        comment = self.behind(finding.noqa_line if inside else statement.last)
        return self.written.setdefault(statement.first, comment)
