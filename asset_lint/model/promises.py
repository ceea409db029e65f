"""What leaves a compute function against what its return annotation promises: the check that Dagster makes, measured
on Dagster 1.12 and 1.13."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import pydata
from .annotations import NONE, UNION, Declared, declared
from .decorators import Kind
from .index import Place
from .knowledge import dagster_public_name
from .pykinds import CLASSES, PyKind
from .values import ANY, Alternatives, Box, Const, Data, Result, Value

if TYPE_CHECKING:
    from .assets import Function

JUDGED = frozenset(name for names in CLASSES.values() for name in names.split()) | {NONE}
WRAPPERS = frozenset(("dagster.Output", "dagster.MaterializeResult"))
TYPED = frozenset(("dagster_type", "out", "outs", "ins"))  # arguments of decorators that say the type otherwise


class Breach(enum.Enum):
    """How a promise is broken."""

    KIND = "another kind of value"
    BARE = "not wrapped in an `Output`"
    WRAPPED = "wrapped in an `Output` or `MaterializeResult`"
    UNUSED_RESULT = "not a `MaterializeResult`"
    NOTHING = "nothing is returned"
    UNION = "a union, which Dagster refuses"
    PASSED = "`passed` is no bool"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A place where what leaves is not what is promised. ``found`` is what is there instead, if it is a plain value;
    ``always``: on every path."""

    place: Place
    breach: Breach
    promised: Declared
    found: Data | None = None
    always: bool = False


def mismatches_of(function: Function) -> list[Mismatch]:
    """What a compute function's results break of its promises, in the order of the source."""
    reader = _Reader(function)
    found = list(reader.passed() if function.kind in CHECKS else reader.all() if _is_plain(function) else ())
    return sorted(found, key=lambda each: each.place.span.start)


CHECKS = frozenset((Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK))


def _is_plain(function: Function) -> bool:
    """Whether Dagster takes the annotation as the type of the one output, and nothing comes between."""
    if function.kind not in (Kind.ASSET, Kind.OP) or function.node.returns is None or function.definition.is_generator:
        return False
    node = function.decorator
    call = node if isinstance(node, ast.Call) else None
    if call is not None and any(k.arg is None or k.arg in TYPED for k in call.keywords):
        return False
    assert function.project is not None
    head = call.func if call is not None else node
    name = function.project.names.external(head, function.definition.scope)
    below = function.node.decorator_list
    return dagster_public_name(name) in ("asset", "op") and (node not in below or below[-1] is node)


