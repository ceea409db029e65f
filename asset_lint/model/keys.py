"""Asset keys as the code writes them: in decorators, dependencies and specs, through constants, loops and factories."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .index import Assigned, Def, Scope
from .names import Expression, External

if TYPE_CHECKING:
    from .names import Names

Key = tuple[str, ...]
MAX_DEPTH = 8  # names, calls and comprehensions followed into each other
DBT_KEYS = frozenset(
    "get_asset_key_for_model get_asset_keys_by_output_name_for_source get_asset_key_for_source".split()
)
WRAPPING = frozenset("AssetDep SourceAsset AssetSpec AssetIn AssetOut".split())


@dataclass(frozen=True, slots=True)
class Unread:
    """A dependency or key that the code does not show."""


UNREAD = Unread()
Reference = Key | Def | Unread  # a Def is an asset's own function, or the factory that makes it


@dataclass(frozen=True)
class Reading:
    """An expression and what its free names stand for: the scope, and the arguments of one call of a factory."""

    node: ast.expr
    scope: Scope
    given: Mapping[str, Reading] = field(default_factory=dict)

    def at(self, node: ast.expr) -> Reading:
        """Another expression of the same place."""
        return Reading(node, self.scope, self.given)


class KeyReader:
    """Reads keys and dependencies off expressions; what it can't read is ``UNREAD`` or None, never a guess."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def text(self, reading: Reading, depth: int = 0) -> str | None:
        """A text that the code alone decides."""
        node = reading.node
        if depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            parts = [self.text(reading.at(v), depth + 1) for v in node.values]
            return None if None in parts else "".join(part for part in parts if part is not None)
        if isinstance(node, ast.FormattedValue):
            plain = node.conversion == -1 and node.format_spec is None
            return self.text(reading.at(node.value), depth + 1) if plain else None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = (self.text(reading.at(side), depth + 1) for side in (node.left, node.right))
            return None if left is None or right is None else left + right
        followed = self.followed(reading)
        return None if followed is None else self.text(followed, depth + 1)

    def key(self, reading: Reading, depth: int = 0) -> Key | None:
        """An asset key: ``"a"``, ``["a", "b"]``, ``AssetKey(…)``, ``AssetKey.from_user_string("a/b")``."""
        node = reading.node
        if depth > MAX_DEPTH:
            return None
        text = self.text(reading)
        if text is not None:
            return (text,)
        if isinstance(node, (ast.List, ast.Tuple)):
            parts = [self.text(reading.at(element)) for element in node.elts]
            return None if None in parts else tuple(part for part in parts if part is not None)
        if isinstance(node, ast.Call):
            name = self.names.external(node.func, reading.scope).rpartition("dagster.")[2]
            path = argument(node, 0, "path", "string")
            if name == "AssetKey" and path is not None:
                return self.key(reading.at(path), depth + 1)
            if name in ("AssetKey.from_user_string", "AssetKey.from_escaped_user_string") and path is not None:
                spelled = self.text(reading.at(path))
                return None if spelled is None else tuple(spelled.split("/"))
            return None
        followed = self.followed(reading)
        return None if followed is None else self.key(followed, depth + 1)

    def followed(self, reading: Reading) -> Reading | None:
        """What a name was assigned, once and plainly, or is given by a factory's call or a loop."""
        node, scope = reading.node, reading.scope
        if isinstance(node, ast.Name):
            found = scope.lookup(node.id)
            if node.id in reading.given and (found is None or not any(isinstance(b, Assigned) for b in found[0])):
                return reading.given[node.id]
            if found is not None and len(found[0]) > 1:
                return None
        if isinstance(node, (ast.Name, ast.Attribute)):
            targets = self.names.resolve(node, scope)
            if len(targets) == 1 and isinstance(targets[0], Expression):
                return Reading(targets[0].value, targets[0].scope, reading.given)
        return None

    def elements(self, reading: Reading, depth: int = 0) -> Iterator[Reading | Unread]:
        """The elements of a list, tuple, set or dict (its values) as written, comprehensions over such unfolded."""
        node = reading.node
        if depth > MAX_DEPTH:
            yield UNREAD
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            for element in node.elts:
                if isinstance(element, ast.Starred):
                    yield from self.elements(reading.at(element.value), depth + 1)
                else:
                    yield reading.at(element)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                yield from self.elements(reading.at(value), depth + 1) if key is None else (reading.at(value),)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.BitOr)):
            yield from self.elements(reading.at(node.left), depth + 1)
            yield from self.elements(reading.at(node.right), depth + 1)
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            for turn in self.turns(node.generators, reading, depth):
                yield turn if isinstance(turn, Unread) else turn.at(node.elt)
        elif isinstance(node, ast.Constant) and node.value is None:
            return
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple", "set")
        ):
            for given in node.args:
                yield from self.elements(reading.at(given), depth + 1)
        elif (followed := self.followed(reading)) is not None:
            yield from self.elements(followed, depth + 1)
        else:
            yield UNREAD

    def turns(
        self, generators: list[ast.comprehension], reading: Reading, depth: int = 0
    ) -> Iterator[Reading | Unread]:
        """``reading`` with the loop's variable given, once for each element of what the loop runs over."""
        loop = generators[0]
        if len(generators) > 1 or loop.ifs or not isinstance(loop.target, ast.Name):
            yield UNREAD
            return
        yield from self.loop(loop.target.id, reading.at(loop.iter), reading, depth)

    def loop(self, name: str, over: Reading, reading: Reading, depth: int = 0) -> Iterator[Reading | Unread]:
        """``reading`` with ``name`` given as each element of ``over``; for a dict, as each of its keys."""
        if isinstance(over.node, ast.Dict) and None not in over.node.keys:
            over = over.at(ast.List(elts=[k for k in over.node.keys if k is not None], ctx=ast.Load()))
        for element in self.elements(over, depth + 1):
            if isinstance(element, Unread):
                yield UNREAD
            else:
                yield Reading(reading.node, reading.scope, {**reading.given, name: element})

    # ---- dependencies ------------------------------------------------------------------------------------------------

    def references(self, reading: Reading | None) -> Iterator[Reference]:
        """The assets that a ``deps=[…]`` names."""
        if reading is not None:
            for element in self.elements(reading):
                yield from (UNREAD,) if isinstance(element, Unread) else self.reference(element)

    def reference(self, reading: Reading, depth: int = 0) -> Iterator[Reference]:
        """The assets that one element of ``deps`` names: by key, by function, by spec, by what a factory gives."""
        node = reading.node
        if depth > MAX_DEPTH:
            yield UNREAD
            return
        key = self.key(reading)
        if key is not None:
            yield key
            return
        if isinstance(node, ast.Call):
            yield from self._called(node, reading, depth)
            return
        if isinstance(node, ast.Attribute) and node.attr == "key":
            yield from self.reference(reading.at(node.value), depth + 1)
            return
        definitions = [t for t in self.names.resolve(node, reading.scope) if isinstance(t, Def)]
        if definitions:
            yield from definitions
        elif (followed := self.followed(reading)) is not None:
            yield from self.reference(followed, depth + 1)
        else:
            yield UNREAD

    def _called(self, node: ast.Call, reading: Reading, depth: int) -> Iterator[Reference]:
        for target in self.names.resolve(node.func, reading.scope):
            if isinstance(target, Def):
                yield target
                return
            if isinstance(target, External):
                tail = target.name.rpartition(".")[2]
                if tail in WRAPPING and target.name.startswith("dagster."):
                    inner = argument(node, 0, "key", "asset")
                    if inner is not None:
                        yield from self.reference(reading.at(inner), depth + 1)
                        return
                elif tail in DBT_KEYS and node.args:
                    yield from self.references(reading.at(node.args[0]))
                    return
        yield UNREAD


def argument(node: ast.Call, position: int, *names: str) -> ast.expr | None:
    """The argument of a call at a position or of one of some names."""
    for keyword in node.keywords:
        if keyword.arg in names:
            return keyword.value
    return node.args[position] if position < len(node.args) else None
