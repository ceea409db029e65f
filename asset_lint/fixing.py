"""Fixes -> text: which of them go together, and what the text is after them. What they mean is not its business."""

from __future__ import annotations

import ast
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence, Set
from pathlib import PurePath

from .errors import FixError, InvalidSyntax
from .finding import Edit, Finding, Fix, Safety
from .rewrite import without_orphans
from .source import Source, applied

_BLANK = " \t\f"


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
    taken, _ = plan(wanted, source.text)
    fixes = [finding.fix for finding in taken if finding.fix]
    text = apply(source.text, fixes)
    removed = [source.text[edit.span.start : edit.span.end] for fix in fixes for edit in fix.edits]
    if PurePath(source.path).name != "__init__.py":  # where an import without a use may be there for others
        text = without_orphans(text, removed)
    return text, taken


def plan(findings: Iterable[Finding], text: str) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings whose fixes can be applied together to ``text``, and those whose fixes must wait.

    The first by place wins, as a whole: a fix that overlaps or touches what one that was taken before changes is put
    off. Equal edits (two fixes that add the same import) are one, unless they are but a part of what a fix changes in a
    statement: together with the other part of another fix they would mean something else.
    """
    taken: list[Finding] = []
    waiting: list[Finding] = []
    known: set[Edit] = set()
    ranges: list[tuple[int, int]] = []  # what the taken change, in order and disjoint
    statements: list[tuple[int, int]] = []
    for finding in sorted(findings, key=_order):
        if finding.fix is None or not finding.fix.edits:
            continue
        edits = finding.fix.edits
        shared = known.intersection(edits)
        if shared and len(shared) < len(edits):
            statements = statements or _simple_statements(text)
            shared -= _in_statements_of(set(edits) - shared, shared, statements)
        new = list(_ranges(edits, shared, text))
        if any(_overlaps(ranges, begin, end) for begin, end in new):
            waiting.append(finding)
        else:
            taken.append(finding)
            known.update(finding.fix.edits)
            for each in new:
                insort(ranges, each)
    return tuple(taken), tuple(waiting)


def _simple_statements(text: str) -> list[tuple[int, int]]:
    """The first and last lines of the statements that hold no others."""
    try:
        tree = Source.of_text(text).parse()
    except InvalidSyntax:
        return [(number, number) for number in range(1, text.count("\n") + 2)]
    return [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not hasattr(node, "body")
    ]


def _in_statements_of(others: Set[Edit], edits: Set[Edit], statements: Sequence[tuple[int, int]]) -> set[Edit]:
    """Those of ``edits`` that stand in a simple statement with one of ``others``."""
    both = [(a, b) for a, b in statements if any(a <= other.span.line <= b for other in others)]
    return {edit for edit in edits if any(a <= edit.span.line <= b for a, b in both)}


def _ranges(edits: Sequence[Edit], known: Set[Edit], text: str) -> Iterator[tuple[int, int]]:
    """What a fix changes, beside edits that are ``known``. Lines that are indented anew are changed with all that
    stands between them: a line that another fix puts there would keep the old indentation."""
    begin = end = -1
    indents = False
    for edit in sorted(edits):
        indented, indents = indents, _indents(edit, text)
        if indented or (indents and "\n" not in edit.text and begin >= 0):  # what is before it is its header
            end = edit.span.end
        else:
            if begin >= 0:
                yield begin, end
            begin, end = (-1, -1) if edit in known else (edit.span.start, edit.span.end)
    if begin >= 0:
        yield begin, end


def _indents(edit: Edit, text: str) -> bool:
    """Whether it changes how far a line is indented; it may put other lines before that one."""
    line = edit.span.start - edit.span.column + 1
    first = line
    while text[first : first + 1] in _BLANK and first < len(text):
        first += 1
    if edit.span.end > first:  # it changes what stands in the line
        return False
    _, newline, begun = edit.text.rpartition("\n")
    indentation = (begun if newline else text[line : edit.span.start] + begun) + text[edit.span.end : first]
    return indentation != text[line:first] and not indentation.strip(_BLANK)


def _overlaps(ranges: Sequence[tuple[int, int]], begin: int, end: int) -> bool:
    """Whether a range overlaps or touches one of those, which are in order and disjoint."""
    place = bisect_left(ranges, (begin, end))
    return any(start <= end and begin <= stop for start, stop in ranges[max(place - 1, 0) : place + 1])


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
