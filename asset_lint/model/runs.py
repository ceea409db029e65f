"""The data flow of one function in reach, said as connections and outputs for the rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .arguments import handed_connection
from .assets import Role, Run
from .connections import Connection, Leak, Way
from .flow import Flow
from .holding import holding_of
from .index import Place
from .knowledge import Receiver, duckdb_giving
from .knowledge.kinds import ResultKind
from .outputs import Output
from .overlaps import overlaps_of
from .paths import as_resource
from .queries import queries_of
from .sharing import sharings_of
from .storage import duckdb_file_of
from .transactions import uncommitted_in
from .uses import StaleUse
from .values import (
    ANY,
    LIVE,
    UNKNOWN,
    Alternatives,
    Box,
    Conn,
    Const,
    Context,
    Data,
    Instance,
    LibraryInstance,
    Manager,
    Method,
    Origin,
    Result,
    Site,
    State,
    Status,
    Text,
    Value,
)

if TYPE_CHECKING:
    from .assets import Function, Parameter

ORDER = {way: index for index, way in enumerate(Way)}


def analyse(function: Function) -> Run:
    """Follow the function's body with what Dagster, or nobody in particular, hands it."""
    project = function.project
    assert project is not None
    definition = function.definition
    flow = Flow(project, definition.scope, definition)
    flow.compute = function.is_compute
    if function.is_compute and definition.is_generator:
        flow.stores = duckdb_file_of(function)
    around = project.facts.function(definition.parent) if definition.parent is not None else None
    if around is not None:
        flow.closure = around.run.closures.get(definition, {})
    given = {p.name: parameter_value(function, p) for p in function.parameters}
    if definition.owner is not None and definition.parameters:
        this = definition.parameters[0].arg
        if this == "self":
            key = f"self:{function.module.name}.{definition.owner.qualified_name}"
            given[this] = (Instance(definition.owner, key=key),)
    ends = flow.run(given, {})
    last = definition.node.body[-1]
    for state in ends:
        _leaks_at(flow, state, Way.END, last)
    for state, statement, _ in flow.exits.returns:
        _leaks_at(flow, state, Way.RETURN, statement)
    for state, where, _ in flow.exits.raises.values():
        _leaks_at(flow, state, Way.RAISE, where)
    run = Run(
        connections=_connections(flow),
        handed=list(flow.handed),
        closures=flow.closures,
        touches_duckdb=flow.touches,
        values=flow.seen,
        ends=bool(ends),
    )
    run.queries = queries_of(
        function, list(flow.asked.values()), flow.seen, [*(v for _, _, v in flow.exits.returns), *flow.yields]
    )
    run.values, run.shared = flow.seen, flow.shared
    run.work = tuple(flow.work)
    run.uncommitted = uncommitted_in(flow, ends)
    run.overlaps = overlaps_of(flow)
    run.sharings = sharings_of(flow)
    run.events = tuple(flow.events)
    run.logged, run.logger_given_away = tuple(flow.logged), flow.logger_given_away
    run.duckdb_calls = frozenset(
        node
        for node in flow.seen
        if isinstance(node, ast.Call) and all(map(_is_of_duckdb, flow.seen.get(node.func, ANY)))
    )
    for connection in run.connections:
        known = {s for site in connection.sites for s in _chain(site)}
        connection.queries = [query for query in run.queries if query.site in known]
        if connection.leaks or connection.lent or connection.is_closed_by_hand:
            connection.holding = holding_of(function, connection, flow.seen)
    if function.is_compute:
        run.outputs = _outputs(flow)
    run.busy_uses = sorted(flow.ledger.busy.values(), key=lambda use: use.place.span.start)
    run.displacing = frozenset(flow.ledger.displacing)
    run.stale_uses = _stale_uses(flow, run.outputs)
    return run


def _is_of_duckdb(value: Value) -> bool:
    return isinstance(value, Method) and isinstance(value.receiver, (Conn, Result))


