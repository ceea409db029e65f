"""Which tables are known to be there when an asset runs: what it, its helpers and its dependencies make or look up.

A project makes tables in many ways that don't show: dbt, dlt, IO managers, SQL of files, other processes. Whoever may
do so counts as making every table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name, handlers_in

from .decorators import Kind
from .graph import node_of
from .index import Assigned, Class, Def, Opaque, Scope
from .queries import QUERY_METHODS, Query
from .reach import LIFECYCLE
from .runs import parameter_value
from .sql import Statement, Table
from .storage import stores_no_table
from .values import ANY, Box, Const

if TYPE_CHECKING:
    from .assets import Function
    from .graph import AssetNode
    from .project import Project

OPAQUE_PACKAGES = frozenset(
    """subprocess dbt dlt sling sqlalchemy ibis sqlmesh dagster_dbt dagster_dlt dagster_sling dagster_embedded_elt
    meltano pyspark airbyte dagster_airbyte dagster_pipes dagster_shell duckdb_engine sqlframe fugue prefect
    alembic yoyo""".split()
)
"""Packages that make tables whose names no SQL of the project shows."""

OPAQUE_METHODS = frozenset(
    """to_sql write_database create_table run_sql executescript execute_script system popen insert_table import_database
    copy_from""".split()
)
NAMING = frozenset("register create to_table create_view to_view".split())
"""Methods of connections and relations whose first argument is the name of what is there from then on."""

LOOKING = frozenset("table view table_exists has_table get_table_names list_tables".split())
FREE = frozenset(("dual",))
MAX_FUNCTIONS = 150


@dataclass(eq=False)
class Established:
    """Tables that exist. ``everything``: any table may, for something makes tables of unknown names."""

    everything: bool = False
    tables: set[Table] = field(default_factory=set)

    def has(self, table: Table) -> bool:
        """Whether a table is among them."""
        return self.everything or any(known.may_be(table) for known in self.tables)

    def add(self, other: Established) -> None:
        """What the other one has, too."""
        self.everything = self.everything or other.everything
        self.tables |= other.tables


@dataclass(frozen=True, slots=True)
class UnknownTable:
    """A table that a query reads and that nothing is seen to make or look up."""

    table: Table
    query: Query

    @property
    def is_lower_case(self) -> bool:
        """Whether the query writes its name in lower case."""
        return any(str(self.table) in statement.text for statement in self.query.statements)


def unverified_tables(function: Function) -> list[UnknownTable]:
    """The tables that a function's queries read on trust, each once, in the order in which it runs."""
    known = made_by(function)
    known.everything = known.everything or _takes_unclear_resources(function)
    if not known.everything:
        known.add(_of_dependencies(function))
    if known.everything:
        return []
    found: dict[str, UnknownTable] = {}
    for query in function.all_queries:
        if query.in_memory or is_tried(query, "CatalogException"):
            continue
        for statement in query.statements:
            for table in statement.reads:
                if not _is_free(table, query) and not known.has(table):
                    found.setdefault(str(table), UnknownTable(table, query))
    return list(found.values())


def _is_free(table: Table, query: Query) -> bool:
    """Whether a name needs no table: the catalogue, a frame in a variable, a name put in at run time."""
    if table.is_catalogue or table.name in FREE or "hole_" in table.name or not table.name.isidentifier():
        return True
    if table.schema:
        return False
    scope: Scope | None = query.scope
    while scope is not None:
        holder = scope.function.inner if scope.function is not None else scope
        for name, bindings in holder.names.items():
            if name.lower() == table.name and any(isinstance(b, (Assigned, Opaque)) for b in bindings):
                return True
        scope = scope.parent
    return False


def is_tried(query: Query, *errors: str) -> bool:
    """Whether a clause around a query of the function's own is for one of these errors, or goes on without it."""
    if not query.is_own:
        return False
    line, end = query.call.span.line, query.call.node.end_lineno or 0  # type: ignore[attr-defined]
    for node in query.function.nodes(ast.stmt):
        if not handlers_in(node):
            continue
        body = node.body  # type: ignore[attr-defined]
        if not (body[0].lineno <= line and end <= (body[-1].end_lineno or 0)):
            continue
        for handler in handlers_in(node):
            named = ast.dump(handler.type) if handler.type is not None else ""
            if any(error in named for error in errors):
                return True
            if not any(isinstance(n, ast.Raise) for n in all_nodes(handler)):
                return True
    return False


# ---- one function ------------------------------------------------------------------------------------------------


def made_by(function: Function) -> Established:
    """What a function makes or looks up, with all that it calls."""
    found = Established()
    asked = {query.call.node for query in function.all_queries}
    for query in function.all_queries:
        if not query.complete and query.method in QUERY_METHODS:
            found.everything = True
        for statement in query.statements:
            _add_statement(found, statement, query)
    if not found.everything:
        assert function.project is not None
        for definition in called_from(function.definition, function.project):
            _add_calls(found, definition, asked, function.project)
    return found


