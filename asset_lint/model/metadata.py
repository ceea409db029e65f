"""The metadata that a function adds, in every way there is: on the context, in results, materializations and checks.

A mapping that is built up first (``facts = {}``, ``facts["rows"] = …``, ``facts.update(…)``) counts with all that is
put into it.
"""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, bodies

from .index import Place
from .knowledge import dagster_public_name
from .values import ANY, Alternatives, Data

if TYPE_CHECKING:
    from .assets import Function

MAX_DEPTH = 6  # mappings put into mappings
Binding = ast.Assign | ast.AnnAssign
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class MetadataWay(enum.Enum):
    """How metadata is added; the value is the name of the method or class."""

    ADD_OUTPUT = "add_output_metadata"
    ADD_ASSET = "add_asset_metadata"
    OUTPUT = "Output"
    DYNAMIC_OUTPUT = "DynamicOutput"
    RESULT = "MaterializeResult"
    MATERIALIZATION = "AssetMaterialization"
    OBSERVATION = "AssetObservation"
    OBSERVE_RESULT = "ObserveResult"
    CHECK_RESULT = "AssetCheckResult"
    FAILURE = "Failure"

    @property
    def describes_asset(self) -> bool:
        """Whether it ends up at the asset's materialization."""
        return self in _OF_ASSETS


_OF_ASSETS = frozenset(
    (
        MetadataWay.ADD_OUTPUT, MetadataWay.ADD_ASSET, MetadataWay.OUTPUT, MetadataWay.RESULT,
        MetadataWay.MATERIALIZATION,
    )
)  # fmt: skip
_METHODS = {way.value: way for way in (MetadataWay.ADD_OUTPUT, MetadataWay.ADD_ASSET)}
_CLASSES = {way.value: way for way in MetadataWay if way not in _METHODS.values()}


@dataclass(frozen=True, slots=True)
class MetadataEntry:
    """One value that Dagster gets as metadata.

    ``key`` is "" where the code doesn't tell. ``values`` is what the data flow knows of it. ``wrapper`` is the ``int``
    of ``MetadataValue.int(…)``, whose argument ``place`` then is, or "mapping": it is all that is added, hidden from
    sight. ``nested``: it stands inside of a list or dict.
    """

    key: str
    place: Place
    values: Alternatives
    wrapper: str = ""
    nested: bool = False

    @property
    def refused(self) -> list[Data]:
        """The values that it has on some path and that Dagster does not take there."""
        from .acceptance import refused

        return refused(self)

    @property
    def always_refused(self) -> bool:
        """Whether it is refused on every path, itself and not for what it holds."""
        from .acceptance import always_refused

        return always_refused(self)


@dataclass(frozen=True, slots=True)
class MetadataCall:
    """One call that adds metadata. ``complete``: ``entries`` is all that is added, nothing is hidden from sight."""

    place: Place
    way: MetadataWay
    entries: tuple[MetadataEntry, ...]
    complete: bool

    @property
    def adds(self) -> bool:
        """Whether it adds anything at all."""
        return bool(self.entries) or not self.complete


def metadata_of(function: Function) -> list[MetadataCall]:
    """The calls of a function's own body that add metadata, in the order of the source."""
    if b"metadata" not in function.module.source.data:
        return []
    return list(_Reader(function).calls())


