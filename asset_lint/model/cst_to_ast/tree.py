"""Where LibCST's nodes stand, and how ``ast`` counts such a place."""

from __future__ import annotations

import ast
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, TypeVar

import libcst as cst

_Node = TypeVar("_Node", bound=ast.AST)

_NEWLINE = re.compile(r"\r\n?|\n")
_TRIVIA = re.compile(r"(?:[ \t\f\r\n]|\\\r?\n|\\\r|#[^\r\n]*)*")

LOAD = ast.Load()
STORE = ast.Store()
DEL = ast.Del()


def _brackets(node: cst.CSTNode) -> tuple[Sequence[cst.LeftParen], Sequence[cst.RightParen]]:
    return getattr(node, "lpar", ()), getattr(node, "rpar", ())


class Tree:
    """A text, the offsets of the LibCST nodes in it, and the making of ``ast`` nodes at them."""

    def __init__(self, text: str, offsets: Callable[[cst.CSTNode], tuple[int, int]]) -> None:
        self.text = text
        self.at = offsets
        """Start and end of a node, without the brackets around it."""
        self._lines = [0, *(match.end() for match in _NEWLINE.finditer(text))]
        self._ascii = text.isascii()
        self._widths: dict[int, list[int]] = {}
        self.last_end = 0
        """Where the node that was placed last ends."""

    def put(self, node: _Node, start: int, end: int) -> _Node:
        """``node``, placed."""
        self.last_end = end
        placed: Any = node
        placed.lineno, placed.col_offset = self._place(start)
        placed.end_lineno, placed.end_col_offset = self._place(end)
        return node

    def _place(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset)
        start = self._lines[line - 1]
        if self._ascii:
            return line, offset - start
        if line not in self._widths:
            end = self._lines[line] if line < len(self._lines) else len(self.text)
            content = self.text[start:end]
            self._widths[line] = [] if content.isascii() else [0, *accumulate(len(char.encode()) for char in content)]
        widths = self._widths[line]
        return line, widths[offset - start] if widths else offset - start

    def outer(self, node: cst.CSTNode) -> tuple[int, int]:
        """Start and end of an expression or pattern with all the brackets around it."""
        lpar, rpar = _brackets(node)
        return (self.at(lpar[0])[0], self.at(rpar[-1])[1]) if lpar else self.inner(node)

    def inner(self, node: cst.CSTNode) -> tuple[int, int]:
        """Start and end as ``ast`` counts them: with the brackets that make a tuple, without those that only group."""
        lpar, rpar = _brackets(node)
        match node:
            case cst.Tuple() | cst.GeneratorExp() | cst.MatchTuple() if lpar:
                return self.at(lpar[-1])[0], self.at(rpar[0])[1]
            case cst.Tuple(elements=[first, *_] as items):
                return self.outer_item(first)[0], self.outer_item(items[-1])[1]
            case cst.MatchList(lbracket=None, patterns=[first, *_] as items):
                return self.outer_item(first)[0], self.outer_item(items[-1])[1]
            case cst.MatchValue(value=value) | cst.MatchSingleton(value=value):
                return self.at(value)
            case _:
                return self.at(node)

    def outer_item(self, item: cst.CSTNode) -> tuple[int, int]:
        """Start and end of an element, its comma included."""
        start, end = self.item(item)
        comma = getattr(item, "comma", None)
        return start, self.past(comma) if isinstance(comma, cst.Comma) else end

    def item(self, item: cst.CSTNode) -> tuple[int, int]:
        """Start and end of an element of a display, a call or a pattern, without its comma."""
        match item:
            case cst.Element(value=value) | cst.MatchSequenceElement(value=value):
                return self.outer(value)
            case cst.StarredElement(value=value) | cst.Arg(value=value):
                return self.at(item)[0], self.outer(value)[1]
            case cst.MatchStar(name=name):
                start = self.at(item)[0]
                return start, self.at(name)[1] if name is not None else self.skip(start + 1) + 1
            case _:
                return self.at(item)

    def skip(self, offset: int) -> int:
        """The first place from ``offset`` on that is neither space nor comment."""
        found = _TRIVIA.match(self.text, offset)
        return found.end() if found else offset

    def past(self, token: cst.CSTNode) -> int:
        """The end of a token of one character, which LibCST counts with the space around it."""
        return self.skip(self.at(token)[0]) + 1

    def identifier(self, name: cst.Name) -> str:
        """A name as Python reads it (NFKC)."""
        return name.value if name.value.isascii() else unicodedata.normalize("NFKC", name.value)

    def dotted(self, node: cst.BaseExpression) -> str:
        """``a.b.c`` of an import."""
        if isinstance(node, cst.Attribute):
            return f"{self.dotted(node.value)}.{self.identifier(node.attr)}"
        assert isinstance(node, cst.Name)
        return self.identifier(node)

    def visit(self, node: cst.CSTNode, *more: object) -> Any:
        """What the method named for the node's class makes of it."""
        return getattr(self, f"_{type(node).__name__}")(node, *more)

    def expr(self, node: cst.CSTNode, ctx: ast.expr_context = LOAD) -> ast.expr:
        """An expression."""
        lowered: ast.expr = self.visit(node, ctx)
        return lowered
