"""Which assets have checks."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .decorators import Kind
from .graph import node_of
from .index import Def

if TYPE_CHECKING:
    from .assets import Function
    from .index import Module, Scope
    from .project import Project

CHECKS = re.compile(rb"sset(?:_check|CheckSpec)")


def has_check(function: Function) -> bool:
    """Whether a check is on what an asset function makes."""
    assert function.project is not None
    decorator = function.decorator
    if isinstance(decorator, ast.Call) and any(k.arg == "check_specs" for k in decorator.keywords):
        return True
    node = node_of(function)
    names = {function.name} | ({key[-1] for key in node.keys} if node is not None else set())
    checked = function.project.facts.checked(function.module)
    return function.definition in checked or not checked.isdisjoint(names)


def checked_in(project: Project, location: str) -> frozenset[Def | str]:
    """What the checks of a code location name as their asset: functions, and the last parts of keys."""
    found: set[Def | str] = set()
    for path in project.matching(CHECKS, location):
        module = project.load(path)
        for asset, scope in _checks(module, project) if module is not None else ():
            for node in all_nodes(asset):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value.split("/")[-1])
                elif isinstance(node, (ast.Name, ast.Attribute)):
                    found.update(target for target in project.names.resolve(node, scope) if isinstance(target, Def))
    return frozenset(found)


def _checks(module: Module, project: Project) -> list[tuple[ast.expr, Scope]]:
    """The expressions that say on which asset a check is."""
    found: list[tuple[ast.expr, Scope]] = []
    for definition, (kind, decorator) in project.facts.reach.compute(module).items():
        if kind in (Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK) and isinstance(decorator, ast.Call):
            found.extend((k.value, definition.scope) for k in decorator.keywords if k.arg in ("asset", "specs"))
            found.extend((a, definition.scope) for a in decorator.args[:1])
    return found
