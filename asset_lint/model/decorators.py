"""Decorators: what Dagster makes of the function that one is applied to."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, own_nodes

from .index import Def, Module, Scope
from .names import Expression, External

if TYPE_CHECKING:
    from .names import Names


class Kind(enum.Enum):
    """What Dagster makes of a compute function."""

    ASSET = "asset"
    MULTI_ASSET = "multi_asset"
    OP = "op"
    ASSET_CHECK = "asset_check"
    MULTI_ASSET_CHECK = "multi_asset_check"
    OBSERVABLE_SOURCE_ASSET = "observable_source_asset"
    MULTI_OBSERVABLE_SOURCE_ASSET = "multi_observable_source_asset"
    INTEGRATION = "integration"  # dbt_assets, dlt_assets, sling_assets: a library's wrapper of multi_asset


ASSET_KINDS = frozenset((Kind.ASSET, Kind.MULTI_ASSET, Kind.INTEGRATION))
BY_NAME = {kind.value: kind for kind in Kind if kind is not Kind.INTEGRATION}
INTEGRATION = re.compile(r"^dagster_\w+(\.\w+)*\.\w+_assets$")
# each begins with a word, which makes the search for it ten times as fast
CALL_FORMS = (re.compile(rb"asset(?:s|_check)?[ \t]*\("), re.compile(rb"op(?<!\wop)[ \t]*\("))


def kind_of_name(name: str) -> Kind | None:
    """The kind of compute function that a library's decorator of that dotted name makes."""
    head, _, tail = name.rpartition(".")
    if head == "dagster" or head.startswith("dagster."):
        return BY_NAME.get(tail)
    if INTEGRATION.match(name):
        return Kind.INTEGRATION
    return None


def decorator_kind(node: ast.expr, scope: Scope, names: Names, depth: int = 0) -> Kind | None:
    """The kind of compute function that a decorator expression makes, None if none or unknown.

    Followed: aliases, calls of the decorator, ``functools.partial`` of it, and project functions whose body applies
    one to what they are given.
    """
    if depth > 6:
        return None
    if isinstance(node, ast.Call):
        callee = names.external(node.func, scope)
        if callee.endswith("partial") and node.args:
            return decorator_kind(node.args[0], scope, names, depth + 1)
        return decorator_kind(node.func, scope, names, depth + 1)
    for target in names.resolve(node, scope):
        if isinstance(target, External):
            kind = kind_of_name(target.name)
        elif isinstance(target, Expression):
            kind = decorator_kind(target.value, target.scope, names, depth + 1)
        elif isinstance(target, Def):
            kind = _applied_by(target, names, depth)
        else:
            kind = None
        if kind is not None:
            return kind
    return None


def _applied_by(wrapper: Def, names: Names, depth: int) -> Kind | None:
    """A project decorator: the kind it makes if its body applies a decorator of Dagster's to a parameter of its."""
    if wrapper in names.wrappers:
        return names.wrappers[wrapper]
    names.wrappers[wrapper] = None  # a decorator that applies itself makes nothing
    parameters: set[str] = set()
    calls: list[ast.Call] = []
    returned: set[ast.AST] = set()
    for node in all_nodes(wrapper.node):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            parameters.update(a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs))
        elif isinstance(node, ast.Call):
            calls.append(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            returned.add(node.value)
    for call in calls:
        applied = any(isinstance(a, ast.Name) and a.id in parameters for a in call.args)
        if (applied or call in returned) and not _is_plain_call(call, wrapper, names):
            kind = decorator_kind(call.func if applied else call, wrapper.inner, names, depth + 1)
            if kind is not None:
                names.wrappers[wrapper] = kind
                return kind
    return None


def _is_plain_call(call: ast.Call, wrapper: Def, names: Names) -> bool:
    """Whether what is called is plainly no decorator: a local value, a builtin."""
    head: ast.expr = call.func
    while isinstance(head, (ast.Attribute, ast.Call)):
        head = head.value if isinstance(head, ast.Attribute) else head.func
    return not isinstance(head, ast.Name) or not names.name(head.id, wrapper.inner)


def compute_kind(definition: Def, names: Names) -> tuple[Kind, ast.expr] | None:
    """The kind of a decorated compute function and the decorator that makes it one."""
    for decorator in definition.node.decorator_list:
        kind = decorator_kind(decorator, definition.scope, names)
        if kind is not None:
            return kind, decorator
    return None


def call_forms(module: Module, names: Names) -> Iterator[tuple[Def, Kind, ast.expr]]:
    """Functions made compute functions by a call: ``asset(name="x")(fn)``, ``asset(fn)``."""
    for scope, root in module.scopes_at(*CALL_FORMS):
        for node in own_nodes(root):
            if (
                not isinstance(node, ast.Call)
                or len(node.args) != 1
                or not isinstance(node.args[0], (ast.Name, ast.Attribute))
            ):
                continue
            given = [t for t in names.resolve(node.args[0], scope) if isinstance(t, Def)]
            kind = decorator_kind(node.func, scope, names) if given else None
            if kind is not None:
                for target in given:
                    yield target, kind, node
