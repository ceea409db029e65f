"""The patterns of ``match``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from .expressions import Expressions


class Patterns(Expressions):
    """Lowers patterns."""

    def pattern(self, node: cst.CSTNode) -> ast.pattern:
        """A pattern."""
        lowered: ast.pattern = self.visit(node)
        return lowered

    def _MatchValue(self, node: cst.MatchValue) -> ast.pattern:
        return self.put(ast.MatchValue(value=self.expr(node.value)), *self.inner(node))

    def _MatchSingleton(self, node: cst.MatchSingleton) -> ast.pattern:
        value = {"None": None, "True": True, "False": False}[node.value.value]
        return self.put(ast.MatchSingleton(value=value), *self.inner(node))

    def _sequence(self, items: Sequence[cst.MatchSequenceElement | cst.MatchStar]) -> list[ast.pattern]:
        return [self.pattern(item.value if isinstance(item, cst.MatchSequenceElement) else item) for item in items]

    def _MatchList(self, node: cst.MatchList | cst.MatchTuple) -> ast.pattern:
        return self.put(ast.MatchSequence(patterns=self._sequence(node.patterns)), *self.inner(node))

    _MatchTuple = _MatchList

    def _MatchStar(self, node: cst.MatchStar) -> ast.pattern:
        name = None if node.name is None else self.identifier(node.name)
        return self.put(ast.MatchStar(name=name), *self.item(node))

    def _MatchMapping(self, node: cst.MatchMapping) -> ast.pattern:
        made = ast.MatchMapping(
            keys=[self.expr(element.key) for element in node.elements],
            patterns=[self.pattern(element.pattern) for element in node.elements],
            rest=None if node.rest is None else self.identifier(node.rest),
        )
        return self.put(made, *self.inner(node))

    def _MatchClass(self, node: cst.MatchClass) -> ast.pattern:
        made = ast.MatchClass(
            cls=self.expr(node.cls),
            patterns=self._sequence(node.patterns),
            kwd_attrs=[self.identifier(element.key) for element in node.kwds],
            kwd_patterns=[self.pattern(element.pattern) for element in node.kwds],
        )
        return self.put(made, *self.inner(node))

    def _MatchAs(self, node: cst.MatchAs) -> ast.pattern:
        pattern = None if node.pattern is None else self.pattern(node.pattern)
        name = None if node.name is None else self.identifier(node.name)
        return self.put(ast.MatchAs(pattern=pattern, name=name), *self.inner(node))

    def _MatchOr(self, node: cst.MatchOr) -> ast.pattern:
        patterns = [self.pattern(element.pattern) for element in node.patterns]
        return self.put(ast.MatchOr(patterns=patterns), *self.inner(node))
