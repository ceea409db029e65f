"""A query as the code asks it: of which connection, with which text and parameters, and what becomes of its result."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .index import Place, Scope
from .knowledge.kinds import ResultKind
from .texts import Template, templates
from .values import Alternatives, Box, Const, Origin, Result, Site, Text, Unknown

if TYPE_CHECKING:
    from .assets import Function
    from .binding import Binding, RunTimeValue
    from .fetching import TakenRow
    from .nulls import NullUse
    from .shadowing import Shadowed
    from .sql import Statement

QUERY_METHODS = frozenset("execute executemany sql query from_query".split())
"""Methods whose first argument is SQL."""

LASTING = frozenset((Origin.LITERAL, Origin.ENVIRONMENT, Origin.FIELD))
"""Where the paths of files come from that are not made for one run."""

WRITING_METHODS = frozenset(
    """append appender checkpoint create create_view to_table to_view insert insert_into update""".split()
)
"""Methods of connections and relations that write without SQL."""

READERS = {
    "pandas.read_sql": ("sql", "con"),
    "pandas.read_sql_query": ("sql", "con"),
    "polars.read_database": ("query", "connection"),
}
"""Functions of other libraries that ask a connection they are given: the names of their SQL and of the connection."""

SHOWN = 60  # characters of a query's text that messages show
FILLING = frozenset("INSERT MERGE COPY WITH".split())

LAZY = frozenset((ResultKind.RELATION, ResultKind.GROUPED))
"""What asks nothing yet."""


@dataclass(eq=False)
class Asked:
    """A query as the data flow meets it, over all paths."""

    call: Place
    site: Site | None  # None: the default connection of the module ``duckdb``
    method: str
    sql: Alternatives
    parameters: Alternatives | None
    argument: ast.expr | None  # the SQL as written
    steps: tuple[Place, ...] = ()  # the calls that lead to it from the function at hand, outermost first


@dataclass(frozen=True, slots=True)
class Fetch:
    """A call that takes a query's result: ``fetchone``, ``df``, ``pl`` …"""

    call: Place
    method: str
    kind: ResultKind


@dataclass(frozen=True, slots=True)
class Held:
    """An expression that holds something of a query's result. ``or_none``: on some path it is None."""

    place: Place
    result: Result
    or_none: bool = False


