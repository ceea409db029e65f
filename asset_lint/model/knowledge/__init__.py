"""What DuckDB's and Dagster's Python APIs hold, version by version.

The tables beside this module are written by ``scripts/generate_knowledge.py`` from the stubs and sources in the wheels
of the supported versions. They are read on first use.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .kinds import ResultKind

__all__ = [
    "DAGSTER_CHANGES",
    "DAGSTER_VERSIONS",
    "DUCKDB_VERSIONS",
    "Receiver",
    "ResultKind",
    "context_classes",
    "context_members",
    "dagster_decorators",
    "dagster_holds",
    "dagster_names",
    "dagster_public_name",
    "dagster_version",
    "duckdb_attribute",
    "duckdb_deprecations",
    "duckdb_exceptions",
    "duckdb_gives_itself",
    "duckdb_giving",
    "duckdb_holding",
    "duckdb_methods",
    "duckdb_names",
    "duckdb_opens",
    "duckdb_removal",
    "duckdb_result",
    "duckdb_span",
    "duckdb_uses_default_connection",
    "duckdb_version",
]

Receiver = Literal["module", "connection", "relation", "grouped"]
"""What a name is looked up on: the package ``duckdb``, a connection, a relation, a grouped relation."""

DUCKDB_VERSIONS: tuple[str, ...] = ("1.0", "1.2", "1.4", "1.5", "2.0")
"""The versions that the DuckDB tables hold, oldest first."""

DAGSTER_VERSIONS: tuple[str, ...] = ("1.9", "1.13")
"""The versions that the Dagster tables hold, oldest first."""

DAGSTER_CHANGES: tuple[str, ...] = ("1.5", "1.7", "1.9", "1.13")
"""The Dagster versions between which behaviour changed that the model knows; targets are said in these."""

# The only methods whose result is a connection but not the receiver: they open a second handle on its database.
_NEW_HANDLES = frozenset({"cursor", "duplicate"})


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name(name).read_bytes())
    return table


def _nearest(version: str, known: tuple[str, ...]) -> str:
    parts = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    wanted = [*parts, 0, 0][:2]
    held = [name for name in known if [int(part) for part in name.split(".")] <= wanted]
    return held[-1] if held else known[0]


def duckdb_version(version: str) -> str:
    """The member of :data:`DUCKDB_VERSIONS` for ``version``: the newest that is not newer, else the oldest."""
    return _nearest(version, DUCKDB_VERSIONS)


def duckdb_span(holding: Iterable[str], among: tuple[str, ...] | None) -> str:
    """Those of the target versions ``among`` (None: all) that are ``holding``, in words: " on DuckDB 2"; "" for all."""
    targets = DUCKDB_VERSIONS if among is None else among
    held = [version for version in targets if version in set(holding)]
    if len(held) == len(targets):
        return ""
    if held and held == list(targets[-len(held) :]):
        return f" on DuckDB {_brief(held[0])}" if len(held) == 1 else f" from DuckDB {_brief(held[0])} on"
    if held and held == list(targets[: len(held)]):
        return f" up to DuckDB {_brief(held[-1])}"
    return " on DuckDB " + " and ".join(map(_brief, held))


def _brief(version: str) -> str:
    return version.removesuffix(".0") if version != "1.0" else version


def dagster_version(version: str) -> str:
    """The member of :data:`DAGSTER_VERSIONS` for ``version``: the newest that is not newer, else the oldest."""
    return _nearest(version, DAGSTER_VERSIONS)


def dagster_holds(targets: tuple[str, ...] | None, *, since: str = DAGSTER_CHANGES[0], until: str = "") -> str | None:
    """On which of the target versions holds what began with ``since`` and ended before ``until``.

    None: on none of them; "" on all of them; else words such as ``on Dagster 1.7 and later``.
    """
    first, end = DAGSTER_CHANGES.index(since), DAGSTER_CHANGES.index(until) if until else len(DAGSTER_CHANGES)
    span = DAGSTER_CHANGES[first:end]
    wanted = DAGSTER_CHANGES if targets is None else targets
    if not set(span) & set(wanted):
        return None
    if set(wanted) <= set(span):
        return ""
    return f"before Dagster {until}" if until else f"on Dagster {since} and later"


def _columns(cell: str) -> list[str]:
    columns = cell.split(" ")
    return columns if len(columns) > 1 else columns * len(DUCKDB_VERSIONS)


@cache
def _kinds(section: str, receiver: Receiver, name: str, versions: tuple[str, ...] | None) -> frozenset[ResultKind]:
    columns = _columns(_table("duckdb.json")[section].get(receiver, {}).get(name, "-"))
    found: set[ResultKind] = set()
    for version in DUCKDB_VERSIONS if versions is None else versions:
        at = DUCKDB_VERSIONS.index(version)
        if columns[at] == "-":
            earlier = any(column != "-" for column in columns[:at])
            found.add(ResultKind.REMOVED if earlier else ResultKind.ABSENT)
        else:
            found.update(ResultKind[kind] for kind in columns[at].split("|"))
    return frozenset(found)


def duckdb_result(
    receiver: Receiver,
    method: str,
    versions: tuple[str, ...] | None = None,
    *,
    lazy: bool = False,
    rows: bool = True,
    given: bool = False,
) -> frozenset[ResultKind]:
    """What ``receiver.method(...)`` gives, over ``versions`` (members of :data:`DUCKDB_VERSIONS`; None is all).

    ``lazy``: called with ``lazy=True`` (``pl``). ``rows=False``: the SQL handed over returns no rows (``sql`` of
    ``CREATE …``, ``INSERT …``). ``given``: a frame or Arrow object is handed over (``duckdb.df(frame)``,
    ``duckdb.arrow(table)``). A version without the method adds REMOVED or ABSENT; an attribute that is no method is
    not looked for here. Beware: reading any other name on a relation is a column of it, hence a relation.
    """
    for variant, wanted in (("lazy", lazy), ("no rows", not rows), ("given", given)):
        name = f"{method}: {variant}"
        if wanted and name in _table("duckdb.json")["variants"].get(receiver, {}):
            return _kinds("variants", receiver, name, versions)
    return _kinds("results", receiver, method, versions)


def duckdb_giving(receiver: Receiver, method: str, kind: ResultKind, *, lazy: bool = False) -> tuple[str, ...]:
    """The versions in which ``receiver.method(...)`` may give that kind."""
    return tuple(v for v in DUCKDB_VERSIONS if kind in duckdb_result(receiver, method, (v,), lazy=lazy))


def duckdb_attribute(receiver: Receiver, name: str, versions: tuple[str, ...] | None = None) -> frozenset[ResultKind]:
    """What reading the property ``receiver.name`` gives; methods are not among them."""
    return _kinds("attributes", receiver, name, versions)


def duckdb_methods(receiver: Receiver, versions: tuple[str, ...] | None = None) -> frozenset[str]:
    """The methods (for "module" the functions) that any of ``versions`` has."""
    return frozenset(
        name
        for name in _table("duckdb.json")["results"][receiver]
        if not all(kind.is_missing for kind in _kinds("results", receiver, name, versions))
    )


def duckdb_holding(receiver: Receiver, name: str) -> tuple[str, ...]:
    """The versions in which ``receiver`` has a public method, property, function, class or submodule ``name``."""
    table = _table("duckdb.json")
    if receiver == "module":
        return tuple(v for v in DUCKDB_VERSIONS if name in duckdb_names(v) or name in table["exceptions"])
    columns = zip(
        _columns(table["results"][receiver].get(name, "-")), _columns(table["attributes"][receiver].get(name, "-"))
    )
    return tuple(v for v, (method, attribute) in zip(DUCKDB_VERSIONS, columns) if (method, attribute) != ("-", "-"))


def duckdb_deprecations(receiver: Receiver, name: str) -> dict[str, str]:
    """The versions that deprecate a name, each with the name that it gives instead."""
    columns = _columns(_table("duckdb.json")["deprecated"][receiver].get(name, "-"))
    return {version: instead for version, instead in zip(DUCKDB_VERSIONS, columns) if instead != "-"}


def duckdb_removal(receiver: Receiver, name: str) -> str:
    """What DuckDB 2 itself says to write instead of a method that it took away; "" where it says nothing."""
    instead: str = _table("duckdb.json")["removed"][receiver].get(name, "")
    return instead


def duckdb_names(version: str) -> frozenset[str]:
    """Every public name that ``import duckdb`` gives in that version: functions, classes, constants, submodules."""
    return _present("duckdb.json", "names", DUCKDB_VERSIONS.index(version))


def duckdb_gives_itself(receiver: Receiver, method: str) -> bool:
    """The call gives the very connection it is made on (``conn.execute(...) is conn``)."""
    kinds = _kinds("results", receiver, method, None)
    return receiver == "connection" and ResultKind.CONNECTION in kinds and method not in _NEW_HANDLES


def duckdb_opens(receiver: Receiver, method: str) -> bool:
    """The call gives a connection that somebody must close: ``duckdb.connect``, ``cursor``, ``duplicate``."""
    if receiver == "module":
        return method == "connect" or method in _NEW_HANDLES
    return receiver == "connection" and method in _NEW_HANDLES


def duckdb_uses_default_connection(function: str) -> bool:
    """``duckdb.<function>()`` works on the process-wide default connection unless handed ``connection=``."""
    return function in _table("duckdb.json")["default connection"]


def duckdb_exceptions() -> Mapping[str, str]:
    """DuckDB's exceptions: name to name of the base; the roots' base is ``Exception``.

    The tree is the same in all versions, but not all versions export every name: see :func:`duckdb_names`.
    """
    tree: dict[str, str] = _table("duckdb.json")["exceptions"]
    return tree


@cache
def _present(table: str, section: str, at: int) -> frozenset[str]:
    return frozenset(name for name, bits in _table(table)[section].items() if bits[at] == "1")


def dagster_names(version: str) -> frozenset[str]:
    """Every public name of the package ``dagster`` in that version (a member of :data:`DAGSTER_VERSIONS`)."""
    return _present("dagster.json", "names", DAGSTER_VERSIONS.index(version))


@cache
def _homes() -> dict[str, str]:
    homes: dict[str, Iterable[str]] = _table("dagster.json")["homes"]
    return {f"{module}.{name}": name for module, names in homes.items() for name in names}


def dagster_public_name(dotted: str) -> str | None:
    """The public name of what ``dotted`` names: ``asset`` for ``dagster.asset`` and for its private home; else None."""
    package, _, name = dotted.rpartition(".")
    if package == "dagster":
        return name if name in _table("dagster.json")["names"] else None
    return _homes().get(dotted)


def dagster_decorators() -> Mapping[str, str]:
    """Dagster's decorators of functions: name to role.

    ``compute``: the body runs as a step. ``compose``: the body only wires others. ``define``: it makes a sensor, a
    schedule, a resource, an IO manager or the like.
    """
    decorators: dict[str, str] = _table("dagster.json")["decorators"]
    return decorators


def context_classes() -> frozenset[str]:
    """The public classes of contexts: ``AssetExecutionContext``, ``OpExecutionContext`` and their like."""
    return frozenset(_table("dagster.json")["contexts"])


def context_members(name: str, version: str) -> frozenset[str]:
    """Public attributes and methods of that context class, inherited ones too; empty where the version lacks it."""
    at = DAGSTER_VERSIONS.index(version)
    members: dict[str, str] = _table("dagster.json")["contexts"].get(name, {})
    return frozenset(member for member, bits in members.items() if bits[at] == "1")
