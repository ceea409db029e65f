"""What an expression may be: the abstract values that the data flow computes with.

A variable holds *alternatives*, a short tuple of values, one for each way that leads there. ``UNKNOWN`` among them
means: also anything else.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .databases import UNCLEAR, Configuration
from .index import Class, Def, Module, Place
from .knowledge.kinds import ResultKind
from .names import External
from .pykinds import PyKind

if TYPE_CHECKING:
    from .texts import Template
    from .work import Guard

MAX_ALTERNATIVES = 6


class Origin(enum.Enum):
    """Where a text, above all a database path, comes from. Ordered: a mixture has the last of its parts' origins."""

    MEMORY = 0  # no file at all
    LITERAL = 1  # the code alone decides
    TEMPORARY = 2  # tempfile and its like
    ENVIRONMENT = 3
    FIELD = 4  # a field of a resource, a Config, settings
    UPSTREAM = 5  # what another asset, or the caller, gives
    UNKNOWN = 6


class LoggedBy(enum.Enum):
    """Whose logger writes."""

    CONTEXT = "context.log"
    DAGSTER = "get_dagster_logger()"
    OTHER = "other"  # the standard library's, or another library's
    UNCLEAR = "unclear"  # called and named like a logger's method, of a value that isn't known

    @property
    def reaches_run(self) -> bool:
        """Whether what it writes is an event of the run."""
        return self in (LoggedBy.CONTEXT, LoggedBy.DAGSTER)


class Status(enum.IntEnum):
    """What has become of a connection on one path."""

    WAITING = 0  # a context manager that nobody has entered
    OPEN = 1
    CLOSED = 2
    HANDED = 3  # somebody else's now: stored, given to code that can't be seen, or unclear
    RETURNED = 4  # its caller's now


@dataclass(eq=False)
class Site:
    """A place where a connection comes into being, as seen from the function under analysis."""

    opened: Place
    origin: Origin
    managed: bool = False
    owned: bool = True  # False: someone else closes it (a parameter, a module, a resource)
    handed_path: bool = False  # the path was handed over by a caller
    name: str = ""
    steps: tuple[tuple[Place, str], ...] = ()
    entered: bool = False
    closed_by_hand: bool = False
    yielded: bool = False
    path: str = ""  # the text of the path, as far as the code tells it
    in_class: bool = False  # opened by a method: a resource decides
    has_choice: bool = False  # the call that opens it, as seen from here, could ask for read-only access
    written: bool = False  # something other than a query's text writes by it
    given_away: bool = False  # to code that isn't seen: what is asked of it there can't be told
    inner: Site | None = None  # the same connection as the helper saw it that opened it
    guards: tuple[Guard, ...] = ()  # what sees an error in the body of the ``with`` that enters it
    settles: bool = False  # whoever gave it may commit what was begun on it
    lends: bool = False  # its context manager ends, and it may still be open
    shared: bool = False  # DuckDB's default connection, or a cursor of it
    file: str = ""  # which file it opens, see :mod:`.databases`; "" if that can't be told
    configuration: Configuration = UNCLEAR


@dataclass(frozen=True, slots=True)
class OpenResult:
    """Rows that a connection still has to give: a result of ``execute`` that was not fetched to its end."""

    made: Place  # the call of ``execute``
    fetched: Place | None = None  # the call that took a part of it

    @property
    def place(self) -> Place:
        """The call that should have fetched it all."""
        return self.fetched or self.made


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything."""


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Const:
    """A constant of the code."""

    value: str | bytes | int | float | complex | bool | None
    handed: bool = False  # given to this function by a caller


@dataclass(frozen=True, slots=True)
class Text:
    """A string or path that is no plain constant, or any value of a known origin."""

    origin: Origin
    text: str = ""  # the constant part that is known, for literals all of it as far as the code tells
    handed: bool = False
    template: Template | None = None  # all of it in parts, where it is put together in sight
    file: str = ""  # which file it means as a path, see :mod:`.databases`


@dataclass(frozen=True, slots=True)
class FunctionValue:
    """A function of the project, bound to ``self`` where it is a method."""

    definition: Def
    bound: Value | None = None


@dataclass(frozen=True, slots=True)
class ClassValue:
    """A class of the project."""

    klass: Class


@dataclass(frozen=True, slots=True)
class ModuleValue:
    """A module of the project."""

    module: Module


@dataclass(frozen=True, slots=True)
class Instance:
    """An object of a project class; ``path`` is the origin of the path a resource was given in this function."""

    klass: Class
    origin: Origin = Origin.FIELD
    held: tuple[Alternatives, ...] = ()  # what a dataclass was made of
    key: str = ""  # tells the object apart, "" where others of its class may be meant


@dataclass(frozen=True, slots=True)
class LibraryInstance:
    """An object of a library's class."""

    name: str
    origin: Origin = Origin.FIELD
    file: str = ""  # which database file a resource or an IO manager opens
    single: bool = False  # an executor with one worker


