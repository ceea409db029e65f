"""Into what a DuckDB result is to be converted before it leaves: what the annotation asks for, else what the module
works with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .facts import CONNECTION_TYPES, RELATION_TYPES
from .index import Class, Imported
from .names import External

if TYPE_CHECKING:
    from .assets import Function

BY_TYPE = {
    "pandas.DataFrame": "df",
    "pandas.core.frame.DataFrame": "df",
    "polars.DataFrame": "pl",
    "pyarrow.Table": "to_arrow_table",
}
LISTS = frozenset(("builtins.list", "typing.List", "typing.Sequence", "collections.abc.Sequence", "typing.Iterable"))
VAGUE = frozenset(
    """builtins.dict builtins.tuple builtins.set builtins.object typing.Any typing.Dict typing.Tuple typing.Mapping
    typing.Optional typing.Union typing.Iterator typing.Generator typing.Iterable collections.abc.Iterator
    collections.abc.Generator collections.abc.Mapping dagster.Output dagster.MaterializeResult""".split()
)


def conversion_of(function: Function) -> str | None:
    """The method to convert with: ``df``, ``pl``, ``to_arrow_table``, ``fetchall``; None if none would fit."""
    annotation = function.node.returns
    if annotation is None:
        return _of_module(function)
    return _of_type(function, annotation) or None


def _of_type(function: Function, node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return ""
    if isinstance(node, ast.BinOp):
        return _of_type(function, node.left) or _of_type(function, node.right)
    if isinstance(node, ast.Constant):
        return ""
    head = node.value if isinstance(node, ast.Subscript) else node
    name = _name(function, head)
    parts: list[ast.expr] = []
    if isinstance(node, ast.Subscript):
        parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    inner = next((found for part in parts if (found := _of_type(function, part))), "")
    if name in BY_TYPE:
        return BY_TYPE[name]
    if name in CONNECTION_TYPES or name in RELATION_TYPES:
        return _of_module(function)
    if name in LISTS:
        if inner:
            return inner
        rows = parts and _name(function, parts[0].value if isinstance(parts[0], ast.Subscript) else parts[0])
        return "fetchall" if not parts or rows in ("builtins.tuple", "typing.Tuple", "typing.Any", "builtins.list") else ""
    if name in VAGUE or not name:
        return inner or (_of_module(function) if not parts or name not in LISTS and _all_vague(function, parts) else "")
    return inner


def _all_vague(function: Function, parts: list[ast.expr]) -> bool:
    names = [_name(function, p.value if isinstance(p, ast.Subscript) else p) for p in parts]
    return all(not n or n in VAGUE or n == "builtins.str" for n in names)


def _name(function: Function, node: ast.expr) -> str:
    """The dotted name of a type; "" for a class of the project, whose fields may be anything."""
    assert function.project is not None
    scope = function.definition.scope
    targets = function.project.names.resolve(node, scope)
    for target in targets:
        if isinstance(target, External):
            return target.name
        if isinstance(target, Class):
            return ""
    if isinstance(node, ast.Name) and scope.lookup(node.id) is None:
        return f"builtins.{node.id}"
    return "?"


def _of_module(function: Function) -> str:
    imported = {
        binding.name.partition(".")[0]
        for bindings in function.module.scope.names.values()
        for binding in bindings
        if isinstance(binding, Imported)
    }
    if "pandas" in imported:
        return "df"
    if "polars" in imported:
        return "pl"
    return "to_arrow_table" if "pyarrow" in imported else "df"


def names_duckdb_type(function: Function) -> bool:
    """Whether the return annotation is DuckDB's own relation or connection, which would then be wrong."""
    node = function.node.returns
    return node is not None and _name(function, node) in CONNECTION_TYPES | RELATION_TYPES


FRAMES = {"df": ("pandas", "DataFrame"), "pl": ("polars", "DataFrame"), "to_arrow_table": ("pyarrow", "Table")}
"""Where the type of a conversion's result is imported from."""
