"""Wraps DuckDB's API, so that each connection, query and error is seen however the code came by its names.

:func:`install` does it once, before the server forks; nothing is told until :func:`watch` names a recorder.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from .effects import Effects
from .locks import lock_held
from .record import Recorder, error_facts, frames, shortened

if TYPE_CHECKING:
    from .together import Meeting

_QUERIES = ("execute", "executemany", "sql", "query", "from_query", "table", "view", "read_csv", "read_parquet",
            "read_json", "from_csv_auto", "from_parquet")  # fmt: skip
_FETCHES = ("fetchone", "fetchall", "fetchmany", "fetchnumpy", "df", "fetchdf", "fetch_df", "to_df", "fetch_df_chunk",
            "pl", "arrow", "fetch_arrow_table", "to_arrow_table", "fetch_record_batch", "fetch_arrow_reader",
            "to_arrow_reader", "to_dicts", "iter_rows")  # fmt: skip
_OTHERS = ("register", "unregister", "append", "create_function", "from_df", "from_arrow", "begin", "commit",
           "rollback", "load_extension", "install_extension", "create", "create_view", "insert_into", "insert",
           "to_table", "to_view", "to_parquet", "to_csv", "write_parquet", "write_csv", "show")  # fmt: skip
_LAZY = ("arrow", "fetch_record_batch", "fetch_arrow_reader", "to_arrow_reader", "iter_rows", "fetch_df_chunk")
_CONTEXT_MANAGERS = ("__exit__", "__aexit__", "teardown_after_execution", "yield_for_execution")


@dataclass
class _Connection:
    number: int
    path: str  # "" in memory
    closed: bool = False


class _State:
    """What one watched process knows."""

    def __init__(self, recorder: Recorder, effects: Effects) -> None:
        self.recorder = recorder
        self.effects = effects
        self.connections: dict[int, _Connection] = {}
        self.count = 0
        self.queries = 0
        self.used_default = False
        self.inside = threading.local()
        self.meeting: Meeting | None = None

    def number(self, connection: Any) -> int:
        """Which of the connections that were opened this is; 0 where it is the default one."""
        known = self.connections.get(id(connection))
        return known.number if known else 0


_state: _State | None = None


def watch(recorder: Recorder, effects: Effects) -> None:
    """Tell ``recorder`` of all that happens in this process from now on."""
    global _state
    _state = _State(recorder, effects)


def watch_no_more() -> None:
    """Tell nobody."""
    global _state
    _state = None


def meet(meeting: Meeting) -> None:
    """Let this process meet another at the first file that it opens."""
    assert _state is not None
    _state.meeting = meeting


@contextlib.contextmanager
def unseen() -> Iterator[None]:
    """Tell nothing of what this thread does meanwhile."""
    assert _state is not None
    _state.inside.deep = True
    try:
        yield
    finally:
        _state.inside.deep = False


def open_files() -> set[str]:
    """The database files that connections of this process are open on, as far as was seen."""
    return {each.path for each in _state.connections.values() if each.path and not each.closed} if _state else set()


def tell_default_state() -> None:
    """What the default connection is left with, if it was used."""
    if _state is None or not _state.used_default:
        return
    with unseen():
        tables: Any = duckdb.sql(
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal UNION ALL "
            "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        tables = tables.fetchall()
    _state.recorder.tell("default_state", tables=sorted(name for (name,) in tables))


def install() -> None:
    """Put the wrappers in place of DuckDB's functions and methods."""
    connection, relation = duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation
    duckdb.connect = _connecting(duckdb.connect)
    for name in ("cursor", "duplicate"):
        _replace(connection, name, _deriving)
    _replace(connection, "close", functools.partial(_closing, how="close"))
    _replace(connection, "__exit__", functools.partial(_closing, how="with"))
    for owner in (connection, relation):
        for name in _QUERIES if owner is connection else ():
            _replace(owner, name, functools.partial(_querying, method=name))
        for name in _FETCHES:
            _replace(owner, name, functools.partial(_fetching, method=name))
        for name in _OTHERS:
            _replace(owner, name, functools.partial(_working, method=name))
    for name in (*_QUERIES, *_FETCHES, *_OTHERS, "cursor"):
        if hasattr(duckdb, name):
            setattr(duckdb, name, _default(getattr(duckdb, name), name))


