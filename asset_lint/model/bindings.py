"""Resources as ``Definitions`` and their like bind them: by which key, to which expression."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, own_nodes

from .index import Class, Def, Module, Place, Scope
from .names import Expression
from .paths import file_of
from .values import Alternatives, Const

if TYPE_CHECKING:
    from .facts import Facts
    from .project import Project

BINDING = re.compile(rb"resource(?<!\wresource)(?:s|_defs)\s*=(?!=)")
_FIELD = re.compile(r"field:(?:resource:(?P<key>[^.]+)|made:(?P<file>.+):(?P<line>\d+))\.(?P<name>\w+)$")
MAX_DEPTH = 5  # names and calls followed into each other


@dataclass(frozen=True, slots=True)
class Bound:
    """A resource bound under a key: the expression that it is bound to, and what an asset receives for it."""

    key: str
    place: Place
    values: Alternatives
    by: str = ""  # the function that is given the resources: ``Definitions``, ``materialize``


def bound_in(module: Module, facts: Facts) -> Iterator[Bound]:
    """The resources that a module binds, by ``resources=`` and ``resource_defs=``."""
    for call, dictionary, scope in given_resources(module):
        by = facts.names.external(call.func, scope).rpartition(".")[2]
        for bound in _entries(dictionary, scope, facts):
            yield replace(bound, by=by)


def given_resources(module: Module) -> Iterator[tuple[ast.Call, ast.expr, Scope]]:
    """The calls of a module that are given resources, and what they are given."""
    for scope, root in module.scopes_at(BINDING):
        for node in own_nodes(root):
            if isinstance(node, ast.Call):
                given = [keyword.value for keyword in node.keywords if keyword.arg in ("resources", "resource_defs")]
                yield from ((node, value, scope) for value in given)


def outside_tests(bound: Sequence[Bound], project: Project) -> list[Bound]:
    """Less what tests bind to keys that something else binds, too."""
    tests = {each: project.is_test(each.place.module.file) for each in bound}
    keys = {each.key for each, is_test in tests.items() if not is_test}
    return [each for each, is_test in tests.items() if not (is_test and each.key in keys)]


def file_in_field(file: str, location: str, facts: Facts) -> str:
    """The file that a field of an object holds, by the call that makes the object; ``file`` itself where that does not
    show it."""
    match = _FIELD.match(file)
    if match is None:
        return file
    name = match["name"]
    found = {_given(call, scope, name, facts) for call, scope in _calls(match, location, facts)}
    return found.pop() or file if len(found) == 1 else file


def text_in_field(key: str, name: str, location: str, facts: Facts) -> str | None:
    """The text that the resource bound to a key is given for a field, in lower case; None where it is given none, ""
    where that can't be read."""
    found: set[str | None] = set()
    for call, scope in _bound_calls(key, location, facts):
        given = next((k.value for k in call.keywords if k.arg == name), None)
        values = facts.static(given, scope) if given is not None else ()
        texts = [v.value.lower() for v in values if isinstance(v, Const) and isinstance(v.value, str)]
        found.add(None if given is None else texts[0] if len(texts) == len(values) == 1 else "")
    return found.pop() if len(found) == 1 else ""


def _bound_calls(key: str, location: str, facts: Facts) -> Iterator[tuple[ast.Call, Scope]]:
    """The calls that make what is bound to a key."""
    for bound in outside_tests(facts.bound(location), facts.project):
        node, scope = bound.place.node, bound.place.module.scope
        if bound.key == key and isinstance(node, ast.expr):
            targets = facts.names.resolve(node, scope) if isinstance(node, (ast.Name, ast.Attribute)) else ()
            made = next((t for t in targets if isinstance(t, Expression)), None)
            call, scope = (made.value, made.scope) if made is not None else (node, scope)
            if isinstance(call, ast.Call):
                yield call, scope


def _calls(match: re.Match[str], location: str, facts: Facts) -> Iterator[tuple[ast.Call, Scope]]:
    """The calls that make an object, by the identity that the data flow gives it."""
    if match["key"]:
        yield from _bound_calls(match["key"], location, facts)
        return
    module = facts.project.load(match["file"])
    for node in all_nodes(module.tree) if module is not None else ():
        if isinstance(node, ast.Call) and node.lineno == int(match["line"]) and module is not None:
            if any(isinstance(target, Class) for target in facts.names.resolve(node.func, module.scope)):
                yield node, module.scope


