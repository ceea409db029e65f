"""Loops that ask DuckDB again when it failed: whether they wait, and what comes when every turn has failed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, bodies, handlers_in, own_nodes, own_statements

from .caught import Sight, names_duckdb, sight_of
from .handlers import ends_of
from .index import Place
from .values import Const

if TYPE_CHECKING:
    from .assets import Function

Loop = ast.For | ast.While
COUNTING = frozenset(("range", "itertools.count"))


@dataclass(eq=False)
class Retry:
    """A loop round a ``try`` of DuckDB's work that is left once the work is done.

    ``head`` is what it loops over, or while. ``clauses`` see DuckDB's errors; ``again`` is the first of them behind
    which the next turn comes. ``sleep`` is the call that waits, if one does. ``gives_none`` is where the function gives
    None once every turn has failed (the ``return``, or the loop at the function's end), None where it doesn't;
    ``without_turns``: only if the loop makes no turn at all, for the last one raises. ``gives_up``: a helper that gives
    nothing goes on as if all were well once every turn has failed.
    """

    head: Place
    clauses: tuple[ast.ExceptHandler, ...]
    again: Place
    sleep: Place | None
    gives_none: Place | None = None
    without_turns: bool = False
    gives_up: bool = False


def retries_of(function: Function) -> list[Retry]:
    """The retries of a function's own body, in the order of the source."""
    found = []
    for node in own_statements(function.node):
        if isinstance(node, (ast.For, ast.While)) and (retry := _retry(node, function)) is not None:
            found.append(retry)
    return found


def _retry(loop: Loop, function: Function) -> Retry | None:
    assert function.project is not None
    names, scope = function.project.names, function.definition.inner
    for attempt, behind in _attempts(loop.body):
        clauses = tuple(h for h in attempt.handlers if sight_of(h, names, scope) in (Sight.ALL, Sight.SOME))
        again = next((h for h in clauses if ends_of(h.body) & {"end", "continue"}), None)
        if again is None or not _is_left(loop, attempt, behind):
            continue
        inside = {node for statement in attempt.body for node in all_nodes(statement)}
        works = any(work.call.node in inside for work in function.run.work)
        if not works and not any(names_duckdb(handler, names, scope) for handler in clauses):
            continue
        if isinstance(loop, ast.For) and not _counts(loop, function) and _reads(attempt.body, loop.target):
            continue  # each turn is about another thing
        head = Place(function.module, loop.iter if isinstance(loop, ast.For) else loop.test)
        retry = Retry(head, clauses, Place(function.module, again), _sleep_in(loop, function))
        retry.gives_up = not function.is_compute and not _gives_value(function) and not _raises_from(loop, function)
        _see_end(retry, loop, clauses, function)
        return retry
    return None


def _attempts(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.Try, Sequence[ast.stmt]]]:
    """The ``try`` statements of a loop's body, with what comes behind each; inner loops are not entered."""
    for index, statement in enumerate(body):
        if isinstance(statement, ast.Try) and handlers_in(statement):
            yield statement, body[index + 1 :]
        if isinstance(statement, (ast.If, ast.With, ast.AsyncWith)):
            for block in bodies(statement):
                for attempt, behind in _attempts(block):
                    yield attempt, [*behind, *body[index + 1 :]]


def _is_left(loop: Loop, attempt: ast.Try, behind: Sequence[ast.stmt]) -> bool:
    """Whether the loop is left whenever the attempt succeeds."""
    ends = ends_of([*attempt.body, *attempt.orelse, *behind])
    if isinstance(loop, ast.While) and not isinstance(loop.test, ast.Constant) and ends <= {"end", "continue"}:
        tested = {node.id for node in all_nodes(loop.test) if isinstance(node, ast.Name)}
        done = [*attempt.body, *attempt.orelse]
        return any(
            isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in tested
            for statement in done
            for node in all_nodes(statement)
        )
    return bool(ends & {"return", "break"}) and not ends & {"end", "continue"}


def _counts(loop: ast.For, function: Function) -> bool:
    """Whether a loop only counts its turns."""
    assert function.project is not None
    if not isinstance(loop.iter, ast.Call):
        return False
    called = loop.iter.func
    name = function.project.names.external(called, function.definition.inner)
    return (name or getattr(called, "id", "")) in COUNTING


