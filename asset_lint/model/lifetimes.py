"""How long results live: which connection still has rows to give, and what is used when its connection is closed.

What DuckDB refuses was measured, call by call, on 1.4 and 2.0: all versions refuse the same on a closed connection;
that an unfinished result of ``execute`` blocks its connection is new in 2.0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property

from .analysis import Analysis
from .index import Place
from .knowledge import ResultKind, duckdb_methods, duckdb_result
from .texts import templates
from .uses import NOTHING, Aftermath, BusyUse, StaleUse
from .values import (
    LIVE,
    Alternatives,
    Conn,
    OpenResult,
    Result,
    Site,
    State,
    Status,
    live_results,
    sites_in,
)

ROWS = frozenset("SELECT WITH FROM VALUES TABLE SHOW DESCRIBE SUMMARIZE UNPIVOT".split())
"""Statements whose result stays open until its rows are fetched; DuckDB keeps those of others in hand."""
LAZY_STATEMENTS = ROWS | {"", "PIVOT", "EXPLAIN", "CALL", "PRAGMA", "EXECUTE"}
"""What ``sql`` does not run before the relation is read; "" is a statement that can't be told."""
PARTIAL = frozenset("fetchone fetchmany fetch_df_chunk".split())
FINISHING = frozenset(
    """fetchall df fetchdf fetch_df fetchnumpy pl arrow fetch_arrow_table fetch_record_batch to_arrow_table
    to_arrow_reader torch tf complete abort begin checkpoint executemany commit rollback close interrupt""".split()
)
REFUSED = frozenset("register unregister append create_function load_extension install_extension".split())
QUERIES = frozenset("sql query from_query".split())
EAGER = frozenset("query materialize create_view to_view explain".split())
"""Methods of a relation that run something although they give a relation or a text."""
HARMLESS_WHEN_CLOSED = frozenset("close interrupt".split())
HARMLESS_RELATION_METHODS = frozenset("close limit set_alias".split())
LAZY_FRAME_METHODS = frozenset(
    """filter select with_columns sort limit head tail slice join join_asof unique drop rename cast fill_null fill_nan
    drop_nulls explode unpivot reverse shift first last cache lazy set_sorted with_row_index gather_every top_k bottom_k
    interpolate""".split()
)
COLLECTING = frozenset("collect collect_async fetch sink_parquet sink_csv sink_ndjson sink_ipc".split())
UNFINISHED_SINCE = "2.0"
_WITHOUT_ROWS = re.compile(r"\bLIMIT\s+0[\s;]*$", re.IGNORECASE)
"""A query that is asked for its columns alone: there is nothing left to fetch."""


@dataclass(eq=False)
class Ledger:
    """What one function's flow has seen of the life of results."""

    busy: dict[OpenResult, BusyUse] = field(default_factory=dict)
    stale: dict[tuple[Site, Place | None], StaleUse] = field(default_factory=dict)
    given_sites: set[Site] = field(default_factory=set)
    given_results: set[OpenResult] = field(default_factory=set)  # that the caller left unfinished
    made_when_closed: set[ast.AST] = field(default_factory=set)
    displacing: set[ast.AST] = field(default_factory=set)
    closed_by: dict[Site, Place] = field(default_factory=dict)
    drained: set[Place] = field(default_factory=set)  # readers and iterators of which nothing is left, by where made


