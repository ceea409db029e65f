"""Which names are taken where: for fixes, which must never write a name that stands for something else.

Errs towards "taken": names of comprehensions count for the function around them, a name that is bound anywhere in a
scope is bound in all of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, nodes_in

if TYPE_CHECKING:
    from asset_lint.source import Source

_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_Scope = (*_Function, ast.ClassDef)
Import = ast.Import | ast.ImportFrom
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def scopes_at(tree: ast.Module, source: Source, offset: int) -> list[Scope]:
    """The scopes that a name at ``offset`` is looked up in, the innermost first, the module last.

    A decorator, a default and an annotation count as inside of their function: its names may hide theirs from a reader.
    """
    found: list[Scope] = [tree]
    line, _ = source.place(offset)
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop()
        end_line = getattr(node, "end_lineno", None)
        if end_line is not None and not _first_line(node) <= line <= end_line:
            continue
        if isinstance(node, _Scope) and _holds(source, node, offset):
            found.append(node)
            nodes.clear()  # siblings can't hold the place too
        nodes.extend(nodes_in(node))
    innermost, *outer = reversed(found)
    return [innermost, *(scope for scope in outer if not isinstance(scope, ast.ClassDef))]


@lru_cache(maxsize=256)  # the fixes of one file ask the same again and again
def bindings(scope: Scope) -> tuple[tuple[str, ast.AST, Import | None], ...]:
    """Every name that ``scope`` binds, with the node that binds it; for an import its alias, and the statement."""
    return tuple(_bindings(scope))


def _bindings(scope: Scope) -> Iterator[tuple[str, ast.AST, Import | None]]:
    if isinstance(scope, _Function):
        arguments = scope.args
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ):
            if argument is not None:
                yield argument.arg, argument, None
    nodes: list[ast.AST] = [scope.body] if isinstance(scope, ast.Lambda) else list(scope.body)
    elsewhere: set[str] = set()
    found: list[tuple[str, ast.AST, Import | None]] = []
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.append((node.id, node, None))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.extend((alias.asname or alias.name.partition(".")[0], alias, node) for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.append((node.name, node, None))
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.append((node.name, node, None))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.append((node.rest, node, None))
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            elsewhere.update(node.names)
        if isinstance(node, _Scope):
            if not isinstance(node, ast.Lambda):
                found.append((node.name, node, None))
            nodes.extend(_header(node))
        else:
            nodes.extend(nodes_in(node))
    yield from (binding for binding in found if binding[0] not in elsewhere)


@lru_cache(maxsize=8)
def made_global(tree: ast.Module) -> frozenset[str]:
    """The names that some function binds in the module."""
    return frozenset(name for node in all_nodes(tree) if isinstance(node, ast.Global) for name in node.names)


@lru_cache(maxsize=8)
def globals_used(tree: ast.Module) -> frozenset[str]:
    """The names that some code of the module looks up in the module (or among the builtins)."""
    used: set[str] = set()
    todo: list[tuple[Scope, frozenset[str]]] = [(tree, frozenset())]
    while todo:
        scope, hidden = todo.pop()
        inner = hidden
        if not isinstance(scope, ast.Module):
            bound = frozenset(name for name, _, _ in bindings(scope))
            inner = hidden | bound
            if isinstance(scope, ast.ClassDef):
                bound = frozenset()
            hidden = hidden | bound
        nodes: list[ast.AST] = [scope.body] if isinstance(scope, ast.Lambda) else list(scope.body)
        while nodes:
            node = nodes.pop()
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in inner:
                used.add(node.id)
            if isinstance(node, _Scope):
                todo.append((node, hidden))
                nodes.extend(_header(node))
            else:
                nodes.extend(nodes_in(node))
    return frozenset(used)


def _header(node: ast.AST) -> Iterator[ast.AST]:
    """What a definition evaluates in the scope around it."""
    for field, value in ast.iter_fields(node):
        if field != "body":
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield part


def _first_line(node: ast.AST) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min(getattr(part, "lineno", 1) for part in (node, *decorators))


def _holds(source: Source, node: ast.AST, offset: int) -> bool:
    span = source.span_of(node)
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    start = min([span.start, *(source.span_of(decorator).start for decorator in decorators)])
    return start <= offset < span.end
