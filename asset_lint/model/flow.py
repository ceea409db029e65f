"""Statements: control flow with exceptional edges, and the state of every connection on every way out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from asset_lint.source.nodes import all_nodes, is_ellipsis

from . import pydata
from .analysis import ANYTHING, Exits, Raised, Summary
from .caught import catches
from .connections import Leak, Way
from .index import Class, Imported
from .inlining import Inliner
from .lending import is_never_torn_down, lends
from .pykinds import PyKind
from .values import (
    ANY,
    Alternatives,
    Box,
    Closing,
    Conn,
    Const,
    FunctionValue,
    Giving,
    Instance,
    Manager,
    OpenResult,
    Result,
    Site,
    State,
    Status,
    join,
    sites_in,
    without_results,
)
from .work import Guard, guard_of_exit, guards_by_decorators, guards_of, guards_within, sorts

CLOSERS = frozenset(
    """close shutdown dispose stop disconnect __exit__ __aexit__ __del__ teardown_after_execution release
    cleanup""".split()
)
LOOP_ROUNDS = 3  # enough for a connection to be opened, bound again and closed


class Flow(Inliner):
    """Statements of one function."""

    leaks: dict[tuple[Site, Way, ast.AST], Leak]
    kept: dict[Site, Leak]

    def run(
        self,
        given: dict[str, Alternatives],
        status: dict[Site, Status],
        open_results: tuple[tuple[Site, OpenResult], ...] = (),
    ) -> list[State]:
        """Follow the whole body; gives the paths that reach its end."""
        assert self.definition is not None
        self.leaks, self.kept = {}, {}
        self.given = frozenset(status)
        self.lends = lends(self.definition, self.project.facts)
        node = self.definition.node
        statements = self.definition.nodes_of(ast.stmt)
        self.globals = {n for s in statements if isinstance(s, (ast.Global, ast.Nonlocal)) for n in s.names}
        self.locals_of = frozenset(self.definition.inner.names) - self.globals
        self.flags = flags_of(self.definition.nodes_of(ast.If, ast.IfExp, ast.While))
        if node.decorator_list:
            self.guards = guards_within(tuple(guards_by_decorators(self.definition, self.names)), ())
        self.begin((*given.values(), *self.closure.values()), open_results)
        return self.block(node.body, [State(dict(given), dict(status), {}, dict(open_results))])

    def summarise(
        self,
        given: dict[str, Alternatives],
        status: dict[Site, Status],
        open_results: tuple[tuple[Site, OpenResult], ...] = (),
    ) -> Summary:
        """What a call with these arguments does."""
        ends = self.run(given, status, open_results)
        assert self.definition is not None
        returns = [values for _, _, values in self.exits.returns]
        finals = [state for state, _, _ in self.exits.returns] + ends
        if ends:
            returns.append(ANY if self.definition.elides else (Const(None),))
        yielded = {site for values in self.yields for site in sites_in(values)}
        raised = [state for state, _, _ in self.exits.raises.values()]
        return Summary(
            returns=join(*returns) if returns else (),
            yields=join(*self.yields) if self.yields else (),
            fresh=tuple(
                site
                for site in self.opened
                if site.owned and (site in yielded or any(s.status.get(site) is Status.RETURNED for s in finals))
            ),
            status=_settled(status, finals),
            raised_status=_settled(status, raised) if raised else {},
            opened=tuple(site for site in self.opened),
            returns_normally=bool(finals),
            handed=tuple(self.handed),
            asked=tuple(self.asked.values()),
            settles=self.settles,
            begun=tuple(dict.fromkeys(site for state in finals for site in state.begun if site in status)),
            used=self.used,
            events=tuple((event, frozenset(around)) for event, around in self.events.items()),
            touches=self.touches
            or any(isinstance(v, (Conn, Manager, Result)) for values in given.values() for v in values),
            work=sorts(self.work),
            yield_guards=self.yield_guards,
            logged=tuple(self.logged),
            logger_given_away=self.logger_given_away,
            lasting=tuple(self.lasting),
            after=self.aftermath(status, finals, join(*returns, *self.yields) if returns or self.yields else ()),
        )

    # ---- blocks ----------------------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt], states: list[State]) -> list[State]:
        """Follow statements one after the other."""
        for statement in statements:
            if not states:
                break
            after: list[State] = []
            handler = _STATEMENTS.get(type(statement))
            if handler is None:
                continue
            for state in states:
                self.fresh_now = []
                after.extend(handler(self, statement, state))
                if self.fresh_now and after:
                    self._check_held(statement, after)
            states = self.merge(after)
        return states

    def _check_held(self, statement: ast.stmt, states: list[State]) -> None:
        """A connection made by this statement that no variable holds can't be closed any more."""
        for site in self.fresh_now:
            for state in states:
                status = state.status.get(site)
                if status is Status.OPEN and not state.refers_to(site):
                    self.leak(site, Way.DISCARDED, site.opened.node)
                    state.status[site] = Status.HANDED
                elif status is Status.WAITING and not state.refers_to(site):
                    self.leak(site, Way.NEVER_ENTERED, site.opened.node)
                    state.status[site] = Status.HANDED

    def leak(self, site: Site, way: Way, node: ast.AST) -> None:
        """An open connection is lost."""
        if site.owned and not site.yielded:
            self.leaks.setdefault((site, way, node), Leak(self.place(node), way))

    def reopened(self, site: Site, state: State) -> None:
        self.leak(site, Way.REOPENED, site.opened.node)

    def lost(self, values: Alternatives, state: State, node: ast.AST) -> None:
        for site in sites_in(values):
            status = state.status.get(site)
            if status in (Status.OPEN, Status.WAITING) and not state.refers_to(site):
                self.leak(site, Way.REBOUND if status is Status.OPEN else Way.NEVER_ENTERED, node)
                state.status[site] = Status.HANDED

    def stored(self, target: ast.Attribute, values: Alternatives, state: State) -> None:
        definition = self.definition
        if definition is None or definition.owner is None or not isinstance(target.value, ast.Name):
            return
        if not definition.parameters or target.value.id != definition.parameters[0].arg:
            return
        for value in values:
            if isinstance(value, Conn) and state.status.get(value.site) is Status.OPEN:
                if is_never_torn_down(definition, target.attr, self.project.facts):
                    self.kept[value.site] = Leak(self.place(target), Way.KEPT)
                elif not self._may_close(definition.owner, target.attr):
                    self.leak(value.site, Way.STORED, target)

    def _may_close(self, klass: Class, attribute: str) -> bool:
        """Whether anything could close what an object of ``klass`` keeps: a method, or whoever gets hold of it."""
        if any(base is not klass for base in self.names.ancestry(klass)):
            return True
        for method in klass.methods.values():
            if method.name in CLOSERS:
                return True
            for node in all_nodes(method.node):
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Attribute)
                    and node.value.attr == attribute
                ):
                    if node.attr in ("close", "__exit__", "__enter__"):
                        return True
                elif isinstance(node, (ast.Return, ast.Yield, ast.Call, ast.withitem)):
                    given: list[ast.expr | None] = (
                        [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call)
                        else [node.context_expr] if isinstance(node, ast.withitem)
                        else [node.value]
                    )  # fmt: skip
                    if any(isinstance(g, ast.Attribute) and g.attr == attribute for g in given):
                        return True
        outside = f".{attribute}.close".encode()
        return outside in self.module.source.data or f".{attribute}:".encode() in self.module.source.data

    # ---- simple statements -----------------------------------------------------------------------------------------

    def _expression(self, node: ast.Expr, state: State) -> list[State]:
        if self.definition is not None and self.definition.elides and is_ellipsis(node):
            # what isn't shown may close or keep them
            self.hand_on(state, (value for held in state.env.values() for value in held))
        self.value(node.value, state)
        return [state]

    def _assign(self, node: ast.Assign, state: State) -> list[State]:
        first = node.targets[0]
        if (
            isinstance(first, ast.Name)
            and first.id in self.flags
            and isinstance(node.value, (ast.Compare, ast.UnaryOp))
        ):
            return self._assign_test(first.id, node.value, state)
        values = self.value(node.value, state)
        for target in node.targets:
            self.assign(target, values, state, node)
        return [state]

    def _assign_test(self, name: str, test: ast.expr, state: State) -> list[State]:
        """``own = conn is None``: what the variable says later goes with what was tested."""
        values = self.value(test, state)
        paths: list[State] = []
        for wanted in (True, False):
            narrowed = self.assume(test, state.copy(), wanted)
            if narrowed is not None:
                narrowed.env[name] = (Const(wanted),)
                paths.append(narrowed)
        if len(paths) == 2 and paths[0].env.keys() == paths[1].env.keys():
            changed = [key for key, value in paths[0].env.items() if key != name and paths[1].env[key] != value]
            if not changed:  # the test narrows nothing: the paths would only cost
                state.env[name] = values
                return [state]
        return paths

    def _annotated(self, node: ast.AnnAssign, state: State) -> list[State]:
        if node.value is not None:
            values = self.value(node.value, state)
            if values == ANY and self.definition is not None:
                values = self.project.facts.annotated(node.annotation, self.definition)
            self.assign(node.target, values, state, node)
        return [state]

    def _augmented(self, node: ast.AugAssign, state: State) -> list[State]:
        value = self.value(node.value, state)
        if isinstance(node.target, ast.Name):
            before = state.env.get(node.target.id)
            held = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            combined = ast.copy_location(ast.BinOp(left=held, op=node.op, right=node.value), node)
            state.env[node.target.id] = self._binary(combined, state) if before is not None else ANY
        elif isinstance(node.target, ast.Subscript):
            self.assign(node.target, ANY, state, node)
        self.hand_on(state, value)
        return [state]

    def _return(self, node: ast.Return, state: State) -> list[State]:
        values = self.value(node.value, state) if node.value is not None else (Const(None),)
        self.note_closed(node, state)
        leaving = without_results(values) if self.compute else values
        self.hand_on(state, leaving, Status.RETURNED)
        self.exits.returns.append((state, node, values))
        return []

    def _raise(self, node: ast.Raise, state: State) -> list[State]:
        caught = self.caught[-1] if self.caught else ANYTHING
        raised = caught
        if node.exc is not None:
            self.value(node.exc, state)
            target = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            name = self.names.external(target, self.scope)
            if (
                not name
                and isinstance(target, ast.Name)
                and target.id in _BUILTIN_ERRORS
                and self.scope.lookup(target.id) is None
            ):
                name = target.id
            raised = Raised(name, caught.thrown_at)
        key = (raised, *self.signature(state))
        self.exits.raises.setdefault(key, (state, node, raised))
        return []

    def _assert(self, node: ast.Assert, state: State) -> list[State]:
        self.value(node.test, state)
        self.may_raise(state, node, Raised("AssertionError"))
        narrowed = self.assume(node.test, state, True)
        return [] if narrowed is None else [narrowed]

    def _delete(self, node: ast.Delete, state: State) -> list[State]:
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in state.env:
                before = state.env.pop(target.id)
                self.lost(before, state, node)
        return [state]

    def _break(self, node: ast.Break, state: State) -> list[State]:
        self.exits.breaks.append(state)
        return []

    def _continue(self, node: ast.Continue, state: State) -> list[State]:
        self.exits.continues.append(state)
        return []

    def _import(self, node: Any, state: State) -> list[State]:
        scope = self.inner_scope
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            for binding in scope.names.get(name, ()):
                if isinstance(binding, Imported):
                    state.env[name] = self.of_targets(self.names.dotted(binding.name, self.module))
        return [state]

    def _define(self, node: Any, state: State) -> list[State]:
        definition = self.module.function_at(node)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.hand_on(state, self.value(default, state))
        if definition is not None:
            for decorator in node.decorator_list:
                self.value(decorator, state)
            self.capture(node, state)
            self.closures.setdefault(definition, self.closure_of(definition, state))
            state.env[node.name] = (FunctionValue(definition),)
        return [state]

    def _class(self, node: ast.ClassDef, state: State) -> list[State]:
        ends = [state]
        if self.definition is None:  # the module is imported: what the class's body makes, the class keeps
            ends = self.block(node.body, [state.copy()])
            for end in ends:
                for name, values in end.env.items():
                    if values is not state.env.get(name):
                        self.hand_on(end, values)
                end.env = state.env.copy()
        for end in ends:
            end.env[node.name] = self.of_targets(self.names.name(node.name, self.inner_scope))
        return ends

    # ---- branches and loops ------------------------------------------------------------------------------------------

    def _if(self, node: ast.If, state: State) -> list[State]:
        self.value(node.test, state)
        after: list[State] = []
        other = state.copy()
        taken = self.assume(node.test, state, True)
        if taken is not None:
            after.extend(self.block(node.body, [taken]))
        skipped = self.assume(node.test, other, False)
        if skipped is not None:
            after.extend(self.block(node.orelse, [skipped]))
        return after

    def _match(self, node: ast.Match, state: State) -> list[State]:
        self.value(node.subject, state)
        after: list[State] = []
        closed = False
        for case in node.cases:
            branch = state.copy()
            for pattern in all_nodes(case.pattern):
                name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
                if isinstance(name, str):
                    branch.env[name] = ANY
            closed = closed or (
                case.guard is None and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            )
            after.extend(self.block(case.body, [branch]))
        return after if closed else [*after, state]

    def _for(self, node: Any, state: State) -> list[State]:
        iterated = self.value(node.iter, state)
        self.note_iterated(iterated, state, node.iter)
        elements = self.elements(iterated)
        if not any(isinstance(v, Const) for v in elements):
            self.may_raise(state, node.iter)

        def turn(states: list[State]) -> list[State]:
            for current in states:
                self.assign(node.target, elements, current, node)
            return self.block(node.body, states)

        boxes = self.seen.get(node.iter, ANY)
        holds = {site for site in sites_in(elements) if site in state.status}
        sure = all(isinstance(b, Box) and b.items and not b.open for b in boxes)
        first = [bool(holds) or sure]

        def split(states: list[State]) -> tuple[list[State], list[State]]:
            if first[0]:  # it has elements, or no turn at all means no connection in it
                first[0] = False
                return states, []
            return states, [s.copy() for s in states]

        return self._loop(node, [state], turn, split)

    def _while(self, node: ast.While, state: State) -> list[State]:
        def split(states: list[State]) -> tuple[list[State], list[State]]:
            inside: list[State] = []
            outside: list[State] = []
            for current in states:
                self.value(node.test, current)
                other = current.copy()
                if (taken := self.assume(node.test, current, True)) is not None:
                    inside.append(taken)
                if (left := self.assume(node.test, other, False)) is not None:
                    outside.append(left)
            return inside, outside

        return self._loop(node, [state], lambda states: self.block(node.body, states), split)

    def _loop(
        self,
        node: Any,
        states: list[State],
        turn: Callable[[list[State]], list[State]],
        split: Callable[[list[State]], tuple[list[State], list[State]]],
    ) -> list[State]:
        outer, own = self.exits, Exits()
        own.returns, own.raises = outer.returns, outer.raises
        self.exits = own
        left: list[State] = []
        seen: set[tuple[object, ...]] = set()
        for state in states:
            self._count_up(node, state)
        for _ in range(LOOP_ROUNDS):
            inside, outside = split(states)
            left.extend(outside)
            fresh = [s for s in inside if self._turn(s) not in seen]
            if not fresh:
                break
            seen.update(self._turn(s) for s in fresh)
            own.continues = []
            states = self.merge([*turn(fresh), *own.continues])
            if not states:
                break
        else:
            left.extend(split(states)[1])
        self.exits = outer
        self.fetched_by_loop(node, (*left, *own.breaks))
        return [*self.block(node.orelse, self.merge(left)), *own.breaks]

    def _count_up(self, loop: ast.For | ast.AsyncFor | ast.While, state: State) -> None:
        """A number that a loop counts up is no constant in it: turns that differ in nothing else are followed once."""
        numbers = {
            name
            for name, values in state.env.items()
            if all(isinstance(v, Const) and type(v.value) is int for v in values)
        }
        for node in all_nodes(loop) if numbers else ():
            if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id in numbers:
                numbers.remove(node.target.id)
                counted = pydata.made(PyKind.INT, self.place(node))
                state.env[node.target.id] = join(state.env[node.target.id], (counted,))

    def _turn(self, state: State) -> tuple[object, ...]:
        """What makes one more turn of a loop worth following."""
        return (*self.signature(state), frozenset(state.open_results.items()))

    # ---- with and try ------------------------------------------------------------------------------------------------

    def _with(self, node: Any, state: State) -> list[State]:
        return self._with_items(node, list(node.items), state)

    def _with_items(self, node: Any, items: list[ast.withitem], state: State) -> list[State]:
        if not items:
            return self.block(node.body, [state])
        item = items[0]
        values = self.value(item.context_expr, state)
        entered: list[Alternatives] = []
        for value in values:
            if isinstance(value, (Conn, Manager)):
                value.site.entered = True
                if isinstance(value, Manager) and value.site in state.status:
                    state.status[value.site] = Status.OPEN
            elif isinstance(value, Closing):
                value.connection.site.entered = True
            entered.append(self.entered_value(value, state))
        self.may_raise(state, item.context_expr) if values == ANY else None
        if item.optional_vars is not None:
            self.assign(item.optional_vars, join(*entered) if entered else ANY, state, node)
        outer, own = self.exits, Exits()
        self.exits = own
        self.guarded += 1
        around = self.guards
        self.guards = guards_within(tuple(self._guards_in(values)), around)
        locks = self.is_lock(item.context_expr, values)
        self.locked += locks
        after = self._with_items(node, items[1:], state)
        self.locked -= locks
        self.guards = around
        self.guarded -= 1
        self.exits = outer

        def leave(current: State) -> State:
            for value in values:
                site = (
                    value.site if isinstance(value, Manager)
                    else value.connection.site if isinstance(value, Closing)
                    else value.site if isinstance(value, Conn) and not value.cursor
                    else None
                )  # fmt: skip
                if site is not None and site in current.status:
                    current.status[site] = Status.CLOSED
                    self.note_closed_by(site, item.context_expr, current)
            return current

        suppressed = any(isinstance(v, Giving) for v in values) and "suppress" in ast.dump(item.context_expr)
        after = [leave(s) for s in after]
        for current, statement, returned in own.returns:
            outer.returns.append((leave(current), statement, returned))
        for current, where, raised in own.raises.values():
            left = leave(current)
            if suppressed:
                after.append(left.copy())
            key = (raised, *self.signature(left))
            if left.status or self.guarded:
                outer.raises.setdefault(key, (left, where, raised))
        outer.breaks.extend(leave(s) for s in own.breaks)
        outer.continues.extend(leave(s) for s in own.continues)
        return after

    def _guards_in(self, values: Alternatives) -> Iterator[Guard]:
        """What sees an error in the body of a ``with`` that holds one of ``values``."""
        for value in values:
            if isinstance(value, Manager):
                yield from value.site.guards
            elif isinstance(value, Giving):
                yield from value.guards
            elif isinstance(value, Instance):
                for base in self.names.ancestry(value.klass):
                    if isinstance(base, Class) and (leave := base.methods.get("__exit__")):
                        if (guard := guard_of_exit(leave)) is not None:
                            yield guard
                        break

    def _try(self, node: Any, state: State) -> list[State]:
        outer, whole = self.exits, Exits()
        body = Exits()
        self.guarded += 1
        self.exits = body
        around = self.guards
        self.guards = guards_within(tuple(guards_of(node.handlers, self.names, self.inner_scope)), around)
        after = self.block(node.body, [state])
        self.guards = around
        self.guarded -= 1
        self.exits = whole if node.finalbody else outer
        self.guarded += bool(node.finalbody)
        _pass_on(body, self.exits)
        after = self.block(node.orelse, after)
        for current, where, raised in body.raises.values():
            after.extend(self._handle(node.handlers, current, where, raised))
        self.guarded -= bool(node.finalbody)
        self.exits = outer
        if not node.finalbody:
            return after
        finished = self.block(node.finalbody, self.merge(after))
        for current, statement, returned in whole.returns:
            for end in self.block(node.finalbody, [current]):
                outer.returns.append((end, statement, returned))
        for current, where, raised in whole.raises.values():
            for end in self.block(node.finalbody, [current]):
                if end.status or self.guarded:
                    outer.raises.setdefault((raised, *self.signature(end)), (end, where, raised))
        for states, target in ((whole.breaks, outer.breaks), (whole.continues, outer.continues)):
            for current in states:
                target.extend(self.block(node.finalbody, [current]))
        return finished

    def _handle(self, handlers: list[ast.ExceptHandler], state: State, where: ast.AST, raised: Raised) -> list[State]:
        after: list[State] = []
        for handler in handlers:
            sure = catches(handler, raised, self.names, self.inner_scope)
            if sure is False:
                continue
            caught = state.copy()
            if handler.name:
                caught.env[handler.name] = (pydata.made(PyKind.ERROR, self.place(handler)),)
            self.caught.append(raised)
            after.extend(self.block(handler.body, [caught]))
            self.caught.pop()
            if sure:
                return after
        if state.status or self.guarded:
            self.exits.raises.setdefault((raised, *self.signature(state)), (state, where, raised))
        return after


