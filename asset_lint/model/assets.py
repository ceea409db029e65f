"""Functions that Dagster runs: compute functions, their decorators, parameters and what each parameter is for."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, overload

from asset_lint.source.nodes import all_nodes, nodes_in

from .decorators import ASSET_KINDS, Kind
from .index import Def, Imported, Module, N, Place
from .knowledge import duckdb_span

if TYPE_CHECKING:
    from .accepted import ContextFault, Invocation
    from .analysis import HandedContext
    from .catching import Catching
    from .connections import Connection
    from .contention import Contention
    from .dependencies import BareDependency, DeclaredTwice, Valueless
    from .early import EarlyFetch
    from .effects import Event
    from .giving import Giving
    from .handlers import Handler
    from .logs import LogCall, Logs
    from .members import Member
    from .metadata import MetadataCall, MetadataEntry
    from .models import DeprecatedCall
    from .outputs import Output
    from .overlaps import Overlap
    from .project import Project
    from .promises import Mismatch
    from .queries import Query
    from .repeats import RepeatedWrite
    from .resolving import Unresolved
    from .retries import Retry
    from .shared import SharedUse
    from .sharing import Sharing
    from .special import Misnamed, WrongConfig
    from .tables import Established, UnknownTable
    from .telling import Subject
    from .transactions import Uncommitted
    from .uses import BusyUse, StaleUse
    from .values import Alternatives
    from .work import Work

CONTEXT_NAMES = frozenset(("context", "_context", "context_", "_"))
VALUE_METHODS = frozenset("add_output_metadata add_asset_metadata dict json copy".split())


class Role(enum.Enum):
    """What a parameter of a compute function receives."""

    CONTEXT = "context"
    CONFIG = "config"
    RESOURCE = "resource"
    UPSTREAM = "upstream"
    PLAIN = "plain"  # of a function that Dagster does not call


@dataclass(eq=False)
class Parameter:
    """One parameter."""

    name: str
    node: ast.arg
    role: Role
    annotation: ast.expr | None
    default: ast.expr | None


@dataclass(eq=False)
class Function:
    """A function in reach of Dagster: a compute function, or a project function that one reaches.

    ``kind`` is None for the latter; ``reached_from`` then names a compute function that leads to it.
    """

    definition: Def
    kind: Kind | None
    decorator: ast.expr | None  # the decorator (or call form) that makes it a compute function
    reached_from: str = ""
    project: Project | None = None

    @property
    def module(self) -> Module:
        """The module it stands in."""
        return self.definition.module

    @property
    def node(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """Its definition."""
        return self.definition.node

    @property
    def name(self) -> str:
        """Its bare name."""
        return self.definition.name

    @property
    def qualified_name(self) -> str:
        """Its name with the classes and functions around it."""
        return self.definition.qualified_name

    @property
    def is_compute(self) -> bool:
        """Whether Dagster runs its body as a step."""
        return self.kind is not None

    @property
    def is_asset(self) -> bool:
        """Whether it is an ``asset`` or ``multi_asset``, an integration's too."""
        return self.kind in ASSET_KINDS

    @property
    def has_duties(self) -> bool:
        """Whether it is all shown, and of the kinds of which the checklist asks something, where they touch DuckDB."""
        return self.kind in (Kind.ASSET, Kind.MULTI_ASSET) and not self.is_test and not self.definition.elides

    @property
    def is_checklist_asset(self) -> bool:
        """Whether it is an ``asset`` or ``multi_asset`` that touches DuckDB, and no test's."""
        return self.has_duties and self.run.touches_duckdb

    @property
    def place(self) -> Place:
        """Its definition as something to report."""
        return Place(self.module, self.node)

    @property
    def name_place(self) -> Place:
        """Its name in its definition: what is said of the function as a whole is reported there."""
        return Place(self.module, self.definition.name_node)

    @cached_property
    def giving(self) -> Giving:
        """What it gives to Dagster."""
        from .giving import Giving

        return Giving(self)

    @cached_property
    def parameters(self) -> list[Parameter]:
        """Its parameters, ``self`` of a method and starred ones excluded."""
        arguments = self.node.args
        names = self.definition.parameters
        defaults: dict[str, ast.expr] = {}
        positional = [*arguments.posonlyargs, *arguments.args]
        for arg, value in zip(reversed(positional), reversed(arguments.defaults)):
            defaults[arg.arg] = value
        for arg, kw in zip(arguments.kwonlyargs, arguments.kw_defaults):
            if kw is not None:
                defaults[arg.arg] = kw
        if self.definition.owner is not None and names and names[0].arg in ("self", "cls"):
            names = names[1:]
        return [Parameter(a.arg, a, self._role(a), a.annotation, defaults.get(a.arg)) for a in names]

    def _role(self, arg: ast.arg) -> Role:
        if self.kind is None:
            return Role.PLAIN
        if arg.arg in CONTEXT_NAMES:
            return Role.CONTEXT
        if arg.arg == "config":
            return Role.CONFIG
        return Role.UPSTREAM  # or a resource: the annotation's value decides, see :mod:`.flow`

    @property
    def context(self) -> Parameter | None:
        """The parameter that receives the context."""
        return next((p for p in self.parameters if p.role is Role.CONTEXT), None)

    @cached_property
    def context_in_sight(self) -> str | None:
        """The name by which its body can use a context: its own, or that of the compute function around it."""
        from .contexts import context_in_sight

        return context_in_sight(self)

    def is_builtin(self, name: str) -> bool:
        """Whether ``name`` means Python's own builtin in its body."""
        return self.definition.inner.lookup(name) is None

    # ---- filled by the data flow -----------------------------------------------------------------------------------

    @cached_property
    def run(self) -> Run:
        """What the data flow saw; computed on first use."""
        from .runs import analyse

        return analyse(self) if self.worth_following else Run()

    @cached_property
    def worth_following(self) -> bool:
        """Whether data flow can show anything: DuckDB is within reach, or the context is handed on."""
        project = self.project
        assert project is not None
        if not project.gated or project.touches_duckdb(self.module.file):
            return True
        if self._asks_for_values:
            return True
        contexts: set[str] = set()
        if project.touches_op_contexts(self.module.file):
            contexts = {p.name for p in self.parameters if p.role is Role.CONTEXT or self.context_types(p.node)}
        if contexts:
            for node in self.definition.every_node_of(ast.Call):
                given = (*node.args, *(k.value for k in node.keywords))
                if any(isinstance(a, ast.Name) and a.id in contexts for a in given):
                    return True
        if not project.facts.duckdb_resources(self.module):
            return False
        return any(n.attr == "resources" for n in self.definition.every_node_of(ast.Attribute)) or any(
            p.annotation is not None for p in self.parameters
        )

    @cached_property
    def _asks_for_values(self) -> bool:
        """Whether its text has what depends on the kinds of values: a promise, metadata, outcomes, models."""
        if self.kind in (Kind.ASSET, Kind.OP) and self.node.returns is not None:
            return True
        for node in self.nodes():
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute) and node.func.attr in VALUE_METHODS:
                    return True
                if any(keyword.arg in ("metadata", "passed") for keyword in node.keywords):
                    return True
        return False

    @property
    def connections(self) -> list[Connection]:
        """The connections it opens, in the order of the source."""
        return self.run.connections

    @property
    def sharings(self) -> list[Sharing]:
        """The connections that it lets several threads use at the same time."""
        return self.run.sharings

    @property
    def contentions(self) -> list[Contention]:
        """The database files that other assets may write to at the same time, each told of one of these alone."""
        from .effects import Doing

        opens = self.is_asset and any(event.doing is Doing.OPENS for event in self.run.events)
        if not opens:
            return []
        assert self.project is not None
        return [c for c in self.project.facts.contentions(self.module) if c.first.function is self]

    @property
    def overlaps(self) -> list[Overlap]:
        """What happens to a database file while a connection to it is open, in the order of the source."""
        return self.run.overlaps

    @property
    def outputs(self) -> list[Output]:
        """The values that leave it that are DuckDB's own; empty for functions that Dagster does not run."""
        return self.run.outputs

    @cached_property
    def work(self) -> list[Work]:
        """What it makes DuckDB do, through helpers too, in the order of the source."""
        return sorted(self.run.work, key=lambda work: work.call.span.start)

    @cached_property
    def logs(self) -> Logs:
        """What it logs, with the project functions that it calls."""
        from .logs import logs_of

        return logs_of(self)

    @cached_property
    def establishes(self) -> Established:
        """The tables that are there once it, an asset, has run."""
        from .tables import establishes

        return establishes(self)

    @cached_property
    def unverified_tables(self) -> list[UnknownTable]:
        """The tables that it reads and that nothing in it, its helpers or its dependencies makes or looks up."""
        from .tables import unverified_tables

        return unverified_tables(self)

    @cached_property
    def repeated_writes(self) -> list[RepeatedWrite]:
        """What it writes that a second run does not bear: what fails then, is doubled, or stays as it was."""
        from .repeats import repeated_writes

        return repeated_writes(self)

    @cached_property
    def unvalidated_inputs(self) -> list[Parameter]:
        """Its parameters that receive a frame which is used without any look at what is in it."""
        from .inputs import unvalidated_inputs

        return unvalidated_inputs(self)

    @cached_property
    def has_asset_check(self) -> bool:
        """Whether an asset check of the project, or of its own decorator, is on one of its assets."""
        from .checks import has_check

        return has_check(self)

    @cached_property
    def adds_no_metadata(self) -> bool:
        """Whether it is shown that neither it nor what it calls adds metadata to its materialization."""
        from .telling import adds_no_metadata

        return adds_no_metadata(self)

    @cached_property
    def subjects(self) -> list[Subject]:
        """What it can tell of its work."""
        from .telling import subjects_of

        return subjects_of(self)

    @cached_property
    def prints(self) -> bool:
        """Whether it, or what is nested in it, prints."""
        return any(
            isinstance(n.func, ast.Name) and n.func.id == "print" for n in self.definition.every_node_of(ast.Call)
        ) and self.is_builtin("print")

    @cached_property
    def metadata_calls(self) -> list[MetadataCall]:
        """The calls of its own body by which it adds metadata, in the order of the source."""
        from .metadata import metadata_of

        return metadata_of(self)

    @property
    def queries(self) -> list[Query]:
        """The queries that it asks itself, in the order in which it runs."""
        return [query for query in self.run.queries if query.is_own]

    @cached_property
    def shared_uses(self) -> list[SharedUse]:
        """What it does itself on the default connection of the module ``duckdb``."""
        from .shared import shared_uses

        return shared_uses(self, self.run.shared)

    @property
    def uncommitted(self) -> list[Uncommitted]:
        """The transactions that it begins and that some path without an exception leaves open."""
        return self.run.uncommitted

    @property
    def all_queries(self) -> list[Query]:
        """The queries that it asks, itself or in the project functions that it calls, in the order in which it runs."""
        return self.run.queries

    @property
    def metadata_entries(self) -> list[MetadataEntry]:
        """What it adds as metadata, each value once, in the order of the source."""
        found = {entry.place.node: entry for call in self.metadata_calls for entry in call.entries}
        return sorted(found.values(), key=lambda entry: entry.place.span.start)

    @cached_property
    def mismatches(self) -> list[Mismatch]:
        """Where what leaves it is not what its return annotation promises, or a check's result is no bool."""
        from .promises import mismatches_of

        return mismatches_of(self)

    @property
    def stale_uses(self) -> list[StaleUse]:
        """What it uses after the connection that it lives by was closed."""
        return self.run.stale_uses

    def early_fetch(self, use: StaleUse) -> EarlyFetch | None:
        """How to fetch early what a stale use reads too late."""
        from .early import early_fetch

        return early_fetch(self, use)

    @cached_property
    def duckdb_members(self) -> list[Member]:
        """What it reads of the module ``duckdb``, of connections and relations, in the order of the source."""
        from .members import members_of

        return members_of(self)

    @property
    def busy_uses(self) -> list[BusyUse]:
        """The work that it asks of a connection on which an earlier result is unfinished, for DuckDB 2."""
        return self.run.busy_uses

    @property
    def handed_contexts(self) -> list[HandedContext]:
        """The calls by which its context goes to functions of the project, through however many of them."""
        return self.run.handed

    @cached_property
    def refuses_duckdb_objects(self) -> bool:
        """Whether what stores its outputs pickles or refuses relations and connections; False where unclear."""
        from .storage import Storage, storage_of

        return self.kind in (Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK) or storage_of(self) is Storage.FAILS

    @cached_property
    def in_compute_function(self) -> bool:
        """Whether its body is part of a compute function: its own, or one that it is nested in."""
        if self.kind is not None:
            return True
        assert self.project is not None
        current = self.definition.parent
        while current is not None:
            if current in self.project.facts.reach.compute(self.module):
                return True
            current = current.parent
        return False

    def on_duckdb(self, *versions: str) -> str:
        """Those DuckDB versions, as a part of a sentence, where not every version that may be in use is among them."""
        assert self.project is not None
        return duckdb_span(versions, self.project.duckdb_versions)

    def naming(self, annotation: ast.expr, name: str) -> Place | None:
        """The part of an annotation that names a context class."""
        assert self.project is not None
        node = self.project.facts.naming(annotation, self.definition.scope, name)
        return None if node is None else Place(self.module, node)

    @property
    def takes_resources_by_key(self) -> bool:
        """Whether its decorator asks for resources by key; Dagster then refuses resources as parameters."""
        return self.decorator is not None and any(
            isinstance(n, ast.keyword) and n.arg == "required_resource_keys" for n in all_nodes(self.decorator)
        )

    @property
    def duckdb_resource_key(self) -> str:
        """The one key that its code location binds to dagster_duckdb's resource; "" if there is none, or several."""
        assert self.project is not None
        keys = self.project.facts.duckdb_keys(self.module)
        return keys[0] if len(keys) == 1 else ""

    def is_with_item(self, place: Place) -> bool:
        """Whether a place is what a ``with`` of this function holds."""
        return any(
            item.context_expr is place.node
            for node in self.nodes()
            if isinstance(node, (ast.With, ast.AsyncWith))
            for item in node.items
        )

    def gives_on(self, place: Place) -> bool:
        """Whether the function returns or yields something made of a variable that the call at ``place`` is given."""
        handed = set(_names_handed(place.node))
        return any(
            isinstance(n, ast.Name) and n.id in handed
            for gone in self.nodes(ast.Return, ast.Yield, ast.YieldFrom)
            for n in all_nodes(gone)
        )

    def imported_from(self, place: Place, module: str, name: str) -> tuple[str, str]:
        """The module and name of the import that a name uses; the given ones where it is no imported name."""
        node = place.node
        if isinstance(node, ast.Name):
            for binding in self.module.scope.names.get(node.id, ()):
                if isinstance(binding, Imported):
                    head, _, tail = binding.name.rpartition(".")
                    return head, tail
        return module, name

    def imports_in(self, place: Place) -> list[tuple[str, str]]:
        """The imported names that an expression uses, as (module, name); modules imported whole are left out."""
        found: list[tuple[str, str]] = []
        for node in all_nodes(place.node):
            for binding in self.module.scope.names.get(node.id, ()) if isinstance(node, ast.Name) else ():
                if isinstance(binding, Imported) and "." in binding.name:
                    head, _, tail = binding.name.rpartition(".")
                    found.append((head, tail))
        return found

    @cached_property
    def context_fault(self) -> ContextFault | None:
        """What is wrong with the annotation of its context; None where nothing is, or nothing is known to be."""
        from .accepted import fault_of

        return fault_of(self)

    @cached_property
    def unresolved_annotations(self) -> list[Unresolved]:
        """What Dagster can't resolve of its annotations when the module is imported; empty for other functions."""
        from .resolving import unresolved_in

        return unresolved_in(self)

    @property
    def misnamed_parameters(self) -> list[Misnamed]:
        """Its parameters that are typed as a context or config, but not called as Dagster wants."""
        from .special import misnamed_in

        return misnamed_in(self)

    @property
    def wrong_config(self) -> WrongConfig | None:
        """What is wrong with the type of its ``config``; None where nothing is known to be."""
        from .special import wrong_config_of

        return wrong_config_of(self)

    @property
    def generic_resources(self) -> list[Parameter]:
        """Its parameters that are typed as a resource of no particular kind."""
        from .special import generic_resources_of

        return generic_resources_of(self)

    @property
    def declared_twice(self) -> list[DeclaredTwice]:
        """The elements of its ``deps`` that a parameter declares already."""
        from .dependencies import declared_twice

        return list(declared_twice(self))

    @property
    def bare_dependency(self) -> BareDependency | None:
        """One asset given to ``deps=`` without a list round it, None where there is none such."""
        from .dependencies import bare_dependency

        return bare_dependency(self)

    @property
    def valueless_upstreams(self) -> list[Valueless]:
        """Its parameters that receive the value of an asset which stores none, as far as that is shown."""
        from .dependencies import valueless_upstreams

        return list(valueless_upstreams(self))

    @property
    def deprecated_pydantic_calls(self) -> list[DeprecatedCall]:
        """Its calls of methods that pydantic 2 deprecates, on models of the project."""
        from .models import deprecated_calls

        return list(deprecated_calls(self))

    @property
    def invocations_with_context(self) -> list[Invocation]:
        """The calls by which it gives its context to another compute function, as if that were a plain function."""
        from .accepted import invoked_with_context

        return invoked_with_context(self)

    @cached_property
    def is_test(self) -> bool:
        """Whether it stands in a test: a test's file, or a function of a test's name."""
        assert self.project is not None
        names = [self.definition]
        while names[-1].parent is not None:
            names.append(names[-1].parent)
        return self.project.is_test(self.module.file) or any(d.name.startswith("test_") for d in names)

    def conversion(self, *, whole: bool) -> str | None:
        """The method that makes of a DuckDB result what the function promises to give; None if none would fit.

        ``whole``: the result is all that it gives, not an element.
        """
        from .conversion import conversion_of

        return conversion_of(self, whole=whole)

    @property
    def return_type(self) -> str:
        """The dotted name of the return annotation's head, "" where there is none or it is no library's."""
        from .conversion import return_type_of

        return return_type_of(self)

    @property
    def promises_duckdb_object(self) -> bool:
        """Whether the return annotation is DuckDB's own relation or connection."""
        from .conversion import names_duckdb_type

        return names_duckdb_type(self)

    @cached_property
    def retries(self) -> list[Retry]:
        """The loops of its own body that ask DuckDB again when it failed."""
        from .retries import retries_of

        return retries_of(self)

    @cached_property
    def handlers(self) -> list[Handler]:
        """The exception handlers of its own body."""
        from .handlers import handlers_of

        return handlers_of(self)

    def may_catch_as(self, name: str, place: Place) -> bool:
        """Whether a clause at ``place`` may bind ``name``: nothing but other clauses, which end before or begin within,
        binds or reads it."""
        clauses = [n for n in self.definition.every_node_of(ast.ExceptHandler) if n.name == name]
        inside = {n for clause in clauses for n in all_nodes(clause)}
        return place.node not in inside and not any(
            ((isinstance(n, ast.Name) and n.id == name) or (isinstance(n, ast.arg) and n.arg == name))
            and n not in inside
            for n in self.definition.every_node
        )

    @cached_property
    def context_name(self) -> str:
        """The name that stands for its context (of a helper: one that it is handed) all through it, "" if there is
        none."""
        context = self.context
        if self.kind is None:
            context = next((p for p in self.parameters if self._is_surely_a_context(p)), None)
        bound_again = context is not None and any(
            n.id == context.name and not isinstance(n.ctx, ast.Load) for n in self.definition.every_node_of(ast.Name)
        )
        return "" if context is None or bound_again else context.name

    def _is_surely_a_context(self, parameter: Parameter) -> bool:
        """Whether a parameter is annotated with classes of contexts alone, and never None."""
        from .facts import CONTEXTS

        types = self.context_types(parameter.node)
        given_none = isinstance(parameter.default, ast.Constant) and parameter.default.value is None
        written = ast.unparse(parameter.node.annotation) if parameter.node.annotation is not None else ""
        may_be_none = given_none or "None" in written or "Optional" in written
        return bool(types) and types <= CONTEXTS and not may_be_none

    def catching(self, work: Sequence[Work]) -> Catching | None:
        """Where it could catch the errors of ``work`` together."""
        from .catching import catching_of

        return catching_of(self, work)

    def context_types(self, argument: ast.arg, owner: Def | None = None) -> frozenset[str]:
        """The context classes that a parameter's annotation names (of this function, or of ``owner``)."""
        assert self.project is not None
        if argument.annotation is None:
            return frozenset()
        return self.project.facts.context_types(argument.annotation, (owner or self.definition).scope)

    def declares(self, definition: Def | None, context: str) -> bool:
        """Whether some parameter of ``definition`` is annotated with that context class alone."""
        return definition is not None and any(
            self.context_types(p, definition) == {context} for p in definition.parameters
        )

    def serves_assets_alone(self, definition: Def) -> bool:
        """Whether every compute function that leads to a project function is an asset."""
        assert self.project is not None
        reach = self.project.facts.reach
        kinds = {reach.compute(root.module)[root][0] for root in reach.roots(definition)}
        return bool(kinds) and kinds <= ASSET_KINDS

    @property
    def giver_of_contexts(self) -> frozenset[str]:
        """The classes that the contexts may have that it hands on: as declared, else what Dagster gives an asset."""
        from .facts import CONTEXTS

        declared = [self.context_types(p.node) & CONTEXTS for p in self.parameters]
        found = frozenset[str]().union(*declared)
        return found or (frozenset(("AssetExecutionContext",)) if self.is_asset else frozenset())

    @overload
    def nodes(self) -> Sequence[ast.AST]: ...
    @overload
    def nodes(self, *kinds: type[N]) -> Sequence[N]: ...
    def nodes(self, *kinds: type[ast.AST]) -> Sequence[ast.AST]:
        """The nodes of its own body; those of some classes, where any are given."""
        return self.definition.nodes_of(*kinds) if kinds else self.definition.nodes


