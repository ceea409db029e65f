"""Reading the facts off the model: one table at a time, and only those that somebody asks for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from asset_lint.documents import is_document
from asset_lint.finding import Finding, Span
from asset_lint.model.bindings import file_in_field
from asset_lint.model.databases import in_words
from asset_lint.model.effects import Doing
from asset_lint.model.names import External
from asset_lint.model.usage import Access, TableUse, database_of, loaded, table_of, tables_of, uses_of
from asset_lint.model.values import Instance, LibraryInstance

from . import rows

if TYPE_CHECKING:
    from asset_lint.config import Config
    from asset_lint.engine.check import Checker
    from asset_lint.model.assets import Function
    from asset_lint.model.graph import AssetGraph, AssetNode
    from asset_lint.model.index import Module, Place
    from asset_lint.model.keys import Key
    from asset_lint.model.project import Project
    from asset_lint.model.queries import Query
    from asset_lint.model.sql import Table
    from asset_lint.model.values import Value

Files = Sequence[tuple[Path, "Config"]]
HOLE = "{…}"
_ABSOLUTE = re.compile(r"(?<=path:)/[^{}:]*")
_HOLE = re.compile(r"hole_\d+_")


class _At(TypedDict):
    path: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class _Unit:
    """A file that could be parsed, with the functions in it that Dagster reaches."""

    project: Project
    module: Module

    @cached_property
    def functions(self) -> Sequence[Function]:
        return self.project.functions(self.module)


class Facts:
    """The facts of some files, as far as somebody asks for them.

    ``name`` says what a file (an absolute path) is called in the rows, ``findings`` gives what a check of the files
    finds. The files are seen with the whole project around them, as a check sees them.
    """

    def __init__(
        self,
        files: Files,
        checker: Checker,
        name: Callable[[str], str],
        findings: Callable[[], Iterable[Finding]],
    ) -> None:
        self.files = files
        self._checker = checker
        self._name = name
        self._findings = findings
        self._known: dict[str, tuple[rows.Row, ...]] = {}

    def table(self, name: str) -> tuple[rows.Row, ...]:
        """The rows of a table of :data:`.rows.TABLES`, in the order of the files and of their text."""
        readers: dict[str, Callable[[], Iterator[rows.Row]]] = {
            "assets": self._assets,
            "dependencies": self._dependencies,
            "resources": self._resources,
            "connections": self._connections,
            "queries": self._queries,
            "tables": self._tables,
            "conflicts": self._conflicts,
            "findings": self._found,
        }
        if name not in self._known:
            self._known[name] = tuple(readers[name]())
        return self._known[name]

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """The code locations in which a library or a YAML component makes further assets, of which nothing is known."""
        return tuple(self._location(g.project, g.location) for g in self._graphs if g.opaque)

    # ---- the model ---------------------------------------------------------------------------------------------------

    @cached_property
    def _units(self) -> tuple[_Unit, ...]:
        found = []
        for path, config in self.files:
            if is_document(str(path)):
                continue  # the assets of a guide are nobody's
            project, file = self._checker.project(str(path), config), os.path.abspath(path)
            with suppress(OSError):  # whoever checks that file says so
                if project.worth_reading(str(path), project.data(file)) and (module := project.load(file)) is not None:
                    found.append(_Unit(project, module))
        return tuple(found)

    @cached_property
    def _graphs(self) -> tuple[AssetGraph, ...]:
        return tuple({id(g): g for unit in self._units for g in [unit.project.facts.graph(unit.module)]}.values())

    @cached_property
    def _nodes(self) -> tuple[tuple[AssetGraph, AssetNode], ...]:
        """The assets of the files."""
        wanted = {(id(unit.project), unit.module.file) for unit in self._units}
        return tuple(
            (g, node) for g in self._graphs for node in g.nodes if (id(g.project), node.place.module.file) in wanted
        )

    def _functions(self) -> Iterator[Function]:
        for unit in self._units:
            yield from unit.functions

    def _function(self, node: AssetNode, project: Project) -> Function | None:
        return project.facts.function(node.definition) if node.definition is not None else None

    def _keys_of(self, function: Function) -> tuple[str, ...]:
        assert function.project is not None
        graph = function.project.facts.graph(function.module)
        nodes = graph.of(function.definition) if function.is_compute else ()
        return tuple("/".join(key) for node in nodes if node.definition is function.definition for key in node.keys)

    # ---- places ------------------------------------------------------------------------------------------------------

    def _at(self, place: Place) -> _At:
        return self._span(self._name(place.module.file), place.span)

    def _span(self, path: str, span: Span) -> _At:
        return {
            "path": path,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
        }

    def _at_node(self, node: AssetNode) -> _At:
        place = node.place
        if node.definition is not None:
            place = node.definition.module.place(node.definition.name_node)
        return self._at(place)

    def _location(self, project: Project, folder: str) -> str:
        return os.path.relpath(folder, project.root).replace(os.sep, "/")

    def _words(self, file: str, function: Function) -> str | None:
        """A database for people; ``:memory:`` and ``:default:`` are such words already."""
        assert function.project is not None
        if file.startswith(":"):
            return file
        return self._shown(file, function.project, function.project.location_of(function.module.file))

    def _shown(self, file: str, project: Project, location: str) -> str | None:
        known = file_in_field(file, location, project.facts)
        known = _ABSOLUTE.sub(lambda match: self._name(match[0]), known)
        return in_words(known.replace(project.root + os.sep, "")) or None

    # ---- assets ------------------------------------------------------------------------------------------------------

    def _assets(self) -> Iterator[rows.Row]:
        for graph, node in self._nodes:
            function = self._function(node, graph.project)
            for key in (*node.keys, *(() if node.all_keys else (None,))):
                yield rows.Asset(
                    asset=None if key is None else "/".join(key),
                    function=node.definition.qualified_name if node.definition is not None else None,
                    kind=_kind(node),
                    group_name=_constant(node, "group_name", graph),
                    pool=_constant(node, "pool", graph),
                    touches_duckdb=function is not None and function.run.touches_duckdb,
                    is_test=function is not None and function.is_test,
                    complete=node.all_keys and node.all_needs,
                    location=self._location(graph.project, graph.location),
                    **self._at_node(node),
                )

    def _dependencies(self) -> Iterator[rows.Row]:
        for graph, node in self._nodes:
            for dependency in graph.dependencies(node):
                yield rows.Dependency(
                    asset=_text(dependency.key),
                    upstream=_text(dependency.upstream),
                    by_value=dependency.by_value,
                    known=bool(dependency.makers),
                    **self._at_node(node),
                )

    def _resources(self) -> Iterator[rows.Row]:
        wanted = {(id(unit.project), unit.module.file) for unit in self._units}
        for graph in self._graphs:
            project = graph.project
            for bound in dict.fromkeys(project.facts.bound(graph.location)):
                file = bound.place.module.file
                if (id(project), file) not in wanted or project.location_of(file) != graph.location:
                    continue
                kinds = {_class_of(value) for value in bound.values}
                files = {_opened_by(value, project) for value in bound.values}
                yield rows.Resource(
                    key=bound.key,
                    kind=kinds.pop() if len(kinds) == 1 else None,
                    database=self._shown(files.pop(), project, graph.location) if len(files) == 1 else None,
                    bound_by=bound.by or None,
                    is_test=project.is_test(bound.place.module.file),
                    location=self._location(project, graph.location),
                    **self._at(bound.place),
                )

    # ---- databases ---------------------------------------------------------------------------------------------------

    def _connections(self) -> Iterator[rows.Row]:
        for function in self._functions():
            for connection in function.connections:
                site = connection.sites[0]
                opened = connection.steps[-1][0] if connection.steps else connection.opened
                files = {database_of(site) for site in connection.sites}
                leak = next(iter((*connection.leaks, *([connection.lent] if connection.lent else []))), None)
                yield rows.Connection(
                    assets=self._keys_of(function),
                    function=function.qualified_name,
                    variable=connection.name or None,
                    database=self._words(files.pop(), function) if len(files) == 1 else None,
                    path_from="memory" if connection.in_memory else connection.origin.name.lower(),
                    read_only=site.configuration.read_only,
                    config=site.configuration.options or None,
                    by_resource=site.configuration.by_resource,
                    is_own=not connection.steps,
                    leaks=leak.way.value if leak is not None else None,
                    opened_path=self._name(opened.module.file),
                    opened_line=opened.span.line,
                    **self._at(connection.opened),
                )

    def _queries(self) -> Iterator[rows.Row]:
        for function in self._functions():
            for query in function.all_queries:
                tables = tables_of(query)
                yield rows.Query(
                    assets=self._keys_of(function),
                    function=function.qualified_name,
                    database=self._words(database_of(query.site), function),
                    method=query.method,
                    statement=query.statements[0].keyword or None if query.statements else None,
                    sql=_sql(query),
                    complete=query.complete,
                    parameters=query.takes_parameters,
                    reads=tuple(_name(table) for access, table in tables if access is Access.READS),
                    writes=tuple(_name(table) for access, table in tables if access is not Access.READS),
                    is_own=query.is_own,
                    asked_path=self._name(query.call.module.file),
                    asked_line=query.call.span.line,
                    **self._at(query.place),
                )

    def _tables(self) -> Iterator[rows.Row]:
        of_assets: set[object] = set()
        for graph, node in self._nodes:
            function = self._function(node, graph.project)
            if function is None:
                continue
            of_assets.add(function)
            uses = uses_of(function, node)
            for key in node.keys or (None,):
                stored = None if key is None else table_of(key, function)
                own = [use for use in uses if use.access is not Access.STORES or use.table in (None, stored)]
                for use in (*own, *self._loaded(graph, node, function, key)):
                    yield self._table(use, function, _text(key))
        for function in self._functions():
            if function not in of_assets:
                for use in uses_of(function):
                    yield self._table(use, function, None)

    def _loaded(self, graph: AssetGraph, node: AssetNode, function: Function, key: Key | None) -> Iterator[TableUse]:
        for dependency in graph.dependencies(node):
            if dependency.key == key and dependency.by_value and dependency.upstream is not None:
                found = (loaded(function, dependency.upstream, maker) for maker in dependency.makers)
                yield from [use for use in found if use is not None][:1]

    def _table(self, use: TableUse, function: Function, asset: str | None) -> rows.Table:
        return rows.Table(
            asset=asset,
            function=function.qualified_name,
            database=self._words(use.database, function),
            table_name=None if use.table is None else _name(use.table),
            access=use.access.value,
            temporary=use.temporary,
            unknown_by=use.by or None,
            **self._at(use.place),
        )

    def _conflicts(self) -> Iterator[rows.Row]:
        for function in self._functions():
            for contention in function.contentions if function.has_duties else ():
                writers = (contention.first, *contention.others)
                yield rows.Conflict(
                    code="AL207",
                    assets=tuple("/".join(key) for writer in writers for key in writer.node.keys),
                    function=function.qualified_name,
                    database=self._words(contention.first.file, function),
                    **self._at(contention.first.place),
                )
            for overlap in function.overlaps:
                if overlap.doing in (Doing.OPENS, Doing.ATTACHES, Doing.STORES):
                    yield rows.Conflict(
                        code="AL211",
                        assets=self._keys_of(function),
                        function=function.qualified_name,
                        database=self._words(overlap.event.file, function),
                        **self._at(overlap.place),
                    )

    def _found(self) -> Iterator[rows.Row]:
        for finding in self._findings():
            yield rows.FindingRow(
                code=finding.code,
                name=finding.name,
                severity=str(finding.severity),
                message=finding.message,
                hint=finding.hint or None,
                function=finding.function or None,
                fix=str(finding.fix.safety) if finding.fix is not None else None,
                **self._span(self._name(os.path.abspath(finding.path)), finding.span),
            )


def _kind(node: AssetNode) -> str:
    if node.definition is None:
        return "declared"
    return "graph_asset" if node.kind is None else node.kind.value


def _constant(node: AssetNode, option: str, graph: AssetGraph) -> str | None:
    """The text of an option of the decorator; None where it is none that the code alone decides."""
    reading = node.options.get(option)
    return None if reading is None else graph.reader.text(reading)


def _class_of(value: Value) -> str | None:
    """The class of a resource, a library's by its dotted name."""
    if isinstance(value, Instance):
        return value.klass.qualified_name
    return value.name if isinstance(value, LibraryInstance) else None


def _opened_by(value: Value, project: Project) -> str:
    """The database file that a resource of dagster_duckdb's opens, or one of a class derived from that."""
    if isinstance(value, LibraryInstance):
        return value.file
    if isinstance(value, Instance) and value.key:
        bases = project.names.ancestry(value.klass)
        if any(isinstance(base, External) and base.name.startswith("dagster_duckdb") for base in bases):
            return f"field:{value.key}.database"
    return ""


def _text(key: Key | None) -> str | None:
    return None if key is None else "/".join(key)


def _name(table: Table) -> str:
    return _HOLE.sub(HOLE, str(table))


def _sql(query: Query) -> str | None:
    """The first text that a query may have."""
    if not query.variants:
        return None
    return "".join(part if isinstance(part, str) else HOLE for part in query.variants[0].parts)