def _stale_uses(flow: Flow, outputs: list[Output]) -> list[StaleUse]:
    """Uses of what is closed, less those that merely make what leaves: it is said of that."""
    leaving = {output.place.node for output in outputs} | {made.node for output in outputs for made, _ in output.made}
    uses = (use for use in flow.ledger.stale.values() if use.place.node not in leaving)
    return sorted(uses, key=lambda use: use.place.span.start)


def parameter_value(function: Function, parameter: Parameter) -> Alternatives:
    """What a parameter receives."""
    project = function.project
    assert project is not None
    facts = project.facts
    values = facts.annotated(parameter.annotation, function.definition)
    if parameter.role is Role.CONTEXT:
        return (Context(),)
    if parameter.role is Role.PLAIN:
        return values if values != ANY else handed_connection(function, parameter)
    if parameter.role is Role.CONFIG:
        return (Text(Origin.FIELD),)
    if any(isinstance(v, (LibraryInstance, Instance, Conn, Result, Context, Data)) for v in values):
        if function.is_compute:
            return as_resource(values, facts.resource(parameter.name, function.module), parameter.name)
        return values
    if parameter.annotation is not None and _is_generic_resource(function, parameter):
        bound = facts.resource_of_any_class(parameter.name, function.module)
        return as_resource(bound, bound, parameter.name)
    if parameter.default is not None:
        return facts.static(parameter.default, function.definition.scope)
    return (Text(Origin.UPSTREAM),)


def _is_generic_resource(function: Function, parameter: Parameter) -> bool:
    assert function.project is not None
    node = parameter.annotation
    head = node.value if isinstance(node, ast.Subscript) else node
    name = function.project.names.external(head, function.definition.scope)
    return name.startswith("dagster.") and name.rpartition(".")[2] in ("ConfigurableResource", "ResourceParam")


def _leaks_at(flow: Flow, state: State, way: Way, node: ast.AST) -> None:
    for site, status in state.status.items():
        if status is Status.OPEN:
            flow.leak(site, way, node)
        elif status is Status.WAITING and way is not Way.RAISE:
            flow.leak(site, Way.NEVER_ENTERED, site.opened.node)


def _chain(site: Site | None) -> Iterator[Site]:
    """A connection as its user knows it, and as the helpers do that open it for them."""
    while site is not None:
        yield site
        site = site.inner


def _connections(flow: Flow) -> list[Connection]:
    by_site: dict[Site, list[Leak]] = {}
    gone = [values for _, _, values in flow.exits.returns] + ([] if flow.lends else flow.yields)
    outlived = {v.site for values in gone for v in _deep(values) if v.site is not None}
    handed = {
        s for state, _, _ in flow.exits.returns for s, status in state.status.items() if status is Status.RETURNED
    }
    for (site, way, _), leak in flow.leaks.items():
        if way is Way.RAISE and site in handed:
            continue  # a helper that opens, sets up and returns: its caller owns the connection
        by_site.setdefault(site, []).append(leak)
    found: dict[object, Connection] = {}
    rebound: set[Place] = set()  # one place that forgets whichever connection was opened is one fault
    for site in flow.opened:
        if site.opened.module is not flow.module:
            continue
        leaks = sorted(by_site.get(site, ()), key=lambda leak: (ORDER[leak.way], leak.node.span.start))
        if leaks and leaks[0].way is Way.REBOUND:
            if leaks[0].node in rebound:
                leaks = []
            else:
                rebound.add(leaks[0].node)
        connection = Connection(
            opened=site.opened,
            name=site.name,
            origin=site.origin,
            path=site.path,
            in_memory=site.origin is Origin.MEMORY,
            managed=site.managed,
            owned=site.owned,
            entered=site.entered,
            closed_by_hand=site.closed_by_hand,
            outlived=site in outlived,
            leaks=leaks,
            lent=flow.kept.get(site) or _lent(flow, site),
            steps=list(site.steps),
            sites=[site],
        )
        key = (site.opened, site.origin, site.path, site.managed, site.owned)
        known = found.get(key)
        if known is None:
            found[key] = connection
        else:  # a helper that opens it here or there: one connection for its caller
            known.leaks = sorted({*known.leaks, *leaks}, key=lambda leak: (ORDER[leak.way], leak.node.span.start))
            known.sites.append(site)
            known.name = known.name or connection.name
            known.lent = known.lent or connection.lent
            known.entered |= connection.entered
            known.outlived |= connection.outlived
            known.closed_by_hand |= connection.closed_by_hand
    return sorted(found.values(), key=lambda connection: connection.opened.span.start)