@dataclass(eq=False)
class Query:
    """One call that asks SQL, in ``function`` itself or (then ``steps`` lead to it) in what it calls.

    ``variants`` are the texts it may have; ``complete`` says that there is no other.
    """

    function: Function
    call: Place
    site: Site | None
    method: str
    argument: Place | None
    sql: Alternatives
    parameters: Alternatives | None
    steps: tuple[Place, ...] = ()
    fetches: list[Fetch] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    leaves: bool = False  # what it gave is returned or yielded by the function

    @property
    def on_default_connection(self) -> bool:
        """Whether it is asked of the process-wide default connection."""
        return self.site is None or self.site.shared

    @cached_property
    def text_place(self) -> Place | None:
        """The string that is its text: the argument itself, or what a variable that is bound once holds."""
        if self.argument is None or not self.is_own:
            return None
        node: ast.AST = self.argument.node
        if isinstance(node, ast.Name):
            bound = [
                n
                for n in self.function.nodes(ast.Assign)
                if any(isinstance(t, ast.Name) and t.id == node.id for t in n.targets)
            ]
            if len(bound) != 1:
                return None
            node = bound[0].value
        return Place(self.function.module, node) if isinstance(node, (ast.Constant, ast.JoinedStr)) else None

    @property
    def receiver_name(self) -> str:
        """The variable whose method asks it, "" where that is no plain name of a connection that is bound before."""
        match self.call.node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) if self.is_own and self.site is not None:
                return "" if self._binds_around(name) else name
        return ""

    def _binds_around(self, name: str) -> bool:
        """Whether what the call is part of binds the name: a comprehension, a lambda, the head of a ``with``."""
        for node in self.function.nodes():
            match node:
                case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                    bound: list[ast.AST] = [each.target for each in node.generators]
                    within: list[ast.AST] = [node]
                case ast.Lambda():
                    bound, within = [node.args], [node.body]
                case ast.With() | ast.AsyncWith():
                    bound = [item.optional_vars for item in node.items if item.optional_vars is not None]
                    within = [item.context_expr for item in node.items]
                case _:
                    continue
            names = {getattr(n, "id", getattr(n, "arg", "")) for each in bound for n in all_nodes(each)}
            if name in names and any(n is self.call.node for each in within for n in all_nodes(each)):
                return True
        return False

    @property
    def in_memory(self) -> bool:
        """Whether its database is no file."""
        return self.site is None or self.site.origin is Origin.MEMORY

    @property
    def is_lasting(self) -> bool:
        """Whether its database is there at the next run, too, as far as the code tells."""
        return self.site is not None and self.site.origin in LASTING

    @property
    def place(self) -> Place:
        """Where it stands in ``function``: the call itself, or the call that leads to it."""
        return self.steps[0] if self.steps else self.call

    @property
    def is_own(self) -> bool:
        """Whether ``function`` asks it itself."""
        return not self.steps

    @property
    def scope(self) -> Scope:
        """The names in sight where it is asked: those of its SQL may be frames of the helper that asks."""
        if self.is_own:
            return self.function.definition.inner
        module = self.call.module
        helper = module.function_around(self.call.span.line)
        return module.scope if helper is None else helper.inner

    @cached_property
    def variants(self) -> tuple[Template, ...]:
        """The texts that it may have, as far as they are known."""
        found: list[Template] = []
        for value in self.sql:
            if isinstance(value, (Const, Text)):
                found.extend(templates((value,), None))
        return tuple(dict.fromkeys(found))

    @cached_property
    def complete(self) -> bool:
        """Whether ``variants`` are all the texts that it may have."""
        return bool(self.variants) and not any(isinstance(v, Unknown) or not templates((v,), None) for v in self.sql)

    @property
    def shown(self) -> str:
        """Its text for people: on one line, shortened, ``…`` where something goes in; "" if unknown."""
        if not self.variants:
            return ""
        parts = self.variants[0].parts
        text = " ".join("".join(part if isinstance(part, str) else "…" for part in parts).split())
        if len(self.variants) > 1:
            others = [" ".join(variant.render().split()) for variant in self.variants[1:]]
            same = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(text, *others)))
            text = text[:same] + "…"
        return text if len(text) <= SHOWN else text[: SHOWN - 1].rstrip() + "…"

    @property
    def sources(self) -> str:
        """The tables that it reads, for people, as its text writes them: ``orders and customers``; "" unless all are
        known and they are few."""
        found: dict[str, None] = {}
        for statement in self.last_statements:
            if statement.files or not all(table.is_known for table in statement.reads):
                return ""
            for table in statement.reads:
                written = re.search(rf"(?<!\w){re.escape(str(table))}(?!\w)", statement.text, re.IGNORECASE)
                found[written[0] if written else str(table)] = None
        names = list(found)
        return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:]))) if len(names) <= 3 else ""

    @property
    def source_variable(self) -> str:
        """The variable that names the one table it reads; "" unless it does so wholly and in the query's function."""
        for statement in self.last_statements if len(self.last_statements) == 1 else ():
            holes = {f"hole_{number}_": hole for number, hole in statement.own_holes.items()}
            hole = holes.get(str(statement.reads[0])) if len(statement.reads) == 1 and not statement.files else None
            if hole is not None and not hole.shaped and isinstance(hole.place.node, ast.Name):
                return hole.place.node.id if hole.place.node in self.function.nodes(ast.Name) else ""
        return ""

    @cached_property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of all variants, those of one text in order."""
        from .sql import statements_of

        return tuple(s for variant in self.variants for s in statements_of(variant))

    @cached_property
    def is_read_only(self) -> bool:
        """Whether it is shown to run on a database that is opened for reading alone."""
        return self.complete and bool(self.statements) and all(s.runs_read_only for s in self.statements)

    @cached_property
    def last_statements(self) -> tuple[Statement, ...]:
        """Of each variant the statement whose result is given."""
        from .sql import statements_of

        return tuple(found[-1] for variant in self.variants if (found := statements_of(variant)))

    @cached_property
    def can_be_empty(self) -> bool | None:
        """Whether its result may have no row: True if that is shown, False if it never is, None where it can't be
        told."""
        if not self.complete or not self.last_statements:
            return None
        answers = {statement.can_be_empty for statement in self.last_statements}
        if True not in answers:
            return None if None in answers else False
        return None if self.reads_what_was_just_made else True

    @property
    def reads_what_was_just_made(self) -> bool:
        """Whether something asked before may have filled what it reads: how many rows that has is not in sight."""
        reads = [table for statement in self.last_statements for table in statement.reads]
        for before in self.function.all_queries:
            if before is self:
                return False
            if not before.complete:
                return True
            for statement in before.statements:
                if statement.created_can_be_empty:
                    continue
                filled = (*statement.makes, *(statement.writes if statement.keyword in FILLING else ()))
                if any(table.may_be(read) for table in filled for read in reads):
                    return True
        return False

    @property
    def takes_parameters(self) -> bool:
        """Whether parameters are handed over."""
        return self.parameters is not None and not all(
            isinstance(v, Const) and v.value is None for v in self.parameters
        )

    @property
    def parameter_count(self) -> int | None:
        """How many parameters are listed, None where that can't be told."""
        given = self.parameters
        if given is None:
            return 0
        if len(given) == 1 and isinstance(given[0], Box) and not given[0].open and given[0].kind in ("list", "tuple"):
            return len(given[0].items)
        return None

    @cached_property
    def is_looked_at(self) -> bool:
        """Whether the function looks at how many rows it gave, or counts those of a table that it reads."""
        from .looks import Looks

        assert self.function.project is not None
        looks = Looks(self.function.definition, self.function.project.names, rows=True)
        nodes = {held.place.node for held in self.held}
        return looks.at(nodes, {n.id for n in nodes if isinstance(n, ast.Name)}) or bool(self.counting)

    @cached_property
    def is_used(self) -> bool:
        """Whether the function does anything with what it gave."""
        from .looks import Looks

        assert self.function.project is not None
        looks = Looks(self.function.definition, self.function.project.names, rows=True)
        nodes = {held.place.node for held in self.held if held.result.kind not in LAZY}
        return looks.uses(nodes, {n.id for n in nodes if isinstance(n, ast.Name)})

    @cached_property
    def counting(self) -> list[Query]:
        """The other queries of the function that count the rows of a table that this one reads."""
        reads = [table for statement in self.last_statements for table in statement.reads]
        return [
            other
            for other in self.function.all_queries
            if other is not self
            and "count" in other.shown.lower()
            and any(
                statement.counts and any(table.may_be(read) for table in statement.reads for read in reads)
                for statement in other.statements
            )
        ]

    @cached_property
    def shadowed_scans(self) -> list[Shadowed]:
        """The frames that it reads by names which tables have, too."""
        from .shadowing import shadowed_scans

        return shadowed_scans(self)

    @property
    def reads_catalogue(self) -> bool:
        """Whether it looks up what tables, columns or settings there are."""
        return any(table.is_catalogue for statement in self.last_statements for table in statement.reads) or any(
            statement.calls_catalogue for statement in self.last_statements
        )

    @cached_property
    def null_uses(self) -> list[NullUse]:
        """Where its function counts with a value that is None on an empty table."""
        from .nulls import null_uses

        return null_uses(self)

    @cached_property
    def run_time_values(self) -> list[RunTimeValue]:
        """Values known only at run time that its text takes in where parameters could be bound."""
        from .binding import run_time_values

        if not any(variant.holes for variant in self.variants):
            return []
        return run_time_values(self)

    @property
    def binding(self) -> Binding | None:
        """How those could be bound instead, None where that can't be written surely."""
        from .binding import binding_of

        return binding_of(self)

    @cached_property
    def assignment(self) -> Place | None:
        """The statement that binds what it fetches, and nothing else, to a name."""
        fetched = {fetch.call.node for fetch in self.fetches}
        for node in self.function.nodes():
            if (
                isinstance(node, ast.Assign)
                and node.value in fetched
                and len(node.targets) == 1
                and isinstance(node.targets[0], ast.Name)
            ) or (isinstance(node, ast.AnnAssign) and node.value in fetched and isinstance(node.target, ast.Name)):
                return Place(self.function.module, node)
        return None

    @property
    def assigned_name(self) -> str:
        """The name that ``assignment`` binds, "" where there is none."""
        node = self.assignment.node if self.assignment is not None else None
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        return target.id if isinstance(target, ast.Name) else ""

    @cached_property
    def taken_rows(self) -> list[TakenRow]:
        """Where its rows are taken for granted."""
        from .fetching import taken_rows

        return taken_rows(self)