def _replace(owner: Any, name: str, wrapper: Callable[[Any], Any]) -> None:
    if hasattr(owner, name):
        setattr(owner, name, wrapper(getattr(owner, name)))


def _connecting(original: Any) -> Any:
    @functools.wraps(original)
    def connect(*args: Any, **named: Any) -> Any:
        state = _state
        if state is None or getattr(state.inside, "deep", False):
            return original(*args, **named)
        given = args[0] if args else named.get("database", ":memory:")
        path = _file(given)
        read_only = bool(args[1] if len(args) > 1 else named.get("read_only", False))
        place = state.recorder.place()
        facts = {"path": path or str(given), "file": bool(path), "read_only": read_only, "place": place}
        state.recorder.tell("opening", **facts)
        if path:
            state.effects.before_opening(path)
            if state.meeting:
                state.meeting.before_opening()
        try:
            state.inside.deep = True
            opened = original(*args, **named)
        except BaseException as error:
            state.recorder.tell("refused", error=error_facts(error), **facts)
            raise
        finally:
            state.inside.deep = False
        default = str(given) == ":default:"
        if not default:
            _know(state, opened, path)
        state.recorder.tell("opened", connection=state.number(opened), default=default, **facts)
        if path:
            if state.meeting:
                state.meeting.after_opening()
        return opened

    return connect


def _file(given: object) -> str:
    """The file that a connection to ``given`` opens; "" where it opens none."""
    if not isinstance(given, (str, os.PathLike)):
        return ""
    text = os.fspath(given)
    if not text or text.startswith((":memory:", ":default:")) or text.partition(":")[0] in ("md", "motherduck"):
        return ""
    return os.path.realpath(text.partition("?")[0])


def _know(state: _State, opened: Any, path: str) -> None:
    state.count += 1
    known = state.connections[id(opened)] = _Connection(state.count, path)
    weakref.finalize(opened, _gone, state, id(opened), known).atexit = False


def _gone(state: _State, identity: int, known: _Connection) -> None:
    if state.connections.get(identity) is known:
        del state.connections[identity]
    if not known.closed and state is _state:
        known.closed = True
        state.recorder.tell("closed", connection=known.number, how="gc", place=state.recorder.place())


def _deriving(original: Any) -> Any:
    @functools.wraps(original)
    def derive(self: Any) -> Any:
        state = _state
        derived = original(self)
        if state is not None:
            parent = state.connections.get(id(self))
            _know(state, derived, parent.path if parent else "")
            state.recorder.tell("derived", connection=state.number(derived), parent=state.number(self),
                                place=state.recorder.place())  # fmt: skip
        return derived

    return derive


def _closing(original: Any, *, how: str) -> Any:
    @functools.wraps(original)
    def close(self: Any, *args: Any) -> Any:
        state = _state
        known = state.connections.get(id(self)) if state else None
        if state is None or known is None:
            return original(self, *args)
        held = lock_held(known.path) if known.path and not known.closed else None
        try:
            return original(self, *args)
        finally:  # `__exit__` itself raises again what it is left with
            if not known.closed:
                known.closed = True
                by = "with" if how == "with" or _in_context_manager() else "close"
                place = state.recorder.place()
                state.recorder.tell("closed", connection=known.number, how=by, place=place, was_locked=held)

    return close


def _in_context_manager() -> bool:
    """Whether the user's code is being left through a context manager, of a library or its own."""
    for frame in frames():
        if frame.f_globals.get("__name__") == "contextlib" or frame.f_code.co_name in _CONTEXT_MANAGERS:
            return True
        if frame.f_globals.get("__name__", "").startswith("dagster._core"):
            return False
    return False


