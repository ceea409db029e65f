"""Into what a DuckDB result is to be converted before it leaves: what the annotation asks for, else what the module
works with."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

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
OPEN = frozenset(
    """builtins.object typing.Any typing.Optional typing.Union dagster.Output dagster.MaterializeResult
    typing.Iterator typing.Generator typing.Iterable collections.abc.Iterator collections.abc.Generator""".split()
)
"""Annotations that say nothing of the kind."""

PLAIN = frozenset("builtins.int builtins.float builtins.str builtins.bool builtins.bytes".split())


def conversion_of(function: Function, *, whole: bool) -> str | None:
    """The method to convert with: ``df``, ``pl``, ``to_arrow_table``, ``fetchall``; None if none would fit.

    ``whole``: the value is all that the function gives, not an element of it.
    """
    annotation = function.node.returns
    if annotation is None:
        return _of_module(function)
    if explicit := _explicit(function, annotation):
        return explicit
    head = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = _name(function, head)
    if name in LISTS and whole:
        return "fetchall" if _rows_fit(function, annotation) else None
    if name in OPEN or name in CONNECTION_TYPES or name in RELATION_TYPES:
        return _of_module(function)
    return None if whole or name in PLAIN else _of_module(function)


def _explicit(function: Function, node: ast.expr) -> str:
    """The conversion to a frame type that an annotation names anywhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return ""
    for part in all_nodes(node):
        if isinstance(part, (ast.Name, ast.Attribute)) and (found := BY_TYPE.get(_name(function, part))):
            return found
    return ""


def _rows_fit(function: Function, node: ast.expr) -> bool:
    """Whether ``fetchall()``, a list of tuples, is what a list annotation promises."""
    if not isinstance(node, ast.Subscript):
        return True
    inner = node.slice.value if isinstance(node.slice, ast.Subscript) else node.slice
    return _name(function, inner) in ("builtins.tuple", "typing.Tuple", "typing.Any", "builtins.object")


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


def return_type_of(function: Function) -> str:
    """The dotted name of a return annotation; "" where there is none, or it is not a library's or builtin."""
    node = function.node.returns
    name = "" if node is None else _name(function, node.value if isinstance(node, ast.Subscript) else node)
    return "" if name == "?" else name


def names_duckdb_type(function: Function) -> bool:
    """Whether the return annotation is DuckDB's own relation or connection, which would then be wrong."""
    node = function.node.returns
    return node is not None and _name(function, node) in CONNECTION_TYPES | RELATION_TYPES


FRAMES = {"df": ("pandas", "DataFrame"), "pl": ("polars", "DataFrame"), "to_arrow_table": ("pyarrow", "Table")}
"""Where the type of a conversion's result is imported from."""