def queries_of(
    function: Function, asked: list[Asked], seen: dict[ast.expr, Alternatives], gone: list[Alternatives]
) -> list[Query]:
    """The queries of a function, with what ``seen``, the values of its expressions, and ``gone``, what leaves it, say
    of their results."""
    found: list[Query] = []
    by_call: dict[ast.AST, Query] = {}
    for one in asked:
        argument = Place(one.call.module, one.argument) if one.argument is not None else None
        query = Query(function, one.call, one.site, one.method, argument, one.sql, one.parameters, one.steps)
        found.append(query)
        if query.is_own:
            by_call[one.call.node] = query
    if not by_call:
        return found
    for node, values in seen.items():
        for value in _results(values):
            holder = by_call.get(value.query.node) if value.query is not None else None
            if holder is None:
                continue
            place = Place(function.module, node)
            holder.held.append(Held(place, value, any(isinstance(v, Const) and v.value is None for v in values)))
            if isinstance(node, ast.Call) and value.made.node is node and value.kind not in LAZY:
                name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                holder.fetches.append(Fetch(place, name, value.kind))
    for value in (v for values in gone for v in _results(values)):
        holder = by_call.get(value.query.node) if value.query is not None else None
        if holder is not None:
            holder.leaves = True
    return found


def _results(values: Alternatives) -> Iterator[Result]:
    for value in values:
        if isinstance(value, Result):
            yield value
        elif isinstance(value, Box):
            for item in value.items:
                yield from _results(item)
