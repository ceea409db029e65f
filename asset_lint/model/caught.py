"""The exceptions that an ``except`` clause names, and which of DuckDB's it therefore sees."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .index import Class, Scope
from .knowledge import duckdb_exceptions
from .names import Expression, External

if TYPE_CHECKING:
    from .analysis import Raised
    from .names import Names

WIDE = frozenset(("Exception", "BaseException"))
MAX_DEPTH = 4  # tuples of exceptions named by tuples of exceptions


class Sight(enum.Enum):
    """Which of the errors that DuckDB raises a clause sees."""

    ALL = "all"  # ``duckdb.Error`` or a base of it
    SOME = "some"  # a subclass: ``duckdb.CatalogException``
    UNCLEAR = "unclear"
    NONE = "none"


def caught_names(node: ast.expr | None, names: Names, scope: Scope, depth: int = 0) -> Iterator[str]:
    """The dotted names of the classes that an ``except`` names, builtin ones bare, "" for one that isn't known.

    ``except:`` names ``BaseException``.
    """
    if node is None:
        yield "BaseException"
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from caught_names(element, names, scope, depth)
    elif isinstance(node, ast.Name) and scope.lookup(node.id) is None and not scope.module.star_imports:
        yield node.id
    else:
        targets = names.resolve(node, scope)
        for target in targets:
            if isinstance(target, External):
                yield _public(target.name)
            elif isinstance(target, Class):
                yield f"{target.module.name}.{target.qualified_name}"
            elif isinstance(target, Expression) and depth < MAX_DEPTH and isinstance(target.value, ast.Tuple):
                yield from caught_names(target.value, names, target.scope, depth + 1)
            else:
                yield ""
        if not targets:
            yield node.id if isinstance(node, ast.Name) and node.id in WIDE else ""


def sight_of(handler: ast.ExceptHandler, names: Names, scope: Scope) -> Sight:
    """Which of DuckDB's errors a clause sees, of those that no clause before it takes."""
    found = {sight_of_name(name) for name in caught_names(handler.type, names, scope)}
    return next((sight for sight in Sight if sight in found), Sight.NONE)


def names_duckdb(handler: ast.ExceptHandler, names: Names, scope: Scope) -> bool:
    """Whether a clause names an exception of DuckDB's."""
    return any(name.startswith("duckdb.") for name in caught_names(handler.type, names, scope))


def catches(handler: ast.ExceptHandler, raised: Raised, names: Names, scope: Scope) -> bool | None:
    """Whether a clause sees an exception of that kind: True, False, or None for perhaps."""
    perhaps = False
    for name in caught_names(handler.type, names, scope):
        answer = True if name in WIDE else _matches(name, raised.name)
        if answer:
            return True
        perhaps = perhaps or answer is None
    return None if perhaps else False


def _public(name: str) -> str:
    """A DuckDB exception by the name that every version has it under."""
    for inner in ("duckdb.duckdb.", "_duckdb."):
        if name.startswith(inner):
            return f"duckdb.{name.removeprefix(inner)}"
    return name


def sight_of_name(name: str) -> Sight:
    """Which of DuckDB's errors are of a class of that name, see :func:`caught_names`."""
    if name in WIDE or name == "duckdb.Error":
        return Sight.ALL
    if name.startswith("duckdb."):
        return Sight.SOME
    return Sight.NONE if name else Sight.UNCLEAR


def _matches(handled: str, raised: str) -> bool | None:
    if not raised or not handled:
        return None
    if handled == raised:
        return True
    if handled.startswith("duckdb.") and raised.startswith("duckdb."):
        bases = duckdb_exceptions()
        current: str | None = raised[len("duckdb.") :]
        while current is not None and current in bases:
            current = bases[current]
            if current == handled[len("duckdb.") :]:
                return True
        return None
    if handled.startswith("duckdb.") or raised.startswith("duckdb."):
        return False if "." in handled or handled in ("ValueError", "KeyError", "TypeError") else None
    return None
