"""Where a result could have been fetched while its connection was open."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Place
from .knowledge import Receiver, duckdb_result
from .knowledge.kinds import ResultKind

if TYPE_CHECKING:
    from .assets import Function
    from .uses import StaleUse

FETCHES = frozenset("df fetchdf fetch_df to_df fetchall fetchone fetchnumpy pl to_arrow_table".split())


@dataclass(frozen=True, slots=True)
class EarlyFetch:
    """``read`` (``name.method()``) becomes ``name``, and ``made``, which the name was bound to, is fetched at once."""

    made: Place
    read: Place
    name: str
    method: str


def early_fetch(function: Function, use: StaleUse) -> EarlyFetch | None:
    """How to fetch early what is read too late; None where the variable serves for more than this one read, or
    something is asked of DuckDB in between."""
    if use.made is None or use.steps or use.made.module is not function.module:
        return None
    read, made = use.place.node, use.made.node
    match read:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method), args=[], keywords=[]):
            pass
        case _:
            return None
    receiver: Receiver = "relation" if use.kind is ResultKind.RELATION else "connection"
    assert function.project is not None
    kinds = duckdb_result(receiver, method, function.project.duckdb_versions)
    if method not in FETCHES or any(kind.is_missing for kind in kinds):
        return None
    nodes = list(function.nodes())
    bindings = [n for n in nodes if isinstance(n, ast.Assign) and n.value is made and len(n.targets) == 1]
    uses = [n for n in function.definition.every_node_of(ast.Name) if n.id == name]
    if len(bindings) != 1 or not isinstance(bindings[0].targets[0], ast.Name) or bindings[0].targets[0].id != name:
        return None
    if len(uses) != 2 or not any(n is read for n in nodes):
        return None
    begin, end = use.made.span.end, use.place.span.start
    for call in function.run.duckdb_calls:
        if (
            begin <= function.module.span(call).start < end
            and getattr(getattr(call, "func", None), "attr", "") != "close"
        ):
            return None
    for loop in nodes:
        if isinstance(loop, (ast.For, ast.AsyncFor, ast.While)):
            span = function.module.span(loop)
            if span.start <= end < span.end and not span.start <= begin < span.end:
                return None
    return EarlyFetch(use.made, use.place, name, method)