def _names_handed(node: ast.AST) -> Iterator[str]:
    """The variables among what a call is given, also within calls there."""
    for value in [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else nodes_in(node):
        if isinstance(value, ast.Name):
            yield value.id
        else:
            yield from _names_handed(value)


@dataclass(eq=False)
class Run:
    """The result of one function's data flow."""

    connections: list[Connection] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    sharings: list[Sharing] = field(default_factory=list)
    events: tuple[Event, ...] = ()  # what it does to database files, and what it calls does
    queries: list[Query] = field(default_factory=list)  # inside what it calls, too
    shared: Mapping[ast.AST, str] = field(default_factory=dict)  # calls on the default connection, without SQL
    stale_uses: list[StaleUse] = field(default_factory=list)
    busy_uses: list[BusyUse] = field(default_factory=list)
    displacing: frozenset[ast.AST] = frozenset()  # calls of ``execute`` that end an unfinished result of another
    handed: list[HandedContext] = field(default_factory=list)
    closures: dict[Def, dict[str, Alternatives]] = field(default_factory=dict)  # what nested functions find
    touches_duckdb: bool = False  # it obtains a connection or a relation, or calls what obtains or is handed one
    ends: bool = False  # some path reaches the end of the body without a `return`
    values: Mapping[ast.expr, Alternatives] = field(default_factory=dict)  # of its expressions, over all paths
    duckdb_calls: frozenset[ast.AST] = frozenset()  # calls of methods of connections and their results
    uncommitted: list[Uncommitted] = field(default_factory=list)
    work: tuple[Work, ...] = ()  # what DuckDB is made to do, by the functions that it calls too
    logged: tuple[LogCall, ...] = ()
    logger_given_away: bool = False  # to code that isn't seen, and that may log by it
