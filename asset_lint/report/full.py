"""Each finding with the source it speaks of, its related places, and its fix as a diff."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asset_lint.finding import Finding, Fix, Safety

from .common import BLUE, BOLD, CYAN, Context, place
from .concise import title
from .diff import fix_lines
from .frame import Mark, frame_lines
from .safe import visible, visible_path

_CAUTION = {
    Safety.UNSAFE: "This is an unsafe fix and may change what the code does",
    Safety.DISPLAY: "This change is only shown, never applied",
}


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings, separated by empty lines."""
    return "".join("\n".join(_block(finding, context)) + "\n\n" for finding in findings)


def _block(finding: Finding, context: Context) -> Iterator[str]:
    yield title(finding, context)
    yield from _frames(finding, context)
    if finding.hint:
        yield _labelled("help", finding.hint, context)
    if finding.fix is not None and (finding.fix.safety is not Safety.UNSAFE or context.unsafe_fixes is not False):
        yield _labelled("help", finding.fix.message, context)
        yield from fix_lines(finding.fix, _changed(finding, finding.fix, context), context)
        if finding.fix.safety in _CAUTION:
            yield _labelled("note", _CAUTION[finding.fix.safety], context)


def _changed(finding: Finding, fix: Fix, context: Context) -> Sequence[str]:
    """The lines that a fix changes; none where they are of several cells."""
    cells = {edit.span.cell for edit in fix.edits}
    return context.lines(finding.path, cells.pop()) if len(cells) == 1 else ()


def _labelled(label: str, text: str, context: Context) -> str:
    return f"{context.paint(label, BOLD, CYAN)}: {visible(text)}"


def _frames(finding: Finding, context: Context) -> Iterator[str]:
    """The place itself with the related ones of its file, then those of other files."""
    own = finding.path, finding.span.cell
    marks: dict[tuple[str, int], list[Mark]] = {own: [Mark(finding.span, "", finding.severity)]}
    for note in finding.notes:
        if note.path == finding.path and note.span == finding.span and not marks[own][0].label:
            marks[own][0] = Mark(finding.span, note.message, finding.severity)
        else:
            marks.setdefault((note.path, note.span.cell), []).append(Mark(note.span, note.message, None))
    gutter = max(len(str(mark.span.end_line + 2)) for of_file in marks.values() for mark in of_file)
    for (path, cell), of_file in marks.items():
        first = of_file[0].span
        arrow = context.paint(f"{' ' * gutter}-->", BOLD, BLUE)
        severity = f" ({finding.severity})" if (path, cell) == own else ""
        yield f"{arrow} {visible_path(path)}{place(first)}{severity}"
        yield from frame_lines(of_file, context.lines(path, cell), gutter, context)
