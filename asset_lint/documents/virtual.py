"""One module made of the code in a document, with the way back: from its places and from its changed text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from asset_lint.errors import FixError, InvalidSyntax
from asset_lint.finding import Edit, Finding, Fix, Span
from asset_lint.source import Source

#: A character that no text has: the last one of Unicode's private use.
MARK = "\U0010fffd"
_BORDER = re.compile(rf"^#{MARK} (\d+)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cell:
    """One piece of a document's code, as it is read: lines that end with ``\\n``.

    ``number`` is what readers count it by (from 1), 0 where lines are counted through the whole file. ``rows`` has for
    each of its lines the 1-based line where it stands and how many characters stand before it there, which are
    ``prefix`` or a part of it. A ``fixed`` one is there to be read only; one that is ``implied`` stands nowhere in the
    document, whose layout decides what to make of a change.
    """

    code: str
    rows: Sequence[tuple[int, int]]
    number: int = 0
    prefix: str = ""
    fixed: bool = False
    implied: bool = False


class Layout(Protocol):
    """What a kind of documents knows of itself."""

    def write(self, changed: Mapping[int, str]) -> bytes:
        """The document with new code in the cells of those indices; all else stays as it is."""
        ...

    def page(self, number: int) -> str:
        """The text in which the lines of a cell are counted."""
        ...

    def in_file(self, number: int, line: int, column: int) -> tuple[int, int] | None:
        """The line and column in the file of a place in a cell; None where these are the same."""


class Document(Source):
    """The code of a document as one module. ``raw`` is the document's own content.

    ``faults`` are the cells that are no Python, by the places in this module where they would stand. ``parts`` are the
    first lines of the pieces that each speak for themselves, none in a notebook. ``unknown`` are functions that
    are called for a connection and that nothing in the document defines, ``passed_over`` counts the blocks that are no
    Python.
    """

    is_document = True

    def __init__(
        self,
        path: str,
        raw: bytes,
        cells: Sequence[Cell],
        layout: Layout,
        *,
        faults: Sequence[tuple[int, InvalidSyntax]] = (),
        in_parts: bool = False,
        unknown: Sequence[str] = (),
        passed_over: int = 0,
    ) -> None:
        text = "".join(f"#{MARK} {index}\n{cell.code}" for index, cell in enumerate(cells))
        super().__init__(path, text.encode())
        self.__dict__.update(text=text, _encoding=("utf-8", False))  # a cookie in a cell means nothing
        self._raw = raw
        self.cells = cells
        self.layout = layout
        self.unknown = tuple(unknown)
        self.passed_over = passed_over
        self._firsts: list[int] = []
        line = 1
        for cell in cells:
            self._firsts.append(line)
            line += cell.code.count("\n") + 1
        self.parts = tuple(self._firsts) if in_parts else ()
        self.faults = [
            InvalidSyntax(error.message, self._firsts[index] + error.line, error.column) for index, error in faults
        ]
        self._pages: dict[int, Source] = {}

    @property
    def raw(self) -> bytes:
        """The document's own content."""
        return self._raw

    # -- back to the document: text -----------------------------------------------------------------------------------

    def encode(self, text: str) -> bytes:
        """The document with the code that a changed module ``text`` has; raises FixError where that can't be told."""
        pieces = _BORDER.split(text)
        codes = pieces[2::2]
        if pieces[1::2] != [str(index) for index in range(len(self.cells))] or not codes:
            raise FixError(f"{self.path}: the change goes beyond one cell")
        first = next((index for index, cell in enumerate(self.cells) if not cell.fixed and not cell.implied), 0)
        codes[first] = pieces[0] + codes[first]
        changed = {index: code for index, code in enumerate(codes) if code != self.cells[index].code}
        for index in changed:
            if self.cells[index].fixed:
                raise FixError(f"{self.path}: the change goes beyond the document's code")
        return self.layout.write(changed) if changed else self._raw

    def compared(self, text: str) -> Iterator[tuple[int, str, str]]:
        """The pages that change where this module becomes ``text``: each one's number, old text and new text."""
        from . import source_of

        after = source_of(self.path, self.encode(text))
        for number in dict.fromkeys(cell.number for cell in self.cells):
            old, new = self.page(number), after.page(number)
            if old != new:
                yield number, old, new

    def allows(self, fix: Fix) -> bool:
        """Whether a fix changes nothing but code."""
        return not any(self.cells[self._index(edit.span.line)].fixed for edit in fix.edits)

    # -- back to the document: places ---------------------------------------------------------------------------------

    def page(self, cell: int) -> str:
        """The text in which shown lines are counted: a notebook's cell, else the file."""
        return self.layout.page(cell)

    def shown(self, finding: Finding) -> Finding:
        """A finding in this module as the document's reader sees it."""
        return replace(
            finding,
            span=self.shown_span(finding.span),
            noqa_line=self._shown_place(self._index(finding.span.line), finding.noqa_line, 1)[0],
            notes=tuple(
                replace(note, span=self.shown_span(note.span)) if note.path == finding.path else note
                for note in finding.notes
            ),
            fix=None if finding.fix is None else self._shown_fix(finding.fix),
        )

    def _shown_fix(self, fix: Fix) -> Fix:
        edits = []
        for edit in fix.edits:
            index = self._index(edit.span.line)
            edits.append(Edit(self.shown_span(edit.span), edit.text.replace("\n", f"\n{self.cells[index].prefix}")))
        return Fix(fix.message, fix.safety, tuple(edits))

    def shown_span(self, span: Span) -> Span:
        """A stretch of this module where its reader sees it; one that ends in another cell ends with its own."""
        index = self._index(span.line)
        number = self.cells[index].number
        line, column = self._shown_place(index, span.line, span.column)
        end_line, end_column = self._shown_place(index, span.end_line, span.end_column)
        shown = self._span(number, line, column, end_line, end_column)
        start, end = self.layout.in_file(number, line, column), self.layout.in_file(number, end_line, end_column)
        if start is None or end is None:
            return shown
        return replace(shown, cell=number, in_file=Span(shown.start, shown.end, *start, *end))

    def _span(self, number: int, line: int, column: int, end_line: int, end_column: int) -> Span:
        if number not in self._pages:
            self._pages[number] = Source.of_text(self.layout.page(number), self.path)
        page = self._pages[number]
        start = page.offset(line, 0) + column - 1
        return Span(start, page.offset(end_line, 0) + end_column - 1, line, column, end_line, end_column)

    def _index(self, line: int) -> int:
        """The cell that a line of this module is of."""
        return max(bisect_right(self._firsts, line) - 1, 0)

    def _shown_place(self, index: int, line: int, column: int) -> tuple[int, int]:
        rows = self.cells[index].rows
        if not rows:
            return 1, 1
        at = line - self._firsts[index] - 1
        if at < 0:
            return rows[0][0], 1
        if at >= len(rows):
            return rows[-1][0] + 1, 1
        row, shift = rows[at]
        return row, column + shift


def merged(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines of ``new``, each with the index in ``old`` of the line that it still is, -1 for one that is new."""
    from difflib import SequenceMatcher

    for tag, first, last, new_first, new_last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from zip(range(first, last), new[new_first:new_last])
        else:
            yield from ((-1, line) for line in new[new_first:new_last])