def _reads(body: Sequence[ast.stmt], target: ast.expr) -> bool:
    bound = {node.id for node in all_nodes(target) if isinstance(node, ast.Name)}
    return any(isinstance(n, ast.Name) and n.id in bound for statement in body for n in all_nodes(statement))


def _sleep_in(loop: Loop, function: Function) -> Place | None:
    assert function.project is not None
    for node in own_nodes(loop):
        if isinstance(node, ast.Call):
            name = function.project.names.external(node.func, function.definition.inner)
            if name.endswith(".sleep"):
                return Place(function.module, node)
    return None


# ---- when every turn has failed ------------------------------------------------------------------------------------


def _see_end(retry: Retry, loop: Loop, clauses: Sequence[ast.ExceptHandler], function: Function) -> None:
    """Fill in what comes when every turn has failed."""
    endless = isinstance(loop, ast.While) and isinstance(loop.test, ast.Constant)
    ends = set[str]().union(*(ends_of(handler.body) for handler in clauses))
    raises = any(isinstance(node, ast.Raise) for handler in clauses for node in own_nodes(handler))
    if (endless and "break" not in ends) or not _gives_value(function):
        return
    if raises and (not isinstance(loop, ast.For) or not _may_be_empty(loop, function)):
        return
    if loop.orelse and "end" not in ends_of(loop.orelse):
        return
    retry.gives_none = _none_behind(function.node.body, loop, function, must_say=raises)
    retry.without_turns = raises


def _raises_from(loop: Loop, function: Function) -> bool:
    """Whether anything is raised in a loop or behind it."""
    return any(node.lineno >= loop.lineno for node in function.nodes(ast.Raise))


def _gives_value(function: Function) -> bool:
    """Whether the function gives something when an attempt succeeds."""
    return any(n.value is not None and not _is_none(n.value) for n in function.nodes(ast.Return))


def _may_be_empty(loop: ast.For, function: Function) -> bool:
    """Whether it is a parameter that says how many turns there are: nothing shows that it is one or more."""
    if not _counts(loop, function) or not isinstance(loop.iter, ast.Call):
        return False
    names = {node.id for argument in loop.iter.args for node in all_nodes(argument) if isinstance(node, ast.Name)}
    current = function.definition
    parameters = {parameter.arg for parameter in current.parameters}
    while current.parent is not None:
        current = current.parent
        parameters |= {parameter.arg for parameter in current.parameters}
    return bool(names) and len(loop.iter.args) == 1 and names <= parameters


def _none_behind(body: Sequence[ast.stmt], loop: Loop, function: Function, *, must_say: bool) -> Place | None:
    """Where the function gives None behind a loop. ``must_say``: only a ``return`` counts."""
    behind = _behind(body, loop)
    if behind is None:
        return None
    for statement in behind:
        if isinstance(statement, ast.Return):
            if statement.value is None or _is_none(statement.value):
                return Place(function.module, statement)
            values = () if must_say else function.run.values.get(statement.value, ())
            may_be_none = any(isinstance(value, Const) and value.value is None for value in values)
            return Place(function.module, statement) if may_be_none else None
        if any(isinstance(n, (ast.Return, ast.Raise, ast.Assert)) for n in all_nodes(statement)) or _exits(statement):
            return None
    return None if must_say else Place(function.module, loop)


def _behind(body: Sequence[ast.stmt], loop: Loop) -> list[ast.stmt] | None:
    """The statements that run behind a loop, to the end of the function; None where they can't be told in a row."""
    for index, statement in enumerate(body):
        rest = list(body[index + 1 :])
        if statement is loop:
            return rest
        for block in bodies(statement):
            inner = _behind(block, loop)
            if inner is not None:
                return [*inner, *rest] if _runs_on(statement, block) else None
            if any(node is loop for part in block for node in all_nodes(part)):
                return None
    return None


def _runs_on(statement: ast.stmt, block: Sequence[ast.stmt]) -> bool:
    """Whether the statement behind is next once a block of ``statement`` has come to its end."""
    if isinstance(statement, ast.Try):
        return block is statement.body and not statement.orelse
    return isinstance(statement, (ast.With, ast.AsyncWith, ast.If))


def _exits(statement: ast.stmt) -> bool:
    """Whether a statement is a call that may never come back: ``sys.exit()``, ``fail(…)``."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return False
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("exit", "_exit", "abort", "fail", "quit")


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None