def _add_statement(found: Established, statement: Statement, query: Query) -> None:
    word = statement.keyword
    if statement.tree is None and word not in ("SELECT", "FROM", "VALUES", "PRAGMA", "SET", "INSTALL", "LOAD"):
        found.everything = True
    if word in ("ATTACH", "USE", "IMPORT", "EXECUTE") or not word:
        found.everything = True
    if word in ("SHOW", "DESCRIBE", "DESC") or (word in ("PRAGMA", "CALL") and "table" in statement.text.lower()):
        found.everything = True
    if any("hole_" in table.name for table in statement.makes) and not any(
        table.name.replace("hole_", "") for table in statement.makes
    ):
        found.everything = True
    found.tables.update(statement.makes)
    found.tables.update(statement.drops if "IF EXISTS" in statement.text.upper() else ())
    if statement.calls_catalogue or any(table.is_catalogue for table in statement.reads):
        looked_up = statement.looked_up
        if not looked_up or _has_parameters(query):
            names = _texts_of(query)
            found.everything = found.everything or not names
            looked_up = (*looked_up, *names)
        found.tables.update(Table(name.lower()) for name in looked_up)


def _has_parameters(query: Query) -> bool:
    return query.parameters is not None


def _texts_of(query: Query) -> tuple[str, ...]:
    """The constant texts among the parameters of a query; nothing if one can't be told."""
    found: list[str] = []
    for value in query.parameters or ():
        for item in value.items if isinstance(value, Box) else ((value,),):
            for one in item:
                if not isinstance(one, Const) or (isinstance(value, Box) and value.open):
                    return ()
                if isinstance(one.value, str):
                    found.append(one.value)
    return tuple(found)


def _add_calls(found: Established, definition: Def, asked: set[ast.AST], project: Project) -> None:
    """What the calls of one function make otherwise than by a query that has been seen."""
    names = project.names
    if any(True for _ in opaque_makers(definition, project)):
        found.everything = True
        return
    for node in definition.nodes_of(ast.Call):
        name = names.external(node.func, definition.inner)
        method = called_name(node)
        if method in QUERY_METHODS and not name and node not in asked and isinstance(node.func, ast.Attribute):
            found.everything = True
        elif method in NAMING and not name and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found.tables.add(_named(first.value))
            else:
                found.everything = True
        elif method in LOOKING or "exists" in method.lower():
            texts = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            found.everything = found.everything or not texts
            found.tables.update(_named(text) for text in texts)


def opaque_makers(definition: Def, project: Project) -> Iterator[tuple[ast.AST, str]]:
    """What in one function may make tables of names that no SQL shows, and the package or method that does."""
    names = project.names
    for argument in definition.parameters:
        if argument.annotation is not None:
            package = names.external(argument.annotation, definition.scope).partition(".")[0]
            if package in OPAQUE_PACKAGES:
                yield argument, package
    for node in definition.nodes_of(ast.Call):
        name = names.external(node.func, definition.inner)
        method = called_name(node)
        if (package := name.partition(".")[0]) in OPAQUE_PACKAGES:
            yield node, package
        elif name in ("os.system", "os.popen") or method in OPAQUE_METHODS:
            yield node, method


def _named(text: str) -> Table:
    schema, _, name = text.lower().strip('"').rpartition(".")
    return Table(name.strip('"'), schema.strip('"').rpartition(".")[2])


def called_from(definition: Def, project: Project) -> Iterator[Def]:
    """A function and all of the project that it may lead to: what it names, methods of the classes that it names."""
    seen: set[Def] = set()
    queue = [definition]
    while queue and len(seen) < MAX_FUNCTIONS:
        current = queue.pop()
        if current in seen or (current is not definition and current in project.facts.reach.compute(current.module)):
            continue  # another asset is named, in `deps` say, not called
        seen.add(current)
        yield current
        targets, attributes = project.facts.reach.references(current)
        for target in targets:
            if isinstance(target, Def):
                queue.append(target)
            elif isinstance(target, Class):
                for base in project.names.ancestry(target):
                    if isinstance(base, Class):
                        wanted = attributes | LIFECYCLE - {"handle_output", "load_input", "build_defs"}
                        queue.extend(m for name, m in base.methods.items() if name in wanted)
        queue.extend(d for d in current.module.functions if d.parent is current)


# ---- what runs before --------------------------------------------------------------------------------------------


def _of_dependencies(function: Function) -> Established:
    """What everything that runs before an asset makes."""
    assert function.project is not None
    found = Established()
    node = node_of(function)
    if node is None:
        return Established(everything=True)
    upstream = function.project.facts.graph(function.module).upstream(node)
    if not upstream.complete or upstream.missing:
        return Established(everything=True)
    for before in upstream.assets:
        found.add(_made_by_node(before, function.project))
        if found.everything:
            break
    return found


def _made_by_node(node: AssetNode, project: Project) -> Established:
    if node.definition is None or node.kind not in (Kind.ASSET, Kind.MULTI_ASSET) or node.many:
        return Established(everything=True)
    function = project.facts.function(node.definition)
    if function is None:
        return Established(everything=True)
    return function.establishes


def establishes(function: Function) -> Established:
    """What an asset makes, by what stores its output too."""
    if not _gives_nothing(function) and not stores_no_table(function):
        return Established(everything=True)
    return Established(everything=True) if _takes_unclear_resources(function) else made_by(function)


def _takes_unclear_resources(function: Function) -> bool:
    """Whether some resource of a function is none of the project's or DuckDB's: it may make tables."""
    assert function.project is not None
    facts = function.project.facts
    for parameter in function.parameters:
        if facts.is_resource(parameter.node, function.definition) and parameter_value(function, parameter) == ANY:
            return True
    return any(
        isinstance(node.value, ast.Attribute)
        and node.value.attr == "resources"
        and facts.resource(node.attr, function.module) == ANY
        for node in function.nodes(ast.Attribute)
    )


def _gives_nothing(function: Function) -> bool:
    annotation = function.node.returns
    return isinstance(annotation, ast.Constant) and annotation.value is None
