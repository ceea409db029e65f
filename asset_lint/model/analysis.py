"""What every part of the data flow shares: the function under analysis, its connections, the ways out so far."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .index import Def, Module, Place, Scope
from .logs import LogCall, gives_logger_away
from .pykinds import PyKind
from .uses import NOTHING, Aftermath
from .values import (
    ANY,
    Alternatives,
    Conn,
    Const,
    Data,
    FunctionValue,
    LoggedBy,
    Manager,
    Site,
    State,
    Status,
    join,
    sites_in,
)
from .work import Guard, Work, WorkKind

if TYPE_CHECKING:
    from .effects import Event
    from .names import Names
    from .project import Project
    from .queries import Asked
    from .threads import Sent

MAX_DEPTH = 5  # calls of project functions followed into each other
MAX_STATES = 12  # paths told apart at one point; beyond, they are merged and what differs is unclear


@dataclass(frozen=True, slots=True)
class Raised:
    """What kind of exception leaves a statement: DuckDB's own, one of a known name, or anything."""

    name: str  # "duckdb" for any of duckdb.Error, "" for anything
    thrown_at: ast.AST | None = None  # the ``yield`` at which the user of a context manager throws it in

    @property
    def known(self) -> bool:
        """Whether the class is known."""
        return bool(self.name)


ANYTHING = Raised("")
DUCKDB = Raised("duckdb.Error")


@dataclass(eq=False)
class Exits:
    """How control leaves a block otherwise than at its end."""

    returns: list[tuple[State, ast.stmt, Alternatives]] = field(default_factory=list)
    raises: dict[tuple[object, ...], tuple[State, ast.AST, Raised]] = field(default_factory=dict)
    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


@dataclass(eq=False)
class Summary:
    """What a call of a project function does, for its caller."""

    returns: Alternatives = ()
    yields: Alternatives = ()
    fresh: tuple[Site, ...] = ()  # returned or yielded, and the caller's from then on
    status: dict[Site, Status] = field(default_factory=dict)  # of the caller's connections, afterwards
    raised_status: dict[Site, Status] = field(default_factory=dict)  # the same where it raises
    opened: tuple[Site, ...] = ()  # every connection that it opens, inside too
    returns_normally: bool = True
    handed: tuple[HandedContext, ...] = ()
    touches: bool = False  # it obtains, or is handed, a connection or a relation, inside too
    asked: tuple[Asked, ...] = ()  # every query, inside too
    work: tuple[Work, ...] = ()  # one of each sort
    yield_guards: tuple[Guard, ...] = ()  # what sees an error that is raised at its ``yield``
    used: dict[Site, Place] = field(default_factory=dict)  # connections used outside of any lock
    events: tuple[tuple[Event, frozenset[Site]], ...] = ()  # with the caller's connections that are open at each
    logged: tuple[LogCall, ...] = ()
    logger_given_away: bool = False  # to code that isn't seen, and that may log by it
    lasting: tuple[Site, ...] = ()  # connections that an object or a global name keeps, opened inside too
    after: Aftermath = NOTHING
    settles: bool = False  # it may end a transaction of a connection that it is handed, or lends
    begun: tuple[Site, ...] = ()  # of the caller's connections those that it may leave in a transaction


@dataclass(frozen=True, slots=True)
class HandedContext:
    """A compute function's context given to a parameter of a project function."""

    call: Place
    callee: Def
    parameter: ast.arg
    giver: Def | None  # the function in which the innermost call stands
    steps: tuple[Place, ...] = ()