class Lifetimes(Analysis):
    """What becomes of results, on each path."""

    @cached_property
    def ledger(self) -> Ledger:
        """What was seen so far."""
        return Ledger()

    def begin(self, given: Iterable[Alternatives], open_results: Iterable[tuple[Site, OpenResult]]) -> None:
        """A function's flow begins with these values; ``open_results`` its caller left unfinished."""
        self.ledger.given_sites.update(site for values in given for site in sites_in(values, holding=False))
        self.ledger.given_results.update(result for _, result in open_results)

    @cached_property
    def _follows_open_results(self) -> bool:
        versions = self.project.duckdb_versions
        return versions is None or UNFINISHED_SINCE in versions

    # ---- uses --------------------------------------------------------------------------------------------------------

    def note_use(self, used: Conn | Result, name: str, given: Alternatives, state: State, node: ast.AST) -> None:
        """The method ``name`` of ``used`` is called and gives ``given``."""
        site = used.site
        if site is None:
            return
        if isinstance(used, Result) and used.kind is ResultKind.READER:
            if name not in ("read_next_batch", "cast"):
                self.ledger.drained.add(used.made)
        elif self._is_closed(site, state):
            if _fails_when_closed(used, name):
                self._note_stale(used, name, site, node)
        elif isinstance(used, Result):
            if site in state.open_results and not used.cursor and used.kind is ResultKind.RELATION and _reads(name):
                self._note_busy(site, name, state, node)
        elif self._follows_open_results and not used.cursor:
            self._note_connection_use(used, name, given, state, node)

    def note_iterated(self, values: Alternatives, state: State, node: ast.AST) -> None:
        """``values`` are iterated over."""
        for value in values:
            if isinstance(value, Result) and value.site is not None:
                if value.kind is ResultKind.READER:
                    self.ledger.drained.add(value.made)
                elif value.kind is ResultKind.ITERATOR:
                    if self._is_closed(value.site, state) and value.made not in self.ledger.drained:
                        self._note_stale(value, "next", value.site, node)
                    self.ledger.drained.add(value.made)

    def note_given_away(self, arguments: Iterable[Alternatives], state: State, *, followed: bool) -> None:
        """A call gets hold of ``arguments``: it may drain readers, and fetch what is left where it isn't followed."""
        for values in arguments:
            self.ledger.drained.update(result.made for result in live_results(values))
            if state.open_results and not followed:
                for site in sites_in(values):
                    state.open_results.pop(site, None)

    def note_closed_by(self, site: Site, node: ast.AST, state: State) -> None:
        """A connection is closed by ``node``: a call, or the ``with`` that held it."""
        self.ledger.closed_by[site] = self.place(node)
        state.open_results.pop(site, None)

    def note_opened(self, site: Site, state: State) -> None:
        """A connection has been opened. A reader that outlived another one to the same file makes that hang."""
        for values in state.env.values():
            for result in live_results(values):
                if result.kind is not ResultKind.READER or result.site is None or result.made in self.ledger.drained:
                    continue
                if self._is_closed(result.site, state) and _same_file(result.site, site):
                    key = (result.site, result.made)
                    use = StaleUse(site.opened, "", result.kind, result.site, result.made)
                    self.ledger.stale.setdefault(key, replace(use, closed=self.ledger.closed_by.get(result.site)))

    def _is_closed(self, site: Site, state: State) -> bool:
        return state.status.get(site) is Status.CLOSED and not site.lends

    def _note_stale(self, used: Conn | Result, name: str, site: Site, node: ast.AST) -> None:
        made = used.made
        self.ledger.made_when_closed.add(node)
        if made is not None and made.node in self.ledger.made_when_closed:
            return  # what it was derived from has been reported
        kind = used.kind if isinstance(used, Result) else ResultKind.CONNECTION
        executed = isinstance(used, Conn) and used.executed
        use = StaleUse(
            self.place(node), name, kind, site, made if executed or isinstance(used, Result) else None, executed
        )
        self.ledger.stale.setdefault((site, use.made), replace(use, closed=self.ledger.closed_by.get(site)))

    # ---- unfinished results ------------------------------------------------------------------------------------------

    def _note_connection_use(self, conn: Conn, name: str, given: Alternatives, state: State, node: ast.AST) -> None:
        site, unfinished = conn.site, state.open_results
        if name == "execute":
            if unfinished.pop(site, None) is not None:
                self.ledger.displacing.add(node)
            rows = any(isinstance(v, Conn) and v.statement in ROWS for v in given)
            if rows and self._may_give_rows(node) and self._is_one(site, state, node):
                unfinished[site] = OpenResult(self.place(node))
        elif site not in unfinished:
            return
        elif name in PARTIAL:
            unfinished[site] = OpenResult(unfinished[site].made, self.place(node))
        elif name in FINISHING:
            del unfinished[site]
        elif name in REFUSED or (name in QUERIES and not all(_is_lazy(v) for v in given)):
            self._note_busy(site, name, state, node)

    def _may_give_rows(self, node: ast.AST) -> bool:
        asked = self.asked.get(node)
        texts = templates(asked.sql, None) if asked is not None else ()
        ends = [text.parts[-1] for text in texts if text.parts]
        return not ends or not all(isinstance(end, str) and _WITHOUT_ROWS.search(end) for end in ends)

    def _note_busy(self, site: Site, name: str, state: State, node: ast.AST) -> None:
        result = state.open_results[site]
        self.ledger.busy.setdefault(result, BusyUse(self.place(node), name, result))

    def _is_one(self, site: Site, state: State, node: ast.AST) -> bool:
        """Whether a site means the same connection wherever it is met in this function: what hangs on an object may be
        another object's elsewhere."""
        if site in state.status or site in self.opened or site in self.ledger.given_sites:
            return True
        receiver = node
        while isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute):
            receiver = receiver.func.value
        while isinstance(receiver, ast.Attribute) and not isinstance(receiver.value, ast.Name):
            receiver = receiver.value
        if isinstance(receiver, ast.Attribute):
            return isinstance(receiver.value, ast.Name) and receiver.value.id in ("self", "cls", "context")
        return isinstance(receiver, ast.Name)

    def emptied(self, test: ast.expr, state: State, wanted: bool) -> None:
        """Where a fetched row or list of rows is tested to be none, there are no more."""
        row = test
        if isinstance(test, ast.Compare):
            right = test.comparators[0]
            if len(test.ops) != 1 or not isinstance(right, ast.Constant) or right.value is not None:
                return
            row, wanted = test.left, wanted is not isinstance(test.ops[0], (ast.Is, ast.Eq))
        if wanted:
            return
        if isinstance(row, ast.NamedExpr):
            row = row.value
        for value in self.seen.get(row, ()):
            if isinstance(value, Result) and value.kind in (ResultKind.ROW, ResultKind.ROWS) and value.site is not None:
                state.open_results.pop(value.site, None)

    def fetched_by_loop(self, loop: ast.AST, states: Iterable[State]) -> None:
        """Behind a loop: a result that it fetched piece by piece, and that was there before, is taken to be empty."""
        for state in states:
            for site, result in list(state.open_results.items()):
                if (
                    result.fetched is not None
                    and _within(loop, result.fetched, self.module)
                    and not _within(loop, result.made, self.module)
                ):
                    del state.open_results[site]

    # ---- calls of the project's functions ----------------------------------------------------------------------------

    def open_results_for(self, given: Mapping[str, Alternatives], state: State) -> tuple[tuple[Site, OpenResult], ...]:
        """The unfinished results of connections that a called function may use."""
        if not state.open_results:
            return ()
        handed = {site for values in given.values() for site in sites_in(values, holding=False)}
        return tuple((s, r) for s, r in state.open_results.items() if s in handed or s not in state.status)

    def aftermath(self, given: Mapping[Site, Status], finals: list[State], gives: Alternatives) -> Aftermath:
        """What a call of this function does, for its caller; ``finals`` are the paths to its end."""
        unfinished = {
            site: result
            for state in finals
            for site, result in state.open_results.items()
            if site not in self.opened or not site.owned or state.status.get(site) is Status.RETURNED
        }
        closing = frozenset(
            site for site in self.opened if site.owned and all(s.status.get(site) is Status.CLOSED for s in finals)
        )
        needed = {value.site for value in live_results(gives) if value.site is not None}
        needed |= set(sites_in(gives))
        dead = {s for s in needed if s not in given and finals and all(self._is_closed(s, f) for f in finals)}
        found = Aftermath(
            tuple(unfinished.items()),
            tuple(use for use in self.ledger.busy.values() if use.result in self.ledger.given_results),
            tuple(use for use in self.ledger.stale.values() if given.get(use.site) is Status.CLOSED),
            tuple((site, self.ledger.closed_by.get(site)) for site in dead),
            closing if finals else frozenset(),
        )
        return NOTHING if found == NOTHING else found

    def take_over(
        self, after: Aftermath, handed: tuple[tuple[Site, OpenResult], ...], state: State, node: ast.AST
    ) -> None:
        """A call of a project function, handed these unfinished results, is over."""
        place = self.place(node)
        before = dict(handed)
        for site in before:
            state.open_results.pop(site, None)
        for site, result in after.open_results:
            if site in before and result.made == before[site].made and result != before[site]:
                result = OpenResult(result.made, place)
            state.open_results[site] = result
        for busy in after.busy:
            self.ledger.busy.setdefault(busy.result, busy.seen_from(place))
        for stale in after.stale:
            self.ledger.stale.setdefault((stale.site, stale.made), stale.seen_from(place))
        for site, closed in after.dead:
            state.status[site] = Status.CLOSED
            if closed is not None:
                self.ledger.closed_by[site] = closed


