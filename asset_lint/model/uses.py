"""Uses of DuckDB's objects at the wrong time: of a connection that is busy, of a result whose connection is closed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .index import Place
from .knowledge.kinds import ResultKind
from .values import OpenResult, Site


@dataclass(frozen=True, slots=True)
class BusyUse:
    """Work that DuckDB 2 refuses, since an earlier result on the connection is unfinished.

    ``steps`` lead from ``place``, a call of this function, into the project's helpers, down to the refused call.
    """

    place: Place
    method: str
    result: OpenResult
    steps: tuple[Place, ...] = ()

    def seen_from(self, call: Place) -> BusyUse:
        """The same for the caller."""
        return replace(self, place=call, steps=(self.place, *self.steps))


@dataclass(frozen=True, slots=True)
class StaleUse:
    """Something that lives by its connection, used after that was closed.

    ``kind`` is what is used. A reader can still be read, but as long as it isn't drained the next connect to its file
    (``place``) hangs.
    """

    place: Place
    method: str
    kind: ResultKind
    site: Site
    made: Place | None  # where the used value came from; None for the connection itself
    executed: bool = False  # a connection as the result of ``execute``
    steps: tuple[Place, ...] = ()
    closed: Place | None = None

    def seen_from(self, call: Place) -> StaleUse:
        """The same for the caller."""
        return replace(self, place=call, steps=(self.place, *self.steps))


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a call does to results and their connections, for the caller."""

    open_results: tuple[tuple[Site, OpenResult], ...] = ()  # unfinished afterwards
    busy: tuple[BusyUse, ...] = ()
    stale: tuple[StaleUse, ...] = ()
    dead: tuple[tuple[Site, Place | None], ...] = ()  # closed connections that what it gives would need; where closed
    closing: frozenset[Site] = field(default_factory=frozenset)  # closed whenever it ends


NOTHING = Aftermath()
