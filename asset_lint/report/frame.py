"""Lines of source with marks under them, as ruff and rustc draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from asset_lint.finding import Severity, Span

from .common import BLUE, BOLD, OF_SEVERITY, Context
from .safe import visible, width

_AROUND = 2  # lines shown before and after the place itself
_TALL = 8  # a place of more lines is shown by its first and last ones
_LONG = 200  # characters of a line that are shown


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to underline. The finding's own has a severity, related ones None."""

    span: Span
    label: str
    severity: Severity | None


def expanded(line: str) -> str:
    """A source line fit to print: tabs are four spaces."""
    text = visible(line[:_LONG].replace("\t", "    ")) if "\t" in line else visible(line[:_LONG])
    return f"{text}…" if len(line) > _LONG else text


def frame_lines(marks: Sequence[Mark], lines: Sequence[str], gutter: int, context: Context) -> Iterator[str]:
    """The frame of one file; nothing where the source can't be had."""
    if not lines:
        return
    bar = context.paint("|", BOLD, BLUE)
    empty = f"{' ' * gutter} {bar}"
    tall = next((mark for mark in marks if mark.severity is not None and mark.span.end_line > mark.span.line), None)
    yield empty
    before = 0
    for number in _shown(marks, lines):
        if before and number > before + 1:
            yield context.paint("." * min(3, gutter + 1), BOLD, BLUE)
        before = number
        rail = _rail(tall, number, context)
        text = expanded(lines[number - 1])
        yield f"{context.paint(str(number).rjust(gutter), BOLD, BLUE)} {bar} {rail}{text}".rstrip()
        for mark in sorted(marks, key=lambda mark: (mark.severity is None, mark.span)):
            if mark is tall:
                if number == mark.span.end_line:
                    yield f"{empty} {_foot(mark, lines[number - 1], context)}"
            elif number == mark.span.line:
                yield f"{empty} {'  ' if tall else ''}{_under(mark, lines[number - 1], context)}"
    yield empty


def _shown(marks: Sequence[Mark], lines: Sequence[str]) -> list[int]:
    """The numbers of the lines to show, in order; a gap of one line is filled."""
    numbers: set[int] = set()
    for mark in marks:
        first, last = mark.span.line, mark.span.end_line
        if mark.severity is None:
            numbers.add(first)
            continue
        numbers.update(range(first - _AROUND, first + 1), range(last, last + _AROUND + 1))
        numbers.update(range(first, last) if last - first < _TALL else range(first, first + _TALL // 2))
    numbers.update(number + 1 for number in sorted(numbers) if number + 2 in numbers)
    count = len(lines)
    if not lines[-1] and not any(mark.span.end_line == count for mark in marks):
        count -= 1  # behind the last newline there is no line
    return sorted(number for number in numbers if 1 <= number <= count)


def _columns(line: str, span: Span) -> tuple[int, int]:
    """Where a mark starts and how long it is, in cells, on the line that the span starts on."""
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    cells = width(visible(line[:start].replace("\t", "    ")))
    return cells, max(1, width(visible(line[start:end].replace("\t", "    "))))


def _under(mark: Mark, line: str, context: Context) -> str:
    cells, length = _columns(line, mark.span)
    color = BLUE if mark.severity is None else OF_SEVERITY[mark.severity]
    sign = ("-" if mark.severity is None else "^") * length
    label = f" {visible(mark.label)}" if mark.label else ""
    return " " * min(cells, _LONG) + context.paint(f"{sign[:_LONG]}{label}", BOLD, color)


def _rail(tall: Mark | None, number: int, context: Context) -> str:
    """The line at the left that holds a place of several lines together."""
    if tall is None or tall.severity is None:
        return ""
    if number == tall.span.line:
        sign = "/ "
    elif tall.span.line < number <= tall.span.end_line:
        sign = "| "
    else:
        return "  "
    return context.paint(sign, BOLD, OF_SEVERITY[tall.severity])


def _foot(mark: Mark, line: str, context: Context) -> str:
    last = max(mark.span.end_column - 2, 0)
    cells = min(width(visible(line[:last].replace("\t", "    "))), _LONG)
    label = f" {visible(mark.label)}" if mark.label else ""
    return context.paint(f"|{'_' * (cells + 1)}^{label}", BOLD, OF_SEVERITY[mark.severity or Severity.ERROR])
