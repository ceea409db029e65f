"""What a function does with a context, and by which name it has one."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Def, Place
from .knowledge import DAGSTER_VERSIONS, context_members

if TYPE_CHECKING:
    from .assets import Function

ASSET_CONTEXT, OP_CONTEXT = "AssetExecutionContext", "OpExecutionContext"


@dataclass(frozen=True, slots=True)
class ContextUse:
    """The first place of each kind of use, None where there is none."""

    asset_only: Place | None  # a member that only assets' contexts have
    op_only: Place | None  # a member that only ops' contexts have, or a test of the type


def use_of(definition: Def, name: str) -> ContextUse:
    """How ``definition``, and what is nested in it, uses the context that its parameter ``name`` receives.

    Members are those of the newest known Dagster.
    """
    newest = DAGSTER_VERSIONS[-1]
    of_assets, of_ops = context_members(ASSET_CONTEXT, newest), context_members(OP_CONTEXT, newest)
    asset_only = op_only = None
    for node in definition.every_node:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            if node.attr in of_assets - of_ops:
                asset_only = asset_only or Place(definition.module, node)
            elif node.attr in of_ops - of_assets:
                op_only = op_only or Place(definition.module, node)
        elif _tests_type(node, name):
            op_only = op_only or Place(definition.module, node)
    return ContextUse(asset_only, op_only)


def _tests_type(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=tested), *_]):
            return tested == name
    return False


def context_in_sight(function: Function) -> str | None:
    """The name by which the context of a compute function can be used in its body, or in a function nested in it."""
    assert function.project is not None
    current: Def | None = function.definition
    own = function.context
    name = own.name if own is not None else None
    while name is None and current is not None and current.parent is not None:
        current = current.parent
        around = function.project.facts.function(current)
        if around is not None and around.is_compute:
            name = around.context.name if around.context is not None else None
            break
    if name is None or current is None:
        return None
    inner: Def | None = function.definition
    while inner is not None and inner is not current:
        if name in inner.inner.names:
            return None
        inner = inner.parent
    return name if len(current.inner.names.get(name, ())) == 1 else None