def _given(call: ast.Call, scope: Scope, name: str, facts: Facts) -> str:
    """The file that a call hands to a field, or its class says by default; "" where neither shows it."""
    if any(keyword.arg is None for keyword in call.keywords):
        return ""
    for keyword in call.keywords:
        if keyword.arg == name:
            return file_of(facts.static(keyword.value, scope))
    for target in facts.names.resolve(call.func, scope):
        declared = target.fields.get(name) if isinstance(target, Class) else None
        if isinstance(target, Class) and declared is not None and declared.value is not None:
            return file_of(facts.static(declared.value, target.scope))
    return ""


def _entries(node: ast.expr, scope: Scope, facts: Facts, depth: int = 0) -> Iterator[Bound]:
    """The entries of a dict of resources, followed through names, calls of project functions and ``**``."""
    if depth > MAX_DEPTH:
        return
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values):
            if key is None:
                yield from _entries(value, scope, facts, depth + 1)
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield _bound(key.value, value, scope, facts)
    elif isinstance(node, ast.IfExp):
        yield from _entries(node.body, scope, facts, depth + 1)
        yield from _entries(node.orelse, scope, facts, depth + 1)
    elif isinstance(node, ast.BinOp):
        yield from _entries(node.left, scope, facts, depth + 1)
        yield from _entries(node.right, scope, facts, depth + 1)
    elif isinstance(node, (ast.Name, ast.Attribute)):
        for target in facts.names.resolve(node, scope):
            if isinstance(target, Expression):
                yield from _entries(target.value, target.scope, facts, depth + 1)
    elif isinstance(node, ast.Subscript):
        for target in facts.names.resolve(node.value, scope):
            if isinstance(target, Expression) and isinstance(target.value, ast.Dict):
                for value in target.value.values:
                    yield from _entries(value, target.scope, facts, depth + 1)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "dict":
            for keyword in node.keywords:
                if keyword.arg:
                    yield _bound(keyword.arg, keyword.value, scope, facts)
        for target in facts.names.resolve(node.func, scope):
            if isinstance(target, Def):
                for inner in own_nodes(target.node):
                    if isinstance(inner, ast.Return) and inner.value is not None:
                        yield from _entries(inner.value, target.inner, facts, depth + 1)


def is_readable(node: ast.expr, scope: Scope, facts: Facts, depth: int = 0) -> bool:
    """Whether every key of a dict of resources is written down where :func:`bound_in` looks for it."""
    if depth > MAX_DEPTH:
        return False

    def read(each: ast.expr, within: Scope = scope) -> bool:
        return is_readable(each, within, facts, depth + 1)

    if isinstance(node, ast.Dict):
        return all(
            read(value) if key is None else isinstance(key, ast.Constant) for key, value in zip(node.keys, node.values)
        )
    if isinstance(node, ast.IfExp):
        return read(node.body) and read(node.orelse)
    if isinstance(node, ast.BinOp):
        return read(node.left) and read(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
        return not node.args and all(keyword.arg for keyword in node.keywords)
    named = node.func if isinstance(node, ast.Call) else node.value if isinstance(node, ast.Subscript) else node
    targets = facts.names.resolve(named, scope) if isinstance(named, (ast.Name, ast.Attribute)) else ()
    held: list[tuple[ast.expr | None, Scope]] = []
    for target in targets:
        if isinstance(target, Def) and isinstance(node, ast.Call):
            returned = [n.value for n in own_nodes(target.node) if isinstance(n, ast.Return)]
            held += [(each, target.inner) for each in returned or [None]]
        elif not isinstance(target, Expression) or isinstance(node, ast.Call) or _is_added_to(named, target.scope):
            return False
        elif isinstance(node, ast.Subscript):
            entries = target.value.values if isinstance(target.value, ast.Dict) else [None]
            held += [(each, target.scope) for each in entries]
        else:
            held.append((target.value, target.scope))
    return bool(held) and all(each is not None and read(each, within) for each, within in held)


def _is_added_to(named: ast.expr, scope: Scope) -> bool:
    """Whether a dict of that name is given more keys behind its making."""
    name = named.id if isinstance(named, ast.Name) else named.attr if isinstance(named, ast.Attribute) else ""
    for node in all_nodes(scope.module.tree):
        held: ast.expr | None = None
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            held = node.value
        elif isinstance(node, ast.Attribute) and node.attr in ("update", "setdefault"):
            held = node.value
        elif isinstance(node, ast.AugAssign):
            held = node.target
        if isinstance(held, ast.Name) and held.id == name:
            return True
    return False


def _bound(key: str, node: ast.expr, scope: Scope, facts: Facts) -> Bound:
    return Bound(key, Place(scope.module, node), facts.resource_value(node, scope))
