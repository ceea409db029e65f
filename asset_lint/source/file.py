"""One file: bytes <-> text <-> lines, columns and offsets <-> slices."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from asset_lint.errors import FixError, InvalidSyntax, SourceError
from asset_lint.finding import Finding, Span

from .lexing import encoding_of, joined_lines, too_deep
from .slices import Slice

if TYPE_CHECKING:
    from pathlib import Path

    import libcst as cst

_BOM = b"\xef\xbb\xbf"
_NEWLINE = re.compile(r"\r\n?|\n")
_INDENT = re.compile(r":[ \t]*(?:#[^\r\n]*)?(?:\r\n?|\n)([ \t]+)[^\s#]")
_CHUNK = 256
# What is sure to give back the bytes that it was decoded from.
_FAITHFUL = frozenset({"utf-8", "ascii", "iso8859-1"})


class Source:
    """A file's content. ``path`` is the file as the user named it, ``data`` its bytes.

    Nothing is decoded before it is asked for. The first use of ``text`` or of what rests on it raises InvalidSyntax
    where the bytes can't be Python: an unknown encoding cookie, bytes that don't decode, a NUL byte.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self._chunks: dict[int, list[int]] = {}
        self._statements: list[tuple[int, int]] = []  # first and last line of each group that can be cut out
        self._slices: dict[int, Slice] = {}

    @classmethod
    def read(cls, path: Path) -> Source:
        """The file's content; raises SourceError if it can't be read."""
        try:
            return cls(str(path), path.read_bytes())
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror or error}") from error

    @classmethod
    def of_text(cls, text: str, path: str = "") -> Source:
        """Text that is in no file; a cookie in it means nothing."""
        source = cls(path, text.encode())
        source.__dict__.update(text=text, _encoding=("utf-8", False))
        return source

    # -- bytes and text -----------------------------------------------------------------------------------------------

    @cached_property
    def _encoding(self) -> tuple[str, bool]:
        try:
            return encoding_of(self.data)
        except LookupError as error:
            raise InvalidSyntax(str(error)) from error

    @property
    def encoding(self) -> str:
        """The codec's name, from the byte order mark or the cookie (PEP 263), else ``utf-8``."""
        return self._encoding[0]

    @property
    def bom(self) -> bool:
        """Whether the file starts with a byte order mark (which is no part of ``text``)."""
        return self._encoding[1]

    @cached_property
    def text(self) -> str:
        """The decoded text; newlines are as they stand in the file."""
        encoding, bom = self._encoding
        body = self.data[len(_BOM) :] if bom else self.data
        try:
            text = body.decode(encoding)
            if not text.isascii():
                text.encode()  # lone surrogates are no text
        except UnicodeDecodeError as error:
            before = _NEWLINE.split(body[: error.start].decode(encoding, "replace"))
            raise InvalidSyntax(
                f"cannot decode byte 0x{body[error.start]:02x} as {encoding}", len(before), len(before[-1]) + 1
            ) from error
        except (LookupError, ValueError) as error:
            raise InvalidSyntax(f"cannot decode as {encoding}") from error
        if "\0" in text:
            before = _NEWLINE.split(text[: text.index("\0")])
            raise InvalidSyntax("source contains a NUL byte", len(before), len(before[-1]) + 1)
        return text

    @cached_property
    def newline(self) -> str:
        """The newline to insert: the file's first one."""
        match = _NEWLINE.search(self.text)
        return match[0] if match else "\n"

    @cached_property
    def indent(self) -> str:
        """One step of indentation: the file's first one, else four spaces."""
        match = _INDENT.search(self.text)
        return match[1] if match else "    "

    def encode(self, text: str) -> bytes:
        """``text`` as bytes of this file: same encoding, same byte order mark.

        Raises FixError where the encoding lacks a character or wouldn't give the untouched bytes back.
        """
        encoding, bom = self._encoding
        try:
            if encoding not in _FAITHFUL and self.text.encode(encoding) != self.data[len(_BOM) * bom :]:
                raise FixError(f"{self.path} cannot be written back unchanged as {encoding}")
            return _BOM * bom + text.encode(encoding)
        except UnicodeEncodeError as error:
            raise FixError(f"{self.path}: {text[error.start]!r} cannot be written as {encoding}") from error

    # -- as part of a document ----------------------------------------------------------------------------------------

    is_document = False
    """Whether the text is the code of a document, drawn together."""

    parts: Sequence[int] = ()
    """The first lines of pieces that each speak for themselves, none where the text is one module."""

    @property
    def raw(self) -> bytes:
        """The content of the file, which is more than ``data`` where the code stands in a document."""
        return self.data

    def shown(self, finding: Finding) -> Finding:
        """A finding in this text as its reader sees it: in the places, and with the edits, of the file."""
        return finding

    def compared(self, text: str) -> Iterator[tuple[int, str, str]]:
        """What changes in the file where this text becomes ``text``: the number of a cell (0 for the file as a whole),
        its old and its new text."""
        yield 0, self.text, text

    def page(self, cell: int) -> str:
        """The text in which shown lines are counted: all of it, or that of a notebook's cell."""
        return self.text

    # -- the tree -----------------------------------------------------------------------------------------------------

    def parse(self) -> ast.Module:
        """The stdlib's tree; raises InvalidSyntax, also for what nests too deeply for any parser."""
        self.check_depth()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are not ours to report
            try:
                return ast.parse(self.text, self.path)
            except SyntaxError as error:
                raise InvalidSyntax(error.msg, error.lineno or 1, max(error.offset or 1, 1)) from error
            except (RecursionError, MemoryError) as error:
                raise InvalidSyntax("too deeply nested") from error
            except ValueError as error:
                raise InvalidSyntax(str(error)) from error

    def check_depth(self, *, thorough: bool = False) -> None:
        """Raise InvalidSyntax where the syntax nests too deeply; must come before any parser sees the text."""
        if place := too_deep(self.data, self.text, thorough=thorough):
            raise InvalidSyntax("too deeply nested", *place)

    # -- places -------------------------------------------------------------------------------------------------------

    @cached_property
    def _lines(self) -> list[int]:
        """The offset of each line's start."""
        text = self.text
        if "\r" in text:
            return [0, *(match.end() for match in _NEWLINE.finditer(text))]
        lengths = [len(line) + 1 for line in text.split("\n")]
        return list(accumulate(lengths[:-1], initial=0))

    @cached_property
    def _ascii(self) -> bool:
        return self.text.isascii()

    def line_text(self, number: int) -> str:
        """A line (1-based) without its newline; "" past the end."""
        if not 0 < number <= len(self._lines):
            return ""
        end = self._lines[number] if number < len(self._lines) else len(self.text)
        return self.text[self._lines[number - 1] : end].rstrip("\r\n")

    def offset(self, line: int, utf8_column: int) -> int:
        """The offset of a place as ``ast`` tells it: 1-based line, column in bytes of UTF-8; kept inside the text."""
        if line > len(self._lines):
            return len(self.text)
        start = self._lines[line - 1]
        if self._ascii:
            return min(start + utf8_column, len(self.text))
        end = self._lines[line] if line < len(self._lines) else len(self.text)
        # Huge lines are common in data; the bytes before each chunk of a line are counted but once.
        chunks = self._chunks.get(line)
        if chunks is None:
            pieces = (self.text[at : min(at + _CHUNK, end)] for at in range(start, end, _CHUNK))
            chunks = self._chunks[line] = list(accumulate((len(piece.encode()) for piece in pieces), initial=0))
        index = min(bisect_right(chunks, utf8_column), max(len(chunks) - 1, 1)) - 1
        at = start + index * _CHUNK
        piece = self.text[at : min(at + _CHUNK, end)]
        rest = utf8_column - chunks[index]
        return at + (min(rest, len(piece)) if piece.isascii() else len(piece.encode()[:rest].decode(errors="ignore")))

    def span(self, start: int, end: int) -> Span:
        """The stretch between two offsets."""
        line, column = self.place(start)
        end_line, end_column = self.place(end)
        return Span(start, end, line, column, end_line, end_column)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column (both 1-based) of an offset."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def span_of(self, node: ast.AST) -> Span:
        """Where a node of ``ast`` stands (a function without its decorators); a module is all of the text.

        Raises LookupError for the kinds of nodes that ``ast`` gives no place (operators, comprehensions, withitems).
        """
        if isinstance(node, ast.Module):
            return self.span(0, len(self.text))
        try:
            line, column, end_line, end_column = node.lineno, node.col_offset, node.end_lineno, node.end_col_offset  # type: ignore[attr-defined]
        except AttributeError:
            raise LookupError(f"ast gives no place for {type(node).__name__}") from None
        if self._ascii and end_line <= len(self._lines):
            lines = self._lines
            return Span(
                lines[line - 1] + column, lines[end_line - 1] + end_column, line, column + 1, end_line, end_column + 1
            )
        return self.span(self.offset(line, column), self.offset(end_line, end_column))

    @cached_property
    def _joined(self) -> tuple[list[int], list[int]]:
        """First and last lines of the stretches whose physical lines belong together for a ``noqa``."""
        firsts: list[int] = []
        lasts: list[int] = []
        for start, end in joined_lines(self.text):
            first, last = bisect_right(self._lines, start), bisect_right(self._lines, end)
            if lasts and first <= lasts[-1]:
                lasts[-1] = last
            else:
                firsts.append(first)
                lasts.append(last)
        return firsts, lasts

    def noqa_line(self, span: Span) -> int:
        """The line where a ``noqa`` comment for a finding at ``span`` belongs.

        The line that it starts on; but inside a multi-line string or a backslash continuation no comment can stand
        before the last line.
        """
        firsts, lasts = self._joined
        index = bisect_right(firsts, span.line) - 1
        return lasts[index] if index >= 0 and span.line <= lasts[index] else span.line

    # -- slices -------------------------------------------------------------------------------------------------------

    def cut(self, tree: ast.Module) -> None:
        """Tell where the top-level statements stand, so that each can be parsed by itself.

        Statements that share a line stay together. Uncut, the whole module is one slice.
        """
        groups: list[tuple[int, int]] = []
        for statement in tree.body:
            first = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", ()))])
            last = statement.end_lineno or first
            # A backslash at the end (behind a semicolon) ties the next line to this one.
            if groups and (first <= groups[-1][1] or self.line_text(groups[-1][1]).endswith("\\")):
                groups[-1] = (groups[-1][0], max(last, groups[-1][1]))
            else:
                groups.append((first, last))
        self._statements = groups
        self._slices = {}

    def slice_at(self, offset: int) -> Slice:
        """The slice that holds the place; the same object each time."""
        groups = self._statements
        line = bisect_right(self._lines, offset)
        index = min(bisect_left(groups, line, key=lambda group: group[1]), max(len(groups) - 1, 0))
        if 0 < index and line < self._first_line(index):
            index -= 1  # a comment behind a block, indented like it
        if index not in self._slices:
            if not groups:
                self.check_depth(thorough=True)  # this text may have got past no other parser
            start = self._lines[self._first_line(index) - 1] if index else 0
            last = index + 1 >= len(groups)
            end = len(self.text) if last else self._lines[self._first_line(index + 1) - 1]
            self._slices[index] = Slice(self.text[start:end], start, self.newline, lambda: self.indent, self.span)
        return self._slices[index]

    def _first_line(self, index: int) -> int:
        """The first line of a slice: the comments and blank lines before its statement are its own, but comments that
        are indented belong to the block above them."""
        first = self._statements[index - 1][1] + 1
        for line in range(first, self._statements[index][0]):
            text = self.line_text(line)
            if text[:1] in (" ", "\t") and text.lstrip(" \t\f").startswith("#"):
                first = line + 1
        return first

    def slice_of(self, node: cst.CSTNode) -> Slice:
        """The slice whose tree holds the node; raises LookupError if none does."""
        parsed = [part for part in reversed(self._slices.values()) if part.is_parsed]
        parsed.sort(key=lambda part: not part.is_placed)
        for part in parsed:
            if node in part:
                return part
        raise LookupError(f"this {type(node).__name__} is not of this file's tree")

    def span_of_cst(self, node: cst.CSTNode) -> Span:
        """Where a node of one of the slices stands; raises LookupError for a node of no slice."""
        return self.slice_of(node).span(node)