@dataclass(frozen=True, slots=True)
class Conn:
    """A DuckDB connection. ``statement`` is set where it is the result of ``execute``: the SQL's first keyword."""

    site: Site
    cursor: bool = False
    executed: bool = False
    statement: str = ""
    made: Place | None = None  # the call that gave it, for what ``execute`` gives: the query's


@dataclass(frozen=True, slots=True)
class Manager:
    """A context manager that gives a connection when it is entered."""

    site: Site


@dataclass(frozen=True, slots=True)
class Closing:
    """``contextlib.closing(connection)``."""

    connection: Conn


@dataclass(frozen=True, slots=True)
class Giving:
    """A context manager that gives these values and closes nothing that we know of; ``guards`` see errors in its
    body."""

    values: Alternatives
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What a DuckDB method gives other than a connection: a relation, a reader, a frame, rows."""

    kind: ResultKind
    site: Site | None
    made: Place
    statement: str = ""
    query: Place | None = None  # the call that asked for it: of ``execute``, of ``sql``
    cursor: bool = False  # of a cursor on the connection, which has a state of its own


@dataclass(frozen=True, slots=True)
class Box:
    """A container: one alternatives tuple an element where the length is known, else one for all."""

    kind: str
    items: tuple[Alternatives, ...]
    open: bool = False  # more elements than are listed may be in it
    keys: tuple[str, ...] = ()  # of a dict: one an item, in the order in which they were put in; "" where unknown

    def at(self, key: Alternatives) -> Alternatives:
        """What a look-up by ``key`` gives; where it may be any of the items, ANY with what must not get lost."""
        wanted = key[0].value if len(key) == 1 and isinstance(key[0], Const) else None
        if self.kind in ("list", "tuple") and not self.open and isinstance(wanted, int):
            if -len(self.items) <= wanted < len(self.items):
                return self.items[wanted]
        elif isinstance(wanted, str) and wanted and wanted in self.keys:
            last = len(self.keys) - 1 - self.keys[::-1].index(wanted)
            return join(self.items[last], ANY) if "" in self.keys[last:] else self.items[last]
        return join(*(tuple(v for v in item if not isinstance(v, Data)) for item in self.items), ANY)


@dataclass(frozen=True, slots=True)
class Method:
    """A method or attribute of a value that is not the project's own."""

    receiver: Value
    name: str


@dataclass(frozen=True, slots=True)
class Partial:
    """``functools.partial``."""

    function: Value
    positional: tuple[Alternatives, ...]
    named: tuple[tuple[str, Alternatives], ...]


@dataclass(frozen=True, slots=True)
class Data:
    """A Python value that is one of some kinds; ``item`` is the kind of what a column, a tuple holds."""

    kinds: frozenset[PyKind]
    item: PyKind | None = None
    made: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Context:
    """The context that Dagster hands to a compute function."""


@dataclass(frozen=True, slots=True)
class Logger:
    """A logger."""

    by: LoggedBy


Value = (
    Unknown | Const | Text | External | FunctionValue | ClassValue | ModuleValue | Instance | LibraryInstance | Conn
    | Manager | Closing | Giving | Result | Box | Method | Partial | Context | Logger
    | Data
)  # fmt: skip
Alternatives = tuple[Value, ...]
ANY: Alternatives = (UNKNOWN,)


def join(*many: Alternatives) -> Alternatives:
    """The alternatives of several paths together."""
    first = many[0]
    if all(other == first for other in many[1:]):
        return first
    found = tuple(dict.fromkeys(value for one in many for value in one))
    if len(found) > MAX_ALTERNATIVES:
        kept = [v for v in found if v is not UNKNOWN][: MAX_ALTERNATIVES - 1]
        return (*kept, UNKNOWN)
    return found


