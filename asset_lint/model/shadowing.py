"""Names in SQL that mean a frame of the function until a table of that name exists, which wins from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Assigned, Opaque
from .knowledge import ResultKind
from .pykinds import PyKind
from .runs import parameter_value
from .sql import Statement, Table
from .usage import database_of, registers
from .values import Alternatives, Data, Origin, Result

if TYPE_CHECKING:
    from .index import Place
    from .queries import Query

FRAMES = frozenset((PyKind.FRAME, PyKind.POLARS_FRAME, PyKind.ARROW_TABLE))
FRAME_RESULTS = frozenset((ResultKind.FRAME_PANDAS, ResultKind.FRAME_POLARS, ResultKind.ARROW_TABLE))
LASTING = frozenset((Origin.LITERAL, Origin.ENVIRONMENT, Origin.FIELD))


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
    if not query.is_own or query.site is None or query.site.origin not in LASTING:
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
    assert function.project is not None
    facts = function.project.facts
    definitions = [node.definition for node in facts.graph(function.module).nodes if node.definition is not None]
    found = [facts.function(definition) for definition in definitions if definition is not function.definition]
    for asking in (function, *(f for f in found if f is not None and not f.is_test)):
        for other in asking.all_queries:
            if other is not query and database_of(other.site) == file:
                for statement in other.statements:
                    if not statement.is_temporary and any(
                        made.name == table.name and made.schema in ("", "main") for made in statement.makes
                    ):
                        return other.call
    return None


__all__ = ["Shadowed", "shadowed_scans"]
