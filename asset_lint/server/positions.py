"""Places of ours as places of the protocol: lines and characters counted from 0, in the units that were negotiated."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lsprotocol import types as lsp

from asset_lint.finding import Edit, Span
from asset_lint.source import Source

_LENGTH: dict[lsp.PositionEncodingKind | str, Callable[[str], int]] = {
    lsp.PositionEncodingKind.Utf8: lambda text: len(text.encode("utf-8", "surrogatepass")),
    lsp.PositionEncodingKind.Utf16: lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    lsp.PositionEncodingKind.Utf32: len,
}


class Positions:
    """The places of one text, in one encoding. Lines end where Python's do; `str.splitlines` splits at more."""

    def __init__(self, source: Source, encoding: lsp.PositionEncodingKind | str) -> None:
        self.source = source
        self._length = _LENGTH[encoding]

    def position(self, line: int, column: int) -> lsp.Position:
        """A 1-based line and column in code points."""
        text = self.source.line_text(line)
        return lsp.Position(line - 1, self._length(text[: column - 1]))

    def range(self, span: Span) -> lsp.Range:
        """A stretch of text."""
        return lsp.Range(self.position(span.line, span.column), self.position(span.end_line, span.end_column))

    def edits(self, edits: Iterable[Edit]) -> list[lsp.TextEdit]:
        """Edits of the text."""
        return [lsp.TextEdit(self.range(edit.span), edit.text) for edit in edits]

    def offset(self, position: lsp.Position) -> int:
        """The offset in code points of a place of the protocol; kept inside its line."""
        text = self.source.line_text(position.line + 1)
        start = self.source.offset(position.line + 1, 0)
        if self._length is len or text.isascii():
            return start + min(position.character, len(text))
        units = 0
        for index, character in enumerate(text):
            if units >= position.character:
                return start + index
            units += self._length(character)
        return start + len(text)
