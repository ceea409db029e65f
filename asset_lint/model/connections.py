"""A connection's life as the data flow saw it: opened, owned by whom, still open on which way out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .index import Place
from .values import Origin

if TYPE_CHECKING:
    from .holding import Holding
    from .queries import Query
    from .values import Site


class Way(enum.Enum):
    """How control leaves a connection behind; the value says it of the place where it does."""

    END = "still open at the end of the function"
    RETURN = "still open when it returns here"
    RAISE = "still open when this raises"
    REBOUND = "still open when the name is bound again here"
    REOPENED = "still open when the loop opens the next one"
    STORED = "kept here for as long as the object lives"
    DISCARDED = "still open after this expression, and nothing can close it"
    LENT = "still open when the block that uses it raises here"
    KEPT = "kept here, and nothing closes it when the run ends"
    NEVER_ENTERED = "never entered: without `with` nothing is opened"


@dataclass(frozen=True, slots=True)
class Leak:
    """A place where an open connection is lost."""

    node: Place
    way: Way


@dataclass(eq=False)
class Connection:
    """One place in a function where a DuckDB connection (or a context manager that gives one) comes into being.

    ``opened`` is the opening call in this function. ``steps`` lead from there into the project's helpers, down to
    the call that really opens. ``path`` says where the path of the database file comes from.
    """

    opened: Place
    name: str  # the variable that holds it, "" if none does
    origin: Origin
    path: str  # the text of the path, as far as the code tells it
    in_memory: bool
    managed: bool  # what the call gives is a context manager; nothing is open before it is entered
    owned: bool  # False: someone else closes it
    entered: bool = False  # by ``with``, an exit stack or ``closing``
    closed_by_hand: bool = False
    outlived: bool = False  # something that needs it open leaves the function
    holding: Holding | None = None  # the ``with`` that could hold it
    leaks: list[Leak] = field(default_factory=list)
    lent: Leak | None = None  # where a helper that is to close it for its users does not
    steps: list[tuple[Place, str]] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)  # as the data flow knows it
    queries: list[Query] = field(default_factory=list)  # that are asked of it, in what the function calls, too

    @property
    def needs_no_writing(self) -> bool:
        """Whether it opens a file for writing where its opener could choose, and the function is shown to use it for
        queries that only read; ``outlived`` says that others may use it too."""
        return (
            self.origin not in (Origin.MEMORY, Origin.UNKNOWN)
            and all(s.configuration.writes and s.has_choice and not (s.written or s.given_away) for s in self.sites)
            and bool(self.queries)
            and all(query.is_read_only for query in self.queries)
        )

    @property
    def is_closed_by_hand(self) -> bool:
        """Whether its opener closes it on every way out, without a context manager."""
        return self.owned and self.closed_by_hand and not (self.entered or self.managed or self.leaks or self.lent)
