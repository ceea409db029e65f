"""Transactions that a function begins and, on some path that no exception leaves, neither commits nor rolls back."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .index import Place
from .values import Origin, State, Status

if TYPE_CHECKING:
    from .flow import Flow

_ENDING = ("commit", "rollback", "end", "abort")


@dataclass(frozen=True, slots=True)
class Uncommitted:
    """``begun`` is the call that begins the transaction, ``exit`` the statement behind which it is lost."""

    begun: Place
    exit: Place


def uncommitted_in(flow: Flow, ends: Sequence[State]) -> list[Uncommitted]:
    """What is lost at the ends of a function: of connections of its own, to files."""
    assert flow.definition is not None
    found: dict[Place, Uncommitted] = {}
    last = flow.definition.node.body[-1]
    for state, exit_ in [*((s, last) for s in ends), *((s, node) for s, node, _ in flow.exits.returns)]:
        for site, begun in state.begun.items():
            if not site.owned or site.settles or site.yielded or site.origin is Origin.MEMORY:
                continue
            if state.status.get(site) not in (Status.OPEN, Status.CLOSED) or _is_conditional(flow, begun):
                continue
            found.setdefault(begun, Uncommitted(begun, Place(flow.module, exit_)))
    return list(found.values()) if found and _writes(flow) else []


def _writes(flow: Flow) -> bool:
    """Whether something is written at all: a transaction that merely reads loses nothing."""
    from .sql import statements_of
    from .texts import templates

    for asked in flow.asked.values():
        texts = templates(asked.sql, None)
        if not texts or any(s.is_read_only is not True for text in texts for s in statements_of(text)):
            return True
    names = {n.func.attr for n in flow.seen if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    return bool(names & {"append", "insert_into", "create", "to_table"})


def _is_conditional(flow: Flow, begun: Place) -> bool:
    """Whether it begins under a condition, and something ends under one: they may well be the same."""
    assert flow.definition is not None
    tests = flow.definition.nodes_of(ast.If)
    begins = any(_holds(node, begun.node) for node in tests)
    return begins and any(True for node in tests for _ in _endings(node))


def _holds(node: ast.If, inner: ast.AST) -> bool:
    return any(n is inner for statement in (*node.body, *node.orelse) for n in all_nodes(statement))


def _endings(node: ast.If) -> Iterator[ast.AST]:
    for inner in all_nodes(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            words = [inner.func.attr]
            words += [a.value for a in inner.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if any(word.strip().lower().startswith(_ENDING) for word in words):
                yield inner
