"""Where code takes a row for granted: it subscripts or unpacks what a fetch gave without a look at whether there is
one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, handlers_in

from .index import Place
from .knowledge.kinds import ResultKind

if TYPE_CHECKING:
    from .assets import Function
    from .queries import Held, Query

GUARDS = frozenset("TypeError IndexError LookupError Exception BaseException".split())


@dataclass(frozen=True, slots=True)
class TakenRow:
    """A row taken for granted at ``place``. ``fetched`` is the expression that gives it, the fetch itself or a name."""

    place: Place
    fetched: Place
    kind: ResultKind

    @property
    def error(self) -> str:
        """What raises where there is no row."""
        return "IndexError" if self.kind is ResultKind.ROWS else "TypeError"


def taken_rows(query: Query) -> list[TakenRow]:
    """The rows of a query that its function takes for granted; nothing where a caller or a handler sees to it."""
    held = {one.place.node: one for one in query.held}
    found: list[TakenRow] = []
    for node, value in _takings(query.function):
        one = held.get(value)
        if one is None or not _unsure(one, query.function) or is_guarded(query.function, node):
            continue
        if one.result.kind is ResultKind.ROWS and not (isinstance(node, ast.Subscript) and _is_number(node.slice)):
            continue
        found.append(TakenRow(Place(query.function.module, node), one.place, one.result.kind))
    return [] if found and _callers_see_to_it(query.function) else found


def _takings(function: Function) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Subscripts and unpackings: the node, and what is taken apart."""
    for node in function.nodes(ast.Subscript, ast.Assign):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            yield node, node.value
        elif isinstance(node, ast.Assign) and any(isinstance(t, (ast.Tuple, ast.List)) for t in node.targets):
            yield node, node.value


def _unsure(one: Held, function: Function) -> bool:
    """Whether nothing shows that there is a row."""
    if one.result.kind is ResultKind.ROW:
        if not one.or_none:
            return False
    elif one.result.kind is not ResultKind.ROWS:
        return False
    elif isinstance(one.place.node, ast.Call):
        return True
    return isinstance(one.place.node, ast.Call) or not _looked_at(one, function)


def _looked_at(one: Held, function: Function) -> bool:
    """Whether a test, ``len`` or a loop mentions the variable that holds the rows, in whatever way."""
    name = one.place.node.id if isinstance(one.place.node, ast.Name) else ""
    if not name:
        return True
    calls_only = one.result.kind is ResultKind.ROW  # plain tests of a row have been followed by the data flow
    for node in function.nodes():
        tests: list[ast.AST] = []
        if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            tests = [node.test]
        elif isinstance(node, ast.BoolOp):
            tests = list(node.values[:-1])
        elif isinstance(node, ast.Match):
            tests = [node.subject]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("len", "bool", "any"):
            tests = [node]
        elif isinstance(node, (ast.For, ast.comprehension)) and not calls_only:
            tests = [node.iter]
        for test in tests:
            inner = [n for n in all_nodes(test) if isinstance(n, ast.Call)] if calls_only else [test]
            if any(isinstance(n, ast.Name) and n.id == name for part in inner for n in all_nodes(part)):
                return True
    return False


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def is_guarded(function: Function, node: ast.AST) -> bool:
    """Whether a handler or ``suppress`` around a node sees to the error that it may raise."""
    line, end = node.lineno, node.end_lineno or 0  # type: ignore[attr-defined]
    for outer in function.nodes(ast.stmt):
        if handlers_in(outer):
            body = outer.body  # type: ignore[attr-defined]
            if body[0].lineno <= line and end <= (body[-1].end_lineno or 0):
                if isinstance(outer, ast.stmt) and any(_sees(handler) for handler in handlers_in(outer)):
                    return True
        elif isinstance(outer, ast.With) and outer.lineno <= line <= (outer.end_lineno or 0):
            for item in outer.items:
                if "suppress" in ast.dump(item.context_expr):
                    return True
    return False


def _sees(handler: ast.ExceptHandler) -> bool:
    """Whether a handler is meant for the error: it names it, or it catches widely and does not give it back."""
    if handler.type is None:
        names = {"BaseException"}
    else:
        types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        names = {t.id for t in types if isinstance(t, ast.Name)}
    if names & (GUARDS - {"Exception", "BaseException"}):
        return True
    return bool(names & GUARDS) and not any(isinstance(n, ast.Raise) for n in all_nodes(handler))


def _callers_see_to_it(function: Function) -> bool:
    """Whether some function that calls a helper catches what it may raise."""
    project = function.project
    if function.is_compute or project is None:
        return False
    for caller in project.facts.reach.callers(function.definition):
        for outer in all_nodes(caller.node):
            if isinstance(outer, ast.stmt) and any(_sees(handler) for handler in handlers_in(outer)):
                body = outer.body  # type: ignore[attr-defined]
                for node in (n for statement in body for n in all_nodes(statement)):
                    name = getattr(node, "id", None) or getattr(node, "attr", None)
                    if name == function.name:
                        return True
    return False
