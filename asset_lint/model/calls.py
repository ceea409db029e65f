"""What a call gives and does: DuckDB's API, Dagster's, the standard library's, the project's own functions."""

from __future__ import annotations

import ast
from abc import abstractmethod
from dataclasses import dataclass, replace

from . import pydata
from .analysis import ANYTHING, DUCKDB, MAX_DEPTH, HandedContext
from .databases import RESOURCE
from .index import Class, Def, Place
from .knowledge import ResultKind, duckdb_gives_itself, duckdb_opens, duckdb_result, duckdb_uses_default_connection
from .library import (
    BORROWING,
    FILE_FUNCTIONS,
    HARMLESS_FUNCTIONS,
    HARMLESS_METHODS,
    TEXT_METHODS,
    WRAPPERS,
    first_keyword,
    is_duckdb_resource,
    origin_of_path,
)
from .lifetimes import LAZY_FRAME_METHODS, Lifetimes, of_cursor
from .logs import LEVELS, library_level, library_logger, looks_like_logging
from .names import External
from .paths import file_of, file_of_method
from .queries import QUERY_METHODS, READERS, WRITING_METHODS, Asked
from .sql import statements_of
from .texts import Template, formatted, joined, mapped, replaced, templates
from .threads import EVENT_LOOP, EVENT_LOOPS, STARTERS, Threads
from .values import (
    ANY,
    LIVE,
    Alternatives,
    Box,
    ClassValue,
    Closing,
    Conn,
    Const,
    FunctionValue,
    Giving,
    Instance,
    LibraryInstance,
    LoggedBy,
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
)
from .work import Guard, WorkKind, guard_of_suppress, guards_within, work_kind

COMPOSING = frozenset("format join replace strip lstrip rstrip".split())
"""Methods of texts that put texts together in a way that is followed."""

RESHAPING = frozenset(
    """aggregate count sum min max avg mean std var describe union join cross except_ intersect query map apply unique
    group_by pivot create create_view insert_into to_table to_view""".split()
)
"""Methods of a relation behind which its rows are no longer those of its query."""

BEGINNING = frozenset("BEGIN START".split())
ENDING = frozenset("COMMIT END ROLLBACK ABORT".split())
TRANSACTING = frozenset("begin commit rollback".split()) | QUERY_METHODS

