"""Where errors of some calls could be caught: by one more clause of a ``try``, or by a ``try`` of their own."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import bodies, handlers_in

from .caught import Sight, sight_of
from .index import Place

if TYPE_CHECKING:
    from .assets import Function
    from .work import Work

ROUND = (ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.While)
"""Statements that a ``try`` had better hold whole: it then sees how a ``with`` opens, and it ends a loop."""


@dataclass(frozen=True, slots=True)
class Catching:
    """A place for a clause. ``attempt`` is the ``try`` that could take it; None: the statements from ``first`` to
    ``last``, which follow each other in one block, could stand in a new one."""

    first: Place
    last: Place
    attempt: Place | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A block on the way to a call: the statement that holds it, which block of that it is, and where the call is."""

    holder: ast.stmt | None
    block: Sequence[ast.stmt]
    index: int


def catching_of(function: Function, work: Sequence[Work]) -> Catching | None:
    """Where the errors of ``work`` could be caught together; None where that can't be told."""
    ways = [_way(function.node.body, each.call.node) for each in work]
    if not ways or not all(ways):
        return None
    depth = _common(ways)
    at = ways[0][depth]
    first = min(way[depth].index for way in ways)
    last = max(way[depth].index for way in ways)
    while True:
        holder = at.holder
        if isinstance(holder, ast.Try) and at.block is holder.body and _takes_clause(function, holder):
            return Catching(*_places(function, at, first, last), Place(function.module, holder))
        if depth == 0 or not isinstance(holder, ROUND):
            break
        depth -= 1
        at = ways[0][depth]
        first = last = at.index
    return Catching(*_places(function, at, first, last), None)


def _holds(statement: ast.stmt, node: ast.AST) -> bool:
    """Whether a node stands in a statement of the same file."""
    first = min([statement, *getattr(statement, "decorator_list", ())], key=lambda part: part.lineno)
    begin, end = (first.lineno, first.col_offset), (statement.end_lineno or 0, statement.end_col_offset or 0)
    return begin <= (node.lineno, node.col_offset) < end  # type: ignore[attr-defined]


def _way(body: Sequence[ast.stmt], node: ast.AST) -> list[_Step]:
    """The blocks round a node, from the outside in; empty where it doesn't stand in ``body``."""
    steps: list[_Step] = []
    holder: ast.stmt | None = None
    block: Sequence[ast.stmt] | None = body
    while block is not None:
        index = next((i for i, s in enumerate(block) if _holds(s, node)), None)
        if index is None:
            return steps
        steps.append(_Step(holder, block, index))
        holder = block[index]
        if isinstance(holder, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return []
        block = next((b for b in bodies(holder) if any(_holds(s, node) for s in b)), None)
    return steps


def _common(ways: Sequence[list[_Step]]) -> int:
    """The depth of the innermost block that all ways share."""
    depth = 0
    while all(len(way) > depth + 1 for way in ways) and len({id(way[depth + 1].block) for way in ways}) == 1:
        depth += 1
    return depth


def _takes_clause(function: Function, attempt: ast.Try) -> bool:
    """Whether a clause behind those of a ``try`` would see what no other does."""
    assert function.project is not None
    names, scope = function.project.names, function.definition.inner
    return all(sight_of(handler, names, scope) is Sight.NONE for handler in handlers_in(attempt))


def _places(function: Function, at: _Step, first: int, last: int) -> tuple[Place, Place]:
    return Place(function.module, at.block[first]), Place(function.module, at.block[last])
