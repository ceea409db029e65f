"""The facts put together by asset and by database: what ``asset-lint graph`` prints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, cast

from . import rows

if TYPE_CHECKING:
    from .collect import Facts

_MAKING = ("makes", "stores")
DEFINING = ("Definitions", "with_resources", "repository", "AssetsDefinition")
MEMORY = (":memory:", ":default:")
"""Databases that each asset has its own of: what stands in them, no other asset reads."""


@dataclass(frozen=True, slots=True)
class Used:
    """A table as somebody uses it; ``name`` is None for tables of unknown names, that ``by`` hides."""

    name: str | None
    access: str
    by: str | None = None

    @property
    def reads(self) -> bool:
        """Whether it is only read."""
        return self.access in ("reads", "loads")

    @property
    def makes(self) -> bool:
        """Whether it is there from then on."""
        return self.access in _MAKING


@dataclass(eq=False)
class Use:
    """What one asset does with one database; None for a database that the code does not show.

    ``read_only``: whether it opens it for reading alone, None where it doesn't open it itself or that isn't shown.
    """

    database: str | None
    read_only: bool | None = None
    tables: list[Used] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def made(self) -> list[Used]:
        """The tables that it makes, changes or drops."""
        return [used for used in self.tables if not used.reads]

    @property
    def read(self) -> list[Used]:
        """The tables of others that it reads."""
        own = {used.name for used in self.made if used.name is not None}
        return [used for used in self.tables if used.reads and used.name not in own]


@dataclass(eq=False)
class Node:
    """One asset. ``after`` are the assets that it depends on, in the order of their keys."""

    row: rows.Asset
    after: list[rows.Dependency] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its key; where the code does not show that, its function with a mark."""
        return self.row.asset if self.row.asset is not None else f"{self.row.function or '?'} (?)"

    def use(self, database: str | None) -> Use:
        """What it does with a database."""
        found = next((use for use in self.uses if use.database == database), None)
        if found is None:
            found = Use(database)
            self.uses.append(found)
        return found


@dataclass(frozen=True)
class Stored:
    """A table of a database, and the assets that make, change and read it."""

    name: str
    made_by: tuple[str, ...]
    changed_by: tuple[str, ...]
    read_by: tuple[str, ...]


@dataclass(frozen=True)
class Database:
    """A database, the assets that open it, and its tables as far as the code shows them."""

    name: str
    opened_by: tuple[str, ...]
    tables: tuple[Stored, ...]
    unknown_by: tuple[str, ...]  # what makes tables of unknown names in it


@dataclass(frozen=True)
class View:
    """Everything. ``hidden`` are code locations with further assets, of which nothing is known."""

    nodes: Sequence[Node]
    resources: Sequence[rows.Resource]
    conflicts: Sequence[rows.Conflict]
    hidden: Sequence[str]

    def upstream(self, node: Node, dependency: rows.Dependency) -> Node | None:
        """The asset that a dependency means; of several of one key the one whose file is nearest."""
        found = [n for n in self.nodes if n.row.asset == dependency.upstream is not None]
        return max(found, key=lambda n: _shared(n.row.path, node.row.path), default=None)

    def databases(self) -> Sequence[Database]:
        """Every database that an asset uses, by name."""
        by_name: dict[str, list[tuple[Node, Use]]] = {}
        for node in self.nodes:
            for use in node.uses:
                if use.database is not None and use.database not in MEMORY:
                    by_name.setdefault(use.database, []).append((node, use))
        return [_database(name, by_name[name]) for name in sorted(by_name)]


def view(facts: Facts) -> View:
    """The view on some facts; the assets of tests are left out."""
    nodes = [Node(row) for row in cast("Sequence[rows.Asset]", facts.table("assets")) if not row.is_test]
    by_key: dict[object, list[Node]] = {}
    by_function: dict[object, list[Node]] = {}
    for node in nodes:
        by_key.setdefault((node.row.path, node.row.line, node.row.asset), []).append(node)
        by_function.setdefault((node.row.path, node.row.function), []).append(node)
    for dependency in cast("Sequence[rows.Dependency]", facts.table("dependencies")):
        for node in by_key.get((dependency.path, dependency.line, dependency.asset), ()):
            node.after.append(dependency)
    for connection in cast("Sequence[rows.Connection]", facts.table("connections")):
        for node in by_function.get((connection.path, connection.function), ()):
            use = node.use(connection.database)
            writes = connection.read_only is False or use.read_only is False
            use.read_only = False if writes else connection.read_only
    for used in cast("Sequence[rows.Table]", facts.table("tables")):
        for node in by_function.get((used.path, used.function), ()):
            if used.asset == node.row.asset and not used.temporary:
                _add(node.use(used.database).tables, Used(_plain(used.table_name), used.access, used.unknown_by))
    conflicts = cast("Sequence[rows.Conflict]", facts.table("conflicts"))
    for conflict in conflicts:
        for node in nodes:
            if node.row.asset in conflict.assets and conflict.code not in node.use(conflict.database).conflicts:
                node.use(conflict.database).conflicts.append(conflict.code)
    resources = [
        row
        for row in cast("Sequence[rows.Resource]", facts.table("resources"))
        if not row.is_test and row.bound_by in DEFINING
    ]
    return View(nodes, resources, conflicts, facts.hidden)


def _add(tables: list[Used], used: Used) -> None:
    """A table is told of once for reading and once, by the strongest that is done, for writing."""
    strength = ("makes", "stores", "writes", "alters", "drops", "reads", "loads")
    for at, known in enumerate(tables):
        if (known.name, known.reads, known.by) == (used.name, used.reads, used.by):
            tables[at] = min(known, used, key=lambda each: strength.index(each.access))
            return
    tables.append(used)


def _plain(name: str | None) -> str | None:
    """A table without the schema that it is in anyway."""
    return None if name is None else name.removeprefix("main.")


def _database(name: str, uses: Iterable[tuple[Node, Use]]) -> Database:
    made: dict[str, list[str]] = {}
    changed: dict[str, list[str]] = {}
    read: dict[str, list[str]] = {}
    opened: list[str] = []
    unknown: list[str] = []
    for node, use in uses:
        if use.read_only is not None:
            opened.append(node.name)
        for used in use.tables:
            if used.name is None:
                unknown += [] if used.reads or used.by is None else [used.by]
                continue
            of: Mapping[str, list[str]] = read if used.reads else made if used.makes else changed
            for each in (made, changed, read):
                each.setdefault(used.name, [])
            of[used.name].append(node.name)
    tables = tuple(Stored(t, tuple(made[t]), tuple(changed[t]), tuple(read[t])) for t in sorted(made))
    return Database(name, tuple(dict.fromkeys(opened)), tables, tuple(dict.fromkeys(unknown)))


def _shared(one: str, other: str) -> int:
    """How many folders two files have in common."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one.split(os.sep), other.split(os.sep))))
