"""How far down a function's body a connection that nothing closes is needed: by name, or by what may hang on it."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping

from asset_lint.source.nodes import all_nodes, nodes_in

from .knowledge import ResultKind
from .pykinds import PyKind
from .values import Alternatives, Const, Context, Data, Logger, Result, Text, Value

_FETCHED = frozenset(
    (
        ResultKind.FRAME_PANDAS,
        ResultKind.FRAME_POLARS,
        ResultKind.ARROW_TABLE,
        ResultKind.ROWS,
        ResultKind.ROW,
        ResultKind.NUMPY,
        ResultKind.DICTS,
        ResultKind.PLAIN,
        ResultKind.NONE,
    )
)
_OPEN_ENDED = frozenset((PyKind.LIST, PyKind.DICT, PyKind.SET, PyKind.TUPLE, PyKind.VIEW, PyKind.POLARS_LAZY))

_Seen = Mapping[ast.expr, Alternatives]


def needing(name: str, body: list[ast.stmt], local: Container[str], seen: _Seen) -> list[ast.stmt]:
    """``body`` up to the last statement that may need the connection called ``name``.

    ``local`` are the function's own names. A variable may hang on the connection unless its value is known not to.
    """
    hanging = {name}
    last = 0
    for index, statement in enumerate(body):
        if not _mentions(statement, hanging):
            continue
        last = index
        before = 0
        while before != len(hanging):  # a loop goes back to where it began
            before = len(hanging)
            hanging.update(n for n in _made_to_hang(statement, hanging, seen) if n in local)
    return body[: last + 1]


def _mentions(node: ast.AST, names: Container[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in names for n in all_nodes(node))


def _made_to_hang(statement: ast.stmt, hanging: Container[str], seen: _Seen) -> Iterator[str]:
    """The variables that may hold something of the connection once the statement is done."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield statement.name
        return
    inner = [node for node in nodes_in(statement) if not isinstance(node, ast.expr)]
    for node in inner:
        parts = [node] if isinstance(node, ast.stmt) else [n for n in all_nodes(node) if isinstance(n, ast.stmt)]
        for part in parts:
            if _mentions(part, hanging):
                yield from _made_to_hang(part, hanging, seen)
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_apart(value, seen):
            return  # what it gives is known
        case ast.For(iter=several) if _is_apart(several, seen):
            return
        case ast.Expr(value=value) if _is_asked(value, hanging):
            return
    heads = [node for node in nodes_in(statement) if isinstance(node, (ast.expr, ast.withitem))]
    if any(_mentions(head, hanging) for head in heads):
        for head in heads:
            for node in all_nodes(head):
                if isinstance(node, ast.Name) and not (isinstance(node.ctx, ast.Load) and _is_apart(node, seen)):
                    yield node.id


def _is_asked(value: ast.expr, hanging: Container[str]) -> bool:
    """Whether an expression is nothing but calls of methods on one variable: ``conn.execute(…).fetchall()``."""
    if any(isinstance(node, (ast.NamedExpr, ast.Await)) for node in all_nodes(value)):
        return False
    head = value
    while isinstance(head, (ast.Call, ast.Attribute)):
        head = head.func if isinstance(head, ast.Call) else head.value
    return isinstance(value, ast.Call) and isinstance(head, ast.Name) and head.id in hanging


def _is_apart(expression: ast.expr, seen: _Seen) -> bool:
    """Whether a value is known to hold nothing of a connection, and to be nothing that can be made to."""
    if isinstance(expression, ast.Subscript):
        return _is_apart(expression.value, seen)
    values = seen.get(expression, ())
    return bool(values) and all(_holds_nothing(value) for value in values)


def _holds_nothing(value: Value) -> bool:
    if isinstance(value, (Const, Text, Context, Logger)):
        return True
    if isinstance(value, Result):
        return value.kind in _FETCHED
    return isinstance(value, Data) and not value.kinds & _OPEN_ENDED
