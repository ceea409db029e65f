"""Where a ``with`` block could hold a connection: which statements it would cover, and which closings it replaces."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .index import Place
from .needing import needing
from .values import Alternatives, depends_on_connection

if TYPE_CHECKING:
    from .assets import Function
    from .connections import Connection


@dataclass(frozen=True, slots=True)
class Holding:
    """A ``with`` that would hold one connection.

    ``opening`` is the assignment to turn into it, or the expression that opens in passing. ``until`` is the last
    statement it covers (None: the end of the block, or, for an expression, its statement alone): it was closed behind
    that, or nothing further down needs it. ``idle`` are the statements that it makes idle: closings, ``name = None`` in
    front. ``guard`` is the ``try`` whose ``finally``, which does nothing but close, goes too.
    """

    opening: Place
    assigned: bool
    until: Place | None
    idle: tuple[Place, ...]
    guard: Place | None = None


def holding_of(function: Function, connection: Connection, seen: Mapping[ast.expr, Alternatives]) -> Holding | None:
    """The ``with`` that would hold ``connection``, None where its use doesn't fit one block.

    ``seen`` are the values of the function's expressions.
    """
    if connection.outlived or connection.opened.module is not function.module:
        return None
    found = _statement_of(function.node.body, connection.opened.node)
    if found is None:
        return None
    block, index = found
    statement = block[index]
    name = _assigned_name(statement, connection.opened.node)
    if name is None:
        used_at_once = any(
            isinstance(n, ast.Attribute) and n.value is connection.opened.node for n in all_nodes(statement)
        )
        if connection.name or not used_at_once or _keeps_alive(statement, connection.opened.node, seen):
            return None
        return Holding(connection.opened, False, None, ())
    rest = block[index + 1 :]
    if guarded := _guarded(function, name, block, index):
        return guarded
    closings = [s for s in rest if _is_close(s, name)]
    if len(closings) > 1 or not rest:
        return None
    covered = rest[: rest.index(closings[0])] if closings else rest
    behind = rest[rest.index(closings[0]) + 1 :] if closings else []
    if not covered or not _fits(name, covered) or any(_mentions(s, name) for s in behind):
        return None
    if block is not function.node.body and _used_elsewhere(function.node, name, block, index):
        return None
    if len(statement_lines(block)) != len(block):
        return None
    if not closings and block is function.node.body:
        covered = needing(name, covered, function.definition.inner.names, seen)
    module = function.module
    until = Place(module, covered[-1]) if covered[-1] is not block[-1] else None
    return Holding(Place(module, statement), True, until, tuple(Place(module, s) for s in closings))


def _guarded(function: Function, name: str, block: list[ast.stmt], index: int) -> Holding | None:
    """The ``with`` in the place of a ``try`` that closes the connection in its ``finally``: one behind the opening, or
    one round it."""
    if len(statement_lines(block)) != len(block):
        return None
    for at, guard in enumerate(block[index + 1 :], index + 1):
        if isinstance(guard, ast.Try) and _only_closes(guard.finalbody, name):
            covered = [*block[index + 1 : at], *guard.body, *guard.handlers, *guard.orelse]
            nested = block is not function.node.body
            if (
                not _fits(name, covered)
                or any(_mentions(s, name) for s in block[at + 1 :])
                or (nested and _used_elsewhere(function.node, name, block, index))
            ):
                return None
            place = Place(function.module, guard)
            return Holding(Place(function.module, block[index]), True, place, (), place)
    return _guarded_around(function, name, block, index)


def _guarded_around(function: Function, name: str, block: list[ast.stmt], index: int) -> Holding | None:
    """``name = None; try: name = connect(); … finally: if name: name.close()``."""
    found = _holder_of(function.node.body, block)
    guard = found[0][found[1]] if found is not None else None
    if found is None or not isinstance(guard, ast.Try) or not _only_closes(guard.finalbody, name) or guard.orelse:
        return None
    covered = block[index + 1 :]
    made = {n.id for s in covered for n in all_nodes(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if not covered or not _fits(name, covered) or any(_mentions(h, n) for h in guard.handlers for n in (name, *made)):
        return None  # the handlers would run when it is closed already
    module = function.module
    idle = [s for s in found[0][: found[1]] if _is_none(s, name)]
    inside = {id(n) for s in (guard, *idle) for n in all_nodes(s)}
    if any(n.id == name and id(n) not in inside for n in function.definition.every_node_of(ast.Name)):
        return None
    opening = Place(module, block[index])
    return Holding(opening, True, None, tuple(Place(module, s) for s in idle), Place(module, guard))


def _holder_of(body: list[ast.stmt], block: list[ast.stmt]) -> tuple[list[ast.stmt], int] | None:
    """The block and the index in it of the statement that holds ``block``."""
    for at, statement in enumerate(body):
        for inner in _blocks(statement):
            if inner is block:
                return body, at
            if found := _holder_of(inner, block):
                return found
    return None


def _only_closes(body: Sequence[ast.stmt], name: str) -> bool:
    """Whether a ``finally`` does nothing but close the connection, perhaps if there is one."""
    match body:
        case [ast.If(test=test, body=[inner], orelse=[])]:
            match test:
                case (
                    ast.Name(id=tested)
                    | ast.Compare(left=ast.Name(id=tested), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)])
                ):
                    return tested == name and _is_close(inner, name)
        case [inner]:
            return _is_close(inner, name)
    return False


def _is_none(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Assign(targets=[ast.Name(id=bound)], value=ast.Constant(value=None)):
            return bound == name
        case ast.AnnAssign(target=ast.Name(id=bound), value=ast.Constant(value=None)):
            return bound == name
    return False


def _keeps_alive(statement: ast.stmt, opened: ast.AST, seen: Mapping[ast.expr, Alternatives]) -> bool:
    """Whether a statement binds something that needs the connection that it opens in passing: a relation, a bound
    method, a reader."""
    if isinstance(statement, ast.Expr):
        return False
    for node in all_nodes(statement):
        value = getattr(node, "value", None) if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) else None
        if isinstance(value, ast.expr) and any(opened is inner for inner in all_nodes(value)):
            if any(depends_on_connection(v) for v in seen.get(value, ())):
                return True
    return isinstance(statement, (ast.For, ast.AsyncFor)) and any(
        depends_on_connection(v) for v in seen.get(statement.iter, ())
    )


def statement_lines(block: Sequence[ast.stmt]) -> set[int]:
    """The lines on which the statements of a block begin."""
    return {s.lineno for s in block}


def _statement_of(body: list[ast.stmt], node: ast.AST) -> tuple[list[ast.stmt], int] | None:
    """The innermost block that holds a node, and the index of its statement there."""
    for index, statement in enumerate(body):
        if not (statement.lineno <= node.lineno <= (statement.end_lineno or 0)):  # type: ignore[attr-defined]
            continue
        for inner in _blocks(statement):
            if found := _statement_of(inner, node):
                return found
        if any(child is node for child in all_nodes(statement)):
            return body, index
    return None


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        inner = getattr(statement, field, None)
        if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
            yield inner
    for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield part.body


def _assigned_name(statement: ast.stmt, opened: ast.AST) -> str | None:
    """The variable that a plain assignment of the opening call binds."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and statement.value is opened:
        target = statement.targets[0]
        return target.id if isinstance(target, ast.Name) else None
    if isinstance(statement, ast.AnnAssign) and statement.value is opened and isinstance(statement.target, ast.Name):
        return statement.target.id
    return None


