"""Values of a run that a query takes into its text, where parameters could be bound."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .index import Place
from .runtime import GIVEN, Tracer, source_of
from .slots import Slot, slot_of
from .values import Origin

if TYPE_CHECKING:
    from .project import Project
    from .queries import Query
    from .texts import Hole

_TYPED = re.compile(r"\b(?:date|time|timestamp|timestamptz|datetime|interval|[ex])\s*'$", re.IGNORECASE)
"""What makes a literal of a type: no parameter can stand behind it."""


@dataclass(frozen=True)
class RunTimeValue:
    """A value known only at run time that goes into SQL where a parameter could be bound."""

    hole: Hole
    slot: Slot
    source: str  # what it is, for messages
    project: Project
    in_last: bool  # of the text's statements: in no other can one be bound

    @cached_property
    def is_text(self) -> bool:
        """Whether it is shown to be a ``str``."""
        return Tracer(self.project, self.hole.place).is_text(self.hole.place.node)


def run_time_values(query: Query) -> list[RunTimeValue]:
    """The values that a query takes into its text though they could be bound, in the order of the text.

    DuckDB binds those of the last of several statements alone: others count where the last one has some too, for then
    the text must be taken apart anyway.
    """
    project = query.function.project
    assert project is not None
    found: dict[Place, RunTimeValue] = {}
    bound = False
    for statement in query.statements:
        for number, hole in statement.own_holes.items():
            source = source_of(hole, project)
            if not source:
                continue
            slot = slot_of(statement, number, project.duckdb_versions)
            if slot is not None and not (slot is Slot.FILE and source not in GIVEN):
                found.setdefault(hole.place, RunTimeValue(hole, slot, source, project, statement.last))
                bound = bound or statement.last
    return list(found.values()) if bound else []


@dataclass(frozen=True, slots=True)
class Binding:
    """How a query's run-time values can be bound: the f-strings that lose them, and the call that takes them."""

    texts: tuple[Place, ...]
    values: tuple[Place, ...]  # in the order of the text; one that goes in twice stands here twice
    safe: bool  # each is shown to be a text


def binding_of(query: Query) -> Binding | None:
    """How to bind all that a query takes into its text, None where that can't be written surely."""
    (variant, *others) = query.variants or (None,)
    if variant is None or others or not query.complete or len(query.statements) != 1:
        return None
    taken = {value.hole.place: value for value in query.run_time_values}
    if query.parameters is not None or query.method not in ("execute", "sql", "query"):
        return None
    if any(value.slot is not Slot.LITERAL or value.hole.shaped for value in taken.values()):
        return None
    taken |= _beside(query)
    constant = "".join(part for part in variant.parts if isinstance(part, str))
    if "?" in constant or re.search(r"\$\w", constant):
        return None
    texts: dict[ast.AST, None] = {}
    values: list[Place] = []
    before = ""
    for part in variant.parts:
        if isinstance(part, str):
            before = part
            continue
        if part.place in taken:
            holder = _text_around(query, part)
            if holder is None or _TYPED.search(before):
                return None
            texts[holder] = None
            values.append(part.place)
        before = ""
    if not all(_is_of_this_call(query, text) for text in texts) or not all(_keeps(query, place) for place in values):
        return None
    module = query.function.module
    safe = all(value.is_text for value in taken.values())
    return Binding(tuple(Place(module, text) for text in texts), tuple(values), safe)


def _beside(query: Query) -> dict[Place, RunTimeValue]:
    """What else a text takes into quotes, be it from wherever: who binds one value of a statement binds them all."""
    (statement,), project = query.statements, query.function.project
    assert project is not None
    found: dict[Place, RunTimeValue] = {}
    for number, hole in statement.own_holes.items():
        tracer = Tracer(project, hole.place)
        if hole.shaped or hole.origin is Origin.LITERAL or tracer.definition is None:
            continue
        if tracer.is_number(hole.place.node):
            continue
        slot = slot_of(statement, number, project.duckdb_versions)
        if slot is Slot.LITERAL and not tracer.is_quoted(hole.place.node):
            found[hole.place] = RunTimeValue(hole, slot, source_of(hole, project), project, statement.last)
    return found


def _text_around(query: Query, hole: Hole) -> ast.AST | None:
    """The f-string of the query's own function that holds a hole."""
    for node in query.function.nodes():
        if isinstance(node, ast.JoinedStr):
            if any(isinstance(v, ast.FormattedValue) and v.value is hole.place.node for v in node.values):
                return node
    return None


def _is_of_this_call(query: Query, text: ast.AST) -> bool:
    """Whether an f-string is the query's argument itself, or all of a variable that is used for nothing else."""
    argument = query.argument.node if query.argument is not None else None
    if argument is text:
        return True
    if not isinstance(argument, ast.Name):
        return False
    bound = [n for n in query.function.nodes(ast.Name) if n.id == argument.id]
    assigned = [n for n in query.function.nodes(ast.Assign) if n.value is text]
    return (
        len(bound) == 2
        and len(assigned) == 1
        and len(assigned[0].targets) == 1
        and isinstance(assigned[0].targets[0], ast.Name)
        and assigned[0].targets[0].id == argument.id
    )


def _keeps(query: Query, place: Place) -> bool:
    """Whether an expression has the same value at the call as in the text above it."""
    node = place.node
    while isinstance(node, ast.Attribute):
        node = node.value
    if query.argument is not None and query.argument.span.start <= place.span.start < query.argument.span.end:
        return True
    if not isinstance(node, ast.Name):
        return False
    line = place.span.line
    return not any(
        isinstance(n, ast.Name) and n.id == node.id and isinstance(n.ctx, (ast.Store, ast.Del))
        and line <= n.lineno <= query.call.span.line
        for n in query.function.nodes()
    )  # fmt: skip
