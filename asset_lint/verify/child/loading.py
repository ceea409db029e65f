"""Imports the user's modules as Dagster does, and finds what can be materialized in them."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster

_CONTEXT = re.compile(r"\b\w+ExecutionContext\b")
_CONTEXTS = ("AssetExecutionContext", "OpExecutionContext", "AssetCheckExecutionContext")


@dataclass
class Target:
    """Something that a step runs: an asset, assets that are made together, a check."""

    definition: Any
    kind: str  # asset, check, source

    @property
    def function(self) -> Any:
        """The user's function; None where there is none."""
        return function_of(getattr(self.definition, "node_def", None))

    def facts(self) -> dict[str, Any]:
        """Its names, its place, and what its signature declares."""
        facts: dict[str, Any] = {"kind": self.kind, "keys": sorted(_names(self.definition))}
        if self.kind != "source":
            facts["op"] = self.definition.node_def.name
            facts["inputs"] = inputs_of(self.definition)
            facts["misnamed"] = [name for name in facts["inputs"] if _is_special(self.function, name)]
        function = inspect.unwrap(self.function) if callable(self.function) else None
        code = getattr(function, "__code__", None)
        if code is not None:
            facts |= {"function": code.co_name, "file": code.co_filename, "line": code.co_firstlineno}
            facts["context"] = declared_context(function)
            facts["parameters"] = {name: _text(each.annotation) for name, each in _parameters(function).items()}
        return facts


@dataclass
class Loaded:
    """What the modules define. ``resources`` are those of their Definitions, by key."""

    targets: list[Target] = field(default_factory=list)
    sources: list[Any] = field(default_factory=list)
    jobs: list[Any] = field(default_factory=list)
    ops: list[Any] = field(default_factory=list)
    resources: dict[str, Any] = field(default_factory=dict)
    modules: list[ModuleType] = field(default_factory=list)


def load(task: dict[str, Any]) -> Loaded:
    """Import the modules of ``task`` and collect what they define."""
    loaded = Loaded()
    seen: set[int] = set()
    others: list[ModuleType] = []
    for name in task["definitions_in"]:
        with contextlib.suppress(Exception):  # resources are made by their types then
            others.append(importlib.import_module(_dotted(name)))
    for name in task["modules"]:
        loaded.modules.append(importlib.import_module(_dotted(name)))
    for expression in task["definitions"]:
        _collect(eval(expression, vars(loaded.modules[0])), loaded, seen)
    # Definitions first: what they say of resources holds, and so does their choice of assets
    for module in [*others, *loaded.modules]:
        for value in list(vars(module).values()):
            if isinstance(value, dagster.Definitions):
                _collect(value, loaded, seen)
    for module in loaded.modules:
        for value in list(vars(module).values()):
            _collect(value, loaded, seen)
    _without_repeated_keys(loaded)
    return loaded


def _dotted(name: str) -> str:
    if not name.endswith(".py"):
        return name
    parts = Path(name).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _collect(value: Any, loaded: Loaded, seen: set[int]) -> None:
    if type(value) in (list, tuple, set, dict):  # Dagster's own records are tuples too
        for each in list(value.values() if isinstance(value, dict) else value):
            if not isinstance(each, (str, int, float, bytes)):
                _collect(each, loaded, seen)
        return
    if id(value) in seen or isinstance(value, type):
        return
    if isinstance(value, dagster.AssetChecksDefinition):
        kind = "check"
    elif isinstance(value, dagster.AssetsDefinition):
        kind = "asset" if value.is_materializable else "source"
    elif isinstance(value, dagster.SourceAsset):
        kind = "source"
    else:
        kind = ""
    if kind:
        seen.add(id(value))
        if kind == "source" and not getattr(value, "is_observable", False):
            loaded.sources.append(value)
        else:
            loaded.targets.append(Target(value, kind))
    elif isinstance(value, dagster.Definitions):
        seen.add(id(value))
        loaded.resources |= dict(value.resources or {})
        for part in (value.assets, value.asset_checks, value.jobs):
            _collect(list(part or ()), loaded, seen)
    elif isinstance(value, dagster.JobDefinition):
        seen.add(id(value))
        loaded.jobs.append(value)
    elif isinstance(value, dagster.OpDefinition):
        seen.add(id(value))
        loaded.ops.append(value)


def _without_repeated_keys(loaded: Loaded) -> None:
    """One definition a key: a module may hold an asset both bare and with changed attributes."""
    taken: set[str] = set()
    kept = []
    for target in loaded.targets:
        names = set(_names(target.definition))
        if not names & taken or not names:
            kept.append(target)
            taken |= names
    loaded.targets = kept


def _names(definition: Any) -> Iterator[str]:
    if isinstance(definition, dagster.SourceAsset):
        yield definition.key.to_user_string()
        return
    for key in definition.keys:
        yield key.to_user_string()
    for key in getattr(definition, "check_keys", ()):
        yield f"{key.asset_key.to_user_string()}:{key.name}"


def inputs_of(definition: Any) -> dict[str, str]:
    """The asset behind each parameter that takes a value."""
    return {name: key.to_user_string() for name, key in definition.keys_by_input_name.items()}


def op_facts(op: Any) -> dict[str, Any]:
    """What an op's signature declares."""
    function = function_of(op)
    inputs = {name: name for name in op.ins}
    misnamed = [name for name in inputs if _is_special(function, name)]
    name = getattr(function, "__name__", op.name)
    return {"kind": "op", "keys": [], "op": op.name, "function": name, "inputs": inputs, "misnamed": misnamed}


def _is_special(function: Any, name: str) -> bool:
    """Whether a parameter that takes an asset's value is annotated as a context or a configuration."""
    annotation = getattr(function, "__annotations__", {}).get(name)
    if isinstance(annotation, str):
        return annotation.rpartition(".")[2] in _CONTEXTS
    is_config = isinstance(annotation, type) and issubclass(annotation, dagster.Config)
    return is_config or _text(annotation) in _CONTEXTS


def function_of(node: Any) -> Any:
    """The user's function behind an op; None where there is none."""
    compute = getattr(node, "compute_fn", None)
    return getattr(compute, "decorated_fn", None)


def declared_context(function: Any) -> dict[str, str] | None:
    """The context parameter of a compute function and its annotation; None where it takes no context."""
    for name, parameter in _parameters(function).items():
        if name in ("context", "_context", "context_", "_"):
            return {"parameter": name, "declared": _text(parameter.annotation)}
        break
    return None


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return {}


def _text(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", repr(annotation))


def contexts_by_code(project: str) -> dict[Any, dict[str, str]]:
    """For each function of the user's, by its code: the parameters that it declares to be contexts."""
    found: dict[Any, dict[str, str]] = {}
    for module in list(sys.modules.values()):
        if not (getattr(module, "__file__", None) or "").startswith(project):
            continue
        for value in list(vars(module).values()):
            for function in [value, *vars(value).values()] if isinstance(value, type) else [value]:
                function = function_of(getattr(function, "node_def", function)) or function
                if inspect.isfunction(function):
                    declared = {name: _text(each.annotation) for name, each in _parameters(function).items()}
                    kinds = {name: set(_CONTEXT.findall(text)) for name, text in declared.items()}
                    contexts = {name: kind.pop() for name, kind in kinds.items() if len(kind) == 1}
                    if contexts:
                        found[function.__code__] = contexts
    return found
