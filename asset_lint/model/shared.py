"""The default connection of the module ``duckdb``: what a function does on it, and whether that stays there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Place

if TYPE_CHECKING:
    from .assets import Function
    from .sql import Statement, Table

KEEPING = {
    "register": "registers a view",
    "unregister": "takes a view away",
    "append": "writes to a table",
    "appender": "writes to a table",
    "create": "makes a table",
    "create_view": "makes a view",
    "to_table": "makes a table",
    "to_view": "makes a view",
    "insert_into": "writes to a table",
    "update": "writes to a table",
    "table": "reads a table",
    "view": "reads a view",
    "create_function": "makes a function",
    "remove_function": "takes a function away",
    "begin": "begins a transaction",
    "commit": "ends a transaction",
    "rollback": "ends a transaction",
}
"""Functions of the module, and methods of relations, that leave something behind or read what was left."""

ASKING = re.compile(r"^(?:read_\w+|from_\w+|query_df|values|table_function)$")
SETTING = re.compile(r"^\s*(?:SET|RESET)\s+(?:(?:SESSION|GLOBAL|LOCAL|VARIABLE|PERSIST)\s+)?\"?(\w+)|=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SharedUse:
    """One thing that a function does on the default connection. ``keeps``: it makes, alters or reads a table, a view
    or a setting there; then ``what`` says so."""

    call: Place
    what: str
    keeps: bool


def shared_uses(function: Function, calls: Mapping[ast.AST, str]) -> list[SharedUse]:
    """What a function itself does on the default connection, in the order of the source; ``calls`` are those that hand
    over no SQL, by the name of what they call."""
    found: list[SharedUse] = []
    for query in function.queries:
        if query.on_default_connection:
            what = next((w for s in query.statements if (w := _left_behind(s, function))), "")
            found.append(SharedUse(query.call, what, bool(what)))
    for node, name in calls.items():
        if name in KEEPING or ASKING.match(name):
            found.append(SharedUse(Place(function.module, node), KEEPING.get(name, ""), name in KEEPING))
    return sorted(found, key=lambda use: use.call.span.start)


def _left_behind(statement: Statement, function: Function) -> str:
    """What a statement makes, alters or reads that belongs to the connection; "" if nothing is shown."""
    if statement.is_ddl:
        targets = statement.makes or statement.drops or statement.alters
        return f"makes or alters {_named(targets) or 'what the database holds'}"
    if statement.is_write:
        return f"writes to {_named(statement.writes) or 'the database'}"
    if statement.keyword in ("SET", "RESET", "PRAGMA", "USE"):
        match = SETTING.search(statement.text)
        setting = match and match.group(1)
        if match is None and statement.keyword == "PRAGMA":
            return ""
        return f"sets `{setting}`" if setting else "changes a setting"
    own = {name.lower() for name in _names_in_sight(function)}
    tables = tuple(t for t in statement.reads if t.is_known and not t.is_catalogue and (t.schema or t.name not in own))
    return f"reads {_named(tables)}" if tables else ""


def _names_in_sight(function: Function) -> Iterator[str]:
    """The names that a replacement scan may find: a frame of that name is no table."""
    scope = function.definition.inner
    while scope is not None:
        yield from scope.names
        scope = scope.parent  # type: ignore[assignment]


def _named(tables: tuple[Table, ...]) -> str:
    known = [f"`{table}`" for table in tables if table.is_known]
    return ", ".join(known[:2])
