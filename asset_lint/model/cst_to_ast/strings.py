"""Strings of all kinds, also implicitly concatenated ones."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import libcst as cst

from .tree import Tree

_Piece = tuple["ast.Constant | ast.FormattedValue", int, int]

_NEWLINE = re.compile(r"\r\n?")
_BRACES = re.compile(r"\{\{|\}\}")
_ESCAPES = re.compile(r"\\(?=\{\{|\}\}|\Z)|\\N\{[^}]*\}|\\(?:\r\n|.)|\{\{|\}\}|[\"']", re.DOTALL)
_FORMATTED = frozenset({"FormattedString", "TemplatedString"})
_TEXT = frozenset({"FormattedStringText", "TemplatedStringText"})


def _escape(match: re.Match[str]) -> str:
    token = match[0]
    if token == "\\":
        return "\\\\"  # nothing follows that it could escape
    return {"{{": "{", "}}": "}", '"': "\\x22", "'": "\\x27"}.get(token, token)


def _unescaped(raw: str, is_raw: bool) -> str:
    """The value of the literal text of an f-string."""
    if is_raw:
        return _BRACES.sub(lambda match: match[0][0], _NEWLINE.sub("\n", raw))
    if "\\" not in raw and "\r" not in raw:
        return _BRACES.sub(lambda match: match[0][0], raw)
    value: str = ast.literal_eval(f"'''{_ESCAPES.sub(_escape, raw)}'''")
    return value


class Strings(Tree):
    """Lowers strings."""

    def _SimpleString(self, node: cst.SimpleString, ctx: ast.expr_context) -> ast.expr:
        return self._string([node], *self.at(node))

    def _FormattedString(self, node: cst.FormattedString, ctx: ast.expr_context) -> ast.expr:
        return self._string([node], *self.at(node))

    _TemplatedString = _FormattedString

    def _ConcatenatedString(self, node: cst.ConcatenatedString, ctx: ast.expr_context) -> ast.expr:
        parts: list[cst.CSTNode] = []
        rest: cst.CSTNode = node
        while isinstance(rest, cst.ConcatenatedString):
            parts.append(rest.left)
            rest = rest.right
        return self._string([*parts, rest], *self.at(node))

    def _string(self, parts: Sequence[cst.CSTNode], start: int, end: int) -> ast.expr:
        if any(type(part).__name__ in _FORMATTED for part in parts):
            pieces = [piece for part in parts for piece in self._pieces(part)]
            return self.put(ast.JoinedStr(values=self._values(pieces)), start, end)
        values = [part.evaluated_value for part in parts if isinstance(part, cst.SimpleString)]
        value = values[0]
        if len(values) > 1:
            value = b"".join(values) if isinstance(value, bytes) else "".join(values)  # type: ignore[arg-type]
        return self.put(ast.Constant(value=value, kind=self._kind(parts[0])), start, end)

    def _kind(self, part: cst.CSTNode) -> str | None:
        return "u" if isinstance(part, cst.SimpleString) and part.value.startswith("u") else None

    def _values(self, pieces: Iterable[_Piece]) -> list[ast.expr]:
        """The pieces with neighbouring texts made one and empty ones left out."""
        values: list[ast.expr] = []
        text: Any = None  # the constant that a neighbouring text goes to
        first = 0
        for value, start, end in pieces:
            if isinstance(value, ast.FormattedValue):
                values.append(value)
                text = None
            elif not value.value:
                continue
            elif text is None:
                text, first = self.put(value, start, end), start
                values.append(text)
            else:
                text.value += value.value
                self.put(text, first, end)
        return values

    def _pieces(self, part: cst.CSTNode) -> Iterator[_Piece]:
        if isinstance(part, cst.SimpleString):
            value = part.evaluated_value
            yield ast.Constant(value=value, kind=self._kind(part)), *self.at(part)
        else:
            formatted: Any = part  # a TemplatedString and its contents have the fields of a FormattedString
            yield from self._contents(formatted.parts, "r" in formatted.prefix)

    def _contents(self, contents: Sequence[Any], is_raw: bool) -> Iterator[_Piece]:
        for content in contents:
            start, end = self.at(content)
            if type(content).__name__ in _TEXT:
                yield ast.Constant(value=_unescaped(content.value, is_raw), kind=None), start, end
                continue
            conversion = ord(content.conversion) if content.conversion else -1
            if content.equal is not None:
                shown = self.skip(self.at(content.equal)[1])
                text = _NEWLINE.sub("\n", self.text[start + 1 : shown])
                yield ast.Constant(value=text, kind=None), start + 1, shown
                if conversion < 0 and content.format_spec is None:
                    conversion = ord("r")
            spec = None
            if content.format_spec is not None:
                values = self._values(self._contents(content.format_spec, is_raw))
                first = self.at(content.format_spec[0])[0] if content.format_spec else end - 1
                spec = self.put(ast.JoinedStr(values=values), first - 1, end - 1)
            value = ast.FormattedValue(value=self.expr(content.expression), conversion=conversion, format_spec=spec)
            yield self.put(value, start, end), start, end
