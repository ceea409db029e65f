"""The names that a function reads of DuckDB's objects: which versions have them, which deprecate them."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .index import Place
from .knowledge import (
    DUCKDB_VERSIONS,
    Receiver,
    ResultKind,
    duckdb_deprecations,
    duckdb_holding,
    duckdb_methods,
    duckdb_removal,
)
from .values import Conn, Method, Result

if TYPE_CHECKING:
    from .assets import Function

LAST_OF_1 = "1.5"
FIRST_OF_2 = "2.0"


@dataclass(eq=False)
class Member:
    """``receiver.name``, read at ``place``; ``call`` is the call where it is called at once."""

    place: Place
    receiver: Receiver
    name: str
    call: Place | None
    targets: tuple[str, ...]  # the versions that may be in use
    of_execute: Place | None = None  # the call of ``execute``, with SQL that gives rows, that it is read of
    of_call: bool = False  # read of what another call just made
    read_out: Place | None = None  # ``….read_all()``, where the reader that it gives is read at once
    takes_either: bool = False  # it is handed to what takes Arrow tables and readers alike
    guarded: bool = False  # the code itself asks first whether the name is there

    @cached_property
    def holding(self) -> tuple[str, ...]:
        """The versions that have it."""
        return duckdb_holding(self.receiver, self.name)

    @property
    def is_missing(self) -> bool:
        """Whether no version that may be in use has it. A relation takes any other name for one of its columns."""
        return self.receiver != "relation" and not set(self.targets) & set(self.holding)

    @property
    def removed_in_2(self) -> bool:
        """Whether DuckDB 2, which may be in use, took it away."""
        return LAST_OF_1 in self.holding and FIRST_OF_2 not in self.holding and FIRST_OF_2 in self.targets

    @property
    def removal(self) -> str:
        """What DuckDB 2 says to write instead."""
        return duckdb_removal(self.receiver, self.name)

    @cached_property
    def deprecations(self) -> dict[str, str]:
        """Those of the versions in use that deprecate it, with the name that each gives instead."""
        found = duckdb_deprecations(self.receiver, self.name)
        return {version: instead for version, instead in found.items() if version in self.targets}

    def is_everywhere(self, name: str) -> bool:
        """Whether the receiver has ``name`` in every version that may be in use."""
        return set(self.targets) <= set(duckdb_holding(self.receiver, name))

    @property
    def siblings(self) -> frozenset[str]:
        """The names that a connection has in the versions in use."""
        return frozenset() if self.receiver != "connection" else duckdb_methods("connection", self.targets)


def members_of(function: Function) -> list[Member]:
    """What ``function`` reads of DuckDB's objects."""
    read: list[tuple[ast.Attribute, Receiver]] = [
        (node, receiver)
        for node in function.nodes(ast.Attribute)
        if isinstance(node.ctx, ast.Load) and not node.attr.startswith("_")
        if (receiver := _receiver(function, node)) is not None
    ]
    if not read:
        return []
    calls = function.nodes(ast.Call)
    called = {node.func: node for node in calls}
    held = {node.value: node for node in function.nodes(ast.Attribute)}
    given = {argument: node for node in calls for argument in node.args}
    asked = asked_names(calls)
    missing = _minding_missing(function)
    found: list[Member] = []
    for node, receiver in read:
        call = called.get(node)
        member = Member(
            Place(function.module, node),
            receiver,
            node.attr,
            Place(function.module, call) if call is not None else None,
            _targets(function),
            of_call=isinstance(node.value, ast.Call),
            guarded=node.attr in asked or any(first <= node.lineno <= last for first, last in missing),
        )
        member.of_execute = _execute(function, node.value) if receiver == "connection" else None
        if call is not None:
            outer = held.get(call)
            if outer is not None and outer.attr == "read_all" and outer in called:
                member.read_out = Place(function.module, called[outer])
            taker = given.get(call)
            member.takes_either = taker is not None and _name(function, taker.func) == "polars.from_arrow"
        found.append(member)
    return sorted(found, key=lambda member: member.place.span.end)


def _targets(function: Function) -> tuple[str, ...]:
    assert function.project is not None
    return function.project.duckdb_versions or DUCKDB_VERSIONS


def _receiver(function: Function, node: ast.Attribute) -> Receiver | None:
    """Of what kind a name is read, None where that is not shown for every path."""
    values = function.run.values.get(node, ())
    if not values:
        dotted = isinstance(node.value, (ast.Name, ast.Attribute)) and _name(function, node.value) == "duckdb"
        return "module" if dotted else None
    if all(isinstance(v, Method) and v.name == node.attr and isinstance(v.receiver, Conn) for v in values):
        return "connection"
    if all(
        isinstance(v, Method) and isinstance(v.receiver, Result) and v.receiver.kind is ResultKind.RELATION
        for v in values
    ):
        return "relation"
    return "module" if _name(function, node.value) == "duckdb" else None


def _name(function: Function, node: ast.expr) -> str:
    assert function.project is not None
    root = node
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return ""
    return function.project.names.external(node, function.definition.inner)


def _execute(function: Function, node: ast.expr) -> Place | None:
    """``connection.execute(<SQL that gives rows>)``, from which something is fetched at once."""
    from .lifetimes import ROWS

    values = function.run.values.get(node, ())
    rows = bool(values) and all(isinstance(v, Conn) and v.executed and v.statement in ROWS for v in values)
    method = node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""
    return Place(function.module, node) if rows and method == "execute" else None


def asked_names(calls: Sequence[ast.Call]) -> set[str]:
    """The names for which ``hasattr`` or ``getattr`` asks."""
    return {
        node.args[1].value
        for node in calls
        if isinstance(node.func, ast.Name) and node.func.id in ("hasattr", "getattr")
        if len(node.args) > 1 and isinstance(node.args[1], ast.Constant) and isinstance(node.args[1].value, str)
    }


def _minding_missing(function: Function) -> list[tuple[int, int]]:
    """First and last lines of each ``try``, its handlers included, that is there for names that are missing."""
    return [
        (node.lineno, node.end_lineno or 0)
        for node in function.nodes(ast.Try)
        if any("AttributeError" in _words(handler) for handler in node.handlers)
    ]


def _words(handler: ast.ExceptHandler) -> Iterator[str]:
    for node in all_nodes(handler.type) if handler.type is not None else ():
        if isinstance(node, (ast.Name, ast.Attribute)):
            yield node.id if isinstance(node, ast.Name) else node.attr
