"""What leaves a compute function."""

from __future__ import annotations

from dataclasses import dataclass, field

from .index import Place
from .knowledge.kinds import ResultKind


@dataclass(eq=False)
class Output:
    """A value that leaves a compute function by ``return``, ``yield`` or inside what is returned.

    ``place`` is the innermost expression that is seen to be the value. ``exit`` is the ``return`` or ``yield`` it
    leaves by. ``kinds`` are the kinds it has on some path; ``only`` says that it has no other.
    """

    place: Place
    exit: Place
    kinds: frozenset[ResultKind]
    only: bool
    direct: bool  # the expression itself is the value: it does not merely contain it
    open: bool  # the connection it depends on is open on every path that gets here
    made: list[tuple[Place, str]] = field(default_factory=list)  # where the value came from
    whole: bool = False  # it is all that is returned, not a part of it
    last: bool = False  # nothing would run behind the ``return`` if it were none
    settled: bool = True  # nothing else was asked of the connection since the value was made
    statement: str = ""  # first keyword of the constant SQL it came from, upper case, "" if unknown
    executed: bool = False  # a connection that is the result of ``execute``
    versions: tuple[str, ...] = ()  # of DuckDB, on which the call gives that kind; () where that can't be told
    of_execute: bool = False  # fetched from the result of ``execute``, not from a relation
