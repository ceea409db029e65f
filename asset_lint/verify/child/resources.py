"""Resources, configuration and upstream values for a run: the user's where there are some, else made by type."""

from __future__ import annotations

import contextlib
import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster
import dagster_duckdb
import duckdb
import pandas

from asset_lint.evidence import Scenario

from .loading import Loaded, Target

_DATABASE = ("database", "db", "path", "file", "filename", "duckdb")
_READERS = {".csv": pandas.read_csv, ".parquet": pandas.read_parquet, ".json": pandas.read_json}


def resources_for(target: Target, loaded: Loaded, database: str, scenario: Scenario) -> dict[str, Any]:
    """A resource for each key that ``target`` requires; what Definitions bind opens ``database`` instead of its own."""
    found: dict[str, Any] = {}
    hints = hints_of(target.function)
    for key in target.definition.required_resource_keys:
        if key in loaded.resources:
            found[key] = redirected(loaded.resources[key], database)
        elif not key.endswith("io_manager"):
            found[key] = made(hints.get(key), database, scenario)
    return found


def hints_of(function: Any) -> dict[str, Any]:
    """The annotations of a function, resolved as far as they can be."""
    if function is None:
        return {}
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=False)
    except Exception:
        return dict(getattr(function, "__annotations__", {}))


def redirected(resource: Any, database: str) -> Any:
    """A resource of dagster_duckdb's, with the path of ``database``; any other as it is."""
    kind = type(resource)
    duck = any(base.__module__.startswith("dagster_duckdb") for base in kind.__mro__)
    if duck and "database" in getattr(kind, "model_fields", {}):
        fields = {name: getattr(resource, name) for name in kind.model_fields if name != "database"}
        with contextlib.suppress(Exception):
            return kind(database=database, **fields)
    return resource


def made(kind: Any, database: str, scenario: Scenario = Scenario.NORMAL) -> Any:
    """A resource of a type; one of DuckDB's where the type does not say."""
    if kind is duckdb.DuckDBPyConnection:
        return _connection(database)
    if not isinstance(kind, type) or not issubclass(kind, dagster.ConfigurableResource):
        return dagster_duckdb.DuckDBResource(database=database)
    if kind is dagster.ConfigurableResource:
        return dagster_duckdb.DuckDBResource(database=database)
    return kind(**fields_for(kind, database, scenario))


def fields_for(kind: Any, database: str, scenario: Scenario) -> dict[str, Any]:
    """Values for the fields of a resource or Config class: the database where a name says so, else what must be."""
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, dagster.ConfigurableResource):
            values[name] = made(annotation, database, scenario)
        elif annotation is str and any(word in name.lower().split("_") for word in _DATABASE):
            values[name] = database
        elif field.is_required():
            values[name] = _text(name, scenario) if annotation is str else _sample(annotation)
        elif scenario is Scenario.QUOTES and isinstance(field.default, str):
            values[name] = f"{field.default}'s"
    return values


def _sample(kind: Any) -> Any:
    origin = typing.get_origin(kind)
    samples = {int: 1, float: 1.0, bool: True, str: "a", list: [], dict: {}}
    return samples.get(origin or kind, None if origin is typing.Union else "a")


def _connection(database: str) -> Any:
    @dagster.resource
    def connection(_: Any) -> Iterator[Any]:
        opened = duckdb.connect(database)
        try:
            yield opened
        finally:
            opened.close()

    return connection


def config_for(target: Target, given: dict[str, Any], database: str, scenario: Scenario) -> dict[str, Any]:
    """The configuration of ``target``'s op: ``given``, and what else is required."""
    schema = getattr(target.definition.node_def, "config_schema", None)
    fields = getattr(getattr(schema, "config_type", None), "fields", None) or {}
    config = {}
    for name, field in fields.items():
        if name in given:
            config[name] = given[name]
        elif field.is_required:
            config[name] = _config_sample(name, field.config_type, database, scenario)
        elif scenario is Scenario.QUOTES and isinstance(default := _default(field), str):
            config[name] = f"{default}'s"
    return config


def _default(field: Any) -> Any:
    return field.default_value if field.default_provided else None


def _config_sample(name: str, kind: Any, database: str, scenario: Scenario) -> Any:
    key = str(kind.key)
    for word, value in (("Array", []), ("Int", 1), ("Float", 1.0), ("Bool", True), ("Map", {}), ("Permissive", {})):
        if word in key:
            return value
    return database if any(word in name.lower().split("_") for word in _DATABASE) else _text(name, scenario)


def _text(name: str, scenario: Scenario) -> str:
    """A text for a field of that name."""
    words = name.lower().split("_")
    text = "2024-01-01" if "date" in words or "day" in words else "a"
    return f"{text}'s" if scenario is Scenario.QUOTES else text


def upstreams_for(targets: list[Target], loaded: Loaded, task: dict[str, Any], scenario: Scenario) -> list[Any]:
    """Assets that give a value to each input that no asset of the user's provides."""
    made_here = {key for target in targets for key in target.definition.keys} if targets else set()
    stubs: dict[Any, Any] = {}
    for target in targets:
        for name, key in target.definition.keys_by_input_name.items():
            if key not in made_here and key not in stubs:
                hint = hints_of(target.function).get(name)
                file = task["inputs"].get(key.path[-1]) or task["inputs"].get(name)
                stubs[key] = _stub(key, varied(_value(file, hint), scenario), target.definition.partitions_def)
    return list(stubs.values())


def _stub(key: Any, value: Any, partitions: Any) -> Any:
    @dagster.asset(key=key, partitions_def=partitions)
    def stub() -> Any:
        return value

    return stub


def _value(file: str | None, hint: Any) -> Any:
    if file is not None:
        path = Path(file)
        if path.suffix == ".py":
            return eval(path.read_text(), {"pd": pandas})
        frame = _READERS[path.suffix](path)
        return converted(frame, hint)
    if hint in (inspect.Parameter.empty, None) or getattr(hint, "__name__", "") == "DataFrame":
        return converted(pandas.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"]}), hint)
    return _sample(hint)


def converted(frame: Any, hint: Any) -> Any:
    """A pandas frame as the kind of frame that a parameter asks for."""
    module = getattr(hint, "__module__", "").partition(".")[0]
    if module == "polars":
        import polars

        made = polars.from_pandas(frame)
        return made.lazy() if hint.__name__ == "LazyFrame" else made
    if module == "pyarrow":
        import pyarrow

        return pyarrow.Table.from_pandas(frame)
    if getattr(hint, "__name__", "") == "list" or typing.get_origin(hint) is list:
        return frame.to_dict("records")
    return frame


def varied(value: Any, scenario: Scenario) -> Any:
    """An upstream value as the scenario wants it: empty, with missing values, with quotes."""
    module, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if kind == "str" and scenario is Scenario.QUOTES:
        return f"{value}'s"
    if kind not in ("DataFrame", "Table") or scenario not in (Scenario.NO_ROWS, Scenario.NULLS, Scenario.QUOTES):
        return value
    frame = value if module == "pandas" else value.to_pandas()
    if scenario is Scenario.NO_ROWS:
        frame = frame.head(0)
    elif scenario is Scenario.NULLS:
        frame = frame.astype(object).where([[row % 2 == 1] * len(frame.columns) for row in range(len(frame))], None)
    else:
        frame = frame.map(lambda cell: f"{cell}'s" if isinstance(cell, str) else cell)
    return converted(frame, type(value))