class _Reader:
    def __init__(self, function: Function) -> None:
        assert function.project is not None
        self.function = function
        self.names = function.project.names
        self.promise = declared(function.node.returns, function.definition.scope, self.names)

    def place(self, node: ast.AST) -> Place:
        return Place(self.function.module, node)

    def values(self, node: ast.expr) -> Alternatives:
        return self.function.run.values.get(node, ANY)

    def all(self) -> Iterator[Mismatch]:
        returns = self.function.node.returns
        assert returns is not None
        if _is_refused(self.promise):
            yield Mismatch(self.place(returns), Breach.UNION, self.promise, always=True)
            return
        exits = self.function.nodes(ast.Return)
        for node in exits:
            if node.value is None:
                yield from self.leaf(node, (Const(None),), self.promise)
            elif node.value in self.function.run.values:
                yield from self.leaving(node.value, self.promise)
        shown = not _is_stub(self.function.node.body) and not self.function.definition.elides
        if not exits and shown and self.function.run.ends:
            if fits(self.promise, Const(None)) is False and self.promise.name not in WRAPPERS:
                yield Mismatch(self.place(returns), Breach.NOTHING, self.promise, always=True)

    def leaving(self, node: ast.expr, promise: Declared) -> Iterator[Mismatch]:
        """What is wrong with a value that is returned; written containers are looked into."""
        if isinstance(node, ast.IfExp):
            yield from self.leaving(node.body, promise)
            yield from self.leaving(node.orelse, promise)
        elif isinstance(node, ast.Call) and self._class_of(node) and promise.name in WRAPPERS and promise.arguments:
            value = next((k.value for k in node.keywords if k.arg == "value"), node.args[0] if node.args else None)
            if value is not None and self._class_of(node) == promise.name:
                yield from self.leaving(value, promise.arguments[0])
        elif isinstance(node, ast.Dict) and promise.name == "builtins.dict" and len(promise.arguments) == 2:
            for value in node.values:
                yield from self.leaving(value, promise.arguments[1])
        elif isinstance(node, ast.List) and promise.name == "builtins.list" and promise.arguments:
            for element in node.elts:
                if not isinstance(element, ast.Starred):
                    yield from self.leaving(element, promise.arguments[0])
        else:
            yield from self.leaf(node, self.values(node), promise)

    def _class_of(self, node: ast.Call) -> str:
        public = dagster_public_name(self.names.external(node.func, self.function.definition.inner))
        return f"dagster.{public}" if public in ("Output", "MaterializeResult") else ""

    def leaf(self, node: ast.AST, values: Alternatives, promise: Declared) -> Iterator[Mismatch]:
        certain = pydata.certain(node, values)
        for value in certain:
            wrapped = isinstance(value, Box) and value.kind == "output"
            data = pydata.data_of(value)
            if promise.name in WRAPPERS:
                if wrapped or data is None:
                    continue
                if promise.name == "dagster.Output":
                    yield Mismatch(self.place(node), Breach.BARE, promise, data, len(certain) == len(values))
                    return
                if PyKind.NONE not in data.kinds:
                    yield Mismatch(self.place(node), Breach.UNUSED_RESULT, promise, data)
                    return
            elif wrapped and promise.name in JUDGED:
                yield Mismatch(self.place(node), Breach.WRAPPED, promise)
                return
            elif fits(promise, value) is False:
                always = all(fits(promise, other) is False for other in values)
                yield Mismatch(self.place(node), Breach.KIND, promise, data, always)
                return

    def passed(self) -> Iterator[Mismatch]:
        """Results of asset checks whose ``passed`` is no bool."""
        for node in self.function.nodes():
            if not isinstance(node, ast.Call):
                continue
            given = next((k.value for k in node.keywords if k.arg == "passed"), None)
            if given is None:
                continue
            public = dagster_public_name(self.names.external(node.func, self.function.definition.inner))
            if public == "AssetCheckResult":
                for mismatch in self.leaf(given, self.values(given), Declared("builtins.bool")):
                    yield Mismatch(mismatch.place, Breach.PASSED, mismatch.promised, mismatch.found, mismatch.always)


def _is_refused(promise: Declared) -> bool:
    """Whether Dagster refuses the annotation at definition: a union of more than one type and None, anywhere."""
    if promise.name == UNION and len([member for member in promise.arguments if member.name != NONE]) > 1:
        return all(member.name for member in promise.arguments)
    return promise.name in _CONTAINERS and any(_is_refused(argument) for argument in promise.arguments)


_CONTAINERS = frozenset(("builtins.dict", "builtins.list", "builtins.tuple", "builtins.set", UNION, "dagster.Output"))


def _is_stub(body: list[ast.stmt]) -> bool:
    return all(isinstance(s, ast.Pass) or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)) for s in body)


def fits(promise: Declared, value: Value) -> bool | None:
    """Whether a value passes the check of a type, None where that can't be told."""
    if promise.name == UNION:
        answers = [fits(member, value) for member in promise.arguments]
        return True if True in answers else None if None in answers else False
    data = pydata.data_of(value)
    if data is None or not data.kinds or promise.name not in JUDGED:
        return None
    answers = [_is_instance(promise, kind) for kind in data.kinds]
    if False not in answers:
        return _elements_fit(promise, value) if isinstance(value, Box) else True
    return None if True in answers else False


def _is_instance(promise: Declared, kind: PyKind) -> bool:
    if promise.name == NONE:
        return kind is PyKind.NONE
    return promise.name in CLASSES.get(kind, "").split()


def _elements_fit(promise: Declared, box: Box) -> bool | None:
    """Whether what a container holds passes too; a list or dict of one type of elements."""
    if not promise.arguments or promise.name not in ("builtins.list", "builtins.dict", "builtins.set"):
        return True
    inner = promise.arguments[-1]
    found = [fits(inner, v) for item in box.items for v in item if isinstance(v, (Data, Result))]
    return False if False in found else None
