"""Resources as ``Definitions`` and their like bind them: by which key, to which expression."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Def, Module, Place, Scope, own_nodes
from .names import Expression
from .values import Alternatives

if TYPE_CHECKING:
    from .facts import Facts

BINDING = re.compile(rb"\b(?:resources|resource_defs)\s*=(?!=)")
MAX_DEPTH = 5  # names and calls followed into each other


@dataclass(frozen=True, slots=True)
class Bound:
    """A resource bound under a key: the expression that it is bound to, and what an asset receives for it."""

    key: str
    place: Place
    values: Alternatives


def bound_in(module: Module, facts: Facts) -> Iterator[Bound]:
    """The resources that a module binds, by ``resources=`` and ``resource_defs=``."""
    for scope, root in module.scopes_at(BINDING):
        for node in own_nodes(root):
            for keyword in node.keywords if isinstance(node, ast.Call) else ():
                if keyword.arg in ("resources", "resource_defs"):
                    yield from _entries(keyword.value, scope, facts)


def _entries(node: ast.expr, scope: Scope, facts: Facts, depth: int = 0) -> Iterator[Bound]:
    """The entries of a dict of resources, followed through names, calls of project functions and ``**``."""
    if depth > MAX_DEPTH:
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            if key is None:
                yield from _entries(value, scope, facts, depth + 1)
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield _bound(key.value, value, scope, facts)
    elif isinstance(node, ast.IfExp):
        yield from _entries(node.body, scope, facts, depth + 1)
        yield from _entries(node.orelse, scope, facts, depth + 1)
    elif isinstance(node, ast.BinOp):
        yield from _entries(node.left, scope, facts, depth + 1)
        yield from _entries(node.right, scope, facts, depth + 1)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        for target in facts.names.resolve(node, scope):
            if isinstance(target, Expression):
                yield from _entries(target.value, target.scope, facts, depth + 1)
    elif isinstance(node, ast.Subscript):
        for target in facts.names.resolve(node.value, scope):
            if isinstance(target, Expression) and isinstance(target.value, ast.Dict):
                for value in target.value.values:
                    yield from _entries(value, target.scope, facts, depth + 1)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "dict":
            for keyword in node.keywords:
                if keyword.arg:
                    yield _bound(keyword.arg, keyword.value, scope, facts)
        for target in facts.names.resolve(node.func, scope):
            if isinstance(target, Def):
                for inner in own_nodes(target.node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from _entries(inner.value, target.inner, facts, depth + 1)


def _bound(key: str, node: ast.expr, scope: Scope, facts: Facts) -> Bound:
    return Bound(key, Place(scope.module, node), facts.resource_value(node, scope))
