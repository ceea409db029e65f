"""Where code counts with a value of a row that is None on an empty table: what ``sum`` or ``avg`` of nothing gives."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import nodes_in

from .fetching import is_guarded
from .index import Place
from .knowledge.kinds import ResultKind
from .looks import spread

if TYPE_CHECKING:
    from .queries import Query

COUNTING = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
CONVERTING = frozenset("float int round abs".split())


@dataclass(frozen=True, slots=True)
class NullUse:
    """A use of a value that fails where it is None. ``value`` is the expression that gives it, or the statement that
    binds it to ``name``."""

    place: Place
    value: Place
    name: str
    column: int


def null_uses(query: Query) -> list[NullUse]:
    """The uses of a query's values that fail on an empty table."""
    columns = [statement.null_columns for statement in query.last_statements]
    if not columns or not query.complete or not any(any(each) for each in columns):
        return []
    reader = _Reader(query)
    found: list[NullUse] = []
    for element, column in reader.elements():
        if all(column < len(each) and each[column] for each in columns):
            found.extend(reader.uses(element, column))
    found = [use for use in found if not is_guarded(query.function, use.place.node)]
    if not found or query.reads_what_was_just_made or reader.is_tested:
        return []
    tested = [other for other in query.counting if is_tested(other)]
    return [use for use in found if all(reader.comes_first(use.place.node, other) for other in tested)]


def is_tested(query: Query) -> bool:
    """Whether a condition of its function speaks of what a query gave; of what helpers fetch too, to be sure."""
    return not query.is_own or _Reader(query).is_tested


class _Reader:
    def __init__(self, query: Query) -> None:
        self.query = query
        self.function = query.function
        self.rows: set[ast.AST] = {h.place.node for h in query.held if h.result.kind is ResultKind.ROW}
        self.lists: set[ast.AST] = {h.place.node for h in query.held if h.result.kind is ResultKind.ROWS}
        names = {
            node.targets[0].id
            for node in self.function.nodes(ast.Assign)
            if isinstance(node.targets[0], ast.Name) and self._is_row(node.value)
        }
        self.rows |= {n for n in self.function.nodes(ast.Name) if n.id in names and not _stores(n)}

    def comes_first(self, use: ast.AST, other: Query) -> bool:
        """Whether a use is over before another query is asked: none of a loop is, whose next round comes behind it."""
        around = use
        while (parent := self.parents.get(around)) is not None:
            if isinstance(parent, (ast.For, ast.While, ast.AsyncFor)):
                return False
            around = parent
        asked = other.call.node
        return other.is_own and (use.end_lineno, use.end_col_offset) <= (asked.lineno, asked.col_offset)  # type: ignore[attr-defined]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The node around each node."""
        return {child: node for node in self.function.nodes() for child in nodes_in(node)}

    def elements(self) -> Iterator[tuple[ast.AST, int]]:
        """The expressions, or the names that an unpacking binds, that are one value of a row; with its column."""
        for node in self.function.nodes(ast.Subscript, ast.Assign):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                if self._is_row(node.value) and isinstance(node.slice.value, int) and node.slice.value >= 0:
                    yield node, node.slice.value
            elif isinstance(node, ast.Assign) and self._is_row(node.value) and len(node.targets) == 1:
                target = node.targets[0]
                if isinstance(target, (ast.Tuple, ast.List)) and not any(
                    isinstance(e, ast.Starred) for e in target.elts
                ):
                    yield from ((element, at) for at, element in enumerate(target.elts))

    def _is_row(self, node: ast.expr) -> bool:
        """Whether an expression is a row: a fetched one, or one taken out of those."""
        if node in self.rows:
            return True
        return isinstance(node, ast.Subscript) and node.value in self.lists and not isinstance(node.slice, ast.Slice)

    def uses(self, element: ast.AST, column: int) -> Iterator[NullUse]:
        """Where an element, or a variable that is bound to it, is counted with."""
        module = self.function.module
        if isinstance(element, ast.Name) and isinstance(element.ctx, ast.Store):
            statement: ast.AST = self.parents[self.parents[element]]
            yield from self._of_variable(element.id, Place(module, statement), column)
            return
        if counted := self._counted(element):
            yield NullUse(Place(module, counted), Place(module, element), "", column)
            return
        parent = self.parents.get(element)
        if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
            yield from self._of_variable(parent.targets[0].id, Place(module, parent), column)

    def _of_variable(self, name: str, statement: Place, column: int) -> Iterator[NullUse]:
        stores = [n for n in self.function.nodes(ast.Name) if n.id == name and _stores(n)]
        if len(stores) > 1:
            return
        for node in self.function.nodes(ast.Name):
            if node.id == name and isinstance(node.ctx, ast.Load):
                if counted := self._counted(node):
                    yield NullUse(Place(self.function.module, counted), statement, name, column)

    def _counted(self, node: ast.AST) -> ast.AST | None:
        """The expression around a value that fails where the value is None."""
        parent = self.parents.get(node)
        if isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in CONVERTING:
            known = self.function.definition.inner.lookup(parent.func.id)
            return parent if parent.args[:1] == [node] and known is None else None
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, COUNTING):
            formats = isinstance(parent.op, ast.Mod) and parent.right is node and not isinstance(parent.left, ast.Name)
            return None if formats and isinstance(parent.left, (ast.Constant, ast.JoinedStr)) else parent
        if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub):
            return parent
        return None

    @cached_property
    def is_tested(self) -> bool:
        """Whether any condition speaks of the row or of what is made of it."""
        roots = self.rows | self.lists
        names = {n.id for n in roots if isinstance(n, ast.Name)}
        speaks = spread(self.function.definition, roots, names)
        for node in self.function.nodes():
            if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)) and speaks(node.test):
                return True
            if isinstance(node, ast.BoolOp) and any(map(speaks, node.values[:-1])):
                return True
            if isinstance(node, ast.Match) and speaks(node.subject):
                return True
        return False


def _stores(node: ast.Name) -> bool:
    return isinstance(node.ctx, (ast.Store, ast.Del))
