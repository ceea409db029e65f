"""What an asset writes when it is run again: tables that are there already, rows that stand there twice."""

from __future__ import annotations

import ast
import enum
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name

from .index import Def
from .nulls import is_tested
from .runtime import PARTITION
from .sql import Statement, Table
from .tables import OPAQUE_METHODS, called_from, is_tried

if TYPE_CHECKING:
    from .assets import Function
    from .queries import Query

KEPT = re.compile(
    r"log|audit|hist|event|snapshot|runs?\b|metric|archive|journal|monitor|watermark|registry|ledger|dead|err|reject|queue|trace|usage"
)
"""Names of tables that are there to grow: what was is kept on purpose."""


MOVING = frozenset("replace remove move copy copyfile copy2".split())


class Repeat(enum.Enum):
    """What becomes of a statement at the second run, to be said of its ``table``."""

    FAILS = "the second run fails, for `{table}` is there already"
    STALE = "`{table}` is filled once, and later runs keep what the first one saw"
    DOUBLES = "each run adds the same rows to `{table}` again, or fails at its key"


@dataclass(frozen=True, slots=True)
class RepeatedWrite:
    """A statement that a second run does not bear."""

    query: Query
    statement: Statement
    table: Table
    repeat: Repeat


def repeated_writes(function: Function) -> list[RepeatedWrite]:
    """The writes of an asset that are not the same when they are done again; each table once."""
    writes = _Writes(function)
    if writes.unclear:
        return []
    found: dict[str, RepeatedWrite] = {}
    for query, statement in writes.statements:
        for table in (*statement.makes, *statement.writes):
            repeat = writes.repeat(query, statement, table)
            if repeat is not None:
                found.setdefault(str(table), RepeatedWrite(query, statement, table, repeat))
    return list(found.values())


class _Writes:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.statements = [(q, s) for q in function.all_queries if q.is_lasting for s in q.statements]

    @cached_property
    def unclear(self) -> bool:
        """Whether something may delete or drop what is written without being seen."""
        if any(not query.complete for query in self.function.all_queries):
            return True
        if any(s.tree is None or s.keyword in ("ATTACH", "USE", "IMPORT", "EXECUTE") for _, s in self.statements):
            return True
        assert self.function.project is not None
        return any(
            isinstance(n.func, ast.Attribute) and self._hides(n.func, definition)
            for definition in called_from(self.function.definition, self.function.project)
            for n in definition.nodes_of(ast.Call)
        )

    def _hides(self, called: ast.Attribute, within: Def) -> bool:
        """Whether a call makes tables of unknown names, or moves and removes files: databases, maybe."""
        assert self.function.project is not None
        name = self.function.project.names.external(called, within.inner)
        moved = called.attr in ("unlink", "rename", "rmtree") or (
            called.attr in MOVING and name.startswith(("os.", "shutil."))
        )
        return moved or called.attr in OPAQUE_METHODS

    @cached_property
    def looks_up(self) -> bool:
        """Whether it asks what there is: what it does then depends on that."""
        return any(
            query.reads_catalogue
            or any(
                s.keyword in ("SHOW", "DESCRIBE") or (s.keyword == "PRAGMA" and "table" in s.text.lower())
                for s in query.statements
            )
            for query in self.function.all_queries
        ) or any(
            isinstance(n, ast.Call) and n.args and "exists" in called_name(n) and called_name(n) != "exists"
            for n in self.function.nodes()
        )

    def _is_conditional(self, query: Query) -> bool:
        """Whether a statement runs under a condition, or after an error, only: here or in the helper that asks it."""
        return any(
            inner is place.node
            for place in (query.call, *query.steps)
            for around in place.module.functions
            if around.node.lineno <= place.span.line <= (around.node.end_lineno or 0)
            for node in around.nodes
            if isinstance(node, (ast.If, ast.ExceptHandler))
            for statement in (*node.body, *getattr(node, "orelse", ()))
            for inner in all_nodes(statement)
        )

    def repeat(self, query: Query, statement: Statement, table: Table) -> Repeat | None:
        """What becomes of the table that a statement makes or writes; None where it is the same, or unclear."""
        if (
            "hole_" in table.name
            or statement.is_temporary
            or self.looks_up
            or is_tried(query, "CatalogException", "ConstraintException")
        ):
            return None
        if statement.keyword == "CREATE":
            if statement.is_view or statement.replaces or self._dropped(table) or self._is_conditional(query):
                return None
            if not statement.if_not_exists:
                return Repeat.FAILS
            written = any(table.may_be(t) for _, s in self.statements for t in s.writes)
            return None if written or not statement.is_filled else Repeat.STALE
        if not query.is_own and self._is_conditional(query):
            return None
        if statement.inserts and not KEPT.search(table.name):
            return Repeat.DOUBLES if self._appends(statement, table) else None
        return None

    def _appends(self, statement: Statement, table: Table) -> bool:
        """Whether nothing keeps an INSERT from adding the same rows again."""
        if statement.minds_repeats or self._dropped(table) or self._emptied(table) or self._speaks_of_partitions:
            return False
        for query, other in self.statements:
            if any(table.may_be(read) for read in other.reads):
                if not other.only_counts or is_tested(query):
                    return False
        return True

    def _dropped(self, table: Table) -> bool:
        """Whether the run makes the table anew."""
        return any(
            table.may_be(other)
            for _, s in self.statements
            for other in (*s.drops, *(s.makes if s.replaces or s.is_temporary else ()))
        )

    def _emptied(self, table: Table) -> bool:
        return any(table.may_be(other) for _, s in self.statements if s.empties for other in s.writes)

    @cached_property
    def _speaks_of_partitions(self) -> bool:
        return any(isinstance(n, ast.Attribute) and n.attr in PARTITION for n in self.function.nodes())
