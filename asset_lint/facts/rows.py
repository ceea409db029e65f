"""The facts of a project as plain rows: which tables of them there are, and what stands in which column.

The dataclasses are the single description: the database, the JSON and what ``asset-lint query`` lists derive from it.
Lines and columns are counted from 1, an ``end_column`` is exclusive; NULL is what the code does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


def _column(doc: str) -> Any:
    return field(metadata={"doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row begins and ends with."""

    path: str = _column("The file, relative to where the command runs (in a rule: to the project's folder).")
    line: int = _column("Its first line.")
    column: int = _column("Its first column.")
    end_line: int = _column("Its last line.")
    end_column: int = _column("The column behind it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset(Row):
    """Every asset by its key: also those of factories and loops that can be unfolded, and those merely declared."""

    asset: str | None = _column("Its key, parts separated by `/`.")
    function: str | None = _column("The function that makes it; NULL if it is declared only.")
    kind: str = _column("asset, multi_asset, graph_asset, integration (dbt, dlt …), declared …")
    group_name: str | None = _column("Its group, where it is a constant.")
    pool: str | None = _column("Its pool, where it is a constant.")
    touches_duckdb: bool = _column("Whether its function, or what that calls, works with DuckDB.")
    is_test: bool = _column("Whether it stands in a test.")
    complete: bool = _column("Whether all its keys and dependencies could be read.")
    location: str = _column("The folder of its code location.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency(Row):
    """What each asset depends on directly. The place is the asset's."""

    asset: str | None = _column("The asset's key.")
    upstream: str | None = _column("The key of what it depends on.")
    by_value: bool = _column("Whether it receives the value, by a parameter.")
    known: bool = _column("Whether something in the project makes or declares the upstream asset.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Row):
    """What is bound as resources, by Definitions or otherwise. The place is the bound expression's."""

    key: str = _column("The key that it is bound to.")
    kind: str | None = _column("Its class.")
    database: str | None = _column("The database file that it opens, for resources and IO managers of dagster_duckdb.")
    bound_by: str | None = _column("The function that is given it: Definitions, materialize …")
    is_test: bool = _column("Whether it stands in a test.")
    location: str = _column("The folder of its code location.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Row):
    """Each place at which a function in reach of Dagster opens a DuckDB connection, itself or in what it calls."""

    assets: tuple[str, ...] = _column("The keys of the assets that the function makes; empty for helpers.")
    function: str = _column("The function.")
    variable: str | None = _column("The variable that holds it.")
    database: str | None = _column("The database file; `:memory:` is none, `:default:` DuckDB's default connection.")
    path_from: str = _column("Where the path comes from: literal, temporary, environment, field, upstream, unknown.")
    read_only: bool | None = _column("Whether it is opened for reading alone.")
    config: str | None = _column("What `config=` sets.")
    by_resource: bool = _column("Whether dagster_duckdb's resource opens it.")
    is_own: bool = _column("Whether the function calls what opens it itself, rather than a helper of the project.")
    leaks: str | None = _column("How it is left open, in words; NULL if it is closed on every way out.")
    opened_path: str = _column("The file of the call that opens it in the end.")
    opened_line: int = _column("The line of that call.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query(Row):
    """Each SQL text that a function in reach of Dagster gives to DuckDB, itself or in what it calls."""

    assets: tuple[str, ...] = _column("The keys of the assets that the function makes; empty for helpers.")
    function: str = _column("The function.")
    database: str | None = _column("The database file.")
    method: str = _column("The method or function that asks it: execute, sql …")
    statement: str | None = _column("Its first keyword, of the first statement.")
    sql: str | None = _column("Its text, with `{…}` where a value goes in.")
    complete: bool = _column("Whether the code shows every text that it may have.")
    parameters: bool = _column("Whether parameters are bound.")
    reads: tuple[str, ...] = _column("The tables that it reads.")
    writes: tuple[str, ...] = _column("The tables that it makes, changes or drops.")
    is_own: bool = _column("Whether the function asks it itself, rather than a helper of the project.")
    asked_path: str = _column("The file of the call itself.")
    asked_line: int = _column("The line of that call.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Row):
    """What each asset, or other function in reach of Dagster, does with which table; one row a table and access."""

    asset: str | None = _column("The asset's key; NULL for other functions.")
    function: str = _column("The function.")
    database: str | None = _column("The database file.")
    table_name: str | None = _column("The table, with its schema where one is given; NULL for tables of unknown names.")
    access: str = _column("makes, writes, alters, drops, reads, stores (by an IO manager), loads (by an IO manager).")
    temporary: bool = _column("Whether it is a temporary table.")
    unknown_by: str | None = _column("What hides the names: dbt, dlt, subprocess, SQL, IO manager …")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow(Row):
    """What `asset-lint check` finds, suppressed findings left out."""

    code: str = _column("The rule's code.")
    name: str = _column("The rule's name.")
    severity: str = _column("error, warning or info.")
    message: str = _column("What is wrong.")
    hint: str | None = _column("What to write instead.")
    function: str | None = _column("The function that it stands in.")
    fix: str | None = _column("The safety of its fix: safe, unsafe or display; NULL for none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict(Row):
    """Database files that assets would fight over, as AL207 and AL211 see it."""

    code: str = _column("AL207: several write at once. AL211: one opens it twice, in two configurations.")
    assets: tuple[str, ...] = _column("The assets; empty for a helper.")
    function: str = _column("The function at which it is reported.")
    database: str | None = _column("The database file.")


TABLES: Mapping[str, type[Row]] = {
    "assets": Asset,
    "dependencies": Dependency,
    "resources": Resource,
    "connections": Connection,
    "queries": Query,
    "tables": Table,
    "conflicts": Conflict,
    "findings": FindingRow,
}

_TYPES = {"str": "VARCHAR", "int": "INTEGER", "bool": "BOOLEAN", "tuple[str, ...]": "VARCHAR[]"}
_PLACE = frozenset(each.name for each in fields(Row))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of facts: its name, DuckDB's type, whether it may be NULL, and what stands in it."""

    name: str
    type: str
    nullable: bool
    doc: str


def columns(row: type[Row]) -> tuple[Column, ...]:
    """The columns of a table, those of the place last."""
    found = sorted(fields(row), key=lambda each: each.name in _PLACE)
    return tuple(
        Column(
            each.name, _TYPES[str(each.type).removesuffix(" | None")], "None" in str(each.type), each.metadata["doc"]
        )
        for each in found
    )
