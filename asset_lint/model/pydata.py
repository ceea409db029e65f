"""What operations on Python values give: attributes, methods, operators, functions, by the tables of
:mod:`.pykinds`."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .index import Place
from .knowledge.kinds import ResultKind
from .pykinds import (
    ATTRIBUTES,
    BY_ANNOTATION,
    COLUMNS,
    FRAME_ATTRIBUTES,
    FUNCTIONS,
    METHODS,
    MOMENTS,
    NUMPY,
    REAL,
    SHAPING,
    WHOLE,
    PyKind,
    Shape,
    shape_of,
)
from .values import ANY, Alternatives, Box, Const, Data, Method, Result, Value

OF_RESULTS = {
    ResultKind.FRAME_PANDAS: PyKind.FRAME,
    ResultKind.FRAME_POLARS: PyKind.POLARS_FRAME,
    ResultKind.LAZY_POLARS: PyKind.POLARS_LAZY,
    ResultKind.ARROW_TABLE: PyKind.ARROW_TABLE,
    ResultKind.ROWS: PyKind.LIST,
    ResultKind.DICTS: PyKind.LIST,
    ResultKind.NUMPY: PyKind.DICT,
}
OF_CONSTANTS = {type(None): PyKind.NONE, bool: PyKind.BOOL, int: PyKind.INT, float: PyKind.FLOAT, str: PyKind.STR}
OF_BOXES = {"list": PyKind.LIST, "tuple": PyKind.TUPLE, "set": PyKind.SET, "dict": PyKind.DICT}
BUILTINS = {
    "len": PyKind.INT, "int": PyKind.INT, "float": PyKind.FLOAT, "bool": PyKind.BOOL, "isinstance": PyKind.BOOL,
    "hasattr": PyKind.BOOL, "id": PyKind.INT, "repr": PyKind.STR, "type": PyKind.TYPE, "range": PyKind.RANGE,
    "str": PyKind.STR, "frozenset": PyKind.SET,
}  # fmt: skip
_NUMBERS = WHOLE | REAL


def data_of(value: Value) -> Data | None:
    """The kinds that a value has, None where they can't be told."""
    if isinstance(value, Data):
        return value
    if isinstance(value, Result):
        kind = OF_RESULTS.get(value.kind)
        return Data(frozenset((kind,)), made=value.made) if kind else None
    if isinstance(value, Const):
        kind = OF_CONSTANTS.get(type(value.value))
        return Data(frozenset((kind,))) if kind else None
    if isinstance(value, Box):
        kind = OF_BOXES.get(value.kind)
        return Data(frozenset((kind,))) if kind else None
    if isinstance(value, Method) and value.name not in FRAME_ATTRIBUTES:
        owner = data_of(value.receiver) if isinstance(value.receiver, (Data, Result)) else None
        if owner is not None and owner.kinds == {PyKind.FRAME}:
            return Data(frozenset((PyKind.SERIES,)), owner.item, owner.made)  # `frame.amount`
    return None


def certain(node: ast.AST, values: Alternatives) -> list[Value]:
    """Those of the values of an expression that it really has on some path.

    A constant or container counts only where it is all there is and stands there, or in the variable that does: what
    is looked up in a dict or an object may have been changed since.
    """
    looked_up = isinstance(node, (ast.Subscript, ast.Attribute)) or (
        isinstance(node, ast.Call) and not isinstance(node.func, ast.Name)
    )
    alone = len(values) == 1 and not looked_up
    return [v for v in values if isinstance(v, (Data, Result)) or alone]


def made(kind: PyKind, place: Place | None) -> Data:
    """A value of one kind, made at a place."""
    return Data(frozenset((kind,)), made=place)


def of_annotation(name: str) -> Data | None:
    """What an annotation of that dotted name promises."""
    kind = BY_ANNOTATION.get(name)
    return Data(frozenset((kind,))) if kind else None


def _looked_up(table: dict[PyKind, dict[str, str]], owner: Data, name: str, place: Place | None) -> Alternatives | None:
    kinds: set[PyKind] = set()
    items: set[PyKind | None] = set()
    for kind in owner.kinds:
        cell = table.get(kind, {}).get(name)
        if cell is None or (cell == "item" and owner.item is None):
            return None
        found = _read(cell, kind, owner.item)
        if kind is PyKind.FRAME and owner.item is not None and cell == "series":
            found = Shape(found.kinds, _REDUCED.get(name))
        elif kind is PyKind.SERIES and owner.item in _WHOLE_ITEMS:
            found = Shape(_narrowed(found.kinds, name), found.item)
        kinds |= found.kinds
        items.add(found.item)
    items.discard(None)
    return (Data(frozenset(kinds), items.pop() if len(items) == 1 else None, place),)


