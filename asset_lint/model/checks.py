"""Which assets have checks."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from .assets import Kind
from .graph import node_of
from .index import Def

if TYPE_CHECKING:
    from .assets import Function
    from .index import Module, Scope

CHECKS = re.compile(rb"asset_check|AssetCheckSpec")


def has_check(function: Function) -> bool:
    """Whether a check is on what an asset function makes; a check whose asset can't be read counts for its module."""
    assert function.project is not None
    decorator = function.decorator
    if isinstance(decorator, ast.Call) and any(k.arg == "check_specs" for k in decorator.keywords):
        return True
    project = function.project
    node = node_of(function)
    names = {function.name} | ({key[-1] for key in node.keys} if node is not None else set())
    for path in project.matching(CHECKS, project.location_of(function.module.file)):
        module = project.load(path)
        if module is not None and any(_is_on(*check, names, function) for check in _checks(module, function)):
            return True
    return False


def _checks(module: Module, function: Function) -> list[tuple[ast.expr, Scope]]:
    """The expressions that say on which asset a check is."""
    assert function.project is not None
    found: list[tuple[ast.expr, Scope]] = []
    for definition, (kind, decorator) in function.project.facts.reach.compute(module).items():
        if kind in (Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK) and isinstance(decorator, ast.Call):
            found.extend((k.value, definition.scope) for k in decorator.keywords if k.arg in ("asset", "specs"))
            found.extend((a, definition.scope) for a in decorator.args[:1])
    return found


def _is_on(asset: ast.expr, scope: Scope, names: set[str], function: Function) -> bool:
    """Whether an expression names one of the assets called ``names``, or the function itself."""
    assert function.project is not None
    for node in ast.walk(asset):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.split("/")[-1] in names:
            return True
        if isinstance(node, (ast.Name, ast.Attribute)):
            targets = function.project.names.resolve(node, scope)
            if any(isinstance(target, Def) and target is function.definition for target in targets):
                return True
    return False
