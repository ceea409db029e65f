"""Suppressing everything that is found, for the first day on an existing code base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.errors import AssetLintError, FixError, SourceError
from asset_lint.finding import Edit, Finding, Fix, Safety
from asset_lint.fixing import apply
from asset_lint.registry import Registry
from asset_lint.source import Source
from asset_lint.suppression import OWN, Lines, Suppressions

from .result import FileResult, Mode, write

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config


def add_noqa(
    files: Sequence[tuple[Path, Config]],
    registry: Registry,
    reason: str | None = None,
    *,
    jobs: int = 1,
    baseline: Baseline | None = None,
) -> int:
    """Write a ``# noqa: <codes> <reason>`` for every finding into its file; gives the number of lines that got one.

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
                text, added = suppressed(result.source, result.findings, registry, reason)
                write(FileResult(result.path, source=result.source, text=text))
                count += added
            except AssetLintError as error:
                problems.append(str(error))
    if problems:
        raise SourceError("\n".join(problems))
    return count


def suppressed(source: Source, findings: Iterable[Finding], registry: Registry, reason: str | None) -> tuple[str, int]:
    """The text of ``source`` with a noqa for each finding, and how many lines changed.

    Codes are added to a noqa that is there already. Raises FixError where a comment would change the program.
    """
    wanted: dict[int, set[str]] = {}
    for finding in findings:
        if finding.code not in OWN:
            wanted.setdefault(finding.noqa_line, set()).add(finding.code)
    if not wanted:
        return source.text, 0
    ends = {each.comment.line: each.end for each in Suppressions(source, registry).noqas()}
    words = f" {reason}" if reason else ""
    edits: list[Edit] = []
    for line, codes in sorted(wanted.items()):
        listed = ", ".join(sorted(codes))
        if line in ends:
            edits.append(Edit(source.span(ends[line], ends[line]), f", {listed}"))
        else:
            start = source.offset(line, 0)
            content = source.line_text(line)
            span = source.span(start + len(content.rstrip()), start + len(content))
            edits.append(Edit(span, f"  # noqa: {listed}{words}"))
    text = apply(source.text, [Fix("suppress", Safety.UNSAFE, tuple(edits))])
    if [each.tokens for each in Lines(text).logical] != [each.tokens for each in Lines(source.text).logical]:
        raise FixError(
            f"{source.path}: a comment cannot stand on one of the lines {', '.join(map(str, sorted(wanted)))}"
        )
    return text, len(wanted)
