"""A process that makes database files, and says what is in them, for a parent that must open none.

Requests come as JSON lines on standard input, answers go as JSON lines to standard output.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import re
import sys
from typing import Any

import duckdb

_ROWS = 100_000  # that are compared of a table

_TABLES = (
    "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND database_name = current_database() "
    "ORDER BY ALL"
)


def build(request: dict[str, Any]) -> dict[str, Any]:
    """A database at ``path``, from ``setup`` or what is already there, in the ``variant`` that a scenario wants.

    Files that ``setup`` writes, with relative paths, come to stand beside it; those of ``data`` too.
    """
    os.chdir(os.path.dirname(request["path"]))
    for name, sql in request["data"].items():
        _write(name, sql, request["variant"])
    with duckdb.connect(request["path"]) as connection:
        if request["setup"] and request["variant"] != "no tables":
            connection.execute(request["setup"])
        tables = connection.execute(_TABLES).fetchall()
        for schema, table in tables:
            _vary(connection, f'"{schema}"."{table}"', request["variant"])
        return {"tables": [table for schema, table in tables if schema == "main"]}


def _write(name: str, sql: str, variant: str) -> None:
    """A file of the rows of the table ``data`` that ``sql`` makes."""
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    suffix = name.rpartition(".")[2].lower()
    kind = "PARQUET" if suffix == "parquet" else "CSV, HEADER" if suffix in ("csv", "tsv") else "JSON"
    if suffix == "tsv":
        kind += r", DELIMITER '\t'"
    elif suffix == "json":
        kind += ", ARRAY true"
    with duckdb.connect() as connection:
        connection.execute(sql)
        if variant != "no tables":
            _vary(connection, "data", variant)
        connection.execute(f"COPY data TO '{name.replace(chr(39), chr(39) * 2)}' (FORMAT {kind})")


def _vary(connection: Any, table: str, variant: str) -> None:
    columns = connection.execute(f"DESCRIBE {table}").fetchall()
    if variant == "no tables":
        connection.execute(f"DROP TABLE IF EXISTS {table} CASCADE")
    elif variant == "no rows":
        connection.execute(f"DELETE FROM {table}")
    elif variant in ("changed", "other database"):
        with contextlib.suppress(duckdb.Error):  # a key may forbid it
            connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")
    elif variant in ("nulls", "quotes"):
        for name, kind, *_ in columns:
            column = f'"{name}"'
            with contextlib.suppress(duckdb.Error):  # a constraint may forbid it
                if variant == "nulls":
                    connection.execute(f"UPDATE {table} SET {column} = NULL WHERE rowid % 2 = 0")
                elif kind == "VARCHAR":
                    connection.execute(f"UPDATE {table} SET {column} = {column} || '''s'")


def dump(request: dict[str, Any]) -> dict[str, Any]:
    """What the tables at ``path`` hold: columns, number of rows, a digest that does not depend on their order."""
    found: dict[str, Any] = {}
    with duckdb.connect(request["path"]) as connection:
        for schema, table in connection.execute(_TABLES).fetchall():
            columns = [
                f"{name} {kind}" for name, kind, *_ in connection.execute(f'DESCRIBE "{schema}"."{table}"').fetchall()
            ]
            rows = connection.execute(f'SELECT * FROM "{schema}"."{table}" LIMIT {_ROWS}').fetchall()
            texts = sorted(repr([_timeless(value) for value in row]) for row in rows)
            digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]
            name = table if schema == "main" else f"{schema}.{table}"
            found[name] = {"columns": columns, "rows": len(rows), "digest": digest}
    return {"tables": found}


def _timeless(value: object) -> object:
    """A value; but what another run would say otherwise, the time and the ids of runs, is one and the same."""
    if isinstance(value, str):
        return _UUID.sub("id", value)
    if isinstance(value, datetime.datetime):
        return "now" if abs((datetime.datetime.now() - value.replace(tzinfo=None)).days) < 2 else value
    return value


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_held: list[Any] = []


def hold(request: dict[str, Any]) -> dict[str, Any]:
    """Read a database until ``release``."""
    _held.append(duckdb.connect(request["path"], read_only=True))
    return {}


def release(request: dict[str, Any]) -> dict[str, Any]:
    """End what ``hold`` began."""
    while _held:
        _held.pop().close()
    return {}


_WORK = {"build": build, "dump": dump, "hold": hold, "release": release}


def main() -> None:
    """Answer until the input ends."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _WORK[request["do"]](request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=output, flush=True)


if __name__ == "__main__":
    main()
