"""Names in SQL that mean a frame of the function until a table of that name exists, which wins from then on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Assigned, Opaque
from .knowledge import ResultKind
from .pykinds import FRAMES
from .runs import parameter_value
from .sql import Statement, Table
from .usage import database_of, registers
from .values import Alternatives, Data, Result

if TYPE_CHECKING:
    from .facts import Facts
    from .graph import AssetGraph
    from .index import Def, Place
    from .queries import Query

FRAME_RESULTS = frozenset((ResultKind.FRAME_PANDAS, ResultKind.FRAME_POLARS, ResultKind.ARROW_TABLE))


@dataclass(frozen=True, slots=True)
class Shadowed:
    """A name that a query reads and that is both a frame and a table; ``made`` is the call that makes the table.

    ``by_itself``: the statement writes the table that it reads by that name.
    """

    name: str
    made: Place
    by_itself: bool


def shadowed_scans(query: Query) -> list[Shadowed]:
    """The names that a query reads, of frames that were bound before it and of tables that are kept in its file."""
    function = query.function
    if not query.is_own or not query.is_lasting:
        return []
    found: dict[str, Shadowed] = {}
    for statement in query.statements:
        for table in statement.reads:
            if table.schema or not _is_frame(table.name, query) or registers(function, table.name):
                continue
            if _wins_by_itself(statement, table, query):
                found.setdefault(table.name, Shadowed(table.name, query.call, True))
            elif table.name not in found and (made := _made_elsewhere(table, query)) is not None:
                found[table.name] = Shadowed(table.name, made, False)
    return list(found.values())


def _is_frame(name: str, query: Query) -> bool:
    """Whether a variable of that name is shown to hold a frame when the query is asked."""
    function = query.function
    end = query.call.span.start
    for variable, bindings in function.definition.inner.names.items():
        if variable.lower() != name:
            continue
        before: list[Alternatives] = []
        for binding in bindings:
            if isinstance(binding, Assigned):
                if function.module.span(binding.value).end <= end:
                    before.append(function.run.values.get(binding.value, ()))
            elif isinstance(binding, Opaque):
                before += [parameter_value(function, p) for p in function.parameters if p.name == variable] or [()]
        return bool(before) and all(_holds_frame(values) for values in before)
    return False


def _holds_frame(values: Alternatives) -> bool:
    return bool(values) and all(
        (isinstance(v, Data) and v.kinds <= FRAMES) or (isinstance(v, Result) and v.kind in FRAME_RESULTS)
        for v in values
    )


def _wins_by_itself(statement: Statement, table: Table, query: Query) -> bool:
    """Whether a statement replaces, or adds to, the table of which the frame has the name."""
    if statement.is_temporary or statement.is_view or _is_dropped(table, query):
        return False
    if statement.replaces:
        return any(table.name == made.name and not made.catalog for made in statement.makes)
    return statement.inserts and any(table.name == written.name for written in statement.writes)


def _is_dropped(table: Table, query: Query) -> bool:
    """Whether the function drops the table before, as far as the order of its queries tells."""
    for other in query.function.all_queries:
        if other is query:
            return False
        if any(table.may_be(gone) for statement in other.statements for gone in statement.drops):
            return True
    return False


def _made_elsewhere(table: Table, query: Query) -> Place | None:
    """The query of the function, or of another asset, that makes a lasting table of that name in the same file."""
    function, file = query.function, database_of(query.site)
    if not file or _is_dropped(table, query):
        return None
    here = (file, table.name)
    own = (call for other in function.all_queries if other is not query for at, call in made_by(other) if at == here)
    if found := next(own, None):
        return found
    assert function.project is not None
    others = function.project.facts.tables_made(function.module).get(here, ())
    return next((call for definition, call in others if definition is not function.definition), None)


def made_by(query: Query) -> Iterator[tuple[tuple[str, str], Place]]:
    """The lasting tables that a query makes in the main schema, as file and name, and its call."""
    file = database_of(query.site)
    for statement in query.statements:
        if not statement.is_temporary:
            for made in statement.makes:
                if made.schema in ("", "main"):
                    yield (file, made.name), query.call


def made_in(graph: AssetGraph, facts: Facts) -> dict[tuple[str, str], list[tuple[Def, Place]]]:
    """The lasting tables that the assets of a code location make, tests aside."""
    found: dict[tuple[str, str], list[tuple[Def, Place]]] = {}
    for definition in dict.fromkeys(node.definition for node in graph.nodes if node.definition is not None):
        function = facts.function(definition)
        for query in function.all_queries if function is not None and not function.is_test else ():
            for table, call in made_by(query):
                found.setdefault(table, []).append((definition, call))
    return found
