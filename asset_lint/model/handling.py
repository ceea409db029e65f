"""What a handler does with what it caught: raises, logs, records, answers with a word of it, or swallows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name, own_nodes

from .logs import LEVELS
from .values import Conn, Method, Result
from .work import WRITING_STATEMENTS

if TYPE_CHECKING:
    from .assets import Function
    from .handlers import Handler

TELLING = ("traceback.", "warnings.", "sys.exc_info", "sys.exit", "os._exit", "sentry_sdk.")
SILENT_CALLS = frozenset("sleep close clear rollback".split())
KEEPING = frozenset("append appendleft add put put_nowait".split())


def swallows(handler: Handler) -> bool:
    """Whether nothing of the failure gets out: a pass, a default, another way to an answer, and no word of why."""
    function = handler.function
    return (
        not any(_tells(node, handler, function) for node in own_nodes(handler.node))
        and not _asks_again(handler)
        and not _told_later(handler)
    )


def _asks_again(handler: Handler) -> bool:
    """Whether the handler asks the very same once more: if that fails, too, it raises."""
    asked = {ast.dump(work.call.node) for work in handler.work}
    inside = {node for node in own_nodes(handler.node) if isinstance(node, ast.Call)}
    return any(work.call.node in inside and ast.dump(work.call.node) in asked for work in handler.function.work)


def _tells(node: ast.AST, handler: Handler, function: Function) -> bool:
    if isinstance(node, (ast.Raise, ast.Assert, ast.Yield, ast.YieldFrom, ast.AugAssign)):
        return True
    if isinstance(node, ast.Name):
        return node.id == handler.node.name and isinstance(node.ctx, ast.Load)
    if isinstance(node, ast.Call):
        return _call_tells(node, function)
    if isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        return isinstance(value, ast.Call) and _is_done_for_effect(value, function)
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        plain = isinstance(node.value, (ast.Constant, ast.Dict, ast.List, ast.Tuple))
        recorded = plain and not {ast.dump(t) for t in targets} & set(_assigned_in(handler.body))
        return recorded or _says_something(node.value)
    if isinstance(node, ast.Return):
        return node.value is not None and (_says_something(node.value) or _is_event(node.value, function))
    return False


def _call_tells(node: ast.Call, function: Function) -> bool:
    """Whether a call logs, ends the process, or shows what is being handled."""
    if isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
        return True
    if isinstance(node.func, ast.Name) and node.func.id in ("print", "exit", "quit"):
        return True
    assert function.project is not None
    name = function.project.names.external(node.func, function.definition.inner)
    if name.startswith(TELLING):
        return True
    if any(work.call.node is node and work.statement in WRITING_STATEMENTS for work in function.run.work):
        return True  # a row of a table says so, or what was missing is made
    return any(logged.call.node is node for logged in function.run.logged)


def _is_done_for_effect(node: ast.Call, function: Function) -> bool:
    """Whether a call whose result nobody takes may be there to tell somebody."""
    callees = function.run.values.get(node.func, ())
    if callees and all(isinstance(c, Method) and isinstance(c.receiver, (Conn, Result)) for c in callees):
        return False  # DuckDB's own: a rollback, a table made in its place
    name = called_name(node)
    return name not in SILENT_CALLS


def _says_something(value: ast.expr) -> bool:
    """Whether a value has words for what happened: ``"failed"``, ``{"status": "error"}``."""
    if isinstance(value, ast.Dict):
        return any(_says_something(item) for item in value.values)
    if isinstance(value, (ast.Tuple, ast.List)):
        return any(_says_something(item) for item in value.elts)
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and _is_word(value.value))


def _is_word(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_event(value: ast.expr, function: Function) -> bool:
    """Whether what is given is one of Dagster's own: a failed check, a result whose metadata may say so."""
    assert function.project is not None
    call = value.func if isinstance(value, ast.Call) else None
    return function.project.names.external(call, function.definition.inner).startswith("dagster.")


def _assigned_in(body: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in body:
        for node in all_nodes(statement):
            targets = (
                node.targets if isinstance(node, ast.Assign)
                else [node.target] if isinstance(node, (ast.AnnAssign, ast.For, ast.NamedExpr))
                else [item.optional_vars for item in node.items if item.optional_vars] if isinstance(node, ast.With)
                else []
            )  # fmt: skip
            yield from (ast.dump(target) for target in targets)


def _told_later(handler: Handler) -> bool:
    """Whether a variable that the handler sets is looked at later by a test that logs or raises."""
    function = handler.function
    names = {
        node.id for node in own_nodes(handler.node) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    if not names:
        return False
    end = handler.node.end_lineno or 0
    for node in function.nodes():
        if isinstance(node, (ast.If, ast.While)) and node.lineno > end and _reads(node.test, names):
            if any(_is_word_to_someone(inner, function) for inner in own_nodes(node)):
                return True
            if isinstance(node, ast.If) and any(
                _is_word_to_someone(inner, function) for branch in node.orelse for inner in all_nodes(branch)
            ):
                return True
        if isinstance(node, ast.Assert) and node.lineno > end and _reads(node.test, names):
            return True
    return False


def _reads(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in all_nodes(node))


def _is_word_to_someone(node: ast.AST, function: Function) -> bool:
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _call_tells(node, function))


def raised_later(handler: Handler) -> bool:
    """Whether what was caught is kept, and raised when what had to be done first is done; or is given to a future."""
    caught = handler.caught_name
    if caught is None or handler.tries_again:
        return False
    kept: set[str] = set()
    repeated = any(handler.node in ast.walk(loop) for loop in handler.function.nodes(ast.For, ast.AsyncFor, ast.While))
    for node in own_nodes(handler.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_one_of(node.args, caught):
            if node.func.attr == "set_exception":
                return True
            if node.func.attr in KEEPING and isinstance(node.func.value, ast.Name):
                kept.add(node.func.value.id)
        if isinstance(node, ast.Assign) and _is_one_of([node.value], caught) and not repeated:
            kept.update(target.id for target in node.targets if isinstance(target, ast.Name))
    end = handler.node.end_lineno or 0
    raises = [n for n in handler.function.nodes() if isinstance(n, ast.Raise) and n.lineno > end]
    return bool(kept) and any(_reads(node, kept) for node in raises)


def _is_one_of(nodes: Sequence[ast.expr], name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in nodes)