class Analysis:
    """The state of one function's data flow. ``definition`` is None for code at module level."""

    def __init__(
        self,
        project: Project,
        scope: Scope,
        definition: Def | None,
        *,
        stack: tuple[Def, ...] = (),
        static: bool = False,
    ) -> None:
        self.project = project
        self.names: Names = project.names
        self.scope = scope
        self.module: Module = scope.module
        self.definition = definition
        self.stack = stack if definition is None else (*stack, definition)
        self.static = static  # only a value is wanted: connections made on the way are someone else's
        self.compute = False  # Dagster calls it: nobody owns a connection that it gives
        self.lends = False  # a context manager: what its users' blocks raise is thrown in at its `yield`
        self.caught: list[Raised] = []  # what the handlers around the point hold, innermost last
        self.exits = Exits()
        self.guarded = 0  # depth of try and with around the point
        self.sites: dict[tuple[int, object], Site] = {}
        self.seen: dict[ast.expr, Alternatives] = {}
        self.closed_at: dict[ast.AST, set[Site]] = {}
        self.yields: list[Alternatives] = []
        self.opened: dict[Site, None] = {}
        self.fresh_now: list[Site] = []  # made by the statement at hand
        self.handed: dict[HandedContext, None] = {}
        self.shared: dict[ast.AST, str] = {}  # calls on the default connection by the name of what they call
        self.asked: dict[object, Asked] = {}  # by the call; what a called function asks by all that tells it apart
        self.settles = False  # a transaction may be ended here, or by what was called
        self.touches = False  # a connection or a relation was obtained, here or by what was called
        self.work: dict[Work, None] = {}
        self.guards: tuple[Guard, ...] = ()  # what sees an error of DuckDB's raised here, the innermost first
        self.yield_guards: tuple[Guard, ...] = ()
        self.logged: dict[LogCall, None] = {}
        self.logger_given_away = False
        self.lasting: dict[Site, None] = {}  # connections that an object or a global name keeps
        self.globals: set[str] = set()
        self.closure: dict[str, Alternatives] = {}  # variables of the function around it
        self.events: dict[Event, set[Site]] = {}  # with the caller's connections that are open at each
        self.overlaps: dict[tuple[Site, Event], None] = {}  # connections, and what happens while they are open
        self.used: dict[Site, Place] = {}  # connections that are used outside of any lock, with the first use
        self.uses: list[tuple[Site, ast.AST]] = []  # the same, each use of the function's own
        self.sent: dict[tuple[Site, ast.AST], Sent] = {}  # connections that other threads use
        self.closures: dict[Def, dict[str, Alternatives]] = {}  # what nested functions find of this one's
        self.flags: tuple[str, ...] = ()  # variables whose value on each path decides a later condition
        self.locals_of: frozenset[str] = frozenset()

    def place(self, node: ast.AST) -> Place:
        """``node`` of this function."""
        return Place(self.module, node)

    def site(self, node: ast.AST, key: object, make: Site) -> Site:
        """The connection that ``node`` makes: one for each node, however often the flow passes it."""
        self.touches = True
        found = self.sites.setdefault((id(node), key), make)
        if found is make and self.definition is not None and self.definition.owner is not None:
            make.in_class = True
        self.opened[found] = None
        return found

    def signature(self, state: State) -> tuple[object, ...]:
        """What keeps two paths apart: the connections' statuses, and the flags that conditions read."""
        if not state.status:
            return ()  # nothing to keep apart yet: a test narrows the joined values all the same
        env = state.env
        begun = frozenset(state.begun.items()) if state.begun else None
        return (frozenset(state.status.items()), begun, *[_flag(env.get(name)) for name in self.flags])

    def may_raise(self, state: State, node: ast.AST, raised: Raised = ANYTHING) -> None:
        """Control may leave at ``node`` by an exception."""
        if not state.status and not self.guarded:
            return
        key = (raised, *self.signature(state))
        if key not in self.exits.raises:
            self.exits.raises[key] = (state.copy(), node, raised)

    def closure_of(self, definition: Def, state: State) -> dict[str, Alternatives]:
        """What a function nested in this one, or beside it, reads of the variables around it; what such functions call
        of each other reads them too."""
        own = self.definition
        if own is None or definition.parent is None or definition.parent not in (own, own.parent):
            return {}
        around = state.env if definition.parent is own else self.closure
        found: dict[str, Alternatives] = {}
        waiting = [*definition.free_names]
        while waiting:
            name = waiting.pop()
            if name in around and name not in found:
                found[name] = around[name]
                for value in found[name]:
                    if isinstance(value, FunctionValue) and value.definition.parent is definition.parent:
                        waiting.extend(value.definition.free_names)
        return found

    def merge(self, states: list[State]) -> list[State]:
        """Join the paths that cannot be told apart any more."""
        if len(states) < 2:
            return states
        groups: dict[tuple[object, ...], State] = {}
        for state in states:
            key = self.signature(state)
            known = groups.get(key)
            if known is None:
                groups[key] = state
            elif known is not state:
                groups[key] = self._joined(known, state)
        merged = list(groups.values())
        if len(merged) > MAX_STATES:
            first = merged[0]
            for other in merged[1:]:
                first = self._joined(first, other)
            return [first]
        return merged

    def _joined(self, a: State, b: State) -> State:
        env = dict(a.env)
        for name, values in b.env.items():
            mine = env.get(name)
            env[name] = values if mine is None else mine if mine == values else join(mine, values)
        status = dict(a.status)
        for site, value in b.status.items():
            mine_status = status.get(site, value)
            status[site] = value if mine_status == value else Status.HANDED
        asked = a.asked if a.asked == b.asked else {k: v for k, v in a.asked.items() if b.asked.get(k) == v}
        return State(env, status, asked, {**a.open_results, **b.open_results}, {**a.begun, **b.begun})

    def hand_on(self, state: State, values: Iterable[object], status: Status = Status.HANDED) -> None:
        """The connections held by ``values`` are someone else's business from here on."""
        for site in sites_in(values):  # type: ignore[arg-type]
            if state.status.get(site) in (Status.OPEN, Status.WAITING):
                state.status[site] = status
                site.given_away = True
            state.begun.pop(site, None)

    def keeps(self, values: Iterable[object], state: State) -> None:
        """An object or a global name keeps ``values``: connections stay open, unless this function closes some."""
        for site in sites_in(values):  # type: ignore[arg-type]
            if state.status.get(site) is Status.OPEN and self.definition is not None:
                if not any(isinstance(n, ast.Attribute) and n.attr == "close" for n in self.definition.nodes):
                    self.lasting[site] = None

    @property
    def inner_scope(self) -> Scope:
        """The scope of the code under analysis: the function's own names, too."""
        return self.scope if self.definition is None else self.definition.inner

    def note_work(self, node: ast.AST, kind: WorkKind, statement: str, *, in_memory: bool) -> None:
        """Remember what DuckDB is made to do."""
        self.work[Work(self.place(node), kind, statement, in_memory, self.guards, self.definition)] = None

    def note_log(self, by: LoggedBy, level: str, node: ast.AST) -> None:
        """Remember a call that logs."""
        self.logged[LogCall(self.place(node), by, level)] = None

    def note_given(self, arguments: Iterable[Alternatives]) -> None:
        """Remember whether code that isn't seen gets hold of a logger."""
        if not self.logger_given_away:
            self.logger_given_away = any(gives_logger_away(values) for values in arguments)

    def note_closed(self, node: ast.AST, state: State) -> None:
        """Remember which connections are closed, on some path, where a value leaves."""
        closed = {site for site, status in state.status.items() if status is Status.CLOSED}
        if closed:
            self.closed_at.setdefault(node, set()).update(closed)

    def record(self, node: ast.expr, values: Alternatives, state: State) -> None:
        """Remember what an expression was, over all paths."""
        known = self.seen.get(node)
        self.seen[node] = values if known is None or known == values else join(known, values)

    # the parts below fill these in
    def value(self, node: ast.expr | None, state: State) -> Alternatives:
        """What an expression may be on this path; its effects are applied to ``state``."""
        return ANY


def _flag(values: Alternatives | None) -> object:
    """What of a variable's value tells paths apart: None, true and false, a connection; a number however often it was
    counted up."""
    if values is None or (len(values) != 1 and not _is_counted(values)):
        return None
    value = values[0]
    if isinstance(value, Const):
        return value if value.value is None or isinstance(value.value, bool) else True
    return isinstance(value, (Conn, Manager))


def _is_counted(values: Alternatives) -> bool:
    return isinstance(values[0], Const) and all(isinstance(v, Data) and v.kinds == {PyKind.INT} for v in values[1:])
