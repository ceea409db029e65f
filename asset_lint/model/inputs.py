"""The frames that an asset is given, and whether anything looks at what is in them before they are used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .assets import Role
from .graph import AssetNode, node_of
from .looks import Looks
from .pykinds import FRAMES
from .runs import parameter_value
from .values import Alternatives, Const, Data

if TYPE_CHECKING:
    from .assets import Function, Parameter
    from .queries import Query

CLEANING = frozenset("dropna fillna drop_nulls fill_null fill_nan drop_nans unique drop_duplicates duplicated".split())
"""Methods of frames by which code minds what its input lacks."""

_MINDING = re.compile(
    r"\bNULL\b|\bCOALESCE\b|\bIFNULL\b|\bTRY_CAST\b|\bPRIMARY\s+KEY\b|\bCHECK\s*\(|\berror\s*\(", re.I
)
_TYPED = re.compile(r"\bdagster_type\b")


def unvalidated_inputs(function: Function) -> list[Parameter]:
    """The parameters that receive a frame which is used, and at which nothing looks: neither the function nor what it
    calls, nor a check on the asset that makes it or on this one."""
    if function.has_asset_check or (function.decorator is not None and _TYPED.search(ast.unparse(function.decorator))):
        return []
    return [p for p in _frames(function) if _is_used_unseen(function, p)]


def _frames(function: Function) -> Iterator[Parameter]:
    """The parameters that receive a frame, by their annotation or by that of the asset that makes it."""
    assert function.project is not None
    facts = function.project.facts
    graph = facts.graph(function.module)
    renamed = function.decorator is not None and any(
        isinstance(n, ast.keyword) and n.arg == "ins" for n in all_nodes(function.decorator)
    )
    for parameter in function.parameters:
        if parameter.role is not Role.UPSTREAM or facts.is_resource(parameter.node, function.definition):
            continue
        anchor = node_of(function) or AssetNode(function.definition, None, function.place)
        makers = [] if renamed else [n for n in graph.makers((parameter.name,), anchor) if n.definition is not None]
        values = parameter_value(function, parameter) if parameter.annotation is not None else ()
        if parameter.annotation is None and len(makers) == 1:
            definition = makers[0].definition
            assert definition is not None
            values = facts.annotated(definition.node.returns, definition)
        if _is_frame(values) and not any(_is_checked(function, maker) for maker in makers):
            yield parameter


def _is_frame(values: Alternatives) -> bool:
    some = [v for v in values if not (isinstance(v, Const) and v.value is None)]
    return bool(some) and all(isinstance(v, Data) and v.kinds <= FRAMES for v in some)


def _is_checked(function: Function, maker: AssetNode) -> bool:
    """Whether a check is on the asset that makes the frame."""
    assert function.project is not None and maker.definition is not None
    made_by = function.project.facts.function(maker.definition)
    return made_by is not None and made_by.has_asset_check


def _is_used_unseen(function: Function, parameter: Parameter) -> bool:
    assert function.project is not None
    looks = Looks(function.definition, function.project.names, rows=False, also=CLEANING)
    held = looks.held_by((), {parameter.name})
    if looks.at((), {parameter.name}):
        return False
    asked = [query for query in function.all_queries if _reads(query, held)]
    if any(_minds(query) for query in asked) or any(_minds_what_is_made(q, function, held) for q in asked):
        return False
    return bool(asked) or _works_on(function, held)


def _reads(query: Query, held: frozenset[str]) -> bool:
    """Whether a query scans one of these variables, or a name that may be what they were registered under."""
    return any(table.name in held and not table.schema for s in query.statements for table in s.reads)


def _minds(query: Query) -> bool:
    """Whether a query, or what is done with its result, shows what is in the frame or provides for it."""
    return any(s.counts or _MINDING.search(s.text) for s in query.statements) or (query.is_own and query.is_looked_at)


def _minds_what_is_made(query: Query, function: Function, held: frozenset[str]) -> bool:
    """Whether the table that the frame is written to is declared with constraints, counted or looked at."""
    made = [table for s in query.statements for table in (*s.makes, *s.writes)]
    return any(
        (s.counts or _MINDING.search(s.text) or (other.is_own and other.is_looked_at))
        for other in function.all_queries
        for s in other.statements
        if any(table.may_be(used) for table in (*s.makes, *s.reads) for used in made)
    )


def _works_on(function: Function, held: frozenset[str]) -> bool:
    """Whether columns or rows of what is held are worked on, or it is handed to something that does."""
    for node in function.nodes():
        if isinstance(node, (ast.Subscript, ast.Attribute)):
            inner: ast.AST = node.value
        elif isinstance(node, ast.Call):
            if any(isinstance(a, ast.Name) and a.id in held for a in (*node.args, *(k.value for k in node.keywords))):
                return True
            continue
        else:
            continue
        if isinstance(inner, ast.Name) and inner.id in held:
            return True
    return False
