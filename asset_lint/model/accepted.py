"""Which contexts Dagster accepts for which compute functions, and from which version on: measured on Dagster 1.5 to
1.13."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .annotations import NONE, UNION, Declared, declared
from .assets import Function
from .contexts import ASSET_CONTEXT, OP_CONTEXT
from .decorators import ASSET_KINDS, Kind
from .index import Class, Def, Place
from .knowledge import DAGSTER_VERSIONS, context_members, dagster_holds, dagster_public_name

CHECK_CONTEXT = "AssetCheckExecutionContext"
CONTEXTS = frozenset((ASSET_CONTEXT, OP_CONTEXT, CHECK_CONTEXT))
CHECK_KINDS = frozenset((Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK))

#: The context that each kind of compute function is given; ``observable_source_asset`` checks no annotation.
GIVEN = {
    **dict.fromkeys((*ASSET_KINDS, Kind.MULTI_OBSERVABLE_SOURCE_ASSET), ASSET_CONTEXT),
    **dict.fromkeys(CHECK_KINDS, CHECK_CONTEXT),
    Kind.OP: OP_CONTEXT,
}


@dataclass(frozen=True, slots=True)
class ContextFault:
    """A context annotation that Dagster refuses.

    ``right`` is the class to write. ``when`` says how it comes out, ``versions`` on which of the target versions ("":
    all). ``by`` is the job that runs an op which only a graph of assets could. ``usable``: the body needs nothing that
    the right context lacks.
    """

    annotation: Place
    written: str
    right: str
    when: str
    versions: str = ""
    by: Place | None = None
    usable: bool = True


DEFINITION, RUN = "the module can't be imported", "every run of it fails"


def fault_of(function: Function) -> ContextFault | None:
    """What is wrong with the annotation of a compute function's context, None where nothing is known to be."""
    parameter, right = function.context, GIVEN.get(function.kind) if function.kind is not None else None
    if parameter is None or right is None or parameter.annotation is None or function.module.future_annotations:
        return None
    node = parameter.annotation
    if isinstance(node, ast.Constant):
        return None  # a string can't be resolved at all
    assert function.project is not None
    scope, names = function.definition.scope, function.project.names
    promise = declared(node, scope, names)
    written = promise.name.removeprefix("dagster.")

    def fault(when: str, versions: str = "", by: Place | None = None) -> ContextFault:
        usable = _needs_nothing_else(function, parameter.name, right)
        return ContextFault(Place(function.module, node), ast.unparse(node), right, when, versions, by, usable)

    if written not in CONTEXTS:
        external = names.external(node, scope)
        anything = external == "typing.Any" or (isinstance(node, ast.Name) and node.id == "object")
        known = _is_no_context(promise) or (anything and not promise.name)
        classes = [t for t in names.resolve(node, scope) if isinstance(t, Class)]
        return fault(DEFINITION) if known or (len(classes) == 1 and not promise.arguments) else None
    if promise.arguments or written == right:
        return None
    if function.kind in CHECK_KINDS and written == ASSET_CONTEXT:
        versions = dagster_holds(function.project.dagster_versions, since="1.7")
        return None if versions is None else fault(RUN, versions)
    if written == CHECK_CONTEXT:
        return fault(RUN)
    if function.kind is Kind.OP and (job := _job_that_runs(function)) is not None:
        return fault(f"the job `{job.name}` fails at it", by=Place(job.module, job.node))
    return None


def _is_no_context(promise: Declared) -> bool:
    """Whether an annotation surely is no context class: a union with one, a builtin, another class of Dagster's."""
    if promise.name == UNION:
        return all(member.name == NONE or member.name.startswith("dagster.") for member in promise.arguments)
    return promise.name == NONE or promise.name.startswith(("builtins.", "dagster."))


def _needs_nothing_else(function: Function, name: str, right: str) -> bool:
    members = context_members(right, DAGSTER_VERSIONS[-1])
    return all(
        node.attr in members
        for node in function.definition.every_node_of(ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == name
    )


def _job_that_runs(function: Function) -> Def | None:
    """A job of the project whose body calls an op itself, outside of any graph of assets."""
    assert function.project is not None
    reach = function.project.facts.reach
    for module in (function.module, *reach.importers(function.module)):
        for caller in reach.mentions(module)[0].get(function.definition, ()):
            names = {dagster_public_name(name) for name in function.project.facts.decorators(caller)}
            if "job" in names:
                return caller
    return None


@dataclass(frozen=True, slots=True)
class Invocation:
    """A call of a compute function as if it were a plain function; ``kind`` says what Dagster made of it."""

    call: Place
    callee: Def
    kind: str


def invoked_with_context(function: Function) -> list[Invocation]:
    """The calls by which a function gives its context to another compute function."""
    assert function.project is not None
    facts, names, own = function.project.facts, function.project.names, function.context
    found: list[Invocation] = []
    for node in function.nodes(ast.Call) if own is not None else ():
        if not isinstance(node.func, (ast.Name, ast.Attribute)):
            continue
        given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "context")]
        if not any(isinstance(a, ast.Name) and own is not None and a.id == own.name for a in given):
            continue
        for target in names.resolve(node.func, function.definition.inner):
            kind = facts.reach.compute(target.module).get(target) if isinstance(target, Def) else None
            if kind is not None and isinstance(target, Def):
                found.append(Invocation(Place(function.module, node), target, kind[0].value.replace("_", " ")))
    return found
