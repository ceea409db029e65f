"""A fix as the lines that it takes out and puts in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asset_lint.finding import Edit, Fix

from .common import BLUE, BOLD, GREEN, Context
from .frame import expanded

_AROUND = 1  # lines shown before and after a change
_DELETED = "31"


def fix_lines(fix: Fix, lines: Sequence[str], context: Context) -> Iterator[str]:
    """The fix, drawn like a frame: ``-`` for lines that go, ``+`` for those that come, numbered as afterwards."""
    if not fix.edits or max(edit.span.end_line for edit in fix.edits) > len(lines):
        return  # nothing to show, or the file is no longer what it was
    hunks = [_hunk(edits, lines) for edits in _clusters(fix.edits)]
    shift = sum(len(new) - (last - first + 1) for first, last, new in hunks)
    gutter = len(str(hunks[-1][1] + _AROUND + max(shift, 0)))
    bar = context.paint("|", BOLD, BLUE)
    empty = f"{' ' * gutter} {bar}"
    yield empty
    moved = 0
    for at, (first, last, new) in enumerate(hunks):
        if at:
            yield context.paint("." * min(3, gutter + 1), BOLD, BLUE)
        old = list(lines[first - 1 : last])
        yield from _drawn(first + moved, old, new, gutter, bar, context)
        moved += len(new) - len(old)
    yield empty


def _clusters(edits: Sequence[Edit]) -> Iterator[list[Edit]]:
    """Edits whose surroundings meet, together."""
    cluster: list[Edit] = []
    for edit in sorted(edits):
        if cluster and edit.span.line > cluster[-1].span.end_line + 2 * _AROUND + 1:
            yield cluster
            cluster = []
        cluster.append(edit)
    yield cluster


def _hunk(edits: Sequence[Edit], lines: Sequence[str]) -> tuple[int, int, list[str]]:
    """First and last line (1-based) of the stretch to show, and what it becomes."""
    first = max(1, edits[0].span.line - _AROUND)
    end = edits[-1].span
    whole = end.end_column == 1 and end.end_line > end.line  # the edit ends behind a newline
    last = min(len(lines), end.end_line + _AROUND - whole)
    parts: list[str] = []
    line, column = first, 1
    for edit in edits:
        parts += _between(lines, line, column, edit.span.line, edit.span.column)
        parts.append(edit.text)
        line, column = edit.span.end_line, edit.span.end_column
    parts += _between(lines, line, column, last, len(lines[last - 1]) + 1)
    new = "".join(parts).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if last == len(lines) and last > first and not lines[-1] and not new[-1]:
        return first, last - 1, new[:-1]  # behind the last newline there is no line
    return first, last, new


def _between(lines: Sequence[str], line: int, column: int, to_line: int, to_column: int) -> Iterator[str]:
    while line < to_line:
        yield lines[line - 1][column - 1 :] + "\n"
        line, column = line + 1, 1
    yield lines[line - 1][column - 1 : to_column - 1] if line <= len(lines) else ""


def _drawn(number: int, old: list[str], new: list[str], gutter: int, bar: str, context: Context) -> Iterator[str]:
    import difflib

    blank = " " * gutter
    for kind, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            for at in range(new_from, new_to):
                label = context.paint(str(number + at).rjust(gutter), BOLD, BLUE)
                yield f"{label} {bar} {expanded(new[at])}".rstrip()
            continue
        for at in range(old_from, old_to):
            yield f"{blank} {context.paint(f'- {expanded(old[at])}'.rstrip(), _DELETED)}"
        for at in range(new_from, new_to):
            label = context.paint(str(number + at).rjust(gutter), BOLD, BLUE)
            yield f"{label} {context.paint(f'+ {expanded(new[at])}'.rstrip(), GREEN)}"