def _lent(flow: Flow, site: Site) -> Leak | None:
    """The ``yield`` of a context manager at which its user's error leaves the connection open, whatever the path."""
    if not (site.owned and site.yielded):
        return None
    ends = [(s.status.get(site), raised.thrown_at) for s, _, raised in flow.exits.raises.values() if raised.thrown_at]
    ends = [(status, thrown_at) for status, thrown_at in ends if status is not None]
    if not ends or any(status is not Status.OPEN for status, _ in ends):
        return None
    thrown_at = ends[0][1]
    assert thrown_at is not None
    return Leak(flow.place(thrown_at), Way.LENT)


# ---- what leaves ---------------------------------------------------------------------------------------------------


def _outputs(flow: Flow) -> list[Output]:
    found: list[Output] = []
    node = flow.definition.node if flow.definition is not None else None
    assert node is not None and flow.definition is not None
    reached = {statement for _, statement, _ in flow.exits.returns}
    for inner in flow.definition.nodes_of(ast.Return, ast.Yield, ast.YieldFrom):
        value: ast.expr | None = None
        if isinstance(inner, ast.Return) and inner in reached:
            value = inner.value
        elif isinstance(inner, (ast.Yield, ast.YieldFrom)):
            value = inner.value
        if value is not None:
            _leaving(flow, value, inner, found)
    return found


