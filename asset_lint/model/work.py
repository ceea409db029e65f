"""DuckDB's work in a function: each call that may fail with an error of DuckDB's, and the clauses that would see it."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, handlers_in

from .caught import Sight, caught_names, names_duckdb, sight_of, sight_of_name
from .handlers import gives_back
from .index import Def, Place
from .names import External

if TYPE_CHECKING:
    from .index import Scope
    from .names import Names

QUERYING = frozenset(
    """execute executemany sql query from_query begin commit table view values from_df from_arrow from_parquet
    from_csv_auto read_csv read_parquet read_json append create create_view to_table to_view insert insert_into update
    to_csv write_csv to_parquet write_parquet""".split()
)
TIDYING = frozenset("close rollback unregister interrupt checkpoint".split())
TIDYING_STATEMENTS = frozenset("DROP DETACH ROLLBACK ABORT CHECKPOINT".split())
PREPARING_STATEMENTS = frozenset("SET RESET PRAGMA INSTALL LOAD USE".split())
WRITING_STATEMENTS = frozenset("INSERT UPDATE MERGE DELETE COPY CREATE ALTER".split())
RETRYING = ("tenacity.", "backoff.", "retrying.", "retry.", "stamina.", "retry_decorator.", "opnieuw.")


class WorkKind(enum.Enum):
    """What DuckDB is asked for."""

    CONNECT = "connect"
    QUERY = "query"
    TIDY = "tidy"  # closes, rolls back, drops
    PREPARE = "prepare"  # settings and extensions
    READ = "read"  # fetches, or describes, what was asked for before


@dataclass(frozen=True, slots=True)
class Guard:
    """What sees an error of DuckDB's on its way: a clause, or a decorator or context manager that has one inside.

    ``sure``: it sees each of them. ``handles``: it does more with them than to raise them again. ``specific``: it
    names DuckDB's own exceptions.
    """

    place: Place
    sure: bool
    handles: bool
    specific: bool


@dataclass(frozen=True, slots=True)
class Work:
    """A call that makes DuckDB work. ``call`` stands in the function at hand; ``steps`` lead from there through helpers
    to the call of DuckDB itself.

    ``statement`` is the first keyword of the SQL, "" if unknown. ``guards`` see an error of it, the innermost first;
    behind one that is sure and handles it nothing sees it for the first time.
    """

    call: Place
    kind: WorkKind
    statement: str
    in_memory: bool
    guards: tuple[Guard, ...]
    done_in: Def | None  # the function that calls DuckDB itself
    steps: tuple[Place, ...] = ()

    @property
    def is_handled(self) -> bool:
        """Whether something handles an error of it, of some kinds at least."""
        return any(guard.handles for guard in self.guards)

    def seen_from(self, call: Place, around: Sequence[Guard]) -> Work:
        """The same work, for the caller of the function that does it; ``around`` guards the call."""
        guards = guards_within(self.guards, around)
        return replace(self, call=call, guards=guards, steps=(self.call, *self.steps))


def sorts(work: Iterable[Work]) -> tuple[Work, ...]:
    """The first of each sort of work: what a caller needs to know of it."""
    found: dict[object, Work] = {}
    for each in work:
        found.setdefault(
            (each.kind, each.in_memory, each.guards, each.done_in, each.statement in WRITING_STATEMENTS), each
        )
    return tuple(found.values())


def work_kind(receiver: str, method: str, statement: str) -> WorkKind:
    """What a call of a method of a connection, a relation or the module asks DuckDB for."""
    if method == "connect":
        return WorkKind.CONNECT
    if method in TIDYING or statement in TIDYING_STATEMENTS:
        return WorkKind.TIDY
    if statement in PREPARING_STATEMENTS or method in ("install_extension", "load_extension"):
        return WorkKind.PREPARE
    asks = method in QUERYING and not (receiver == "relation" and method in ("query", "sql"))
    return WorkKind.QUERY if asks else WorkKind.READ


def guards_within(inner: Sequence[Guard], around: Sequence[Guard]) -> tuple[Guard, ...]:
    """What sees an error of DuckDB's, the innermost first, where ``around`` stands round ``inner``."""
    found: list[Guard] = []
    for guard in (*inner, *around):
        if guard not in found:
            found.append(guard)
        if guard.sure and guard.handles:
            break
    return tuple(found)


def guards_of(handlers: Sequence[ast.ExceptHandler], names: Names, scope: Scope) -> Iterator[Guard]:
    """The clauses of a ``try`` that see errors of DuckDB's, up to the first that takes all."""
    for handler in handlers:
        sight = sight_of(handler, names, scope)
        if sight is Sight.NONE:
            continue
        only = handler.body[-1]
        handles = len(handler.body) > 1 or not (isinstance(only, ast.Raise) and gives_back(only, handler.name))
        yield Guard(Place(scope.module, handler), sight is Sight.ALL, handles, names_duckdb(handler, names, scope))
        if sight is Sight.ALL:
            return


def guard_of_suppress(call: ast.Call, names: Names, scope: Scope) -> Guard | None:
    """``contextlib.suppress(…)`` as a guard; None where it lets DuckDB's errors pass."""
    caught = [name for argument in call.args for name in caught_names(argument, names, scope)]
    sights = {sight_of_name(name) for name in caught} - {Sight.NONE}
    if not sights:
        return None
    specific = any(name.startswith("duckdb.") for name in caught)
    return Guard(Place(scope.module, call), Sight.ALL in sights, handles=True, specific=specific)


def guard_of_exit(method: Def) -> Guard | None:
    """An ``__exit__`` that looks at the exception as a guard; None where it doesn't."""
    given = {parameter.arg for parameter in method.parameters[1:]}
    looks = any(isinstance(n, ast.Name) and n.id in given for n in method.nodes)
    return Guard(Place(method.module, method.node), sure=True, handles=True, specific=False) if looks else None


def guards_by_decorators(definition: Def, names: Names) -> Iterator[Guard]:
    """The decorators of a function that see errors of DuckDB's: the project's own, and libraries' that try again."""
    for decorator in definition.node.decorator_list:
        head = decorator.func if isinstance(decorator, ast.Call) else decorator
        for target in names.resolve(head, definition.scope):
            if isinstance(target, External) and f"{target.name}.".startswith(RETRYING):
                yield Guard(Place(definition.module, decorator), sure=True, handles=True, specific=False)
            elif isinstance(target, Def):
                for node in all_nodes(target.node):
                    if handlers := handlers_in(node):
                        yield from guards_of(handlers, names, target.inner)