def sites_in(values: Iterable[Value], *, holding: bool = True) -> Iterator[Site]:
    """The connections that a value holds on to; ``holding`` leaves out results that merely depend on one."""
    for value in values:
        if isinstance(value, (Conn, Manager)):
            yield value.site
        elif isinstance(value, Closing):
            yield value.connection.site
        elif isinstance(value, Result):
            if not holding and value.site is not None:
                yield value.site
        elif isinstance(value, Giving):
            yield from sites_in(value.values, holding=holding)
        elif isinstance(value, (Box, Instance)):
            for item in value.items if isinstance(value, Box) else value.held:
                yield from sites_in(item, holding=holding)
        elif isinstance(value, Method):
            yield from sites_in((value.receiver,), holding=holding)
        elif isinstance(value, FunctionValue):
            if value.bound is not None:
                yield from sites_in((value.bound,), holding=holding)
        elif isinstance(value, Partial):
            yield from sites_in((value.function,), holding=holding)
            for item in value.positional:
                yield from sites_in(item, holding=holding)
            for _, item in value.named:
                yield from sites_in(item, holding=holding)


def without_results(values: Iterable[Value]) -> tuple[Value, ...]:
    """The values less what ``execute`` gave, in containers too: its connection is no connection that leaves on
    purpose."""
    kept: list[Value] = []
    for value in values:
        if isinstance(value, Box):
            kept.extend(v for item in value.items for v in without_results(item))
        elif not (isinstance(value, Conn) and value.executed):
            kept.append(value)
    return tuple(kept)


LIVE = frozenset(
    (ResultKind.RELATION, ResultKind.GROUPED, ResultKind.READER, ResultKind.LAZY_POLARS, ResultKind.ITERATOR)
)


def live_results(values: Iterable[Value]) -> Iterator[Result]:
    """The results among the values, in containers too, that are of use only while their connection is open."""
    for value in values:
        if isinstance(value, Result):
            if value.kind in LIVE:
                yield value
        elif isinstance(value, (Box, Instance)):
            for item in value.items if isinstance(value, Box) else value.held:
                yield from live_results(item)


def depends_on_connection(value: Value) -> bool:
    """Whether a value is of use only while its connection is open."""
    if isinstance(value, (Conn, Manager, Closing)):
        return True
    if isinstance(value, Result):
        return value.kind in LIVE
    if isinstance(value, Method):
        return depends_on_connection(value.receiver)
    if isinstance(value, (Box, Instance)):
        items = value.items if isinstance(value, Box) else value.held
        return any(depends_on_connection(v) for item in items for v in item)
    return False


@dataclass
class State:
    """What is known on one path: the variables, what has become of each connection, which still has rows to give."""

    env: dict[str, Alternatives] = field(default_factory=dict)
    status: dict[Site, Status] = field(default_factory=dict)
    asked: dict[tuple[Site, bool], Place] = field(default_factory=dict)  # the last query of a connection, or a cursor
    open_results: dict[Site, OpenResult] = field(default_factory=dict)
    begun: dict[Site, Place] = field(default_factory=dict)  # transactions that are neither committed nor rolled back

    def copy(self) -> State:
        """An independent state of the same content."""
        return State(
            self.env.copy(), self.status.copy(), self.asked.copy(), self.open_results.copy(), self.begun.copy()
        )

    def refers_to(self, site: Site) -> bool:
        """Whether some variable still holds the connection."""
        return any(site in sites_in(values) for values in self.env.values())


def truth(value: Value) -> bool | None:
    """Whether a value is true in a condition, None if that can't be told."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, (Conn, Manager, Closing, FunctionValue, ClassValue, ModuleValue, Context, Logger)):
        return True
    return None


def is_none(value: Value) -> bool | None:
    """Whether a value is None, None if that can't be told."""
    if isinstance(value, Const):
        return value.value is None
    if isinstance(value, (Unknown, Text, External, Method)):
        return None
    return False


def origin_of(values: Alternatives) -> tuple[Origin, str, bool]:
    """Where a text comes from: origin, its known constant part, and whether a caller handed it over.

    Several alternatives count as the most hard-coded one only if every one is a literal.
    """
    worst, text, handed = Origin.LITERAL, "", False
    for value in values:
        if isinstance(value, Const):
            if isinstance(value.value, str):
                text, handed = text or value.value, handed or value.handed
            elif value.value is None:
                continue
            else:
                return Origin.UNKNOWN, "", False
        elif isinstance(value, Text):
            text, handed = text or value.text, handed or value.handed
            worst = value.origin if value.origin.value > worst.value else worst
        else:
            return Origin.UNKNOWN, "", False
    return worst, text, handed