_REDUCED = {"any": PyKind.NP_BOOL, "all": PyKind.NP_BOOL, "sum": PyKind.NP_INT, "mean": PyKind.NP_FLOAT}
_WHOLE_ITEMS = frozenset((PyKind.NP_BOOL, PyKind.NP_INT))


def _read(cell: str, kind: PyKind, item: PyKind | None) -> Shape:
    if cell == "self":
        return Shape(frozenset((kind,)), item if kind in COLUMNS else None)
    if cell == "item":
        return Shape(frozenset((item,)) if item else frozenset())
    return shape_of(cell)


def _narrowed(kinds: frozenset[PyKind], name: str) -> frozenset[PyKind]:
    """What a column of bools or integers is reduced to: its sum is an integer, its mean is none."""
    if kinds <= {PyKind.NP_INT, PyKind.NP_FLOAT, PyKind.TIMESTAMP} and len(kinds) > 1:
        return frozenset((PyKind.NP_INT if name in ("sum", "prod") else PyKind.NP_FLOAT,))
    return kinds


def attribute(value: Value, name: str, place: Place) -> Alternatives | None:
    """``value.name`` where it is a property of a known kind."""
    owner = data_of(value)
    return None if owner is None else _looked_up(ATTRIBUTES, owner, name, place)


def method(value: Value, name: str, keywords: Iterable[str], place: Place) -> Alternatives | None:
    """``value.name(…)`` where the kinds of both are known."""
    owner = data_of(value)
    if owner is None or (not SHAPING.isdisjoint(keywords) and PyKind.FRAME not in owner.kinds):
        return None
    if name == "item" and owner.kinds <= NUMPY:
        return (Data(frozenset(_PLAIN[kind] for kind in owner.kinds), made=place),)
    return _looked_up(METHODS, owner, name, place)


_PLAIN = {PyKind.NP_INT: PyKind.INT, PyKind.NP_FLOAT: PyKind.FLOAT, PyKind.NP_BOOL: PyKind.BOOL}


def function(name: str, keywords: Iterable[str], place: Place) -> Alternatives | None:
    """A library's function or class of that dotted name, called."""
    cell = FUNCTIONS.get(name)
    if cell is None or not SHAPING.isdisjoint(keywords):
        return None
    shape = shape_of(cell)
    return (Data(shape.kinds, shape.item, place),)


def builtin(name: str, arguments: tuple[Alternatives, ...], place: Place) -> Alternatives | None:
    """A builtin function, called."""
    if kind := BUILTINS.get(name):
        return (made(kind, place),)
    if name == "round" and len(arguments) == 1:
        return (made(PyKind.INT, place),)
    if name in ("abs", "round", "min", "max") and arguments:
        given = arguments[:1] if name in ("abs", "round") else arguments
        found = [_as_number(data_of(v)) for values in given for v in values]
        if (len(given) > 1 or name in ("abs", "round")) and all(found):
            return (Data(frozenset(kind for kinds in found for kind in kinds), made=place),)
    return None


def item(value: Value, index: ast.expr, at: Alternatives, place: Place) -> Alternatives | None:
    """``value[index]``."""
    if isinstance(value, Method) and value.name == "loc":
        return _located(value.receiver, index, place)
    owner = data_of(value)
    if owner is None:
        return None
    if owner.kinds == {PyKind.TUPLE} and owner.item is not None:
        return (made(owner.item, place),)
    picked = [data_of(v) for v in at]
    if owner.kinds == {PyKind.FRAME}:
        kinds = {_picked(d, index) for d in picked}
        if None in kinds:
            return (Data(COLUMNS, owner.item, place),) if _is_name(index) else None
        return (Data(frozenset(k for k in kinds if k), owner.item, place),)
    if owner.kinds == {PyKind.SERIES} and all(d and d.kinds == {PyKind.SERIES} for d in picked):
        return (Data(owner.kinds, owner.item, place),)
    if owner.kinds == {PyKind.POLARS_FRAME} and all(d and d.kinds == {PyKind.STR} for d in picked):
        return (made(PyKind.POLARS_SERIES, place),)
    return None


def _picked(at: Data | None, index: ast.expr) -> PyKind | None:
    """What a DataFrame gives for an index."""
    if isinstance(index, ast.Slice):
        return PyKind.FRAME
    if at is None or not at.kinds:
        return None
    if at.kinds <= {PyKind.STR, PyKind.TUPLE}:
        return PyKind.SERIES
    return PyKind.FRAME if at.kinds <= {PyKind.LIST, PyKind.SERIES, PyKind.FRAME, PyKind.INDEX} else None


def _is_name(index: ast.expr) -> bool:
    """Whether an index is a variable: a column's name, or a list of them."""
    return isinstance(index, ast.Name)


