"""Fixes -> text: which of them go together, and what the text is after them. What they mean is not its business."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from .errors import FixError
from .finding import Edit, Finding, Fix, Safety
from .rewrite import without_orphans
from .source import applied

if TYPE_CHECKING:
    from .source import Source


def apply_fixes(source: Source, findings: Sequence[Finding], safety: Safety) -> tuple[str, tuple[Finding, ...]]:
    """The file's text after one round of the findings' fixes that are at least as safe as ``safety``, and the findings
    whose fixes are in it. The rest waits for the next round, as :func:`plan` says; fixes that are only to be displayed
    never take part. Imports that the fixes together have left without a use go too.
    """
    wanted = [
        finding
        for finding in findings
        if finding.fix is not None and finding.fix.safety <= min(safety, Safety.UNSAFE) and finding.fix.edits
    ]
    taken, _ = plan(wanted)
    fixes = [finding.fix for finding in taken if finding.fix]
    text = apply(source.text, fixes)
    removed = [source.text[edit.span.start : edit.span.end] for fix in fixes for edit in fix.edits]
    if PurePath(source.path).name != "__init__.py":  # where an import without a use may be there for others
        text = without_orphans(text, removed)
    return text, taken


def plan(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings whose fixes can be applied together, and those whose fixes must wait.

    The first by place wins, as a whole: a fix that overlaps or touches an edit of one that was taken before is put off.
    Equal edits (two fixes that add the same import) are one.
    """
    taken: list[Finding] = []
    waiting: list[Finding] = []
    edits: list[Edit] = []  # those of the taken, in order; none touches one of another fix
    for finding in sorted(findings, key=_order):
        if finding.fix is None or not finding.fix.edits:
            continue
        new = [(bisect_left(edits, edit), edit) for edit in finding.fix.edits]
        new = [(place, edit) for place, edit in new if edits[place : place + 1] != [edit]]
        if any(_touch(edit, other) for place, edit in new for other in edits[max(place - 1, 0) : place + 1]):
            waiting.append(finding)
        else:
            taken.append(finding)
            for _, edit in new:
                insort(edits, edit)
    return tuple(taken), tuple(waiting)


def apply(text: str, fixes: Iterable[Fix]) -> str:
    """``text`` after all ``fixes``; raises FixError where their edits overlap or leave the text."""
    edits = sorted({edit for fix in fixes for edit in fix.edits})
    at = 0
    for edit in edits:
        if not at <= edit.span.start <= edit.span.end <= len(text):
            raise FixError(f"edits overlap at line {edit.span.line}")
        at = edit.span.end
    return applied(text, ((edit.span.start, edit.span.end, edit.text) for edit in edits))


def _order(finding: Finding) -> tuple[object, ...]:
    edits = finding.fix.edits if finding.fix else ()
    return (*finding.order, edits)


def _touch(edit: Edit, other: Edit) -> bool:
    return edit.span.start <= other.span.end and other.span.start <= edit.span.end
