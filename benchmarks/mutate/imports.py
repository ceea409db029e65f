"""Connections that are opened while a module is imported."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from .repository import ASSETS, Candidate, Mutant, Operator

PATH = '"shared_warehouse.duckdb"'


def _opened(candidate: Candidate, operator: str, code: str, function: str = "") -> Iterator[Mutant]:
    """The module with ``code`` at its top; the fault is the module's own, or ``function``'s."""
    if candidate.kind not in ASSETS or b"shared_" in candidate.text.data:
        return
    splice = candidate.at_module_level("import duckdb as _engine\n\n" + code)
    yield candidate.mutant("AL205", operator, [splice], (candidate.text.path, function))


def opened_at_the_top(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A global variable holds the connection."""
    yield from _opened(candidate, "opened_at_the_top", f"shared_conn = _engine.connect({PATH})\n")


def opened_in_a_class(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The body of a class opens it."""
    code = f"class _SharedStore:\n    conn = _engine.connect(database={PATH})\n\n"
    yield from _opened(candidate, "opened_in_a_class", code)


def opened_as_a_default(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A default argument opens it."""
    code = f"def _shared_tables(conn=_engine.connect({PATH})):\n    return conn.execute('SHOW TABLES').fetchall()\n\n"
    yield from _opened(candidate, "opened_as_a_default", code, "_shared_tables")


def opened_by_a_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A function that is called at the top opens it."""
    code = f"def _shared(path):\n    return _engine.connect(path)\n\n\nshared_conn = _shared({PATH})\n"
    yield from _opened(candidate, "opened_by_a_helper", code)


IMPORT_OPERATORS: tuple[Operator, ...] = (
    opened_at_the_top,
    opened_in_a_class,
    opened_as_a_default,
    opened_by_a_helper,
)
