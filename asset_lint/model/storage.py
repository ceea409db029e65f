"""Who stores what an asset gives: the IO manager that the project binds, judged by what it does with DuckDB objects."""

from __future__ import annotations

import ast
import enum
import re
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .names import External
from .values import Alternatives, Const, LibraryInstance, Value

if TYPE_CHECKING:
    from .assets import Function

PICKLING = re.compile(
    r"^dagster(_\w+)*\.(\w+\.)*(fs_io_manager|FilesystemIOManager|\w*[Pp]ickle\w*(io_manager|IOManager)\w*)$"
)
TABULAR = re.compile(r"^dagster_(duckdb|snowflake|gcp|deltalake|iceberg)\w*\.(\w+\.)*(\w+IOManager|\w+_io_manager)$")
MEMORY = re.compile(r"^dagster(_\w+)*\.(\w+\.)*(mem_io_manager|InMemoryIOManager)$")
DUCKDB = re.compile(r"^dagster_duckdb\w*\.(\w+\.)*\w+IOManager$")


class Storage(enum.Enum):
    """What happens to a relation or connection that an asset gives."""

    FAILS = "it is pickled, or refused"
    UNKNOWN = "it may be kept"


def storage_of(function: Function) -> Storage:
    """What the IO managers bound for a compute function's outputs do with DuckDB's own objects.

    With no binding anywhere Dagster's default pickles to the file system.
    """
    keys, defined = _keys(function)
    if defined:
        return Storage.UNKNOWN
    assert function.project is not None
    facts = function.project.facts
    bindings = facts.bindings(function.project.location_of(function.module.file))
    for key in keys:
        for values in bindings.get(key, ()):
            if not _fails(values):
                return Storage.UNKNOWN
        if key != "io_manager" and key not in bindings:
            return Storage.UNKNOWN
    return Storage.FAILS


def stores_no_table(function: Function) -> bool:
    """Whether it is shown that nothing stores a compute function's output as a table of a database."""
    keys, defined = _keys(function)
    if defined or function.project is None:
        return False
    bindings = function.project.facts.bindings(function.project.location_of(function.module.file))
    bound = [value for key in keys for values in bindings.get(key, ()) for value in values]
    return all(isinstance(v, (LibraryInstance, External)) and PICKLING.match(v.name) for v in bound) and all(
        key == "io_manager" or key in bindings for key in keys
    )


def duckdb_storage_of(function: Function) -> str | None:
    """The database file in which dagster_duckdb's IO manager stores a compute function's outputs, "" where that can't
    be told; None where it is not shown that such a manager stores them."""
    values = _bound(function)
    if not values or not all(isinstance(v, LibraryInstance) and DUCKDB.match(v.name) for v in values):
        return None
    files = {value.file for value in values if isinstance(value, LibraryInstance)}
    return files.pop() if len(files) == 1 else ""


def io_manager_key(function: Function) -> str:
    """The key of the one IO manager of a compute function's outputs; "" where there are several."""
    keys, _ = _keys(function)
    return next(iter(keys)) if len(keys) == 1 else ""


def duckdb_file_of(function: Function) -> str:
    """The database file that dagster_duckdb's IO manager opens for a compute function's outputs; "" if it has none."""
    return duckdb_storage_of(function) or ""


def stored_out_of_sight(function: Function) -> bool:
    """Whether an IO manager that can't be read, the project's own say, stores a compute function's outputs."""
    _, defined = _keys(function)
    known = (PICKLING, MEMORY, TABULAR)
    return defined or not all(
        isinstance(v, (LibraryInstance, External)) and any(each.match(v.name) for each in known)
        for v in _bound(function)
    )


def _bound(function: Function) -> Alternatives:
    """What the project binds under the one key of a compute function's IO manager; empty where there are several."""
    keys, defined = _keys(function)
    if defined or len(keys) != 1:
        return ()
    assert function.project is not None
    bindings = function.project.facts.bindings(function.project.location_of(function.module.file))
    return tuple(value for key in keys for values in bindings.get(key, ()) for value in values)


def _fails(values: Alternatives) -> bool:
    return bool(values) and all(_value_fails(value) for value in values)


def _value_fails(value: Value) -> bool:
    if isinstance(value, Const):
        return value.value is None
    if isinstance(value, (LibraryInstance, External)):
        return bool(PICKLING.match(value.name) or TABULAR.match(value.name))
    return False


def _keys(function: Function) -> tuple[set[str], bool]:
    """The IO manager keys named in the decorator, and whether it defines one of its own."""
    keys: set[str] = set()
    defined = False
    if function.decorator is not None:
        for node in all_nodes(function.decorator):
            if isinstance(node, ast.keyword) and node.arg == "io_manager_key":
                keys.add(
                    node.value.value
                    if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
                    else "?"
                )
            elif isinstance(node, ast.keyword) and node.arg == "io_manager_def":
                defined = True
            elif isinstance(node, ast.keyword) and node.arg is None:
                defined = defined or not isinstance(node.value, ast.Dict)
    return keys or {"io_manager"}, defined


def keeps_values_in_files(function: Function) -> bool:
    """Whether what an asset gives is surely kept by Dagster's own default, its files or its memory.

    Such a store holds nothing of an asset that gave nothing. Unclear where the project binds a store that can't be
    read, or where its resources are put together out of sight.
    """
    keys, defined = _keys(function)
    assert function.project is not None
    location = function.project.location_of(function.module.file)
    facts = function.project.facts
    if defined or keys != {"io_manager"} or function.project.has_components(location) or facts.hides_bindings(location):
        return False
    return all(
        isinstance(value, (LibraryInstance, External)) and bool(PICKLING.match(value.name) or MEMORY.match(value.name))
        for values in facts.bindings(location).get("io_manager", ())
        for value in values
    )