def _pass_on(source: Exits, target: Exits) -> None:
    target.returns.extend(source.returns)
    target.breaks.extend(source.breaks)
    target.continues.extend(source.continues)


def _settled(given: dict[Site, Status], states: list[State]) -> dict[Site, Status]:
    """What has become of the caller's connections over all paths; HANDED where paths differ."""
    settled: dict[Site, Status] = {}
    for site, before in given.items():
        found = {state.status.get(site, before) for state in states}
        after = before if not found else found.pop() if len(found) == 1 else Status.HANDED
        settled[site] = Status.OPEN if after is Status.RETURNED else after
    return settled


def flags_of(nodes: Iterable[ast.AST]) -> tuple[str, ...]:
    """The names that conditions test by themselves: they keep paths apart."""
    found: set[str] = set()
    for inner in nodes:
        if isinstance(inner, (ast.If, ast.IfExp, ast.While)):
            tests: list[ast.expr] = [inner.test]
            while tests:
                test = tests.pop()
                if isinstance(test, ast.BoolOp):
                    tests.extend(test.values)
                elif isinstance(test, ast.UnaryOp):
                    tests.append(test.operand)
                elif isinstance(test, ast.Compare):
                    tests.append(test.left)
                elif isinstance(test, ast.Name):
                    found.add(test.id)
    return tuple(sorted(found))