MAX_ITEMS = 12  # elements of a container told apart
VALUE_KINDS = {kind for kind in ResultKind if not kind.is_missing and kind not in (ResultKind.NONE, ResultKind.UNKNOWN)}


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call is given."""

    positional: tuple[Alternatives, ...] = ()
    named: tuple[tuple[str, Alternatives], ...] = ()
    open: bool = False  # starred: more may be given than is listed

    def get(self, position: int, name: str) -> Alternatives | None:
        """The argument at a position or of a name."""
        for key, values in self.named:
            if key == name:
                return values
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return ANY if self.open else None

    @property
    def keywords(self) -> tuple[str, ...]:
        """The names under which arguments are given."""
        return tuple(name for name, _ in self.named)

    def all(self) -> list[Alternatives]:
        """Every argument."""
        return [*self.positional, *(values for _, values in self.named)]


class Calls(Lifetimes, Threads):
    """Calls."""

    def call(self, node: ast.Call, state: State) -> Alternatives:
        """What a call may give; each thing that may be called is tried."""
        callees = self.value(node.func, state)
        arguments = self.arguments(node, state)
        if (level := looks_like_logging(node.func)) and not all(_is_clear(callee) for callee in callees):
            self.note_log(LoggedBy.UNCLEAR, level, node)
        self.note_given_away(arguments.all(), state, followed=all(isinstance(c, FunctionValue) for c in callees))
        self.notice(node, callees, arguments, state)
        values = join(*(self.apply(callee, arguments, state, node) for callee in callees))
        if self.is_known_connection(node, values):
            return self.known_connection(node, arguments, state)
        return values

    def arguments(self, node: ast.Call, state: State) -> Arguments:
        """Evaluate the arguments, in order."""
        positional: list[Alternatives] = []
        named: list[tuple[str, Alternatives]] = []
        is_open = False
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                values = self.value(argument.value, state)
                if len(values) == 1 and isinstance(values[0], Box) and not values[0].open:
                    positional.extend(values[0].items)
                else:
                    is_open = True
            else:
                positional.append(self.value(argument, state))
        for keyword in node.keywords:
            values = self.value(keyword.value, state)
            if keyword.arg is None:
                is_open = True
            else:
                named.append((keyword.arg, values))
        return Arguments(tuple(positional), tuple(named), is_open)

    # ---- who is called -----------------------------------------------------------------------------------------------

    def apply(self, callee: Value, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """Call one value."""
        if isinstance(callee, External):
            return self.external_call(callee.name, arguments, state, node)
        if isinstance(callee, FunctionValue):
            return self.project_call(callee, arguments, state, node)
        if isinstance(callee, ClassValue):
            return self.construct(callee.klass, arguments, state, node)
        if isinstance(callee, Method):
            return self.method_call(callee, arguments, state, node)
        if isinstance(callee, Partial):
            merged = Arguments(
                (*callee.positional, *arguments.positional), (*callee.named, *arguments.named), arguments.open
            )
            return self.apply(callee.function, merged, state, node)
        self.note_given(arguments.all())
        for values in arguments.all():
            self.hand_on(state, values)
        if isinstance(callee, Text):
            self.may_raise(state, node)
            return (Text(callee.origin),) if callee.origin is not Origin.LITERAL else ANY
        self.may_raise(state, node)
        return ANY

    def external_call(self, name: str, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A library's function or class."""
        tail = name.rpartition(".")[2]
        if name.startswith("duckdb."):
            return self.duckdb_call(name[len("duckdb.") :], arguments, state, node)
        if tail == "backoff" or name in WRAPPERS:
            return self.wrapped_call(name, arguments, state, node)
        if (known := origin_of_path(name, arguments.positional, dict(arguments.named))) is not None:
            if name == "textwrap.dedent" and isinstance(known, Text):
                texts = templates(arguments.get(0, "text") or ANY, None)
                return tuple(replace(known, template=mapped(text, "dedent")) for text in texts) or (known,)
            return (known,)
        if name in READERS and (read := self.read_by_library(name, arguments, state, node)):
            return read
        if is_duckdb_resource(name):
            path = arguments.get(-1, "database") or arguments.get(-1, "database_path")
            return (LibraryInstance(name, self.origin_in_code(path), file_of(path)),)
        if name in ("dagster.Output", "dagster.MaterializeResult", "dagster.DynamicOutput"):
            given = arguments.get(-1 if tail == "MaterializeResult" else 0, "value")
            return (Box("output", (given,) if given else ()),)
        if name == "contextlib.closing":
            return tuple(Closing(v) if isinstance(v, Conn) else v for v in arguments.get(0, "thing") or ANY)
        if name == "contextlib.suppress" and isinstance(node, ast.Call):
            guard = guard_of_suppress(node, self.names, self.inner_scope)
            return (Giving(ANY, () if guard is None else (guard,)),)
        if name == "contextlib.nullcontext":
            return (Giving(arguments.get(0, "enter_result") or ANY),)
        if name in EVENT_LOOPS:
            return (LibraryInstance(EVENT_LOOP),)
        if name in STARTERS:
            inner = Arguments(_spread(arguments.get(-1, "args")))
            self.in_thread(arguments.get(1, STARTERS[name]), inner, state, node)
        if name in ("contextlib.ExitStack", "contextlib.AsyncExitStack"):
            return (LibraryInstance(name),)
        if name == "ibis.duckdb.connect":
            path = arguments.get(0, "database")
            return (LibraryInstance(name, self.path_origin(path)[0]),)
        if name.startswith("builtins."):
            return self.builtin_call(tail, arguments, state, node)
        if (logger := library_logger(name)) is not None:
            return (logger,)
        if level := library_level(name):
            self.note_log(LoggedBy.OTHER, level, node)
            return ANY
        self.note_given(arguments.all())
        if name.partition(".")[0] not in BORROWING:
            for values in arguments.all():
                self.hand_on(state, values)
        if name not in HARMLESS_FUNCTIONS and not name.startswith("logging."):
            self.may_raise(state, node)
        known_data = pydata.function(name, arguments.keywords, self.place(node))
        return known_data or ((self.made_by_library(name, arguments),) if tail[:1].isupper() else ANY)

    def made_by_library(self, name: str, arguments: Arguments) -> LibraryInstance:
        """An object of a library's class, with what of its arguments matters later."""
        workers = arguments.get(0, "max_workers") or arguments.get(0, "processes") or ()
        single = (
            name.endswith(("PoolExecutor", ".ThreadPool")) and all(v == Const(1) for v in workers) and bool(workers)
        )
        file = file_of(arguments.get(-1, "database")) if name.startswith("dagster_duckdb") else ""
        return LibraryInstance(name, file=file, single=single)

    def builtin_call(self, name: str, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A function of the standard ``builtins``."""
        if name in ("list", "tuple", "set", "sorted", "next", "sum", "max", "min"):
            self.note_iterated(arguments.get(0, "") or (), state, node)
        if name in ("list", "tuple", "set", "sorted", "reversed", "iter"):
            given = arguments.get(0, "")
            kind = name if name in ("tuple", "set") else "list"
            return (Box(kind, (self.elements(given),), open=True),) if given else (Box(kind, ()),)
        if name == "dict":
            columns = [pydata.data_of(v) for v in arguments.get(0, "") or ()]
            items = tuple((pydata.made(d.item, self.place(node)),) for d in columns if d is not None and d.item)
            keys = ("",) * len(items) + arguments.keywords
            return (Box("dict", (*items, *(values for _, values in arguments.named)), open=True, keys=keys),)
        if name == "str":
            return tuple(v for v in arguments.get(0, "object") or () if isinstance(v, (Const, Text))) or ANY
        if name in ("enumerate", "zip", "map", "filter"):
            return (Box("list", (ANY,), open=True),)
        if name == "getattr" and len(arguments.positional) > 1:
            names = arguments.positional[1]
            if len(names) == 1 and isinstance(names[0], Const) and isinstance(names[0].value, str):
                attribute = names[0].value
                return join(*(self.attribute(v, attribute, state, node) for v in arguments.positional[0]))
        known = pydata.builtin(name, arguments.positional, self.place(node)) or ANY
        if name in ("print", "isinstance", "len", "repr", "bool", "type", "id", "hasattr", "super", "range"):
            return known
        if name == "setattr":
            for values in arguments.all():
                self.hand_on(state, values)
        self.may_raise(state, node)
        return known

    def wrapped_call(self, name: str, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A library's function that calls what it is given: ``backoff``, ``partial``, ``to_thread``."""
        at = WRAPPERS.get(name, 0)
        function = arguments.get(at, "fn") or arguments.get(at, "func")
        if function is None:
            return ANY
        positional: tuple[Alternatives, ...]
        named: tuple[tuple[str, Alternatives], ...] = ()
        if name.endswith("partial"):
            inner = Arguments(arguments.positional[1:], arguments.named, arguments.open)
            return tuple(Partial(f, inner.positional, inner.named) for f in function)
        if name.rpartition(".")[2] == "backoff":
            positional = _spread(arguments.get(2, "args"))
            named = self.spread_named(node, state)
        else:
            positional, named = arguments.positional[at + 1 :], arguments.named
        inner = Arguments(positional, named)
        if name.rpartition(".")[2] == "backoff":
            again = Guard(self.place(node), sure=True, handles=True, specific=False)
            around, self.guards = self.guards, guards_within((again,), self.guards)
            self.retrying = True
            values = join(*(self.apply(f, inner, state, node) for f in function))
            self.retrying, self.guards = False, around
            return values
        if name.endswith((".to_thread", ".run_sync")):
            return self.in_thread(function, inner, state, node)
        return join(*(self.apply(f, inner, state, node) for f in function))

    def spread_named(self, node: ast.AST, state: State) -> tuple[tuple[str, Alternatives], ...]:
        """The ``kwargs={…}`` that a retry helper is given, as keyword arguments."""
        assert isinstance(node, ast.Call)
        given = next((k.value for k in node.keywords if k.arg == "kwargs"), None)
        if isinstance(given, ast.Dict):
            return tuple(
                (key.value, self.value(value, state))
                for key, value in zip(given.keys, given.values)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )
        if isinstance(given, ast.Call):
            return tuple((k.arg, self.value(k.value, state)) for k in given.keywords if k.arg)
        return () if given is None else (("database", ANY),)

    # ---- DuckDB --------------------------------------------------------------------------------------------------

    def duckdb_call(self, name: str, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A function of the module ``duckdb``."""
        if name == "connect":
            given = arguments.get(0, "database")
            origin, handed, path = self.path_origin(given)
            made = Site(self.place(node), origin, handed_path=handed, owned=not self.static, path=path)
            if origin is not Origin.MEMORY:
                made.file, made.configuration = self.file_at(given, node), self.configuration(arguments, node)
            elif origin_of(given or ())[1].startswith(":default:"):
                return (Conn(self.default_site(node)),)
            made.has_choice = True
            site = self.site(node, "", made)
            self.may_raise(state, node, DUCKDB)
            self.note_work(node, WorkKind.CONNECT, "", in_memory=origin is Origin.MEMORY)
            return self.opened_at(site, state)
        self.may_raise(state, node, DUCKDB)
        if duckdb_opens("module", name):
            return (Conn(self.default_site(node), cursor=True),)
        if name == "default_connection":
            return (Conn(self.default_site(node)),)
        given = arguments.get(-1, "connection")
        holder = next((v for v in given or () if isinstance(v, Conn)), None)
        if not duckdb_uses_default_connection(name) and holder is None:
            return ANY
        return self.results("module", name, holder.site if holder else None, arguments, node, holder)

    def opened_at(self, site: Site, state: State) -> Alternatives:
        """A connection has just been opened."""
        self.note_opened(site, state)
        if site.owned and not self.static:
            self.opens(site, state)
            if state.status.get(site) is Status.OPEN:
                self.reopened(site, state)
            state.status[site] = Status.OPEN
            self.fresh_now.append(site)
        return (Conn(site),)

    def reopened(self, site: Site, state: State) -> None:
        """The same place opens another one while the last is still open."""

    def borrowed(self, node: ast.AST, origin: Origin) -> Conn:
        """A connection that someone else owns."""
        return Conn(self.borrowed_site(node, origin))

    def borrowed_site(self, node: ast.AST, origin: Origin) -> Site:
        """The site of a connection that someone else owns."""
        return self.site(node, "borrowed", Site(self.place(node), origin, owned=False))

    def default_site(self, node: ast.AST) -> Site:
        """The site of DuckDB's default connection."""
        site = self.borrowed_site(node, Origin.MEMORY)
        site.shared = True
        return site

    def results(
        self,
        receiver: str,
        name: str,
        site: Site | None,
        arguments: Arguments,
        node: ast.AST,
        conn: Conn | None,
        query: Place | None = None,
    ) -> Alternatives:
        """What a DuckDB method gives, over the target versions. ``query``: the call that asked for the relation."""
        self.touches = True
        keyword = first_keyword(arguments.get(0, "query")) if name in ("execute", "sql", "query", "from_query") else ""
        lazy = any(isinstance(v, Const) and v.value is True for v in arguments.get(-1, "lazy") or ())
        rows = keyword in (
            "",
            "SELECT",
            "WITH",
            "FROM",
            "VALUES",
            "TABLE",
            "SHOW",
            "DESCRIBE",
            "SUMMARIZE",
            "PIVOT",
            "EXPLAIN",
            "CALL",
            "PRAGMA",
            "UNPIVOT",
        )
        kinds = duckdb_result(receiver, name, self.project.duckdb_versions, lazy=lazy, rows=rows)  # type: ignore[arg-type]
        place = self.place(node)
        if site is not None and name in WRITING_METHODS:
            site.written = True
        is_default = site.shared if site is not None else receiver == "module"
        if is_default and name not in QUERY_METHODS:
            self.shared[node] = name
        if name in QUERY_METHODS and receiver != "relation":
            query = place
            self.note_query(node, name, site, arguments.get(0, "query"), arguments.get(1, "parameters"))
        elif conn is not None and conn.executed:
            query = conn.made
        in_memory = receiver == "module" if site is None else site.origin is Origin.MEMORY
        self.note_work(node, work_kind(receiver, name, keyword), keyword, in_memory=in_memory)
        found: list[Value] = []
        for kind in sorted(kinds, key=lambda kind: kind.name):
            if kind is ResultKind.CONNECTION:
                if conn is not None and receiver == "connection" and duckdb_gives_itself("connection", name):
                    executed = name in ("execute", "executemany")
                    found.append(Conn(conn.site, conn.cursor, executed, keyword, place))
                elif conn is not None:
                    found.append(Conn(conn.site, True, made=place))
                else:
                    found.append(
                        Conn(
                            self.default_site(node),
                            executed=name == "execute",
                            statement=keyword,
                            made=place,
                        )
                    )
            elif kind is ResultKind.NONE:
                found.append(Const(None))
            elif kind in VALUE_KINDS:
                found.append(Result(kind, site, place, keyword, query))
                if kind is ResultKind.ROW:
                    found.append(Const(None))  # where there is no row
        return tuple(found) or ANY

    def note_query(
        self, node: ast.AST, method: str, site: Site | None, sql: Alternatives | None, parameters: Alternatives | None
    ) -> None:
        """Remember a call that asks SQL."""
        known = self.asked.get(node)
        if known is None:
            given = [*node.args, *(k.value for k in node.keywords)] if isinstance(node, ast.Call) else []
            argument = next((a for a in given if not isinstance(a, ast.Starred)), None)
            self.asked[node] = Asked(self.place(node), site, method, sql or ANY, parameters, argument)
        else:
            known.sql = join(known.sql, sql or ANY)
            if parameters is not None:
                known.parameters = join(known.parameters or parameters, parameters)

    def read_by_library(self, name: str, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """``pandas.read_sql(query, connection)`` and its like; nothing where no connection, or no frame, is seen."""
        sql, connection = READERS[name]
        conn = next((v for v in arguments.get(1, connection) or () if isinstance(v, Conn)), None)
        if conn is None:
            return ()
        self.note_direct_use(None if conn.cursor else conn.site, name, node)
        self.may_raise(state, node, DUCKDB)
        self.note_query(node, name, conn.site, arguments.get(0, sql), arguments.get(-1, "params"))
        if arguments.get(-1, "chunksize") or arguments.get(-1, "iter_batches"):
            return ()  # an iterator, which reads on as it is asked
        kind = ResultKind.FRAME_PANDAS if name.startswith("pandas") else ResultKind.FRAME_POLARS
        return (Result(kind, conn.site, self.place(node), query=self.place(node)),)

    def path_origin(self, values: Alternatives | None) -> tuple[Origin, bool, str]:
        """Where a database path comes from, whether a caller handed it over, and what is known of its text."""
        if values is None:
            return Origin.MEMORY, False, ""
        origin, text, handed = origin_of(values)
        if text.startswith((":memory:", ":default:")) or (origin is Origin.LITERAL and _is_plain_none(values)):
            return Origin.MEMORY, False, ""
        if text.startswith(("md:", "motherduck:")):
            return Origin.UNKNOWN, False, ""
        if any(isinstance(v, Const) and v.value == "" for v in values):
            return Origin.MEMORY, False, ""
        return origin, handed, text

    def origin_in_code(self, path: Alternatives | None) -> Origin:
        """The path given to a resource that this function builds itself; elsewhere it is configuration."""
        if self.static or path is None:
            return Origin.FIELD
        return self.path_origin(path)[0]

    def is_known_connection(self, node: ast.Call, values: Alternatives) -> bool:
        """Whether the team's configuration says that this call, which shows nothing itself, gives a connection."""
        known = self.project.known_connections
        if not known or any(isinstance(v, (Conn, Manager)) for v in values):
            return False
        func = node.func
        name = func.id if isinstance(func, ast.Name) else func.attr if isinstance(func, ast.Attribute) else ""
        return name in known

    def known_connection(self, node: ast.Call, arguments: Arguments, state: State) -> Alternatives:
        """A connection by the configuration's word."""
        path = arguments.positional[0] if arguments.positional else next((v for _, v in arguments.named), None)
        origin, handed, text = self.path_origin(path) if path is not None else (Origin.UNKNOWN, False, "")
        made = Site(self.place(node), origin, owned=not self.static, handed_path=handed, path=text)
        site = self.site(node, "known", made)
        return self.opened_at(site, state)

    # ---- methods -----------------------------------------------------------------------------------------------------

    def method_call(self, callee: Method, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A method of a value that is not the project's own."""
        receiver, name = callee.receiver, callee.name
        if isinstance(receiver, Conn):
            return self.connection_method(receiver, name, arguments, state, node)
        if isinstance(receiver, Result):
            self.may_raise(state, node, DUCKDB)
            return self.result_method(receiver, name, arguments, state, node)
        if isinstance(receiver, LibraryInstance):
            return self.library_method(receiver, name, arguments, state, node)
        if isinstance(receiver, Manager):
            if name in ("__enter__", "__aenter__"):
                self.enter_by_hand(receiver.site, state)
                return (Conn(receiver.site),)
            return ANY
        self.note_given(arguments.all())
        if isinstance(receiver, (Text, Const)):
            origin, text, handed = origin_of((receiver,))
            known = self.text_method(receiver, name, arguments, node)
            if known and (origin is Origin.LITERAL or name in TEXT_METHODS):
                held = [a for a in arguments.all() if origin_of(a)[0] is not Origin.LITERAL]
                worst = max((origin, *(origin_of(a)[0] for a in held)), key=lambda o: o.value)
                return tuple(Text(worst, t.start or text, handed, t) for t in known)
            if origin is not Origin.UNKNOWN and (name in TEXT_METHODS or origin is not Origin.LITERAL):
                file = file_of_method(receiver, name, arguments.positional, dict(arguments.named))
                return (Text(origin, text if name in TEXT_METHODS else "", handed, file=file),)
        if isinstance(receiver, Logger):
            if name in LEVELS:
                self.note_log(receiver.by, name, node)
                return ANY  # logging does not raise
            return (receiver,)  # getChild, bind, opt
        if isinstance(receiver, Box) and name in ("append", "add", "extend", "insert", "update", "setdefault"):
            for values in arguments.all():
                self.hand_on(state, values)
            if name in ("append", "add", "insert") and arguments.positional and isinstance(node, ast.Call):
                assert isinstance(node.func, ast.Attribute)
                self.grow(node.func.value, receiver, arguments.positional[-1], state)
            return ANY
        if isinstance(receiver, Box) and name in ("values", "copy", "pop", "get"):
            if name == "copy":
                return (Box(receiver.kind, receiver.items, open=True, keys=receiver.keys),)
            if name == "values":
                return (Box("list", receiver.items, open=True),)
            return join(receiver.at(arguments.get(0, "key") or ANY), arguments.get(1, "default") or (Const(None),))
        for index, values in enumerate(arguments.all()):
            if name in ("submit", "run_in_executor", "map") and index < 2:
                self.call_in_thread(values, arguments, index, state, node)
            self.hand_on(state, values)
        if name not in HARMLESS_METHODS:
            self.may_raise(state, node)
        return pydata.method(receiver, name, arguments.keywords, self.place(node)) or ANY

    def text_method(self, receiver: Value, name: str, arguments: Arguments, node: ast.AST) -> tuple[Template, ...]:
        """The texts that a method of a text gives; none where they can't be read."""
        if name not in COMPOSING or not isinstance(node, ast.Call) or arguments.open:
            return ()
        patterns = templates((receiver,), None)
        if len(patterns) != 1:
            return ()
        places = [self.place(a) for a in node.args]
        positional = list(zip(arguments.positional, places))
        if name == "format":
            named = {k.arg: self.place(k.value) for k in node.keywords if k.arg}
            return formatted(patterns[0], positional, {key: (v, named[key]) for key, v in arguments.named})
        if name == "join":
            boxes = arguments.positional[0] if arguments.positional else ()
            if len(boxes) != 1 or not isinstance(boxes[0], Box) or not boxes[0].items:
                return ()
            elements = getattr(node.args[0], "elts", None) or [getattr(node.args[0], "elt", node.args[0])]
            exact = len(elements) == len(boxes[0].items)
            at = [self.place(elements[i] if exact else node.args[0]) for i in range(len(boxes[0].items))]
            return joined(patterns[0], list(zip(boxes[0].items, at)))
        if name == "replace":
            old = positional[0][0] if len(positional) > 1 else ()
            if len(old) == 1 and isinstance(old[0], Const) and isinstance(old[0].value, str):
                return replaced(patterns[0], old[0].value, templates(*positional[1]))
            return ()
        return (mapped(patterns[0], name),)

    def grow(self, target: ast.expr, box: Box, values: Alternatives, state: State, key: str = "") -> None:
        """A container that a variable holds has one more element."""
        if not isinstance(target, ast.Name):
            return
        if len(box.items) >= MAX_ITEMS:
            grown = Box(box.kind, box.items, open=True)
        elif box.kind == "dict":
            keys = box.keys if len(box.keys) == len(box.items) else ("",) * len(box.items)
            if (key, values) in zip(keys[-1:], box.items[-1:]):
                return
            grown = Box(box.kind, (*box.items, values), open=True, keys=(*keys, key))
        elif values in box.items:
            return
        else:
            grown = Box(box.kind, (*box.items, values), open=True)
        held = state.env.get(target.id, ())
        state.env[target.id] = tuple(grown if value == box else value for value in held)

    def given_by(
        self, positional: tuple[Alternatives, ...], named: tuple[tuple[str, Alternatives], ...], *, is_open: bool
    ) -> Arguments:
        return Arguments(positional, named, is_open)

    def call_in_thread(
        self, functions: Alternatives, arguments: Arguments, index: int, state: State, node: ast.AST
    ) -> None:
        """``executor.submit(fn, …)``: the function runs, its result is not seen here."""
        inner = Arguments(arguments.positional[index + 1 :], arguments.named, arguments.open)
        for function in functions:
            if isinstance(function, (FunctionValue, Partial)):
                self.apply(function, inner, state, node)

    def connection_method(
        self, conn: Conn, name: str, arguments: Arguments, state: State, node: ast.AST
    ) -> Alternatives:
        """A method of a connection."""
        site = conn.site
        if name in ("close", "__exit__"):
            if not conn.cursor:
                site.closed_by_hand = True
                self.note_closed_by(site, node, state)
                if site in state.status:
                    state.status[site] = Status.CLOSED
            return (Const(None),)
        if name == "__enter__":
            self.enter_by_hand(site, state)
            return (conn,)
        self.note_direct_use(None if conn.cursor else site, name, node)
        if name in QUERY_METHODS:
            self.attaches(arguments.get(0, "query"), node, state)
        self.may_raise(state, node, DUCKDB)
        if not name:
            return ANY
        if not conn.cursor and name in TRANSACTING:
            self.transact(site, name, arguments, state, node)
        values = self.results("connection", name, site, arguments, node, conn, state.asked.get((site, conn.cursor)))
        if duckdb_gives_itself("connection", name):
            if name in QUERY_METHODS:
                state.asked[site, conn.cursor] = self.place(node)
            else:
                state.asked.pop((site, conn.cursor), None)
        if conn.cursor:
            values = of_cursor(values)
        self.note_use(conn, name, values, state, node)
        return values

    def transact(self, site: Site, name: str, arguments: Arguments, state: State, node: ast.AST) -> None:
        """A transaction begins or ends, or may end: by a method or by SQL."""
        words = [name.upper()]
        if name in QUERY_METHODS:
            texts = templates(arguments.get(0, "query") or ANY, None)
            if len(texts) != 1:
                self.settles = True
                state.begun.pop(site, None)
                return
            words = [statement.keyword for statement in statements_of(texts[0])]
        for word in words:
            if word in BEGINNING:
                state.begun[site] = self.place(node)
            elif word in ENDING or not word:
                self.settles = True
                state.begun.pop(site, None)

    def result_method(
        self, receiver: Result, name: str, arguments: Arguments, state: State, node: ast.AST
    ) -> Alternatives:
        """A method of a result."""
        if receiver.kind is ResultKind.RELATION:
            query = receiver.query if name not in RESHAPING else None
            if receiver.site is None and receiver.query is not None and name in WRITING_METHODS:
                self.shared[node] = name
            values = self.results("relation", name, receiver.site, arguments, node, None, query)
            if receiver.cursor:
                values = of_cursor(values)
        else:
            if receiver.kind in LIVE:
                self.note_work(node, WorkKind.READ, "", in_memory=False)
            lazy = receiver.kind is ResultKind.LAZY_POLARS and name in LAZY_FRAME_METHODS
            values = (receiver,) if lazy else pydata.method(receiver, name, arguments.keywords, self.place(node)) or ANY
        self.note_use(receiver, name, values, state, node)
        return values

    def enter_by_hand(self, site: Site, state: State) -> None:
        """Entered without ``with``: who leaves it can't be told."""
        site.entered = True
        if site in state.status:
            state.status[site] = Status.HANDED

    def library_method(
        self, receiver: LibraryInstance, name: str, arguments: Arguments, state: State, node: ast.AST
    ) -> Alternatives:
        """A method of a library's object."""
        if is_duckdb_resource(receiver.name) and name == "get_connection":
            return self.managed(node, receiver, state)
        if (sent := self.send(receiver, name, arguments, state, node)) is not None:
            return sent
        if receiver.name.startswith("contextlib."):
            values = arguments.get(0, "cm") or ANY
            for value in values:
                if isinstance(value, (Conn, Manager)):
                    value.site.entered = True
            self.hand_on(state, values)
            if name in ("enter_context", "enter_async_context"):
                return join(*(self.entered_value(v, state) for v in values))
            return ANY
        self.note_given(arguments.all())
        for values in arguments.all():
            self.hand_on(state, values)
        self.may_raise(state, node)
        return ANY

    def managed(self, node: ast.AST, resource: LibraryInstance, state: State) -> Alternatives:
        """The context manager of dagster_duckdb's resource, which gives a connection once it is entered."""
        made = Site(self.place(node), resource.origin, managed=True, owned=not self.static)
        made.file, made.configuration = resource.file, RESOURCE
        site = self.site(node, "", made)
        self.opens(site, state)
        self.note_opened(site, state)
        if site.owned and state.status.get(site) is None:
            state.status[site] = Status.WAITING
            self.fresh_now.append(site)
        elif site.owned and state.status[site] is Status.CLOSED:
            state.status[site] = Status.WAITING
        return (Manager(site),)

    def entered_value(self, value: Value, state: State) -> Alternatives:
        """What ``with value as x`` binds."""
        if isinstance(value, Manager):
            return (Conn(value.site),)
        if isinstance(value, Closing):
            return (value.connection,)
        if isinstance(value, Giving):
            return value.values
        if isinstance(value, (Conn, LibraryInstance)):
            return (value,)
        if isinstance(value, Instance):
            return self.enter_instance(value, state)
        return ANY

    # ---- the project's own, see :mod:`.inlining` ---------------------------------------------------------------------

    @abstractmethod
    def project_call(self, callee: FunctionValue, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A call of a project function."""

    @abstractmethod
    def construct(self, klass: Class, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        """A call of a project class."""

    @abstractmethod
    def enter_instance(self, value: Instance, state: State) -> Alternatives:
        """``with instance as x``."""

    @abstractmethod
    def instance_attribute(self, value: Instance, name: str, state: State, node: ast.AST) -> Alternatives:
        """An attribute of an object of a project class."""

    @abstractmethod
    def inherited(self, name: str, state: State) -> Alternatives:
        """``super().name``."""

    @abstractmethod
    def is_settings(self, klass: Class) -> bool:
        """Whether a class's fields are configuration."""

    @abstractmethod
    def elements(self, values: Alternatives) -> Alternatives:
        """What iterating over a value gives."""

    @abstractmethod
    def attribute(self, receiver: Value, name: str, state: State, node: ast.AST) -> Alternatives:
        """``receiver.name``."""


def _is_clear(callee: Value) -> bool:
    """Whether it is known whose logger a callee belongs to, or that it belongs to none."""
    if isinstance(callee, Method):
        return isinstance(callee.receiver, (Logger, Conn, Result, Box))
    return isinstance(callee, (External, FunctionValue, ClassValue))


def _spread(values: Alternatives | None) -> tuple[Alternatives, ...]:
    """A sequence given as ``args=(…)``, as positional arguments."""
    if values and len(values) == 1 and isinstance(values[0], Box):
        return values[0].items
    return () if values is None or all(isinstance(v, Const) for v in values) else (ANY,)


def _is_plain_none(values: Alternatives) -> bool:
    return all(isinstance(v, Const) and v.value is None for v in values)


__all__ = ["ANYTHING", "FILE_FUNCTIONS", "MAX_DEPTH", "Arguments", "Calls", "Def", "HandedContext"]
