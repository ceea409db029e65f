"""What the callers of a project function hand it, where its own text does not say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .index import Def, Place
from .knowledge import duckdb_methods
from .values import ANY, Alternatives, Conn, FunctionValue, Origin, Site

if TYPE_CHECKING:
    from .assets import Function, Parameter


def handed_connection(function: Function, parameter: Parameter) -> Alternatives:
    """A connection, borrowed, if a caller is shown to hand one for a parameter of no type that is used as one."""
    project = function.project
    assert project is not None
    definition = function.definition
    if parameter.annotation is not None or not _is_asked(definition, parameter.name):
        return ANY
    if not project.touches_duckdb(function.module.file):
        return ANY
    reached = _reached_from(function)
    for calling in project.facts.reach.callers(definition):
        caller = project.facts.function(calling) if not reached.intersection(_around(calling)) else None
        if caller is None:
            continue
        given = _given(caller, definition, parameter.name)
        if any(isinstance(v, Conn) for node in given for v in caller.run.values.get(node, ())):
            return (Conn(Site(Place(function.module, parameter.node), Origin.UPSTREAM, owned=False)),)
    return ANY


def _is_asked(definition: Def, name: str) -> bool:
    """Whether a method is called of a variable that connections have."""
    methods = duckdb_methods("connection")
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name
        and node.func.attr in methods
        for node in definition.nodes
    )


def _reached_from(function: Function) -> set[Def]:
    """The function and all that it leads to: they can't say what it is handed, for that hangs on what it hands on."""
    assert function.project is not None
    reach = function.project.facts.reach
    found, waiting = {function.definition}, [function.definition]
    while waiting:
        targets, _ = reach.references(waiting.pop())
        for target in targets:
            if isinstance(target, Def) and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _around(definition: Def) -> Iterator[Def]:
    """The function and those that it is nested in."""
    current: Def | None = definition
    while current is not None:
        yield current
        current = current.parent


def _given(caller: Function, definition: Def, name: str) -> Iterator[ast.expr]:
    """What a function's calls of a project function give for the parameter ``name``."""
    arguments = definition.node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    for node in caller.nodes():
        if not isinstance(node, ast.Call):
            continue
        for value in caller.run.values.get(node.func, ()):
            if not isinstance(value, FunctionValue) or value.definition is not definition:
                continue
            yield from (k.value for k in node.keywords if k.arg == name)
            if name in names and not any(isinstance(a, ast.Starred) for a in node.args):
                at = names.index(name) - (definition.owner is not None and value.bound is not None)
                yield from node.args[at : at + 1] if at >= 0 else ()
