"""A value that leaves an asset, said as JSON: comparable between two processes; what reading would use up is left."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

_ROWS = 20  # that are told of a frame
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def facts_of(value: Any) -> dict[str, Any]:
    """Type, number of rows where it has rows, a digest of the whole and a readable beginning of it."""
    kind = type(value)
    facts: dict[str, Any] = {"type": kind.__name__, "module": kind.__module__}
    said = plain(value)
    facts["digest"] = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
    if isinstance(said, dict) and "rows" in said and "columns" in said:
        facts["rows"] = len(said["rows"])
        facts["value"] = [dict(zip(said["columns"], row)) for row in said["rows"][:_ROWS]]
    else:
        if isinstance(value, (list, tuple, dict, set)):
            facts["rows"] = len(value)
        text = json.dumps(said)
        facts["value"] = said if len(text) < 4000 else text[:4000]
    return facts


def plain(value: Any) -> Any:
    """``value`` in terms of JSON; what JSON lacks as text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=repr)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    frame = _frame(value)
    return frame if frame is not None else _ADDRESS.sub("", repr(value))


def _frame(value: Any) -> dict[str, Any] | None:
    kind, module = type(value).__name__, type(value).__module__.partition(".")[0]
    if (module, kind) == ("pandas", "DataFrame"):
        rows: Any = value.itertuples(index=False, name=None)
        columns = [str(column) for column in value.columns]
    elif (module, kind) == ("pandas", "Series"):
        rows, columns = [(each,) for each in value], [str(value.name)]
    elif (module, kind) == ("polars", "DataFrame"):
        rows, columns = value.iter_rows(), list(value.columns)
    elif (module, kind) == ("pyarrow", "Table"):
        rows, columns = zip(*(column.to_pylist() for column in value.columns)), list(value.column_names)
    else:
        return None
    return {"type": kind, "columns": columns, "rows": [[_cell(each) for each in row] for row in rows]}


def _cell(value: Any) -> Any:
    """A cell; the kinds of missing values and of numbers that libraries have are made one."""
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        try:
            value = value.item()
        except (TypeError, ValueError):
            pass
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    return plain(value)
