"""Calls of methods that pydantic 2 deprecates, on models of the project and on Dagster's configs and resources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .assets import Role
from .index import Class, Opaque, Place
from .inlining import SETTINGS_BASES
from .knowledge import dagster_holds
from .names import External
from .values import ANY, ClassValue, Instance

if TYPE_CHECKING:
    from .assets import Function

OF_OBJECTS = {"dict": "model_dump", "json": "model_dump_json", "copy": "model_copy"}
OF_CLASSES = {
    "parse_obj": "model_validate", "parse_raw": "model_validate_json", "construct": "model_construct",
    "schema": "model_json_schema", "update_forward_refs": "model_rebuild",
}  # fmt: skip

#: Arguments that the new method takes as the old one did.
SHARED = {
    "model_dump": frozenset("include exclude by_alias exclude_unset exclude_defaults exclude_none".split()),
    "model_dump_json": frozenset("include exclude by_alias exclude_unset exclude_defaults exclude_none indent".split()),
    "model_copy": frozenset(("update", "deep")),
    "model_json_schema": frozenset(("by_alias", "ref_template")),
}


@dataclass(frozen=True, slots=True)
class DeprecatedCall:
    """A call of ``old`` on a model. ``same``: ``new`` takes the arguments that it is given."""

    method: Place  # the attribute `receiver.old`
    klass: str
    old: str
    new: str
    same: bool


def deprecated_calls(function: Function) -> Iterator[DeprecatedCall]:
    """The calls of deprecated methods of pydantic in a function, in the order of the source."""
    assert function.project is not None
    if dagster_holds(function.project.dagster_versions, since="1.9") is None:
        return  # Dagster before 1.9 runs on pydantic 1 too, which has no other names
    for node in function.nodes(ast.Call):
        if not isinstance(node.func, ast.Attribute):
            continue
        old = node.func.attr
        of_object = old in OF_OBJECTS
        new = OF_OBJECTS.get(old) or OF_CLASSES.get(old)
        if new is None:
            continue
        klass = _model(function, node.func.value, of_object=of_object)
        if klass is None or any(isinstance(base, Class) and old in base.methods for base in _ancestry(function, klass)):
            continue
        taken = SHARED.get(new)
        same = all(k.arg is not None and (taken is None or k.arg in taken) for k in node.keywords)
        same = same and (not node.args or new in ("model_validate", "model_validate_json"))
        yield DeprecatedCall(Place(function.module, node.func), klass.name, old, new, same)


def _model(function: Function, node: ast.expr, *, of_object: bool) -> Class | None:
    """The one class of models that an expression is an object of (or, for methods of classes, is)."""
    assert function.project is not None
    found: list[Class] = []
    if of_object and isinstance(node, ast.Name) and (klass := _config_class(function, node.id)) is not None:
        found.append(klass)
    elif of_object or not isinstance(node, (ast.Name, ast.Attribute)):
        for value in function.run.values.get(node, ANY):
            if not isinstance(value, (Instance, ClassValue)):
                return None
            found.append(value.klass)
    else:
        targets = function.project.names.resolve(node, function.definition.inner)
        found.extend(target for target in targets if isinstance(target, Class))
    models = [klass for klass in found if _is_model(function, klass)]
    return models[0] if models and len(models) == len(found) else None


def _config_class(function: Function, name: str) -> Class | None:
    """The class of a compute function's ``config``, if ``name`` is that and nothing else."""
    assert function.project is not None
    parameter = next((p for p in function.parameters if p.role is Role.CONFIG and p.name == name), None)
    if parameter is None or parameter.annotation is None:
        return None
    bound = function.definition.inner.names.get(name, [])
    targets = function.project.names.resolve(parameter.annotation, function.definition.scope)
    plain = len(bound) == 1 and isinstance(bound[0], Opaque) and len(targets) == 1
    return targets[0] if plain and isinstance(targets[0], Class) else None


def _ancestry(function: Function, klass: Class) -> list[object]:
    assert function.project is not None
    return list(function.project.names.ancestry(klass))


def _is_model(function: Function, klass: Class) -> bool:
    return any(isinstance(base, External) and base.name in SETTINGS_BASES for base in _ancestry(function, klass))
