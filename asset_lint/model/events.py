"""What happens while a connection is open, path by path: another connection, a copy of its file, another process."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .analysis import Analysis
from .databases import RESOURCE, Configuration, options_of
from .dbt import same_file
from .effects import (
    DBT_RESOURCE,
    DBT_RUNNER,
    PATH_METHODS,
    PROCESSES,
    TOUCHING,
    UPLOADING,
    Doing,
    Event,
    attached,
    files_in_command,
)
from .index import Assigned, Opaque
from .names import External
from .paths import file_of
from .values import (
    Alternatives,
    Box,
    Const,
    LibraryInstance,
    Method,
    Site,
    State,
    Status,
    Text,
)

if TYPE_CHECKING:
    from .calls import Arguments

MAX_STEPS = 4  # shown of the way down to what happens


class Events(Analysis):
    """Events of one function; ``events`` holds each with the caller's connections that are open at it."""

    stores: str = ""  # the file that the IO manager of this compute function's outputs opens
    given: frozenset[Site] = frozenset()  # the caller's connections
    elsewhere = False  # what is called runs in another process
    retrying = False  # what is called is called again when it fails

    def happens(self, event: Event, state: State, *, own: Site | None = None) -> None:
        """Remember an event, and the connections to its file that are open at it."""
        if self.static or not event.file:
            return
        if self.elsewhere:
            if event.doing is not Doing.OPENS:
                return
            event = Event(Doing.RUNS, event.place, event.file, "a process of the pool", None, event.steps)
        around = self.events.setdefault(event, set())
        for site, status in state.status.items():
            if status is Status.OPEN and site is not own:
                self._meets(site, event, around)

    def happens_inside(
        self, events: Iterable[tuple[Event, frozenset[Site]]], passed: frozenset[Site], state: State, node: ast.AST
    ) -> None:
        """What happens in a function that is called; it knows best which of the connections ``passed`` are open."""
        for inner, around in events:
            step = (inner.place, _WORDS[inner.doing])
            steps = (
                (step, *inner.steps)[:MAX_STEPS] if not inner.steps else ((inner.place, "by this call"), *inner.steps)
            )
            event = Event(inner.doing, self.place(node), inner.file, inner.what, inner.configuration, steps[:MAX_STEPS])
            if self.elsewhere and event.doing is not Doing.OPENS:
                continue
            if self.elsewhere:
                event = Event(Doing.RUNS, event.place, event.file, "a process of the pool", None, event.steps)
            known = self.events.setdefault(event, set())
            for site, status in state.status.items():
                if status is Status.OPEN and (site not in passed or site in around):
                    self._meets(site, event, known)

    def _meets(self, site: Site, event: Event, around: set[Site]) -> None:
        if not site.file or not same_file(site.file, event):
            return
        if event.configuration is not None and not event.configuration.conflict(site.configuration):
            return
        if site in self.given:
            around.add(site)
        self.overlaps[site, event] = None

    # ---- connections -------------------------------------------------------------------------------------------------

    def opens(self, site: Site, state: State) -> None:
        """A connection is about to be opened."""
        if site.file:
            self.happens(Event(Doing.OPENS, site.opened, site.file, "", site.configuration), state, own=site)

    def attaches(self, sql: Alternatives | None, node: ast.AST, state: State) -> None:
        """A statement may attach a file."""
        found = attached(sql) if sql else None
        if found is not None:
            self.happens(Event(Doing.ATTACHES, self.place(node), found[0], "ATTACH", found[1]), state)

    def yields_output(self, values: Alternatives, node: ast.AST, state: State) -> None:
        """A generator hands an output to its IO manager, which stores it while the generator waits."""
        if self.stores and any(isinstance(v, Box) and v.kind == "output" and _holds_value(v) for v in values):
            self.happens(Event(Doing.STORES, self.place(node), self.stores, "", RESOURCE), state)

    def configuration(self, arguments: Arguments, node: ast.AST) -> Configuration:
        """How ``duckdb.connect`` opens its file."""
        given = arguments.get(1, "read_only")
        read_only: bool | None = False
        if given is not None:
            known = given[0].value if len(given) == 1 and isinstance(given[0], Const) else None
            read_only = known if isinstance(known, bool) else None
        options: str | None = ""
        if arguments.get(2, "config") is not None:
            written = self._written(node, 2, "config")
            options = None if written is None else options_of(written)
        return Configuration(read_only, options, waits=self.retrying or self._tries_again(node))

    def _tries_again(self, node: ast.AST) -> bool:
        """Whether this function does what it does again when it fails: by a decorator, or by a loop that sleeps."""
        if self.definition is None:
            return False
        if any(_RETRYING.search(name) for name in self.project.facts.decorators(self.definition)):
            return True
        line = node.lineno  # type: ignore[attr-defined]
        return any(
            isinstance(loop, (ast.For, ast.While, ast.AsyncFor))
            and loop.lineno <= line <= (loop.end_lineno or 0)
            and any(
                isinstance(n, (ast.Attribute, ast.Name)) and ast.unparse(n).endswith("sleep") for n in all_nodes(loop)
            )
            for loop in self.definition.nodes
        )

    def file_at(self, values: Alternatives | None, node: ast.AST) -> str:
        """Which file a call of ``duckdb.connect`` opens: by what is known of the path, else as it is written."""
        if file := file_of(values):
            return file
        written = self._written(node, 0, "database")
        return "" if written is None else self.file_as_written(written)

    def _written(self, node: ast.AST, position: int, name: str) -> ast.expr | None:
        """An argument of a call as written, if what it calls is ``duckdb.connect`` itself."""
        if not isinstance(node, ast.Call) or self.seen.get(node.func) != (External("duckdb.connect"),):
            return None
        for keyword in node.keywords:
            if keyword.arg == name:
                return keyword.value
        plain = not any(isinstance(argument, ast.Starred) for argument in node.args)
        return node.args[position] if plain and position < len(node.args) else None

    def file_as_written(self, node: ast.expr) -> str:
        """A path of this function that means the same wherever it is written: its names are bound once."""
        while (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("str", "Path")
            and len(node.args) == 1
        ):
            node = node.args[0]
        if self.definition is None:
            return ""
        for inner in all_nodes(node):
            if isinstance(inner, ast.Name):
                if not self._is_stable(inner.id):
                    return ""
            elif not isinstance(inner, _STEADY):
                return ""
        return f"local:{id(self.definition)}:{ast.unparse(node)}"

    def _is_stable(self, name: str) -> bool:
        """Whether a variable of this function means one value throughout: a parameter, or bound once outside loops."""
        assert self.definition is not None
        bindings = self.definition.inner.names.get(name, [])
        if len(bindings) != 1:
            return False
        if isinstance(bindings[0], Opaque):
            return any(parameter.arg == name for parameter in self.definition.parameters)
        if not isinstance(bindings[0], Assigned):
            return False
        value = bindings[0].value
        return not any(
            isinstance(loop, (ast.For, ast.AsyncFor, ast.While))
            and loop.lineno <= value.lineno <= (loop.end_lineno or 0)
            for loop in self.definition.nodes
        )

    # ---- files and processes -----------------------------------------------------------------------------------------

    def notice(self, node: ast.Call, callees: Alternatives, arguments: Arguments, state: State) -> None:
        """A call may touch a file, or run another program."""
        if self.static or arguments.open:
            return
        func = node.func
        for callee in callees:
            if isinstance(callee, External):
                self._by_function(callee.name, arguments, node, state)
            elif isinstance(callee, Method):
                self._by_method(callee, arguments, node, state)
            elif isinstance(func, ast.Attribute) and func.attr in PATH_METHODS and func.attr != "replace":
                self._touches(self.file_as_written(func.value), func.attr, node, state)

    def _by_function(self, name: str, arguments: Arguments, node: ast.Call, state: State) -> None:
        if name in TOUCHING:
            for values, written in zip(arguments.positional[: TOUCHING[name]], node.args):
                self._touches(
                    file_of(values) or self.file_as_written(written), name.rpartition("builtins.")[2], node, state
                )
        elif name in PROCESSES:
            named, opens, runs_dbt = files_in_command(arguments.all())
            command = node.args[0] if node.args else None
            if isinstance(command, (ast.List, ast.Tuple)):
                words = [word for word in command.elts if not isinstance(word, (ast.Constant, ast.Starred))]
                named += [self.file_as_written(word) for word in words]
            for file in named if opens else []:
                self.happens(Event(Doing.RUNS, self.place(node), file, name), state)
            if runs_dbt:
                self._runs_dbt(node, state)

    def _by_method(self, callee: Method, arguments: Arguments, node: ast.Call, state: State) -> None:
        receiver, name = callee.receiver, callee.name
        if isinstance(receiver, (Text, Const)):
            is_path = name in PATH_METHODS and not (name == "replace" and len(node.args) != 1)
            if is_path:
                file = file_of((receiver,))
                if not file and isinstance(node.func, ast.Attribute):
                    file = self.file_as_written(node.func.value)
                self._touches(file, name, node, state)
        elif isinstance(receiver, LibraryInstance):
            if (DBT_RESOURCE.match(receiver.name) and name == "cli") or (
                DBT_RUNNER.match(receiver.name) and name == "invoke"
            ):
                self._runs_dbt(node, state)
            elif name in UPLOADING or (name, receiver.name) in _ARCHIVING:
                given = arguments.positional[0] if arguments.positional else ()
                self._touches(file_of(given), name, node, state)

    def _touches(self, file: str, what: str, node: ast.AST, state: State) -> None:
        self.happens(Event(Doing.TOUCHES, self.place(node), file, what), state)

    def _runs_dbt(self, node: ast.AST, state: State) -> None:
        for file in self.project.facts.dbt_files(self.module):
            self.happens(Event(Doing.RUNS, self.place(node), file, "dbt"), state)


def _sleeps(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sleep")


def _holds_value(output: Box) -> bool:
    """Whether an output has a value to store."""
    return any(v != Const(None) for item in output.items for v in item)


_RETRYING = re.compile(r"retry|backoff", re.IGNORECASE)
_STEADY = (ast.Attribute, ast.Constant, ast.BinOp, ast.Div, ast.Add, ast.JoinedStr, ast.FormattedValue, ast.Load)
_ARCHIVING = frozenset((("write", "zipfile.ZipFile"), ("add", "tarfile.TarFile")))
_WORDS = {
    Doing.OPENS: "opened here",
    Doing.ATTACHES: "attached here",
    Doing.STORES: "stored here",
    Doing.TOUCHES: "touched here",
    Doing.RUNS: "run here",
}
