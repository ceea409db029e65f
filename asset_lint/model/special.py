"""Parameters that Dagster knows by name: the context, the config, resources; and those that only look like one."""

from __future__ import annotations

import ast
import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .accepted import CONTEXTS
from .assets import CONTEXT_NAMES, Role
from .decorators import ASSET_KINDS, Kind
from .index import Class, Place
from .names import External

if TYPE_CHECKING:
    from .assets import Function, Parameter

CONFIGS = frozenset(("dagster.Config", "dagster.PermissiveConfig"))
RESOURCES = frozenset(("dagster.ConfigurableResource", "dagster.ConfigurableIOManager"))
CHECKS = frozenset((Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK))
SIMPLE = frozenset("int str float bool".split())


class Misnaming(enum.Enum):
    """What is wrong with the name or place of a parameter."""

    CONTEXT = "typed as a context, but Dagster takes it for an upstream asset"
    CONFIG = "typed as a config, but Dagster takes it for an upstream asset"
    NOT_FIRST = "a context, but not the first parameter"


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A parameter that Dagster does not take for what it is. ``right`` is the name to give it, "" where none helps."""

    parameter: Place
    name: str
    how: Misnaming
    right: str


def misnamed_in(function: Function) -> list[Misnamed]:
    """The parameters of a compute function that are typed as a context or config under another name."""
    if function.kind is None or function.kind is Kind.OBSERVABLE_SOURCE_ASSET:
        return []
    found: list[Misnamed] = []
    taken = {p.name for p in function.parameters}
    for index, parameter in enumerate(function.parameters):
        place = Place(function.module, parameter.node)
        if parameter.role is Role.CONTEXT:
            if index and parameter.name == "context":
                found.append(Misnamed(place, parameter.name, Misnaming.NOT_FIRST, ""))
            continue
        if parameter.role is not Role.UPSTREAM or parameter.annotation is None:
            continue
        types = function.context_types(parameter.node)
        if types and types <= CONTEXTS:
            first = index == 0 and not taken & CONTEXT_NAMES
            misnamed = Misnamed(place, parameter.name, Misnaming.CONTEXT, "context" if first else "")
        elif function.kind is not Kind.OP and (klass := _class_of(function, parameter)) and _is_config(function, klass):
            misnamed = Misnamed(place, parameter.name, Misnaming.CONFIG, "" if "config" in taken else "config")
        else:
            continue
        if not _is_made(function, parameter.name):
            found.append(misnamed)
    return found


def _is_made(function: Function, name: str) -> bool:
    """Whether an asset of that key exists, or the decorator says what the parameter receives."""
    decorator = function.decorator
    if decorator is not None and any(
        isinstance(n, ast.keyword) and n.arg in (None, "ins") for n in all_nodes(decorator)
    ):
        return True
    assert function.project is not None
    return function.project.facts.graph(function.module).makes(name)


def _class_of(function: Function, parameter: Parameter) -> Class | External | None:
    """The one class that an annotation names."""
    assert function.project is not None
    node = parameter.annotation
    targets = function.project.names.resolve(node, function.definition.scope) if node is not None else ()
    target = targets[0] if len(targets) == 1 else None
    return target if isinstance(target, (Class, External)) else None


def _ancestry(function: Function, klass: Class | External) -> Sequence[object]:
    assert function.project is not None
    return function.project.names.ancestry(klass) if isinstance(klass, Class) else (klass,)


def _is_config(function: Function, klass: Class | External) -> bool:
    return any(isinstance(base, External) and base.name in CONFIGS for base in _ancestry(function, klass))


@dataclass(frozen=True, slots=True)
class WrongConfig:
    """A ``config`` parameter that Dagster refuses. ``klass`` is the project's class that it is typed by, if that would
    do with another base; ``base`` the base to replace."""

    parameter: Place
    written: str
    klass: Class | None = None
    base: Place | None = None


def wrong_config_of(function: Function) -> WrongConfig | None:
    """What is wrong with the type of a compute function's ``config``, None where nothing is known to be."""
    if function.kind not in ASSET_KINDS | {Kind.OP, Kind.ASSET_CHECK} or function.kind is Kind.INTEGRATION:
        return None
    parameter = next((p for p in function.parameters if p.role is Role.CONFIG), None)
    if parameter is None:
        return None
    place = Place(function.module, parameter.node)
    node = parameter.annotation
    if node is None:
        is_sketch = bool(function.module.source.parts) and function.definition.elides  # whose reader writes the types
        return None if parameter.default is not None or is_sketch else WrongConfig(place, "")
    assert function.project is not None
    klass = _class_of(function, parameter)
    if not isinstance(klass, Class) or function.module.future_annotations:
        return None
    bases = _ancestry(function, klass)
    if any(isinstance(b, External) and b.name in CONFIGS | RESOURCES for b in bases):
        return None
    known = [b.name for b in bases if isinstance(b, External)]
    if any(name not in ("pydantic.BaseModel", "pydantic.main.BaseModel") for name in known):
        return None  # an unknown base may be a config
    if not known and not _is_plain(klass):
        return None
    direct = [base for base in function.project.names.bases(klass) if isinstance(base, External)]
    return WrongConfig(place, ast.unparse(node), klass, _replaceable(klass) if direct else None)


def _is_plain(klass: Class) -> bool:
    """Whether a class surely has no base: a dataclass, an ordinary class."""
    return not klass.node.bases and not klass.node.keywords


def _replaceable(klass: Class) -> Place | None:
    """The base ``BaseModel`` of a class that is fine as a ``Config`` too: plain fields and nothing else."""
    body = [s for s in klass.node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
    plain = all(isinstance(s, ast.AnnAssign) and isinstance(s.annotation, ast.Name) for s in body)
    simple = all(
        s.annotation.id in SIMPLE for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.annotation, ast.Name)
    )
    if len(klass.node.bases) != 1 or klass.node.keywords or klass.node.decorator_list or not plain or not simple:
        return None
    return Place(klass.module, klass.node.bases[0])


def generic_resources_of(function: Function) -> list[Parameter]:
    """The parameters of a compute function that are typed as a resource of no particular kind."""
    if function.kind is None:
        return []
    assert function.project is not None
    return [
        p
        for p in function.parameters
        if p.role is Role.UPSTREAM
        and function.project.names.external(p.annotation, function.definition.scope) == "dagster.ConfigurableResource"
    ]
