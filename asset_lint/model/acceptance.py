"""Which values Dagster takes as metadata: measured with every kind on Dagster 1.5 to 1.13, which agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import pydata
from .pykinds import PyKind
from .values import Box, Data, Value

if TYPE_CHECKING:
    from .metadata import MetadataEntry

K = PyKind
PLAIN = frozenset((K.NONE, K.BOOL, K.INT, K.FLOAT, K.STR, K.LIST, K.DICT))
INSIDE = PLAIN | {K.TUPLE, K.NP_FLOAT}  # of a list or dict: what `json` writes
TEXTS = frozenset((K.NONE, K.STR))

#: What is taken as a value, by the method of ``MetadataValue`` that it is wrapped in.
TAKEN: dict[str, frozenset[PyKind]] = {
    "": PLAIN,
    "int": frozenset((K.NONE, K.INT, K.BOOL)),
    "float": frozenset((K.NONE, K.FLOAT)),
    "bool": frozenset((K.NONE, K.BOOL)),
    "text": TEXTS,
    "md": TEXTS,
    "path": TEXTS,
    "url": TEXTS,
    "notebook": TEXTS,
    "json": frozenset((K.NONE, K.STR, K.LIST, K.DICT, K.TUPLE)),
    "timestamp": frozenset((K.FLOAT, K.DATETIME, K.TIMESTAMP)),
}


def refused(entry: MetadataEntry) -> list[Data]:
    """The values that an entry has on some path and that Dagster does not take there."""
    if entry.wrapper == "mapping":
        inner = [v for value in entry.values if isinstance(value, Box) for item in value.items for v in item]
        return list(_refused(inner, PLAIN, "")) if all(_is_dict(value) for value in entry.values) else []
    taken = INSIDE if entry.nested else TAKEN.get(entry.wrapper)
    if taken is None:
        return []
    return list(_refused(pydata.certain(entry.place.node, entry.values), taken, entry.wrapper))


def _is_dict(value: Value) -> bool:
    return isinstance(value, Box) and value.kind == "dict"


def _refused(values: Iterable[Value], taken: frozenset[PyKind], wrapper: str) -> Iterator[Data]:
    for value in values:
        data = pydata.data_of(value)
        if data is not None and data.kinds and data.kinds.isdisjoint(taken):
            yield data
        elif isinstance(value, Box) and wrapper in ("", "json"):
            for item in value.items:
                yield from _refused(item, INSIDE, wrapper)


def always_refused(entry: MetadataEntry) -> bool:
    """Whether an entry is refused on every path, itself and not for what it holds."""
    bad = refused(entry)
    return all((data := pydata.data_of(value)) is not None and data in bad for value in entry.values)
