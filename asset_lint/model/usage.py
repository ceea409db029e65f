"""Which tables of which database an asset makes, changes and reads: by its queries, by methods, by its IO manager."""

from __future__ import annotations

import ast
import enum
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .bindings import text_in_field
from .decorators import Kind
from .dependencies import stores_nothing
from .effects import attached
from .index import Assigned, Binding, Def, Opaque, Place
from .keys import Key, Reading
from .pykinds import FRAMES
from .queries import QUERY_METHODS, Query
from .sql import CATALOGUES, Statement, Table
from .storage import duckdb_storage_of, io_manager_key, stored_out_of_sight
from .tables import FREE, called_from, opaque_makers
from .values import ANY, Conn, Data, Method, Origin, Result, Site, Unknown

if TYPE_CHECKING:
    from .assets import Function
    from .graph import AssetNode
    from .index import Scope

MEMORY = ":memory:"
DEFAULT = ":default:"
MAKING = frozenset("create to_table create_view to_view".split())
_MAKING_FRAMES = frozenset(("to_sql", "write_database"))
_HOLE = re.compile(r"hole_(\d+)_")


class Access(enum.Enum):
    """What is done with a table."""

    MAKES = "makes"  # it, or a view of its name, exists from then on
    WRITES = "writes"  # its rows change
    ALTERS = "alters"
    DROPS = "drops"
    READS = "reads"
    STORES = "stores"  # an IO manager makes it of the output
    LOADS = "loads"  # an IO manager reads it for an input


_OF_METHODS = {
    "append": Access.WRITES,
    "insert_into": Access.WRITES,
    "table": Access.READS,
    "view": Access.READS,
}


@dataclass(frozen=True, slots=True)
class TableUse:
    """A table that a function, or what it calls, uses; None for tables whose names the code does not show.

    ``database`` is the file's identity (see :mod:`.databases`), "" if unknown. ``by`` says who hides the names: a
    package, ``SQL``, ``IO manager``.
    """

    access: Access
    table: Table | None
    database: str
    place: Place  # in the function
    asked: Place  # the call itself
    temporary: bool = False
    by: str = ""


def uses_of(function: Function, node: AssetNode | None = None) -> list[TableUse]:
    """What a function does with tables, in the order in which it runs, each sort once.

    ``node`` is one of the assets that it makes: what its factory gives it fills the names.
    """
    found: dict[object, TableUse] = {}
    uses = _Uses(function, node)
    for use in (*uses.of_queries(), *uses.of_methods(), *uses.out_of_sight(), *uses.stored()):
        found.setdefault((use.access, use.table, use.database, use.by if use.table is None else ""), use)
    return list(found.values())


def tables_of(query: Query) -> list[tuple[Access, Table]]:
    """What a query does with tables; names that mean frames in variables are left out."""
    uses = _Uses(query.function, None)
    return list(dict.fromkeys(named for statement in query.statements for named in uses.named(statement, query)))


def loaded(function: Function, key: Key, maker: AssetNode) -> TableUse | None:
    """The table from which dagster_duckdb's IO manager takes the value of an upstream asset."""
    assert function.project is not None
    made_by = function.project.facts.function(maker.definition) if maker.definition is not None else None
    file = duckdb_storage_of(made_by) if made_by is not None else None
    if file is None or made_by is None or stores_nothing(made_by):
        return None
    return TableUse(Access.LOADS, table_of(key, made_by), file, function.name_place, function.name_place)


def registers(function: Function, name: str) -> bool:
    """Whether a function, or what it calls, registers a frame under a name, as far as can be told."""
    return any(pattern.fullmatch(name) for pattern in _Uses(function, None).registered)


def database_of(site: Site | None) -> str:
    """The identity of the file that a connection works on; "" if the code does not show it."""
    if site is None:
        return DEFAULT
    at: Site | None = site
    while at is not None:
        if at.file:
            return at.file
        if at.origin is Origin.MEMORY:
            return MEMORY
        if at.path.startswith(("md:", "motherduck:")):
            return f"name:{at.path}"
        at = at.inner
    return ""