def _within(loop: ast.AST, place: Place, module: object) -> bool:
    first, last = loop.lineno, loop.end_lineno  # type: ignore[attr-defined]
    return place.module is module and first <= place.node.lineno <= last  # type: ignore[attr-defined]


def _is_lazy(value: object) -> bool:
    return not isinstance(value, Result) or value.statement in LAZY_STATEMENTS


def _same_file(a: Site, b: Site) -> bool:
    """Whether two connections are shown to be to one file: the same path, or opened by the same words."""
    if a is b or (a.path and a.path == b.path):
        return True
    return not a.path and not b.path and ast.dump(a.opened.node) == ast.dump(b.opened.node)


@cache
def _reads(method: str) -> bool:
    """Whether a method of a relation runs its query."""
    kinds = duckdb_result("relation", method, (UNFINISHED_SINCE,))
    lazy = (ResultKind.RELATION, ResultKind.GROUPED, ResultKind.PLAIN, ResultKind.TYPE)
    return method in EAGER or (method != "close" and not any(k.is_missing or k in lazy for k in kinds))


def _fails_when_closed(used: Conn | Result, name: str) -> bool:
    if isinstance(used, Conn):
        return name in duckdb_methods("connection") and name not in HARMLESS_WHEN_CLOSED
    if used.kind is ResultKind.LAZY_POLARS:
        return name in COLLECTING
    return (
        used.kind in LIVE
        and used.kind is ResultKind.RELATION
        and name in duckdb_methods("relation")
        and name not in HARMLESS_RELATION_METHODS
    )


def of_cursor(values: Alternatives) -> Alternatives:
    """What a cursor's method gave."""
    return tuple(replace(v, cursor=True) if isinstance(v, Result) else v for v in values)