def _located(value: Value, index: ast.expr, place: Place) -> Alternatives | None:
    """``frame.loc[rows, column]`` with rows picked by a comparison."""
    owner = data_of(value)
    if owner is None or owner.kinds != {PyKind.FRAME} or not isinstance(index, ast.Tuple) or len(index.elts) != 2:
        return None
    rows, column = index.elts
    if not isinstance(rows, (ast.Compare, ast.UnaryOp, ast.BinOp, ast.Slice)):
        return None
    named = isinstance(column, ast.Constant) and isinstance(column.value, str)
    return (Data(frozenset((PyKind.SERIES,)), owner.item, place),) if named else None


def compared(sides: Iterable[Alternatives], operators: Iterable[ast.cmpop], place: Place) -> Alternatives | None:
    """A comparison: of a column one for each row, of numpy's numbers numpy's bool."""
    if any(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in operators):
        return (made(PyKind.BOOL, place),)
    found = [data_of(v) for values in sides for v in values]
    for data in found:
        if data is not None and data.kinds <= COLUMNS and len(data.kinds) == 1:
            return (Data(data.kinds, PyKind.NP_BOOL, place),)
    if all(data and data.kinds <= _NUMBERS | {PyKind.NP_BOOL} for data in found):
        numpy = any(data and data.kinds <= NUMPY for data in found)
        return (made(PyKind.NP_BOOL if numpy else PyKind.BOOL, place),)
    return None


def negated(op: ast.unaryop, values: Alternatives, place: Place) -> Alternatives | None:
    """``not x``, ``-x``, ``~x``."""
    if isinstance(op, ast.Not):
        return (made(PyKind.BOOL, place),)
    kept = [d for v in values if (d := data_of(v)) and d.kinds <= COLUMNS | _NUMBERS - {PyKind.BOOL}]
    return tuple(Data(d.kinds, d.item, place) for d in kept) if len(kept) == len(values) else None


def operated(op: ast.operator, left: Alternatives, right: Alternatives, place: Place) -> Alternatives | None:
    """``left op right``, None where none of the sides is such a value."""
    if not any(isinstance(v, (Data, Result, Method)) for values in (left, right) for v in values):
        return None
    found: dict[Value, None] = {}
    for first in left:
        for second in right:
            one, other = data_of(first), data_of(second)
            known = _operated(op, one, other) if one and other else _column(op, one or other)
            if known is None:
                return None
            found[Data(known.kinds, known.item, place)] = None
    return tuple(found) or ANY


def _column(op: ast.operator, one: Data | None) -> Data | None:
    """A column combined with anything stays one."""
    if one is None or one.kinds not in ({PyKind.SERIES}, {PyKind.FRAME}):
        return None
    return Data(one.kinds, PyKind.NP_BOOL if isinstance(op, (ast.BitAnd, ast.BitOr)) and one.item else None)


def _operated(op: ast.operator, one: Data, other: Data) -> Data | None:
    for data in (one, other):
        if data.kinds in ({PyKind.SERIES}, {PyKind.FRAME}):
            return _column(op, data)
    if (numbers := _as_number(one)) and (others := _as_number(other)):
        return Data(frozenset(_number(op, a, b) for a in numbers for b in others))
    if isinstance(op, ast.Sub) and one.kinds <= MOMENTS and other.kinds <= MOMENTS:
        return Data(frozenset((PyKind.TIMEDELTA,)))
    if isinstance(op, (ast.Add, ast.Sub)) and one.kinds <= MOMENTS and other.kinds == {PyKind.TIMEDELTA}:
        return Data(one.kinds)
    if PyKind.DECIMAL in one.kinds | other.kinds and one.kinds | other.kinds <= {PyKind.DECIMAL, PyKind.INT}:
        return Data(frozenset((PyKind.DECIMAL,)))
    if isinstance(op, (ast.BitOr, ast.BitAnd, ast.Sub)) and one.kinds == other.kinds == {PyKind.SET}:
        return Data(one.kinds)
    return None


def _as_number(data: Data | None) -> frozenset[PyKind]:
    """The kinds of a number; empty for anything else. A mean that is worked on as a number is no time."""
    kinds = data.kinds - {PyKind.TIMESTAMP} if data is not None and data.kinds & REAL else data.kinds if data else NONE
    return kinds if kinds <= _NUMBERS else NONE


NONE: frozenset[PyKind] = frozenset()


def _number(op: ast.operator, one: PyKind, other: PyKind) -> PyKind:
    numpy = one in NUMPY or other in NUMPY
    if isinstance(op, ast.Div) or one in REAL or other in REAL:
        return PyKind.NP_FLOAT if numpy else PyKind.FLOAT
    return PyKind.NP_INT if numpy else PyKind.INT


__all__ = [
    "attribute", "builtin", "compared", "data_of", "function", "item", "made", "method", "negated", "of_annotation",
    "operated",
]  # fmt: skip
