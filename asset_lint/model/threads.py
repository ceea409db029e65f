"""Work that is sent to other threads and processes, and which connections are used there."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .events import Events
from .index import Place
from .names import External
from .values import (
    ANY,
    Alternatives,
    Box,
    Conn,
    FunctionValue,
    LibraryInstance,
    Method,
    Partial,
    Site,
    State,
    Value,
)

if TYPE_CHECKING:
    from .calls import Arguments

THREADS = frozenset(
    """concurrent.futures.ThreadPoolExecutor concurrent.futures.thread.ThreadPoolExecutor
    multiprocessing.pool.ThreadPool multiprocessing.dummy.Pool""".split()
)
PROCESSES = frozenset(
    """concurrent.futures.ProcessPoolExecutor concurrent.futures.process.ProcessPoolExecutor multiprocessing.Pool
    multiprocessing.pool.Pool""".split()
)
FOR_EACH = frozenset("map starmap imap imap_unordered map_async starmap_async".split())
ONCE = frozenset("submit apply_async apply".split())
EVENT_LOOP = "asyncio.AbstractEventLoop"
EVENT_LOOPS = frozenset("asyncio.get_running_loop asyncio.get_event_loop asyncio.new_event_loop".split())
STARTERS = {"threading.Thread": "target", "threading.Timer": "function"}
"""Classes whose objects run what they are given in a thread, and the argument's name."""

THREAD_SAFE = frozenset("cursor duplicate interrupt close __enter__ __exit__ query_progress".split())
"""Methods of a connection that another thread may call at any time."""

_LOCKS = ("Lock", "Semaphore", "Condition")
_LOCK_WORDS = ("lock", "mutex", "semaphore")


@dataclass(frozen=True)
class Sent:
    """A connection that a function uses which is sent to another thread by ``call``."""

    site: Site
    call: ast.AST
    use: Place
    for_each: bool  # the call itself runs the function several times


class Threads(Events):
    """What one function sends to threads. ``used`` are the connections that it uses itself, by the first use."""

    locked = 0  # depth of locks around the point

    def note_direct_use(self, site: Site | None, name: str, node: ast.AST) -> None:
        """A connection itself, no cursor of it, is used."""
        if site is None or self.locked or self.static or name in THREAD_SAFE:
            return
        self.used.setdefault(site, self.place(node))
        self.uses.append((site, node))

    def used_inside(self, used: dict[Site, Place], opened: tuple[Site, ...]) -> None:
        """A function that is called uses these connections, of which it opened some itself."""
        if not self.locked:
            for site, place in used.items():
                if site not in opened:
                    self.used.setdefault(site, place)

    def notice(self, node: ast.Call, callees: Alternatives, arguments: Arguments, state: State) -> None:
        super().notice(node, callees, arguments, state)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "acquire":
            self.locked += 1  # where it is released is not followed

    def is_lock(self, node: ast.expr, values: Alternatives) -> bool:
        """Whether ``with node:`` keeps other threads out."""
        if any(isinstance(v, LibraryInstance) and v.name.endswith(_LOCKS) for v in values):
            return True
        text = ast.unparse(node)
        for called in self.seen.get(node.func, ()) if isinstance(node, ast.Call) else ():
            if isinstance(called, FunctionValue):
                text += ast.unparse(called.definition.node)  # a context manager of the project may hold a lock
        return any(word in text.lower() for word in _LOCK_WORDS)

    def send(
        self, receiver: LibraryInstance, name: str, arguments: Arguments, state: State, node: ast.AST
    ) -> Alternatives | None:
        """A method of a pool or an event loop that has a function run elsewhere; None if it is no such method."""
        function, given = arguments.get(0, "fn") or arguments.get(0, "func"), arguments.positional[1:]
        if receiver.name == EVENT_LOOP and name == "run_in_executor":
            pools = arguments.get(0, "executor") or ()
            receiver = next((v for v in pools if isinstance(v, LibraryInstance)), receiver)
            function, given = arguments.get(1, "func"), arguments.positional[2:]
        elif name not in FOR_EACH | ONCE or receiver.name not in THREADS | PROCESSES:
            return None
        named = arguments.named
        if name in FOR_EACH:
            given = () if name.startswith("starmap") else tuple(self.elements(values) for values in given)
            named = ()
        elif name.startswith("apply"):
            given = tuple(given[0][0].items) if given and isinstance(given[0][0], Box) else ()
        inner = self.given_by(given, named, is_open=arguments.open or name.startswith("starmap"))
        for values in arguments.all():
            self.hand_on(state, values)
        self.may_raise(state, node)
        if receiver.name in PROCESSES:
            with self._elsewhere():
                self.run_all(function, inner, state.copy(), node)
        elif not receiver.single:
            self.in_thread(function, inner, state, node, for_each=name in FOR_EACH)
        else:
            self.run_all(function, inner, state, node)
        return ANY

    @contextmanager
    def _elsewhere(self) -> Iterator[None]:
        self.elsewhere = True
        try:
            yield
        finally:
            self.elsewhere = False

    def in_thread(
        self, functions: Alternatives | None, inner: Arguments, state: State, node: ast.AST, *, for_each: bool = False
    ) -> Alternatives:
        """A function runs in a thread of its own; what it gives is handed back."""
        used, uses, locked = self.used, self.uses, self.locked
        self.used, self.uses, self.locked = {}, [], 0
        values = self.run_all(functions, inner, state, node)
        for site, place in self.used.items():
            if site.opened.node is not node:
                self.sent.setdefault((site, node), Sent(site, node, place, for_each))
        self.used, self.uses, self.locked = used, uses, locked
        return values

    def run_all(self, functions: Alternatives | None, inner: Arguments, state: State, node: ast.AST) -> Alternatives:
        """Apply what may be called; a lambda is read where it stands."""
        values: list[Value] = []
        for function in functions or ():
            if isinstance(function, (FunctionValue, Partial, External)) or (
                isinstance(function, Method) and isinstance(function.receiver, Conn)
            ):
                values.extend(self.apply(function, inner, state, node))
            elif isinstance(function, Method) and function.name == "lambda" and isinstance(node, ast.Call):
                for given in (*node.args, *(keyword.value for keyword in node.keywords)):
                    if isinstance(given, ast.Lambda):
                        own = state.copy()
                        own.env.update((a.arg, ANY) for a in given.args.args)
                        values.extend(self.value(given.body, own))
        return tuple(dict.fromkeys(values)) or ANY

    @abstractmethod
    def apply(self, callee: Value, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """Call one value."""

    @abstractmethod
    def elements(self, values: Alternatives) -> Alternatives:
        """What iterating over a value gives."""

    @abstractmethod
    def given_by(
        self, positional: tuple[Alternatives, ...], named: tuple[tuple[str, Alternatives], ...], *, is_open: bool
    ) -> Arguments:
        """Arguments of a call that is made elsewhere."""
