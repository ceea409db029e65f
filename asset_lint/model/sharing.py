"""Connections that several threads use at the same time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, nodes_in

from .index import Place

if TYPE_CHECKING:
    from .flow import Flow
    from .threads import Sent
    from .values import Site

WAITING = frozenset("join result wait as_completed shutdown gather get exception".split())
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
PASSING_ON = frozenset("wait_for shield".split())


@dataclass(frozen=True)
class Sharing:
    """A connection that threads share: ``call`` starts a thread that uses it at ``use``, while another one does too."""

    name: str
    opened: Place
    call: Place
    use: Place


def sharings_of(flow: Flow) -> list[Sharing]:
    """The connections that a function lets several threads use, each at the first call that does."""
    if not flow.sent or flow.definition is None:
        return []
    function = _Function(flow.definition.node)
    found: list[Sharing] = []
    by_site: dict[Site, list[Sent]] = {}
    for sent in flow.sent.values():
        by_site.setdefault(sent.site, []).append(sent)
    for site, calls in by_site.items():
        calls.sort(key=lambda sent: flow.module.span(sent.call).start)
        own = [node for user, node in flow.uses if user is site]
        for index, sent in enumerate(calls):
            others = [*(other.call for other in calls[index + 1 :]), *own]
            if sent.for_each or function.repeats(sent.call, site) or function.meets(sent.call, others):
                found.append(Sharing(site.name, site.opened, Place(flow.module, sent.call), sent.use))
                break
    return found


class _Function:
    """Where calls stand in a function: in which loops, blocks and ``with``, and what waits for them."""

    def __init__(self, node: ast.AST) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        for parent in all_nodes(node):
            for child in nodes_in(parent):
                self.parents[child] = parent

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside out."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            current = self.parents.get(current)

    def repeats(self, call: ast.AST, site: Site) -> bool:
        """Whether a loop starts one thread after the other, all on a connection opened outside of it."""
        if self._is_awaited(call):
            return False
        opened = {site.opened.node, *self.around(site.opened.node)}
        for outer in self.around(call):
            if isinstance(outer, (*LOOPS, *COMPREHENSIONS)):
                return outer not in opened and not self._waited_for(call, outer)
            if isinstance(outer, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                return False
        return False

    def _is_awaited(self, call: ast.AST) -> bool:
        """Whether the expression itself waits for the thread: ``await``, ``.result()``."""
        for outer in self.around(call):
            if isinstance(outer, ast.Await):
                return True
            if isinstance(outer, ast.Attribute):
                return outer.attr in WAITING
            if not (isinstance(outer, ast.Call) and _called(outer) in PASSING_ON):
                return False
        return False

    def _waited_for(self, call: ast.AST, loop: ast.AST) -> bool:
        """Whether each turn of the loop waits for its thread before the next begins."""
        if isinstance(loop, COMPREHENSIONS):
            return False
        end = _end(call)
        return any(isinstance(n, ast.Call) and _called(n) in WAITING and _end(n) > end for n in all_nodes(loop))

    def meets(self, call: ast.AST, others: list[ast.AST]) -> bool:
        """Whether the connection is used again while the thread may still run."""
        if self._is_awaited(call):
            return False
        scope: ast.AST | None = None
        for outer in self.around(call):
            if isinstance(outer, (ast.With, ast.AsyncWith)) and self._holds_pool(outer, call):
                scope = outer
                break
            scope = outer
        assert scope is not None
        end = _end(call)
        waits = [_end(n) for n in all_nodes(scope) if _waits(n) and _end(n) > end]
        for other in others:
            if other is call or scope not in self.around(other) or self._in_other_branch(call, other):
                continue
            if _start(other) > end and not any(wait <= _start(other) for wait in waits):
                return True
        return False

    def _holds_pool(self, block: ast.With | ast.AsyncWith, call: ast.AST) -> bool:
        """Whether the ``with`` waits at its end for what the call starts."""
        func = call.func if isinstance(call, ast.Call) else None
        pool = func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""
        return any(isinstance(i.optional_vars, ast.Name) and i.optional_vars.id == pool for i in block.items)

    def _in_other_branch(self, one: ast.AST, other: ast.AST) -> bool:
        """Whether only one of two nodes runs: they stand in the two branches of an ``if``."""
        mine = [one, *self.around(one)]
        for node in [other, *self.around(other)]:
            parent = self.parents.get(node)
            if isinstance(parent, ast.If) and parent in mine:
                inner = mine[mine.index(parent) - 1]
                return (node in parent.body) != (inner in parent.body)
        return False


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _waits(node: ast.AST) -> bool:
    return isinstance(node, ast.Await) or (isinstance(node, ast.Call) and _called(node) in WAITING)


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _end(node: ast.AST) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0  # type: ignore[attr-defined]
