"""What a hole is to the SQL around it, and whether a bound parameter could stand there."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .sql import Statement

_HOLE = re.compile(r"hole_(\d+)_")
NEVER_BOUND = frozenset("Attach Detach Pragma Command Use Drop Alter Comment Describe Describe Install".split())
NOT_INSIDE = frozenset("Extract Columns Pivot PivotAny JSONExtract JSONExtractScalar Properties ColumnDef".split())
COMPARISONS = frozenset("EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Like ILike".split())
COPY_SINCE = (1, 4)
SET_SINCE = (1, 2)


class Slot(enum.Enum):
    """What a hole is to SQL."""

    LITERAL = "a whole quoted literal"
    IN_LITERAL = "a part of a quoted literal"
    OPERAND = "an operand without quotes"
    FILE = "the path of a file that a function reads"


def slot_of(statement: Statement, number: int, versions: Sequence[str] | None) -> Slot | None:
    """What a hole is, None where no parameter can be bound in every one of ``versions`` (None: any), or that is
    unclear."""
    tree = statement.tree
    if tree is None or type(tree).__name__ in NEVER_BOUND:
        return None
    word = f"hole_{number}_"
    slots = {_slot(node, word, versions) for node in tree.walk() if _holds(node, word)}
    return slots.pop() if len(slots) == 1 else None


def _holds(node: Any, word: str) -> bool:
    """Whether a leaf of the tree holds the hole."""
    kind = type(node).__name__
    if kind in ("Literal", "Identifier", "Var", "Parameter", "Placeholder", "Anonymous", "Command", "DataType"):
        return word in str(node.args.get("this") or node.args.get("kind") or "")
    return False


def _slot(node: Any, word: str, versions: Sequence[str] | None) -> Slot | None:
    parents = list(_ancestors(node))
    kinds = [type(parent).__name__ for parent in parents]
    if NOT_INSIDE & set(kinds) or not _binds(kinds, parents[-1] if parents else node, versions):
        return None
    if type(node).__name__ == "Literal" and node.is_string:
        if _is_of_table_function(node, parents):
            return Slot.FILE
        if kinds[0] == "Copy":
            return Slot.FILE if _all_from(versions, COPY_SINCE) else None
        return Slot.LITERAL if node.this == word else Slot.IN_LITERAL
    column = parents[0] if parents else None
    if kinds[:1] != ["Column"] or column is None or column.name != word or column.table:
        return None
    return Slot.OPERAND if _is_value(column, parents[1]) else None


def _ancestors(node: Any) -> Iterator[Any]:
    while (node := node.parent) is not None:
        yield node


def _binds(kinds: list[str], root: Any, versions: Sequence[str] | None) -> bool:
    """Whether a statement takes parameters where it stands."""
    kind = type(root).__name__
    if kind == "Create":
        return str(root.args.get("kind", "")).upper() == "TABLE" and any(
            k in ("Select", "Values", "Union") for k in kinds
        )
    if kind == "Set":
        variable = any(str(item.args.get("kind") or "").upper() == "VARIABLE" for item in root.expressions)
        return variable or _all_from(versions, SET_SINCE)
    if kind == "Copy" and kinds[0] != "Copy":
        return "Select" in kinds
    return kind in ("Select", "Union", "Except", "Intersect", "Values", "Insert", "Update", "Delete", "Merge", "Copy",
                    "Subquery")  # fmt: skip


def _all_from(versions: Sequence[str] | None, since: tuple[int, int]) -> bool:
    return versions is not None and all(tuple(map(int, version.split("."))) >= since for version in versions)


def _is_of_table_function(node: Any, parents: list[Any]) -> bool:
    """Whether a literal is what a function in the place of a table reads: ``read_parquet('…')``, ``glob('…')``."""
    for parent in parents:
        kind = type(parent).__name__
        if kind == "Table":
            return True
        if kind in ("Select", "Subquery"):
            return False
    return False


def _is_value(column: Any, parent: Any) -> bool:
    """Whether only a value, no name, can stand where a bare word does."""
    kind = type(parent).__name__
    if kind in COMPARISONS:
        other = parent.args["this"]
        return parent.args.get("expression") is column and not _HOLE.search(other.sql())
    if kind == "Between":
        return parent.args.get("this") is not column
    return kind == "Tuple" and type(parent.parent).__name__ == "Values"
