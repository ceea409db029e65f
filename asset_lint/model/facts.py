"""What is known of the project as a whole: values of its module-level names, resources bound, functions in reach."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from types import EllipsisType
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from . import pydata
from .analysis import Summary
from .assets import Function
from .bindings import BINDING, Bound, bound_in, given_resources, is_readable, outside_tests
from .effects import DBT_RESOURCE
from .index import Class, Def, Module, Place, Scope
from .knowledge import ResultKind, dagster_public_name
from .library import is_duckdb_resource
from .names import Expression, External
from .reach import Reach
from .values import (
    ANY,
    UNKNOWN,
    Alternatives,
    Conn,
    Const,
    Context,
    FunctionValue,
    Instance,
    LibraryInstance,
    OpenResult,
    Origin,
    Result,
    Site,
    State,
    Status,
    Text,
    Value,
    join,
    sites_in,
)

if TYPE_CHECKING:
    from .contention import Contention, Contentions
    from .graph import AssetGraph
    from .importing import ImportTimeConnection
    from .project import Project

CONTEXTS = frozenset(
    """AssetExecutionContext OpExecutionContext AssetCheckExecutionContext AssetObserveResult InitResourceContext
    InputContext OutputContext""".split()
)
CONNECTION_TYPES = frozenset(
    ("duckdb.DuckDBPyConnection", "duckdb.duckdb.DuckDBPyConnection", "_duckdb.DuckDBPyConnection")
)
RELATION_TYPES = frozenset(("duckdb.DuckDBPyRelation", "duckdb.duckdb.DuckDBPyRelation", "_duckdb.DuckDBPyRelation"))
DUCKDB_RESOURCE = "dagster_duckdb.DuckDBResource"
RESOURCES = ("Resource", "ResourceFactory", "IOManager", "IOManagerFactory")  # how their classes' names end
OPTIONAL = frozenset(
    """typing.Optional typing.Union typing.Annotated typing.Final dagster.ResourceParam
    dagster.ResourceDependency""".split()
)


class Facts:
    """Derived knowledge of one project, computed when asked for and kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.names = project.names
        self._static: dict[ast.expr, Alternatives] = {}
        self._summaries: dict[object, Summary] = {}
        self._decorators: dict[Def, frozenset[str]] = {}
        self._assigned: dict[tuple[Class, str], Alternatives] = {}
        self._resources: dict[tuple[str, str], Alternatives] = {}
        self._bindings: dict[str, dict[str, list[Alternatives]]] = {}
        self._bound: dict[str, tuple[Bound, ...]] = {}
        self._duckdb_resources: dict[str, bool] = {}
        self._functions: dict[Module, list[Function]] = {}
        self._graphs: dict[str, AssetGraph] = {}
        self._checked: dict[str, frozenset[Def | str]] = {}
        self._tables: dict[str, dict[tuple[str, str], list[tuple[Def, Place]]]] = {}
        self._contentions: dict[str, Contentions] = {}
        self._dbt_files: dict[str, tuple[str, ...]] = {}
        self.reach = Reach(project)

    # ---- values ------------------------------------------------------------------------------------------------------

    def static(self, node: ast.expr, scope: Scope) -> Alternatives:
        """The value of an expression read outside any call: a module's constant, a default argument."""
        if isinstance(node, ast.Constant):
            return ANY if isinstance(node.value, EllipsisType) else (Const(node.value),)
        known = self._static.get(node)
        if known is None:
            from .flow import Flow

            self._static[node] = ANY
            flow = Flow(self.project, scope, scope.function, static=True)
            flow.leaks = {}
            known = flow.value(node, State(self._itself(scope.function)))
            for site in sites_in(known):
                site.owned = False
            self._static[node] = known
        return known

    def _itself(self, method: Def | None) -> dict[str, Alternatives]:
        """``self`` in a method: what it reads of its object can be told without a call."""
        if method is None or method.owner is None or not method.parameters:
            return {}
        bound = self.decorators(method) & {"staticmethod", "classmethod"}
        return {} if bound else {method.parameters[0].arg: (Instance(method.owner),)}

    def annotated(self, node: ast.expr | None, definition: Def | None, scope: Scope | None = None) -> Alternatives:
        """What a parameter or field of that annotation may be."""
        where = definition.scope if definition is not None else scope
        if node is None or where is None:
            return ANY
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return ANY
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return join(self.annotated(node.left, None, where), self.annotated(node.right, None, where))
        if isinstance(node, ast.Constant):
            return (Const(None),) if node.value is None else ANY
        if isinstance(node, ast.Subscript):
            head = self.names.external(node.value, where)
            if head in OPTIONAL:
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                if head == "typing.Annotated":
                    parts = parts[:1]
                found = join(*(self.annotated(part, None, where) for part in parts))
                return join(found, (Const(None),)) if head == "typing.Optional" else found
            return ANY
        found_values: list[Value] = []
        for target in self.names.resolve(node, where):
            if isinstance(target, External):
                found_values.append(self._of_type(target.name, node, where))
            elif isinstance(target, Class):
                found_values.append(Instance(target))
            elif isinstance(target, Expression):
                found_values.extend(self.annotated(target.value, None, target.scope))
        return tuple(dict.fromkeys(found_values)) or ANY

    def _of_type(self, name: str, node: ast.AST, scope: Scope) -> Value:
        place = Place(scope.module, node)
        if name in CONNECTION_TYPES:
            return Conn(Site(place, Origin.UPSTREAM, owned=False))
        if name in RELATION_TYPES:
            return Result(ResultKind.RELATION, None, place)
        if is_duckdb_resource(name) or DBT_RESOURCE.match(name):
            return LibraryInstance(name)
        if dagster_public_name(name) in CONTEXTS:
            return Context()
        return pydata.of_annotation(name) or UNKNOWN

    def context_types(self, node: ast.expr, scope: Scope) -> frozenset[str]:
        """The context classes of Dagster's that an annotation names."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return frozenset()
        if isinstance(node, ast.BinOp):
            return self.context_types(node.left, scope) | self.context_types(node.right, scope)
        if isinstance(node, ast.Subscript):
            inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            return frozenset().union(*(self.context_types(part, scope) for part in inner))
        found: set[str] = set()
        for target in self.names.resolve(node, scope):
            if isinstance(target, External):
                public = dagster_public_name(target.name)
                if public in CONTEXTS:
                    found.add(public)
            elif isinstance(target, Expression):
                found |= self.context_types(target.value, target.scope)
            elif isinstance(target, Class):
                found.add(target.name)
        return frozenset(found)

    def naming(self, node: ast.expr, scope: Scope, name: str) -> ast.expr | None:
        """The part of an annotation that names the context class ``name``; None where a string hides it."""
        for part in all_nodes(node):
            if isinstance(part, (ast.Name, ast.Attribute)) and self.context_types(part, scope) == {name}:
                return part
        return None

    def decorators(self, definition: Def) -> frozenset[str]:
        """The dotted names of a function's decorators, builtin ones bare."""
        known = self._decorators.get(definition)
        if known is None:
            found: set[str] = set()
            for decorator in definition.node.decorator_list:
                head = decorator.func if isinstance(decorator, ast.Call) else decorator
                name = self.names.external(head, definition.scope)
                found.add(name or (head.id if isinstance(head, ast.Name) else ""))
            known = self._decorators[definition] = frozenset(found)
        return known

    def summary(
        self,
        definition: Def,
        given: dict[str, Alternatives],
        stack: tuple[Def, ...],
        status: tuple[tuple[Site, Status], ...],
        closure: dict[str, Alternatives] | None = None,
        open_results: tuple[tuple[Site, OpenResult], ...] = (),
    ) -> Summary:
        """What a call of ``definition`` with these arguments does; computed once for each set of them."""
        key = (definition, _frozen(given), status, len(stack), _frozen(closure or {}), open_results)
        known = self._summaries.get(key)
        if known is None:
            from .flow import Flow

            flow = Flow(self.project, definition.scope, definition, stack=stack)
            flow.closure = closure or {}
            known = self._summaries[key] = flow.summarise(given, dict(status), open_results)
        return known

    def assigned(self, klass: Class, name: str) -> Alternatives:
        """What the methods of a class assign to ``self.<name>``; empty if none does."""
        key = (klass, name)
        known = self._assigned.get(key)
        if known is None:
            self._assigned[key] = ()
            found: list[Alternatives] = []
            for method in klass.methods.values():
                this = method.parameters[0].arg if method.parameters else ""
                assignments: Sequence[ast.Assign | ast.AnnAssign] = method.nodes_of(ast.Assign, ast.AnnAssign)
                for node in assignments:
                    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                        if (
                            isinstance(target, ast.Attribute)
                            and target.attr == name
                            and isinstance(target.value, ast.Name)
                            and target.value.id == this
                            and node.value is not None
                        ):
                            values = self.static(node.value, method.inner)
                            known_field = Text(Origin.FIELD) if values == ANY else None
                            found.append((known_field,) if known_field else values)
            known = self._assigned[key] = join(*found) if found else ()
        return known

    # ---- resources ---------------------------------------------------------------------------------------------------

    def resource(self, key: str, module: Module) -> Alternatives:
        """What the project's Definitions bind under a resource key, as seen from ``module``'s code location."""
        location = self.project.location_of(module.file)
        cached = self._resources.get((location, key))
        if cached is None:
            bound = self.bindings(location).get(key, [])
            cached = self._resources[location, key] = join(*bound) if bound else ANY
        return cached

    def resource_of_any_class(self, key: str, module: Module) -> Alternatives:
        """The same for a parameter that names no class: unknown where objects of several classes are bound, and in a
        document that doesn't bind it, whatever the code beside it does."""
        location = self.project.location_of(module.file)
        bound = [each for each in outside_tests(self.bound(location), self.project) if each.key == key]
        if module.source.is_document:
            bound = [each for each in bound if each.place.module.file == module.file]
        classes = {_class_of(value) for each in bound for value in each.values}
        return join(*(each.values for each in bound)) if len(classes) == 1 else ANY

    def duckdb_keys(self, module: Module) -> list[str]:
        """The keys that the module's code location binds to dagster_duckdb's resource, and to nothing else."""
        bindings = self.bindings(self.project.location_of(module.file))
        return [key for key, bound in bindings.items() if {_class_of(v) for v in join(*bound)} == {DUCKDB_RESOURCE}]

    def bindings(self, location: str) -> dict[str, list[Alternatives]]:
        """Resource keys to what is bound under them, over every Definitions of a code location.

        What tests bind counts for keys that nothing else binds.
        """
        found = self._bindings.get(location)
        if found is None:
            found = self._bindings[location] = {}
            for bound in outside_tests(self.bound(location), self.project):
                found.setdefault(bound.key, []).append(bound.values)
        return found

    def bound(self, location: str) -> tuple[Bound, ...]:
        """Every resource that something in a code location binds, a Definitions or a test."""
        known = self._bound.get(location)
        if known is None:
            binding = self._binding(location)
            known = self._bound[location] = tuple(bound for module in binding for bound in bound_in(module, self))
        return known

    def hides_bindings(self, location: str) -> bool:
        """Whether something but a test binds resources of a code location by an expression whose keys can't be read."""
        return not all(
            is_readable(dictionary, scope, self)
            for module in self._binding(location)
            if not self.project.is_test(module.file)
            for _, dictionary, scope in given_resources(module)
        )

    def _binding(self, location: str) -> Iterator[Module]:
        """The modules of a code location that speak of Dagster and of binding resources."""
        for path in self.project.matching(BINDING, location, around=True):
            if b"dagster" in self.project.data(path) and (module := self.project.load(path)) is not None:
                yield module

    def duckdb_resources(self, module: Module) -> bool:
        """Whether the module's code location binds any resource in a file that speaks of DuckDB."""
        location = self.project.location_of(module.file)
        known = self._duckdb_resources.get(location)
        if known is None:
            paths = self.project.matching(BINDING, location, around=True)
            known = self._duckdb_resources[location] = any(self.project.touches_duckdb(path) for path in paths)
        return known

    def resource_value(self, node: ast.expr, scope: Scope) -> Alternatives:
        """What an asset receives for a resource that is bound to ``node``."""
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("configured", "configure_at_launch")
        ):
            node = node.func.value
        found: list[Alternatives] = []
        for value in self.static(node, scope):
            if isinstance(value, FunctionValue):
                found.append(self._resource_function(value.definition))
            elif isinstance(value, External):
                found.append((LibraryInstance(value.name),))
            else:
                found.append((value,))
        return join(*found) if found else ANY

    def _resource_function(self, definition: Def) -> Alternatives:
        """What a ``@resource`` function gives to the assets."""
        given = {p.arg: ANY for p in definition.parameters}
        summary = self.summary(definition, given, (), ())
        values = summary.yields if definition.is_generator else summary.returns
        for site in {*summary.fresh, *sites_in(values)}:
            site.owned = False
        return values or ANY

    def contentions(self, module: Module) -> tuple[Contention, ...]:
        """The files of the module's code location that several assets may write to at the same time."""
        from .contention import Contentions

        graph = self.graph(module)
        known = self._contentions.get(graph.location)
        if known is None:
            known = self._contentions[graph.location] = Contentions(self.project, graph)
        return known.all

    def import_time_connections(self, module: Module) -> list[ImportTimeConnection]:
        """The connections that importing a module of the definitions opens and leaves open."""
        from .importing import import_time_connections

        return import_time_connections(module, self.project)

    def dbt_files(self, module: Module) -> tuple[str, ...]:
        """The database file that dbt works on in the module's code location."""
        from .dbt import profile_files

        location = self.project.location_of(module.file)
        if location not in self._dbt_files:
            self._dbt_files[location] = profile_files(self.project, location)
        return self._dbt_files[location]

    def is_resource(self, parameter: ast.arg, definition: Def) -> bool:
        """Whether a parameter of a compute function receives a resource, by its annotation."""
        node = parameter.annotation
        if node is None:
            return False
        head = node.value if isinstance(node, ast.Subscript) else node
        name = self.names.external(head, definition.scope)
        if name in ("typing.Annotated", "dagster.ResourceParam"):
            return True
        if name.rpartition(".")[2].endswith(RESOURCES) or (name.startswith("dagster_") and "Type" not in name):
            return True
        for value in self.annotated(node, definition):
            if isinstance(value, LibraryInstance):
                return True
            if isinstance(value, Instance):
                bases = self.names.ancestry(value.klass)
                return any(isinstance(b, External) and b.name.rpartition(".")[2].endswith(RESOURCES) for b in bases)
        return False

    def graph(self, module: Module) -> AssetGraph:
        """The assets of the code location that a module belongs to."""
        from .graph import AssetGraph

        location = self.project.location_of(module.file)
        known = self._graphs.get(location)
        if known is None:
            known = self._graphs[location] = AssetGraph(self.project, location)
        return known

    def checked(self, module: Module) -> frozenset[Def | str]:
        """The assets that have checks, in the module's code location: functions, and the last parts of keys."""
        from .checks import checked_in

        location = self.project.location_of(module.file)
        known = self._checked.get(location)
        if known is None:
            known = self._checked[location] = checked_in(self.project, location)
        return known

    def tables_made(self, module: Module) -> Mapping[tuple[str, str], Sequence[tuple[Def, Place]]]:
        """The lasting tables that assets of the module's code location make, by file and name: by whom, and where."""
        from .shadowing import made_in

        location = self.project.location_of(module.file)
        known = self._tables.get(location)
        if known is None:
            known = self._tables[location] = made_in(self.graph(module), self)
        return known

    # ---- functions ---------------------------------------------------------------------------------------------------

    def function(self, definition: Def) -> Function | None:
        """The function in reach of that definition."""
        return next((f for f in self.functions(definition.module) if f.definition is definition), None)

    def functions(self, module: Module) -> list[Function]:
        """The functions of ``module`` in reach of Dagster, in the order of the source."""
        known = self._functions.get(module)
        if known is None:
            known = self._functions[module] = self.reach.functions(module)
        return known


def _frozen(named: dict[str, Alternatives]) -> tuple[tuple[str, Alternatives], ...]:
    return tuple(sorted(named.items(), key=lambda item: item[0]))


def _class_of(value: Value) -> object:
    return value.klass if isinstance(value, Instance) else value.name if isinstance(value, LibraryInstance) else None


__all__ = ["Context", "Facts"]