def _is_close(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=held), attr="close"))):
            return held == name
    return False


def _fits(name: str, covered: Sequence[ast.AST]) -> bool:
    """Whether the covered statements use the connection as a ``with`` block may: never bound again or closed within,
    never handed out by a function that lives longer."""
    inner_functions: set[str] = set()
    for statement in covered:
        for node in all_nodes(statement):
            match node:
                case ast.Name(id=held, ctx=ast.Store() | ast.Del()) if held == name:
                    return False
                case ast.Attribute(value=ast.Name(id=held), attr="close" | "__exit__" | "__enter__") if held == name:
                    return False
                case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                    return False
                case ast.Lambda() if _mentions(node, name):
                    return False
                case ast.ClassDef() if _mentions(node, name):
                    return False
                case ast.FunctionDef() | ast.AsyncFunctionDef() if _mentions(node, name):
                    inner_functions.add(node.name)
    for statement in covered:
        called = {id(node.func) for node in all_nodes(statement) if isinstance(node, ast.Call)}
        for node in all_nodes(statement):
            if isinstance(node, ast.Name) and node.id in inner_functions and id(node) not in called:
                return False
    return True


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in all_nodes(node))


def _used_elsewhere(function: ast.AST, name: str, block: list[ast.stmt], index: int) -> bool:
    """Whether the variable is read outside of the block that binds it."""
    inside = {id(n) for s in block[index:] for n in all_nodes(s)}
    return any(
        isinstance(n, ast.Name) and n.id == name and id(n) not in inside and isinstance(n.ctx, (ast.Load, ast.Del))
        for n in all_nodes(function)
    )
