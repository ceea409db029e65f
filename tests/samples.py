"""Findings made by hand, for the tests of what is printed of findings."""

from __future__ import annotations

import re
from pathlib import Path

from asset_lint.finding import Edit, Finding, Fix, Note, Safety, Severity, Span
from asset_lint.registry import Page
from asset_lint.report import Context, render

TEXT = '''\
import duckdb
from dagster import asset


@asset
def orders(path):
    conn = duckdb.connect(path)
    rows = conn.execute("""
        SELECT 1
    """).fetchall()
    check(rows)



    report(rows)
    conn.close()
    return rows
'''


class Sample:
    """A file and what is said of it: places are given by the words that stand there."""

    def __init__(self, text: str = TEXT, path: str = "src/orders.py") -> None:
        self.text = text
        self.path = path

    def span(self, words: str, occurrence: int = 1) -> Span:
        """Where ``words`` stand for the nth time."""
        start = -1
        for _ in range(occurrence):
            start = self.text.index(words, start + 1)
        return self.between(start, start + len(words))

    def between(self, start: int, end: int) -> Span:
        """The stretch between two offsets."""
        return Span(start, end, *self._place(start), *self._place(end))

    def _place(self, offset: int) -> tuple[int, int]:
        ends = [found.end() for found in re.finditer(r"\r\n|\r|\n", self.text) if found.end() <= offset]
        return len(ends) + 1, offset - (ends[-1] if ends else 0) + 1

    def finding(
        self,
        words: str = "duckdb.connect(path)",
        *,
        code: str = "AL201",
        name: str = "unclosed-connection",
        message: str = "connection `conn` is not closed on every way out of `orders`",
        severity: Severity = Severity.ERROR,
        function: str = "orders",
        hint: str = "",
        notes: tuple[Note, ...] = (),
        fix: Fix | None = None,
        occurrence: int = 1,
    ) -> Finding:
        """A finding at ``words``."""
        span = self.span(words, occurrence)
        return Finding(code, name, message, severity, self.path, span, span.line, function, hint, notes, fix)

    def note(self, words: str, message: str, path: str | None = None) -> Note:
        """A related place at ``words``."""
        return Note(path or self.path, self.span(words), message)

    def edit(self, words: str, text: str) -> Edit:
        """``words`` replaced by ``text``."""
        return Edit(self.span(words), text)

    def fix(self, *edits: Edit, safety: Safety = Safety.SAFE, message: str = "Hold it in a `with` block") -> Fix:
        """A fix that makes ``edits``."""
        return Fix(message, safety, edits)

    def context(
        self,
        *,
        pages: dict[str, Page] | None = None,
        root: Path | None = None,
        unsafe_fixes: bool | None = None,
        color: bool = False,
        problems: tuple[str, ...] = (),
        others: dict[str, str] | None = None,
    ) -> Context:
        """What a format needs besides; ``others`` are the texts of further files."""
        texts = {self.path: self.text, **(others or {})}
        return Context(
            texts.get, pages or {}, root or Path.cwd(), "1.2.3", unsafe_fixes, color=color, problems=problems
        )

    def shown(self, output_format: str, *findings: Finding, others: dict[str, str] | None = None) -> str:
        """``findings`` in a format."""
        return render(output_format, findings, self.context(others=others))