class _Uses:
    def __init__(self, function: Function, node: AssetNode | None) -> None:
        assert function.project is not None
        self.function = function
        self.project = function.project
        self.node = node
        self.told: set[ast.AST] = set()  # the calls of methods whose tables are known

    # ---- queries -----------------------------------------------------------------------------------------------------

    def of_queries(self) -> Iterator[TableUse]:
        """What SQL names."""
        temporary: set[str] = set()
        for query in self.function.all_queries:
            names = self._attached(query)
            file = database_of(query.site)
            hidden = TableUse(Access.MAKES, None, file, query.place, query.call, by="SQL")
            if not query.complete and query.method in QUERY_METHODS:
                yield replace(hidden, access=Access.READS) if query.fetches else hidden
            for statement in query.statements:
                if statement.is_temporary:
                    temporary.update(table.name for table in statement.makes)
                for access, table in self.named(statement, query):
                    schema = table.catalog or table.schema
                    database = names.get(schema, file) if schema else names.get("", file)
                    if schema and schema in names:
                        table = Table(table.name, table.schema if table.catalog else "")
                    if not _HOLE.sub("", table.name):
                        yield replace(hidden, access=access, database=database)
                        continue
                    use = replace(hidden, access=access, table=table, database=database, by="")
                    yield replace(use, temporary=table.name in temporary and not table.schema)

    def named(self, statement: Statement, query: Query) -> Iterator[tuple[Access, Table]]:
        for access, tables in (
            (Access.READS, statement.reads),
            (Access.DROPS, statement.drops),
            (Access.MAKES, statement.makes),
            (Access.WRITES, statement.writes),
            (Access.ALTERS, statement.alters),
        ):
            for table in tables:
                filled = self._filled(table, statement)
                if access is not Access.READS or not self._is_no_table(filled, query):
                    yield access, filled

    def _attached(self, query: Query) -> dict[str, str]:
        """The files attached to the query's connection, by the names of their databases; "" is what ``USE`` chose."""
        found: dict[str, str] = {}
        for before in self.function.all_queries:
            if before.site is query.site:
                known = attached(before.sql)
                for statement in before.statements:
                    if statement.keyword == "ATTACH":
                        found[_attached_name(statement)] = known[0] if known is not None else ""
                    elif statement.keyword == "USE":
                        chosen = statement.text.split()[-1].strip('";').lower()
                        if chosen in found:
                            found[""] = found[chosen]
            if before is query:
                break
        return found

    def _filled(self, table: Table, statement: Statement) -> Table:
        """A table with what the asset's factory gives in the holes of its name."""
        if table.is_known or self.node is None or not self.node.given:
            return table
        holes = statement.own_holes

        def text(match: re.Match[str]) -> str:
            hole = holes.get(int(match[1]))
            node = hole.place.node if hole is not None else None
            if not isinstance(node, ast.expr) or self.node is None or not self._is_here(hole.place):  # type: ignore[union-attr]
                return match[0]
            reading = Reading(node, self.function.definition.inner, self.node.given)
            return (self.project.facts.graph(self.function.module).reader.text(reading) or match[0]).lower()

        parts = [_HOLE.sub(text, part) for part in (table.catalog, table.schema, table.name)]
        catalog, schema, name = ["", "", "", *(p for part in parts for p in part.split(".") if p)][-3:]
        return Table(name, schema, catalog)

    def _is_here(self, place: Place) -> bool:
        return Place(self.function.module, self.function.node).holds(place)

    def _is_no_table(self, table: Table, query: Query) -> bool:
        """Whether a name that is read means no table: the catalogue's views, registered frames, frames in variables."""
        if table.is_catalogue or table.schema in CATALOGUES or table.name in FREE:
            return True
        if table.schema:
            return False
        if any(pattern.fullmatch(table.name) for pattern in self.registered):
            return True
        scope: Scope | None = query.scope
        while scope is not None:
            for name, bindings in scope.names.items():
                if name.lower() == table.name:
                    return any(self._may_be_frame(name, binding, scope, query) for binding in bindings)
            scope = scope.parent
        return False

    def _may_be_frame(self, name: str, binding: Binding, scope: Scope, query: Query) -> bool:
        """Whether a variable may hold a frame when the query is asked."""
        function = self.function
        if isinstance(binding, Opaque):  # a parameter, a loop's variable
            own = function.definition.parameters if scope.function is function.definition else ()
            return not any(self.project.facts.is_resource(p, function.definition) for p in own if p.arg == name)
        if not isinstance(binding, Assigned):
            return False
        if scope.function is not None:
            values = function.run.values.get(binding.value, ANY)
            earlier = (binding.value.end_lineno or 0, binding.value.end_col_offset or 0) < _start(query.call.node)
        else:
            values, earlier = self.project.facts.static(binding.value, scope), True
        return earlier and any(
            isinstance(v, (Unknown, Result)) or (isinstance(v, Data) and not FRAMES.isdisjoint(v.kinds)) for v in values
        )

    # ---- methods -----------------------------------------------------------------------------------------------------

    def _calls(self) -> Iterator[tuple[ast.Call, str, Conn | Result | None]]:
        """The calls of methods with a constant text in front, and what of DuckDB's they are called on."""
        for node in self.function.nodes(ast.Call):
            if isinstance(node.func, ast.Attribute) and node.args:
                values = self.function.run.values.get(node.func, ())
                owners = [v.receiver for v in values if isinstance(v, Method)]
                owner = next((owner for owner in owners if isinstance(owner, (Conn, Result))), None)
                first = node.args[0]
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield node, first.value, owner

    @cached_property
    def registered(self) -> tuple[re.Pattern[str], ...]:
        """The names under which it, or what it calls, registers frames; ``.+`` where a value goes in."""
        found: dict[str, None] = {}
        for definition in called_from(self.function.definition, self.project):
            for node in definition.nodes_of(ast.Call):
                if isinstance(node.func, ast.Attribute) and node.func.attr == "register":
                    given = (*node.args[:1], *(k.value for k in node.keywords if k.arg == "view_name"))
                    found.update(dict.fromkeys(p for a in given if (p := _pattern(a, definition))))
        return tuple(map(re.compile, found))

    def of_methods(self) -> Iterator[TableUse]:
        """What methods of connections, relations and frames name."""
        for node, name, owner in self._calls():
            assert isinstance(node.func, ast.Attribute)
            method, place = node.func.attr, Place(self.function.module, node)
            access, file = None, ""
            if method in _MAKING_FRAMES:
                connections = [v for a in node.args[1:] for v in self.function.run.values.get(a, ())]
                connections += [v for k in node.keywords for v in self.function.run.values.get(k.value, ())]
                site = next((v.site for v in connections if isinstance(v, Conn)), None)
                access, file = Access.MAKES, "" if site is None else database_of(site)
            elif owner is not None:
                makes = method == "create_view" or (method in MAKING and isinstance(owner, Result))
                access = Access.MAKES if makes else _OF_METHODS.get(method)
                file = database_of(owner.site)
            if access is not None:
                self.told.add(node)
                *schema, last = name.lower().replace('"', "").split(".")
                yield TableUse(access, Table(last, schema[-1] if schema else ""), file, place, place)

    # ---- what the code does not show ---------------------------------------------------------------------------------

    def out_of_sight(self) -> Iterator[TableUse]:
        """What makes tables whose names the code does not show: dbt, dlt, other programs."""
        function = self.function
        if function.kind is Kind.INTEGRATION:
            head = function.decorator.func if isinstance(function.decorator, ast.Call) else function.decorator
            package = self.project.names.external(head, function.definition.scope).partition(".")[0]
            by = package.removeprefix("dagster_") or "a library"
            files = self.project.facts.dbt_files(function.module) if by == "dbt" else ()
            yield self._hidden(function.name_place, by, files[0] if files else "")
            return
        if not function.is_compute:
            return
        for definition in called_from(function.definition, self.project):
            for node, package in opaque_makers(definition, self.project):
                if node in self.told:
                    continue
                by, place = package.removeprefix("dagster_"), Place(definition.module, node)
                own = definition is function.definition
                files = self.project.facts.dbt_files(function.module) if by == "dbt" else ()
                use = self._hidden(place if own else function.name_place, by, files[0] if files else "")
                yield replace(use, asked=place)

    def _hidden(self, place: Place, by: str, file: str) -> TableUse:
        return TableUse(Access.MAKES, None, file, place, place, by=by)

    # ---- IO managers -------------------------------------------------------------------------------------------------

    def stored(self) -> Iterator[TableUse]:
        """The tables that dagster_duckdb's IO manager makes of what an asset gives."""
        function = self.function
        if function.kind not in (Kind.ASSET, Kind.MULTI_ASSET) or stores_nothing(function) or function.giving.nothing:
            return
        file = duckdb_storage_of(function)
        if file is None:
            if stored_out_of_sight(function):
                yield replace(self._hidden(function.name_place, "IO manager", ""), access=Access.STORES)
            return
        for key in self.node.keys if self.node is not None else ():
            yield TableUse(Access.STORES, table_of(key, function), file, function.name_place, function.name_place)