class _Reader:
    def __init__(self, function: Function) -> None:
        assert function.project is not None
        self.function = function
        self.names = function.project.names
        self.scope = function.definition.inner
        self.complete = True

    def calls(self) -> Iterator[MetadataCall]:
        for node in self.function.nodes(ast.Call):
            if (found := self._mapping(node)) is not None:
                way, mapping = found
                self.complete = True
                entries = tuple(self.entries(mapping, node))
                yield MetadataCall(self.place(node), way, entries, self.complete)

    def _mapping(self, node: ast.Call) -> tuple[MetadataWay, ast.expr] | None:
        """How a call adds metadata, and the mapping that it is given."""
        given = next((k.value for k in node.keywords if k.arg == "metadata"), None)
        if isinstance(node.func, ast.Attribute) and (way := _METHODS.get(node.func.attr)):
            given = given or next((a for a in node.args[:1] if not isinstance(a, ast.Starred)), None)
            return (way, given) if given is not None else None
        if given is None:
            return None
        public = dagster_public_name(self.names.external(node.func, self.scope))
        way = _CLASSES.get(public or "")
        return (way, given) if way is not None else None

    def place(self, node: ast.AST) -> Place:
        return Place(self.function.module, node)

    def values(self, node: ast.expr) -> Alternatives:
        return self.function.run.values.get(node, ANY)

    # ---- mappings ------------------------------------------------------------------------------------------------

    def entries(self, node: ast.expr, call: ast.Call, depth: int = 0) -> Iterator[MetadataEntry]:
        """The entries of a mapping, as far as the code shows them."""
        if depth > MAX_DEPTH:
            self.complete = False
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if key is None:
                    yield from self.entries(value, call, depth + 1)
                else:
                    yield from self.entry(_text(key), value)
        elif isinstance(node, ast.BoolOp):  # `metadata or {}`
            for operand in node.values:
                yield from self.entries(operand, call, depth + 1)
        elif isinstance(node, ast.IfExp):
            yield from self.entries(node.body, call, depth + 1)
            yield from self.entries(node.orelse, call, depth + 1)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            yield from self.entries(node.left, call, depth + 1)
            yield from self.entries(node.right, call, depth + 1)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            for argument in node.args:
                yield from self.entries(argument, call, depth + 1)
            for keyword in node.keywords:
                if keyword.arg is None:
                    yield from self.entries(keyword.value, call, depth + 1)
                else:
                    yield from self.entry(keyword.arg, keyword.value)
        elif isinstance(node, ast.DictComp):
            self.complete = False
            yield from self.entry("", node.value)
        elif isinstance(node, ast.Name):
            yield from self.built(node, call, depth)
        elif not (isinstance(node, ast.Constant) and node.value is None):
            self.complete = False
            if not isinstance(node, ast.Constant):
                yield MetadataEntry("", self.place(node), self.values(node), wrapper="mapping")

    def built(self, name: ast.Name, call: ast.Call, depth: int) -> Iterator[MetadataEntry]:
        """The entries of a mapping that a variable holds: of what it was bound to, and what was put into it."""
        bindings = list(_bindings(self.function.node.body, name.id, call))
        if not bindings:
            self.complete = False
            yield MetadataEntry("", self.place(name), self.values(name), wrapper="mapping")
            return
        first, end = min(map(_start, bindings)), _start(call)
        for binding in bindings:
            if binding.value is None or name.id in {n.id for n in all_nodes(binding.value) if isinstance(n, ast.Name)}:
                self.complete = False
            else:
                yield from self.entries(binding.value, call, depth + 1)
        changing: Sequence[ast.Assign | ast.AugAssign | ast.Call] = self.function.nodes(
            ast.Assign, ast.AugAssign, ast.Call
        )
        for node in changing:
            if first < _start(node) < end:
                yield from self.put(node, name.id, call, depth)

    def put(self, node: ast.AST, name: str, call: ast.Call, depth: int) -> Iterator[MetadataEntry]:
        """What a statement or call puts into the mapping ``name``."""
        match node:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=held), slice=key)], value=value) if held == name:
                yield from self.entry(_text(key), value)
            case ast.AugAssign(target=ast.Name(id=held), op=ast.BitOr(), value=value) if held == name:
                yield from self.entries(value, call, depth + 1)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=held), attr="update")) if held == name:
                for argument in node.args:
                    yield from self.entries(argument, call, depth + 1)
                for keyword in node.keywords:
                    if keyword.arg is None:
                        yield from self.entries(keyword.value, call, depth + 1)
                    else:
                        yield from self.entry(keyword.arg, keyword.value)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=held), attr="setdefault"), args=[key, value]) if (
                held == name
            ):
                yield from self.entry(_text(key), value)
            case ast.Call() if any(isinstance(a, ast.Name) and a.id == name for a in node.args):
                self.complete = self.complete and node is call  # a function may put in what it likes

    # ---- values --------------------------------------------------------------------------------------------------

    def entry(self, key: str, node: ast.expr, *, wrapper: str = "", nested: bool = False) -> Iterator[MetadataEntry]:
        """A value, or the values of which it is written down."""
        if isinstance(node, ast.Call) and not wrapper and not nested and (found := self._wrapper(node)):
            argument = node.args[0] if node.args else node.keywords[0].value if node.keywords else None
            if argument is not None and not isinstance(argument, ast.Starred):
                yield from self.entry(key, argument, wrapper=found)
            return
        inside = nested or wrapper in ("", "json")
        if isinstance(node, ast.Dict) and inside:
            for inner, value in zip(node.keys, node.values):
                if inner is not None:
                    yield from self.entry(_text(inner) or key, value, wrapper=wrapper, nested=True)
        elif (isinstance(node, ast.List) or (isinstance(node, ast.Tuple) and (nested or wrapper))) and inside:
            for element in node.elts:
                if not isinstance(element, ast.Starred):
                    yield from self.entry(key, element, wrapper=wrapper, nested=True)
        elif isinstance(node, (ast.ListComp, ast.DictComp)) and inside:
            element = node.value if isinstance(node, ast.DictComp) else node.elt
            yield from self.entry(key, element, wrapper=wrapper, nested=True)
        elif isinstance(node, ast.IfExp):
            yield from self.entry(key, node.body, wrapper=wrapper, nested=nested)
            yield from self.entry(key, node.orelse, wrapper=wrapper, nested=nested)
        else:
            yield MetadataEntry(key, self.place(node), self.values(node), wrapper, nested)

    def _wrapper(self, node: ast.Call) -> str:
        """The ``int`` of ``MetadataValue.int(…)``, "" for any other call."""
        if not isinstance(node.func, ast.Attribute):
            return ""
        owner = dagster_public_name(self.names.external(node.func.value, self.scope))
        return node.func.attr if owner == "MetadataValue" else ""


def _start(node: ast.stmt | ast.expr) -> tuple[int, int]:
    return node.lineno, node.col_offset


def _text(key: ast.expr) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _bindings(body: Sequence[ast.stmt], name: str, call: ast.Call) -> Iterator[Binding]:
    """The statements that bind ``name`` to what it may hold at ``call``, the last first.

    A binding that every path to the call passes hides those before it.
    """
    for statement in reversed(body):
        if statement.lineno > call.lineno or isinstance(statement, _NESTED):
            continue
        if _binds(statement, name):
            yield statement  # type: ignore[misc]
            return
        for block in bodies(statement):
            found = list(_bindings(block, name, call))
            yield from found
            passed = isinstance(statement, (ast.With, ast.AsyncWith)) or _holds(block, call)
            if found and passed and found[-1] in block:
                return


def _binds(statement: ast.stmt, name: str) -> bool:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)


def _holds(block: Sequence[ast.stmt], node: ast.expr) -> bool:
    return block[0].lineno <= node.lineno <= (block[-1].end_lineno or 0)
