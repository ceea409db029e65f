"""What an asset depends on, said in a way that Dagster refuses or that says nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .assets import Role
from .decorators import Kind
from .graph import AssetNode, node_of
from .index import Def, Place
from .keys import Key, Reading
from .knowledge import dagster_holds, dagster_public_name
from .storage import keeps_values_in_files

if TYPE_CHECKING:
    from .assets import Function, Parameter

CONSUMERS = frozenset((Kind.ASSET, Kind.MULTI_ASSET, Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK))
REFUSED_WHOLE = frozenset(("AssetSpec", "AssetDep", "SourceAsset"))


@dataclass(frozen=True, slots=True)
class DeclaredTwice:
    """An element of ``deps`` that a parameter declares already. ``refused``: on which target versions it is refused,
    "" for all, None for none of them."""

    element: Place
    parameter: Place
    name: str
    deps: Place
    index: int
    decorator: Place
    refused: str | None


@dataclass(frozen=True, slots=True)
class BareDependency:
    """``deps=`` given one asset where a list is due. ``versions``: the target versions it is refused on, "" for all."""

    value: Place
    what: str
    versions: str


@dataclass(frozen=True, slots=True)
class Valueless:
    """A parameter that takes the value of an asset which stores none."""

    parameter: Place
    name: str
    asset: Place
    promise: str


def _keyword(function: Function, name: str) -> ast.keyword | None:
    node = function.decorator
    return next((k for k in node.keywords if k.arg == name), None) if isinstance(node, ast.Call) else None


def declared_twice(function: Function) -> Iterator[DeclaredTwice]:
    """The elements of ``deps`` that name an asset whose value a parameter receives."""
    keyword = _keyword(function, "deps")
    if keyword is None or function.kind not in (Kind.ASSET, Kind.MULTI_ASSET):
        return
    if not isinstance(keyword.value, (ast.List, ast.Tuple, ast.Set)) or _keyword(function, "ins") is not None:
        return
    assert function.project is not None
    facts, module = function.project.facts, function.module
    inputs: dict[Key, Parameter] = {
        (p.name,): p
        for p in function.parameters
        if p.role is Role.UPSTREAM and not facts.is_resource(p.node, function.definition)
    }
    graph = facts.graph(module)
    refused = dagster_holds(function.project.dagster_versions, until="1.9")
    for index, element in enumerate(keyword.value.elts):
        references = list(graph.reader.reference(Reading(element, function.definition.scope)))
        keys: set[Key] = {reference for reference in references if isinstance(reference, tuple)}
        for reference in references:
            if isinstance(reference, Def):
                keys.update(key for node in graph.of(reference) if node.all_keys for key in node.keys)
        if len(keys) == 1 and (parameter := inputs.get(next(iter(keys)))) is not None:
            places = (Place(module, element), Place(module, parameter.node))
            deps, decorator = Place(module, keyword.value), Place(module, function.decorator or keyword)
            yield DeclaredTwice(*places, parameter.name, deps, index, decorator, refused)


def bare_dependency(function: Function) -> BareDependency | None:
    """One asset given to ``deps=`` without a list round it; None where it is a list, or unclear."""
    keyword = _keyword(function, "deps")
    if keyword is None or function.kind not in (Kind.ASSET, Kind.MULTI_ASSET):
        return None
    assert function.project is not None
    node, names = keyword.value, function.project.names
    place = Place(function.module, node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 1:
        return BareDependency(place, "the letters of a text are taken for assets", "")
    if isinstance(node, ast.Call):
        public = dagster_public_name(names.external(node.func, function.definition.scope))
        if public == "AssetKey":
            versions = dagster_holds(function.project.dagster_versions, since="1.13")
            return None if versions is None else BareDependency(place, "Dagster refuses a bare key", versions)
        return BareDependency(place, "Dagster refuses it", "") if public in REFUSED_WHOLE else None
    if isinstance(node, (ast.Name, ast.Attribute)):
        targets = names.resolve(node, function.definition.scope)
        graph = function.project.facts.graph(function.module)
        if len(targets) == 1 and isinstance(targets[0], Def) and graph.of(targets[0]):
            return BareDependency(place, "Dagster refuses it", "")
    return None


def valueless_upstreams(function: Function) -> Iterator[Valueless]:
    """The parameters that receive the value of an asset which stores none, as far as that is shown."""
    if function.kind not in CONSUMERS:
        return
    assert function.project is not None
    facts, near = function.project.facts, node_of(function)
    graph = facts.graph(function.module)
    decorator = function.decorator
    if decorator is None or graph.opaque or _keyword(function, "ins") is not None:
        return
    for parameter in function.parameters:
        if parameter.role is not Role.UPSTREAM or facts.is_resource(parameter.node, function.definition):
            continue
        anchor = near or AssetNode(function.definition, None, function.place)
        makers = [
            node for node in graph.makers((parameter.name,), anchor) if node.definition is not function.definition
        ]
        found = [facts.function(m.definition) for m in makers if m.kind is Kind.ASSET and m.definition is not None]
        promises = [(maker, stores_nothing(maker)) for maker in found if maker is not None]
        if len(promises) == len(makers) and all(p and keeps_values_in_files(maker) for maker, p in promises):
            for maker, promise in promises[:1]:  # several are copies: whichever is meant stores nothing
                yield Valueless(Place(function.module, parameter.node), parameter.name, maker.place, promise)


def stores_nothing(function: Function) -> str:
    """What says that an asset gives no value: ``-> None``, or that all it gives is a result without one."""
    assert function.project is not None
    node, names = function.node.returns, function.project.names
    if isinstance(node, ast.Constant) and node.value is None:
        return "-> None"
    exits = [n.value for n in function.nodes() if isinstance(n, (ast.Return, ast.Yield))]
    given = [value for value in exits if value is not None]
    for value in given:
        called = value.func if isinstance(value, ast.Call) else None
        public = dagster_public_name(names.external(called, function.definition.inner))
        assert called is None or isinstance(value, ast.Call)
        if public != "MaterializeResult" or not isinstance(value, ast.Call):
            return ""
        if any(k.arg in ("value", None) for k in value.keywords):
            return ""
    return "MaterializeResult without a value" if given and len(given) == len(exits) else ""