def _leaving(flow: Flow, node: ast.expr, exit_: ast.AST, found: list[Output]) -> None:
    """The values in ``node`` that are DuckDB's own; literal containers are looked into."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        for element in node.elts:
            _leaving(flow, element.value if isinstance(element, ast.Starred) else element, exit_, found)
        return
    if isinstance(node, ast.Dict):
        for element in node.values:
            _leaving(flow, element, exit_, found)
        return
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        _leaving(flow, node.elt, exit_, found)
        return
    if isinstance(node, ast.DictComp):
        _leaving(flow, node.value, exit_, found)
        return
    if isinstance(node, ast.IfExp) and not all(v in _deep((v,)) for v in flow.seen.get(node, ANY)):
        _leaving(flow, node.body, exit_, found)
        _leaving(flow, node.orelse, exit_, found)
        return
    values = flow.seen.get(node, ANY)
    deep = _deep(values)
    if not deep:
        return
    boxed = any(isinstance(v, Box) or (isinstance(v, Instance) and v.held) for v in values)
    if boxed and isinstance(node, ast.Call):
        inner = [*node.args, *(k.value for k in node.keywords)]
        before = len(found)
        for argument in inner:
            if argument in flow.seen and _deep(flow.seen[argument]):
                _leaving(flow, argument, exit_, found)
        if len(found) > before:
            return
    direct = [v for v in values if v in deep]
    sites = {v.site for v in deep if v.site is not None}
    open_ = not (sites & flow.closed_at.get(exit_, set()))
    first = deep[0]
    receivers = _receivers(flow, first)
    made = [
        (v.made, "made here")
        for v in deep
        if isinstance(v, (Result, Conn)) and v.made is not None and v.made.node is not node
    ]
    found.append(
        Output(
            place=Place(flow.module, node),
            exit=Place(flow.module, exit_),
            kinds=frozenset(_kind(v) for v in deep),
            only=len(direct) == len(values) and not boxed,
            direct=bool(direct) and not boxed,
            open=open_,
            made=list(dict.fromkeys(made))[:3],
            statement=first.statement if isinstance(first, (Result, Conn)) else "",
            whole=getattr(exit_, "value", None) is node,
            last=exit_ in _tail(flow.definition.node.body) if flow.definition is not None else False,
            settled=not _queried_between(flow, [v.made for v in deep if isinstance(v, Conn)], exit_),
            executed=all(isinstance(v, Conn) and v.executed for v in deep),
            versions=_versions(first, receivers),
            of_execute=any(isinstance(receiver, Conn) for receiver in receivers),
        )
    )


def _receivers(flow: Flow, value: Value) -> set[Value]:
    """Of what the call that made ``value``, if it is one of this function, is a method."""
    made = value.made.node if isinstance(value, Result) else None
    func = made.func if isinstance(made, ast.Call) else None
    return {v.receiver for v in flow.seen.get(func, ()) if isinstance(v, Method)} if func is not None else set()


def _versions(value: Value, receivers: set[Value]) -> tuple[str, ...]:
    """The DuckDB versions on which that call makes it."""
    if not isinstance(value, Result) or not isinstance(value.made.node, ast.Call):
        return ()
    method, lazy = getattr(value.made.node.func, "attr", ""), value.kind is ResultKind.LAZY_POLARS
    found: set[str] = set()
    for receiver in receivers:
        of: Receiver = "connection" if isinstance(receiver, Conn) else "relation"
        found.update(duckdb_giving(of, method, value.kind, lazy=lazy))
    return tuple(sorted(found))


def _tail(body: list[ast.stmt]) -> set[ast.AST]:
    """The statements behind which a function ends anyway."""
    last = body[-1]
    found: set[ast.AST] = {last}
    if isinstance(last, ast.If):
        found |= _tail(last.body) | (_tail(last.orelse) if last.orelse else set())
    elif isinstance(last, (ast.With, ast.AsyncWith)):
        found |= _tail(last.body)
    elif isinstance(last, ast.Match):
        for case in last.cases:
            found |= _tail(case.body)
    elif hasattr(last, "handlers"):
        finals = last.finalbody  # type: ignore[attr-defined]
        if not finals:
            for part in (last.orelse or last.body, *(handler.body for handler in last.handlers)):  # type: ignore[attr-defined]
                found |= _tail(part)
    return found


QUERYING = frozenset("execute executemany sql query from_query begin commit rollback".split())


def _queried_between(flow: Flow, made: list[Place | None], exit_: ast.AST) -> bool:
    """Whether a query stands between where a result was made and where it leaves."""
    assert flow.definition is not None
    whole, end = flow.module.span(flow.definition.node), flow.module.span(exit_)
    starts = [place.span.end for place in made if place is not None and place.module is flow.module]
    if len(starts) < len(made) or any(not whole.start <= start <= whole.end for start in starts):
        return True  # made somewhere else: what else was asked there is not in sight
    for node in flow.definition.nodes_of(ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in QUERYING:
            at = flow.module.span(node).start
            if any(start < at < end.start for start in starts):
                return True
    return False


def _deep(values: Alternatives) -> list[Conn | Manager | Result]:
    """DuckDB's own objects among the values, in containers too."""
    found: list[Conn | Manager | Result] = []
    stack: list[Value] = list(values)
    while stack:
        value = stack.pop(0)
        if isinstance(value, (Conn, Manager)):
            found.append(value)
        elif isinstance(value, Result):
            if value.kind in LIVE:
                found.append(value)
        elif isinstance(value, Box) and value.kind != "generator":
            stack.extend(v for item in value.items for v in item)
        elif isinstance(value, Instance):
            stack.extend(v for item in value.held for v in item)
    return found


def _kind(value: Conn | Manager | Result) -> ResultKind:
    return value.kind if isinstance(value, Result) else ResultKind.CONNECTION


__all__ = ["UNKNOWN", "Const", "analyse", "parameter_value"]