def _querying(original: Any, *, method: str) -> Any:
    @functools.wraps(original)
    def query(self: Any, *args: Any, **named: Any) -> Any:
        state = _state
        if state is None or getattr(state.inside, "deep", False):
            return original(self, *args, **named)
        return _ask(state, state.number(self), method, functools.partial(original, self, *args, **named), args, named)

    return query


def _ask(state: _State, connection: int, method: str, call: Any, args: Any, named: Any) -> Any:
    place = state.recorder.place()
    text = args[0] if args else next(iter(named.values()), "")
    state.queries += 1
    facts = {"query": state.queries, "connection": connection, "method": method, "place": place,
             "thread": threading.get_ident()}  # fmt: skip
    state.recorder.tell("query", sql=shortened(text), **facts)
    injected = False
    try:
        if place is not None and not place["library"]:
            injected = True
            state.effects.before_query()
            injected = False
        state.inside.deep = True
        answer = _where_asked(call)
    except BaseException as error:
        state.recorder.tell("failed", sql=shortened(text), injected=injected, error=error_facts(error), **facts)
        raise
    finally:
        state.inside.deep = False
    state.recorder.tell("answered", **facts)
    state.effects.after_query()
    return answer


_CALL = compile("__call_of_asset_lint__()", "<asset-lint>", "eval")


def _where_asked(call: Any) -> Any:
    """Call in a frame with the names of the caller's: DuckDB looks there for the frames of data that a query names."""
    caller = next(frames())
    return eval(_CALL, caller.f_globals, {**caller.f_locals, "__call_of_asset_lint__": call})


def _fetching(original: Any, *, method: str) -> Any:
    @functools.wraps(original)
    def fetch(self: Any, *args: Any, **named: Any) -> Any:
        state = _state
        if state is None or getattr(state.inside, "deep", False):
            return original(self, *args, **named)
        return _work(state, self, method, functools.partial(original, self, *args, **named), fetches=True)

    return fetch


def _working(original: Any, *, method: str) -> Any:
    @functools.wraps(original)
    def work(self: Any, *args: Any, **named: Any) -> Any:
        state = _state
        if state is None or getattr(state.inside, "deep", False):
            return original(self, *args, **named)
        return _work(state, self, method, functools.partial(original, self, *args, **named), fetches=False)

    return work


def _work(state: _State, owner: Any, method: str, call: Any, *, fetches: bool) -> Any:
    facts = {"connection": state.number(owner), "method": method, "place": state.recorder.place(),
             "thread": threading.get_ident()}  # fmt: skip
    try:
        state.inside.deep = True
        result = call()
    except BaseException as error:
        state.recorder.tell("failed", sql="", injected=False, error=error_facts(error), **facts)
        raise
    finally:
        state.inside.deep = False
    if fetches:
        rows = None if method in _LAZY else _rows(result)
        state.recorder.tell("fetched", rows=rows, type=type(result).__name__, **facts)
    else:
        state.recorder.tell("did", **facts)
    return result


def _rows(result: Any) -> int | None:
    if result is None:
        return 0
    if isinstance(result, tuple):
        return 1
    if isinstance(result, dict):
        return len(next(iter(result.values()), ()))
    try:
        return len(result)
    except TypeError:
        return None


def _default(original: Any, method: str) -> Any:
    @functools.wraps(original)
    def on_default(*args: Any, **named: Any) -> Any:
        state = _state
        # a connection may be given by name; then it is not the default one that works
        if state is None or getattr(state.inside, "deep", False) or named.get("connection") is not None:
            return original(*args, **named)
        call = functools.partial(original, *args, **named)
        state.used_default = True
        if method in _QUERIES:
            return _ask(state, 0, method, call, args, named)
        return _work(state, None, method, call, fetches=method in _FETCHES)

    return on_default