def table_of(key: Key, function: Function) -> Table:
    """The table that dagster_duckdb's IO manager makes of an asset: in the schema of its metadata, of the manager, of
    its key; else in ``public``. No schema where one is given and can't be read."""
    assert function.project is not None
    schema = _schema_in_metadata(function)
    if schema is None:
        facts, location = function.project.facts, function.project.location_of(function.module.file)
        schema = text_in_field(io_manager_key(function), "schema", location, facts)
    *prefix, name = key
    if schema is None:
        schema = prefix[-1].lower() if prefix else "public"
    return Table(name.lower(), schema)


def _schema_in_metadata(function: Function) -> str | None:
    """The schema that an asset's metadata asks for; None where they ask for none, "" where they can't be read."""
    options = [k for k in all_nodes(function.decorator or ast.Pass()) if isinstance(k, ast.keyword)]
    given = [k.value for k in options if k.arg in ("metadata", "output_metadata")]
    for node in given:
        if not isinstance(node, ast.Dict):
            return ""
        for name, value in zip(node.keys, node.values):
            if isinstance(name, ast.Constant) and name.value == "schema":
                return str(value.value).lower() if isinstance(value, ast.Constant) else ""
    return None


def _pattern(node: ast.expr, within: Def) -> str:
    """What the texts look like that an expression gives, as a regular expression; "" where nothing of it is known."""
    if isinstance(node, ast.Name):
        bound = within.inner.names.get(node.id, ())
        values = [each.value for each in bound if isinstance(each, Assigned)]
        plain = len(values) == len(bound) == 1 and not isinstance(values[0], ast.Name)
        return _pattern(values[0], within) if plain else ""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    known = [str(part.value).lower() if isinstance(part, ast.Constant) else None for part in parts]
    return "".join(".+" if text is None else re.escape(text) for text in known) if any(known) else ""


def _attached_name(statement: Statement) -> str:
    """The name under which ``ATTACH`` makes a database known: its alias, else the file's own."""
    target = getattr(statement.tree, "this", None)
    if target is None:
        return ""
    name: str = target.alias or posixpath.basename(target.name).partition(".")[0]
    return name.lower()


def _start(node: ast.AST) -> tuple[int, int]:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]
