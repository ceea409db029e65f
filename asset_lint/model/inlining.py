"""Calls of the project's own functions and classes, followed into their bodies.

A call is analysed with the arguments it is really given, once for each different set of them; the caller sees a
:class:`~.analysis.Summary`.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from .analysis import ANYTHING, DUCKDB, MAX_DEPTH, HandedContext, Summary
from .calls import Arguments
from .effects import Doing
from .evaluate import Evaluator
from .index import Class, Def
from .lending import MANAGERS
from .library import is_duckdb_resource
from .names import External
from .paths import identified
from .values import (
    ANY,
    Alternatives,
    Box,
    ClassValue,
    Closing,
    Conn,
    Const,
    Context,
    FunctionValue,
    Giving,
    Instance,
    LibraryInstance,
    Logger,
    Manager,
    Method,
    Origin,
    Partial,
    Result,
    Site,
    State,
    Status,
    Text,
    Value,
    join,
    origin_of,
    sites_in,
)

if TYPE_CHECKING:
    pass

SHORT = 8  # statements of a function that is followed whatever it is about: a getter of a path
CACHES = frozenset("functools.lru_cache functools.cache functools.cached_property streamlit.cache_resource".split())
SETTINGS_BASES = frozenset(
    """dagster.ConfigurableResource dagster.Config dagster.ConfigurableIOManager dagster.ConfigurableResourceFactory
    dagster.ConfigurableIOManagerFactory dagster.PermissiveConfig dagster.Component dagster.Model dagster.Resolvable
    pydantic.BaseModel pydantic_settings.BaseSettings pydantic.BaseSettings dagster.ConfigurableLegacyIOManagerAdapter
    dagster_duckdb.DuckDBResource dagster.components.Component""".split()
)


class Inliner(Evaluator):
    """Calls of project code."""

    def project_call(self, callee: FunctionValue, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        definition = callee.definition
        decorators = self.project.facts.decorators(definition)
        bound = callee.bound
        if bound is None and definition.owner is not None and "staticmethod" not in decorators:
            bound = ClassValue(definition.owner) if "classmethod" in decorators else None
        self._hand_context(definition, bound, arguments, node)
        if (
            definition in self.stack
            or len(self.stack) >= MAX_DEPTH
            or self._tells_nothing(definition, arguments, bound)
        ):
            self.note_given(arguments.all())
            self.note_given_away(arguments.all(), state, followed=False)
            for values in arguments.all():
                self.hand_on(state, values)
            self.may_raise(state, node)
            return ANY
        given = self.parameters(definition, arguments, bound)
        closure = self.closure_of(definition, state)
        around = {**closure, **given}
        statuses = self._statuses(around, state)
        unfinished = self.open_results_for(around, state)
        summary = self.project.facts.summary(definition, given, self.stack, statuses, closure, unfinished)
        is_manager = bool(MANAGERS & decorators) and definition.is_generator
        if not CACHES & decorators and (is_manager or not definition.is_generator):
            # a context manager is taken to be entered at once; what it does at its end is left aside
            events = [e for e in summary.events if not is_manager or e[0].doing is Doing.OPENS]
            self.happens_inside(events, frozenset(site for site, _ in statuses), state, node)
        self.used_inside(summary.used, summary.opened)
        self.touches = self.touches or summary.touches
        self._note_inner(summary, node)
        if summary.asked:
            state.asked.clear()  # which of the connections was asked in there is not kept
        if summary.settles:
            self.settles = True
            state.begun.clear()
        if not definition.is_generator:
            state.begun.update(dict.fromkeys(summary.begun, self.place(node)))
        if summary.raised_status or not statuses:  # what only closes a connection does not raise
            failed = state.copy() if summary.raised_status else state
            failed.status.update(summary.raised_status)
            self.may_raise(failed, node, DUCKDB if summary.opened else ANYTHING)
        state.status.update(summary.status)
        self.take_over(summary.after, unfinished, state, node)
        if is_manager:
            return self._as_manager(summary, definition, state, node)
        values = summary.returns
        if definition.is_generator and not isinstance(definition.node, ast.AsyncFunctionDef):
            return (Box("generator", (summary.yields or ANY,), open=True),)
        owned = not (CACHES & decorators)
        return self._given_back(values, summary, definition, state, node, owned)

    def _tells_nothing(self, definition: Def, arguments: Arguments, bound: Value | None) -> bool:
        """Whether following a call can't pay: a long function far from DuckDB that is handed nothing of its."""
        if len(definition.node.body) <= SHORT or self.project.touches_duckdb(definition.module.file):
            return False
        given = [*arguments.all(), (bound,)] if bound is not None else arguments.all()
        telling = (Conn, Manager, Closing, Context, Logger, FunctionValue, Partial, LibraryInstance, Box)
        return not any(isinstance(v, telling) for values in given for v in values)

    def _statuses(self, given: dict[str, Alternatives], state: State) -> tuple[tuple[Site, Status], ...]:
        found = {
            site: state.status[site]
            for values in given.values()
            for site in sites_in(values, holding=False)
            if site in state.status
        }
        return tuple(found.items())

    def _hand_context(self, definition: Def, bound: Value | None, arguments: Arguments, node: ast.AST) -> None:
        """Remember to whom a context goes."""
        parameters = definition.parameters
        if parameters and parameters[0].arg in ("self", "cls") and definition.owner is not None:
            parameters = parameters[1:]
        for index, parameter in enumerate(parameters):
            values = arguments.get(index, parameter.arg) or ()
            if any(isinstance(v, Context) for v in values):
                self.handed[HandedContext(self.place(node), definition, parameter, self.definition)] = None

    def _note_inner(self, summary: Summary, node: ast.AST) -> None:
        place = self.place(node)
        for hand in summary.handed:
            self.handed[HandedContext(place, hand.callee, hand.parameter, hand.giver, (hand.call, *hand.steps))] = None
        for asked in summary.asked:
            self.asked.setdefault((node, asked), replace(asked, steps=(place, *asked.steps)))
        for work in summary.work:
            self.work[work.seen_from(place, self.guards)] = None
        for logged in summary.logged:
            self.logged[logged.seen_from(place)] = None
        self.logger_given_away = self.logger_given_away or summary.logger_given_away
        for site in summary.lasting:
            self.lasting[self._derived(site, node, owned=False)] = None
        for site in summary.opened:
            if site.handed_path and site not in summary.fresh:
                inner = self.site(node, site, self._derived(site, node, owned=False))
                inner.entered = True

    def _derived(self, site: Site, node: ast.AST, *, owned: bool, managed: bool = False) -> Site:
        steps = (
            ((site.opened, "opened here"), *site.steps)
            if not site.steps
            else ((site.opened, "obtained here"), *site.steps)
        )
        origin = site.origin
        if site.in_class and not site.handed_path and origin is Origin.LITERAL:
            origin = Origin.FIELD  # a resource or a client decides, not its user
        return Site(
            self.place(node), origin, managed=managed, owned=owned and not self.static,
            handed_path=False, steps=steps[:4], in_class=site.in_class, path=site.path,
            file=site.file, configuration=site.configuration,
            written=site.written, inner=site, shared=site.shared,
        )  # fmt: skip

    def _as_manager(self, summary: Summary, definition: Def, state: State, node: ast.AST) -> Alternatives:
        """A ``@contextmanager`` function of the project."""
        found: list[Value] = []
        plain: list[Value] = []
        for value in summary.yields:
            if isinstance(value, Conn) and (value.site in summary.fresh or not value.site.owned):
                site = self.site(node, value.site, self._derived(value.site, node, owned=True, managed=True))
                site.lends = value.site not in summary.after.closing
                self.note_opened(site, state)
                if site.owned and state.status.get(site) in (None, Status.CLOSED):
                    state.status[site] = Status.WAITING
                    self.fresh_now.append(site)
                site.guards = summary.yield_guards
                site.settles = summary.settles
                site.has_choice = _takes_read_only(definition)
                found.append(Manager(site))
            else:
                plain.append(value)
        if plain and not (found and all(isinstance(v, Const) for v in plain)):
            found.append(Giving(tuple(plain), summary.yield_guards))
        return tuple(found) or (Giving(ANY, summary.yield_guards),)

    def _given_back(
        self, values: Alternatives, summary: Summary, definition: Def, state: State, node: ast.AST, owned: bool
    ) -> Alternatives:
        """The callee's values as the caller's: a connection that the callee opened and returned is now the caller's."""
        if not summary.fresh:
            return values or ANY
        mapping: dict[Site, Site] = {}
        for site in summary.fresh:
            mine = self.site(node, site, self._derived(site, node, owned=owned, managed=site.managed))
            mapping[site] = mine
            self.note_opened(mine, state)
            if (result := state.open_results.pop(site, None)) is not None:
                state.open_results[mine] = result
            mine.has_choice = _takes_read_only(definition)
            if mine.owned:
                if state.status.get(mine) is Status.OPEN:
                    self.reopened(mine, state)
                state.status[mine] = Status.WAITING if site.managed else Status.OPEN
                self.fresh_now.append(mine)
        return tuple(_mapped(value, mapping) for value in values) or ANY

    # ---- parameters --------------------------------------------------------------------------------------------------

    def parameters(self, definition: Def, arguments: Arguments, bound: Value | None) -> dict[str, Alternatives]:
        """What each parameter of a called function receives."""
        node = definition.node.args
        names = [a.arg for a in (*node.posonlyargs, *node.args)]
        given: dict[str, Alternatives] = {}
        if bound is not None and names:
            given[names.pop(0)] = (bound,)
        elif definition.owner is not None and names and names[0] == "self":
            given[names.pop(0)] = (Instance(definition.owner),)
        for index, name in enumerate(names):
            if index < len(arguments.positional):
                given[name] = _handed(arguments.positional[index])
        for name, values in arguments.named:
            given[name] = _handed(values)
        defaults = dict(zip(reversed([a.arg for a in (*node.posonlyargs, *node.args)]), reversed(node.defaults)))
        defaults.update({a.arg: d for a, d in zip(node.kwonlyargs, node.kw_defaults) if d is not None})
        facts = self.project.facts
        for parameter in definition.parameters:
            if parameter.arg in given:
                if given[parameter.arg] == ANY and parameter.annotation is not None:
                    given[parameter.arg] = facts.annotated(parameter.annotation, definition)
            elif parameter.arg in defaults and not arguments.open:
                given[parameter.arg] = _handed(facts.static(defaults[parameter.arg], definition.scope))
            else:
                given[parameter.arg] = facts.annotated(parameter.annotation, definition)
        if node.vararg is not None:
            given[node.vararg.arg] = (Box("tuple", arguments.positional[len(names) :], open=arguments.open),)
        if node.kwarg is not None:
            given[node.kwarg.arg] = ANY
        return given

    # ---- classes -----------------------------------------------------------------------------------------------------

    def construct(self, klass: Class, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        self.note_given(arguments.all())
        for values in arguments.all():
            self.hand_on(state, values)
        self.may_raise(state, node)
        origin = Origin.FIELD
        if not self.static and self.is_duckdb_class(klass):
            path = arguments.get(-1, "database") or arguments.get(-1, "database_path")
            origin = self.origin_in_code(path)
        held = tuple(arguments.all()) if self._is_record(klass) else ()
        key = f"made:{self.module.file}:{node.lineno}" if self.static and isinstance(node, ast.Call) else ""
        return (Instance(klass, origin, held, key),)

    def _is_record(self, klass: Class) -> bool:
        """Whether a class merely holds what it is made of: a dataclass, a named tuple."""
        names = {
            self.names.external(d.func if isinstance(d, ast.Call) else d, klass.scope)
            for d in klass.node.decorator_list
        }
        bases = {t.name for t in self.names.ancestry(klass) if isinstance(t, External)}
        return bool(names & {"dataclasses.dataclass", "attrs.define", "attr.s"} or bases & {"typing.NamedTuple"})

    def is_settings(self, klass: Class) -> bool:
        return any(
            isinstance(base, External)
            and (base.name in SETTINGS_BASES or base.name.rpartition(".")[2] in _SETTINGS_TAILS)
            for base in self.names.ancestry(klass)
        )

    def is_duckdb_class(self, klass: Class) -> bool:
        """Whether a project class inherits dagster_duckdb's resource."""
        return any(isinstance(base, External) and is_duckdb_resource(base.name) for base in self.names.ancestry(klass))

    def instance_attribute(self, value: Instance, name: str, state: State, node: ast.AST) -> Alternatives:
        facts = self.project.facts
        for base in self.names.ancestry(value.klass):
            if isinstance(base, External):
                if is_duckdb_resource(base.name) and name == "get_connection":
                    file = f"field:{value.key}.database" if value.key else ""
                    return (Method(LibraryInstance(base.name, value.origin, file), name),)
                if is_duckdb_resource(base.name) and name == "database":
                    return identified((Text(Origin.FIELD),), value.key, name)
                continue
            if not isinstance(base, Class):
                continue
            method = base.methods.get(name)
            if method is not None:
                function = FunctionValue(method, value)
                if facts.decorators(method) & {"property", "functools.cached_property"}:
                    values = self._borrowed(self.project_call(function, Arguments(), state, node), state)
                    if not self.is_settings(value.klass):
                        return values
                    remote = any(origin_of((v,))[1].startswith(("md:", "motherduck:")) for v in values)
                    return identified(self._configured(values), "" if remote else value.key, name)
                return (function,)
            field = base.fields.get(name)
            if field is not None:
                typed = facts.annotated(field.annotation, None, base.scope)
                known = [v for v in typed if isinstance(v, (Instance, LibraryInstance, Conn))]
                if known:
                    return tuple(known)
                assigned = facts.assigned(base, name)
                if any(isinstance(v, Conn) for v in assigned):
                    return assigned
                return identified((Text(Origin.FIELD),), value.key, name)
            if name in base.assigned:
                if self.is_settings(value.klass):
                    return identified((Text(Origin.FIELD),), value.key, name)
                return join(facts.static(base.assigned[name], base.scope), facts.assigned(base, name))
            assigned = facts.assigned(base, name)
            if assigned:
                return identified(assigned, value.key, name)
        return ANY

    def _configured(self, values: Alternatives) -> Alternatives:
        """What a property of settings gives is configuration, whatever it is put together from."""
        return tuple(Text(Origin.FIELD) if isinstance(v, (Text, Const)) else v for v in values)

    def _borrowed(self, values: Alternatives, state: State) -> Alternatives:
        """What a property gives stays its object's."""
        for site in sites_in(values):
            state.status.pop(site, None)
            site.owned = False
            if site in self.fresh_now:
                self.fresh_now.remove(site)
        return values

    def inherited(self, name: str, state: State) -> Alternatives:
        owner = self.definition.owner if self.definition is not None else None
        if owner is None:
            return ANY
        for base in self.names.ancestry(owner)[1:]:
            if isinstance(base, Class) and name in base.methods:
                return (FunctionValue(base.methods[name], Instance(owner)),)
            if isinstance(base, External) and is_duckdb_resource(base.name):
                return (Method(LibraryInstance(base.name), name),)
        return ANY

    def enter_instance(self, value: Instance, state: State) -> Alternatives:
        for base in self.names.ancestry(value.klass):
            if isinstance(base, Class) and "__enter__" in base.methods:
                given = self.project_call(
                    FunctionValue(base.methods["__enter__"], value), Arguments(), state, base.methods["__enter__"].node
                )
                return self._borrowed(given, state)
        return ANY


_SETTINGS_TAILS = frozenset(
    "BaseSettings ConfigurableResource Config BaseModel ConfigurableIOManager Component".split()
)


def _takes_read_only(definition: Def) -> bool:
    """Whether a helper lets its caller ask for read-only access."""
    return any(parameter.arg == "read_only" for parameter in definition.parameters)


def _handed(values: Alternatives) -> Alternatives:
    """Arguments as the callee sees them: its caller decided them."""
    return tuple(
        Const(v.value, handed=True) if isinstance(v, Const) and isinstance(v.value, str)
        else replace(v, handed=True) if isinstance(v, Text)
        else v
        for v in values
    )  # fmt: skip


def _mapped(value: Value, mapping: dict[Site, Site]) -> Value:
    """A value with the callee's connections replaced by the caller's."""
    if isinstance(value, Conn) and value.site in mapping:
        return Conn(mapping[value.site], value.cursor, value.executed, value.statement, value.made)
    if isinstance(value, Manager) and value.site in mapping:
        return Manager(mapping[value.site])
    if isinstance(value, Result) and value.site is not None and value.site in mapping:
        return replace(value, site=mapping[value.site])
    if isinstance(value, Box):
        items = tuple(tuple(_mapped(v, mapping) for v in item) for item in value.items)
        return Box(value.kind, items, value.open, value.keys)
    return value
