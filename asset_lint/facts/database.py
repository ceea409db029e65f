"""The facts as tables of an in-memory DuckDB that can reach nothing else: no file, no network, no variable of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asset_lint.errors import UsageError

from .rows import TABLES, Row, columns

if TYPE_CHECKING:
    import duckdb

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
_LOCKED = ("errors_as_json = true", "enable_external_access = false", "lock_configuration = true")
_ANY_TABLE = re.compile(r"\bquery(?:_table)?\s*\(", re.IGNORECASE)


class SqlError(Exception):
    """What DuckDB, or we, have against a statement. ``line`` and ``column`` are 1-based, None without a place."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gives: the names of its columns, and its rows."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class FactsDatabase:
    """Answers SQL about facts. ``table`` gives the rows of a table when a statement first names it.

    Raises UsageError where DuckDB isn't installed; ``purpose`` says in the message what needs it.
    """

    def __init__(self, table: Callable[[str], Sequence[Row]], purpose: str) -> None:
        try:
            import duckdb
        except ModuleNotFoundError as error:
            if error.name != "duckdb":
                raise
            raise UsageError(f'{purpose} needs duckdb: pip install "asset-lint[query]"') from None
        self._duckdb = duckdb
        self._table = table
        self._filled: set[str] = set()
        self._connection = duckdb.connect(":memory:", config=_CONFIG)
        for name, row in TABLES.items():
            listed = ", ".join(f'"{each.name}" {each.type}' for each in columns(row))
            self._connection.execute(f"CREATE TABLE {name} ({listed})")
        for setting in _LOCKED:
            self._connection.execute(f"SET {setting}")

    def __enter__(self) -> FactsDatabase:
        return self

    def __exit__(self, *raised: object) -> None:
        self._connection.close()

    def ask(self, sql: str) -> Answer:
        """The answer to one statement; raises SqlError."""
        try:
            count = len(self._connection.extract_statements(sql))
            if count != 1:
                raise SqlError("there is no statement" if count == 0 else f"expected one statement, got {count}")
            for name in TABLES:
                if name not in self._filled and (_names(sql, name) or _ANY_TABLE.search(sql)):
                    self._fill(name)
            result = self._connection.execute(sql)
            return Answer(tuple(each[0] for each in result.description or ()), result.fetchall())
        except self._duckdb.Error as error:
            raise _told(error, sql) from None
        except UnicodeEncodeError:
            raise SqlError("the statement is no valid text") from None

    def _fill(self, name: str) -> None:
        self._filled.add(name)
        rows = self._table(name)
        if rows:
            listed = columns(TABLES[name])
            values = [[_value(getattr(row, each.name)) for row in rows] for each in listed]
            selected = ", ".join(f"unnest(?::{each.type}[])" for each in listed)
            self._connection.execute(f"INSERT INTO {name} SELECT {selected}", values)


def _names(sql: str, table: str) -> bool:
    return re.search(rf"\b{table}\b", sql, re.IGNORECASE) is not None


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _told(error: duckdb.Error, sql: str) -> SqlError:
    """DuckDB's error in words, with the place in the text where it says one."""
    text = str(error)
    start = text.find("{")
    try:
        told = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        told = {}
    if "exception_message" not in told:
        return SqlError(text)
    message = f"{told.get('exception_type', 'DuckDB')} Error: {told['exception_message']}"
    position = str(told.get("position", ""))
    if not position.isdigit():
        return SqlError(message)
    before = sql.encode()[: int(position)].decode("utf-8", "ignore")
    return SqlError(message, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