_BUILTIN_ERRORS = frozenset(
    """ValueError TypeError KeyError RuntimeError Exception OSError FileNotFoundError IndexError AttributeError
    NotImplementedError AssertionError ImportError LookupError StopIteration PermissionError""".split()
)

_STATEMENTS: dict[type[ast.AST], Callable[[Any, Any, State], list[State]]] = {
    ast.Expr: Flow._expression,
    ast.Assign: Flow._assign,
    ast.AnnAssign: Flow._annotated,
    ast.AugAssign: Flow._augmented,
    ast.Return: Flow._return,
    ast.Raise: Flow._raise,
    ast.Assert: Flow._assert,
    ast.Delete: Flow._delete,
    ast.Break: Flow._break,
    ast.Continue: Flow._continue,
    ast.Import: Flow._import,
    ast.ImportFrom: Flow._import,
    ast.FunctionDef: Flow._define,
    ast.AsyncFunctionDef: Flow._define,
    ast.ClassDef: Flow._class,
    ast.If: Flow._if,
    ast.Match: Flow._match,
    ast.For: Flow._for,
    ast.AsyncFor: Flow._for,
    ast.While: Flow._while,
    ast.With: Flow._with,
    ast.AsyncWith: Flow._with,
    ast.Try: Flow._try,
    ast.Pass: lambda flow, node, state: [state],
    ast.Global: lambda flow, node, state: [state],
    ast.Nonlocal: lambda flow, node, state: [state],
}
if (try_star := getattr(ast, "TryStar", None)) is not None:  # from Python 3.11 on
    _STATEMENTS[try_star] = Flow._try
