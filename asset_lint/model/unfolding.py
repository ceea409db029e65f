"""Where assets are made: decorated functions, once for each round of a loop and each call of a factory that show it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import bodies, nodes_in

from .decorators import Kind
from .index import Def, Module, Place, Scope
from .keys import KeyReader, Reading, Unread
from .names import Expression, External

if TYPE_CHECKING:
    from .project import Project

GRAPHS = frozenset(("dagster.graph_asset", "dagster.graph_multi_asset"))
DECLARING = frozenset(("dagster.AssetSpec", "dagster.SourceAsset"))
SEVERAL = frozenset((Kind.MULTI_ASSET, Kind.MULTI_OBSERVABLE_SOURCE_ASSET))
CHECKS = frozenset((Kind.ASSET_CHECK, Kind.MULTI_ASSET_CHECK, Kind.OP))
OPAQUE = re.compile(
    r"^(dagster\.(AssetsDefinition\.from_\w+|load_assets_from_current_module)|dagster_\w+\.(\w+\.)*"
    r"(load_assets_\w+|build_\w*assets\w*|load_\w+_asset_specs))$"
)
MAX_ROUNDS = 200  # assets that one loop may make; beyond, they count as unread


@dataclass(eq=False)
class Made:
    """One asset function, or one round or call that makes it, with its decorator's keyword arguments."""

    definition: Def | None
    kind: Kind | None
    place: Place
    options: Mapping[str, Reading] = field(default_factory=dict)
    all_options: bool = True
    makes_several: bool = False
    many: bool = False  # in a factory or loop whose rounds can't be read
    given: Mapping[str, Reading] = field(default_factory=dict)  # what the factory's call, or the loop, gives


class Unfolding:
    """The assets of some modules."""

    def __init__(self, project: Project, modules: Sequence[Module], reader: KeyReader) -> None:
        self.project = project
        self.names = project.names
        self.modules = modules
        self.reader = reader
        self._opaque = False

    @cached_property
    def made(self) -> list[Made]:
        """Every asset, in the order of the modules and of their source."""
        found: list[Made] = []
        for module in self.modules:
            found.extend(self._statements(module.tree.body, module.scope, {}))
        unfolded = {made.definition for made in found}
        for definition in self._makers:
            if definition not in unfolded:
                found.append(self._made(definition, {}, many=True))
        order = {module: index for index, module in enumerate(self.modules)}
        found.sort(key=lambda made: (order.get(made.place.module, -1), made.place.node.lineno))  # type: ignore[attr-defined]
        return found

    @property
    def opaque(self) -> bool:
        """Whether a library makes assets of which nothing is known."""
        return bool(self.made) and self._opaque

    @cached_property
    def _makers(self) -> dict[Def, tuple[Kind | None, ast.expr]]:
        """The functions whose bodies make assets, graphs of ops too, by kind and decorator."""
        found: dict[Def, tuple[Kind | None, ast.expr]] = {}
        for module in self.modules:
            for definition, (kind, decorator) in self.project.facts.reach.compute(module).items():
                if kind not in CHECKS:
                    found[definition] = kind, decorator
            for definition in module.functions:
                for decorator in definition.node.decorator_list:
                    head = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if self.names.external(head, definition.scope) in GRAPHS:
                        found.setdefault(definition, (None, decorator))
        return found

    @cached_property
    def _nested(self) -> dict[Def, list[Def]]:
        """Factories by the asset functions that stand in them."""
        found: dict[Def, list[Def]] = {}
        for definition in self._makers:
            if definition.parent is not None:
                found.setdefault(definition.parent, []).append(definition)
        return found

    # ---- module-level code -------------------------------------------------------------------------------------------

    def _statements(self, statements: Sequence[ast.stmt], scope: Scope, given: Mapping[str, Reading]) -> Iterator[Made]:
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                definition = scope.module.function_at(node)
                if definition is not None and definition in self._makers:
                    yield self._made(definition, given)
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
                start = Reading(node.iter, scope, given)
                for turn in list(self.reader.loop(node.target.id, start, start))[:MAX_ROUNDS]:
                    if not isinstance(turn, Unread):
                        yield from self._statements(node.body, scope, turn.given)
            elif isinstance(node, (ast.If, ast.With, ast.Try)):
                for body in bodies(node):
                    yield from self._statements(body, scope, given)
            elif not isinstance(node, (ast.For, ast.While, ast.ClassDef)):
                for child in nodes_in(node):
                    if isinstance(child, ast.expr):
                        yield from self._expression(Reading(child, scope, given))

    def _expression(self, reading: Reading) -> Iterator[Made]:
        node = reading.node
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            for turn in list(self.reader.turns(node.generators, reading))[:MAX_ROUNDS]:
                if not isinstance(turn, Unread):
                    yield from self._expression(turn.at(node.elt))
            return
        if isinstance(node, ast.Call):
            yield from self._called(node, reading)
        for child in nodes_in(node):
            inner = child.value if isinstance(child, ast.keyword) else child
            if isinstance(inner, ast.expr):
                yield from self._expression(reading.at(inner))

    def _called(self, node: ast.Call, reading: Reading) -> Iterator[Made]:
        for target in self.names.resolve(node.func, reading.scope):
            if isinstance(target, Def):
                for definition in self._nested.get(target, ()):
                    yield self._made(definition, self._bound(target, node, reading))
            elif isinstance(target, External):
                if target.name in DECLARING:
                    options = {k.arg: reading.at(k.value) for k in node.keywords if k.arg}
                    if node.args:
                        options.setdefault("key", reading.at(node.args[0]))
                    yield Made(None, None, Place(reading.scope.module, node), options)
                elif OPAQUE.match(target.name):
                    self._opaque = True
        applied = node.args[0] if len(node.args) == 1 else None
        if isinstance(applied, (ast.Name, ast.Attribute)):
            for target in self.names.resolve(applied, reading.scope):
                if isinstance(target, Def) and target in self._makers and self._makers[target][1] is node:
                    yield self._made(target, reading.given)

    def _bound(self, factory: Def, node: ast.Call, reading: Reading) -> dict[str, Reading]:
        """What a factory's parameters are given by a call."""
        arguments = factory.node.args
        positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        bound: dict[str, Reading] = {}
        for name, default in zip(reversed(positional), reversed(arguments.defaults)):
            bound[name] = Reading(default, factory.scope)
        for keyword_only, kw_default in zip(arguments.kwonlyargs, arguments.kw_defaults):
            if kw_default is not None:
                bound[keyword_only.arg] = Reading(kw_default, factory.scope)
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            return {}
        bound.update((name, reading.at(value)) for name, value in zip(positional, node.args))
        bound.update((k.arg, reading.at(k.value)) for k in node.keywords if k.arg)
        return bound

    # ---- decorators --------------------------------------------------------------------------------------------------

    def _made(self, definition: Def, given: Mapping[str, Reading], *, many: bool = False) -> Made:
        kind, decorator = self._makers[definition]
        options, complete = self._options(Reading(decorator, definition.scope, given))
        several = kind in SEVERAL
        if kind is None:
            head = decorator.func if isinstance(decorator, ast.Call) else decorator
            several = self.names.external(head, definition.scope).endswith("multi_asset")
        place = Place(definition.module, definition.node)
        return Made(definition, kind, place, options, complete, several, many, given)

    def _options(self, reading: Reading, depth: int = 0) -> tuple[dict[str, Reading], bool]:
        """The keyword arguments that a decorator hands to Dagster's, and whether these are all."""
        node, scope = reading.node, reading.scope
        if depth > 4:
            return {}, False
        if not isinstance(node, ast.Call):
            targets = self.names.resolve(node, scope)
            if len(targets) == 1 and isinstance(targets[0], Expression):
                return self._options(Reading(targets[0].value, targets[0].scope, reading.given), depth + 1)
            return {}, all(isinstance(target, External) for target in targets)
        partial = self.names.external(node.func, scope).endswith("partial") and bool(node.args)
        options, complete = self._options(reading.at(node.args[0] if partial else node.func), depth + 1)
        for keyword in node.keywords:
            if keyword.arg is not None:
                options[keyword.arg] = reading.at(keyword.value)
                continue
            spread = reading.at(keyword.value)
            spread = spread if isinstance(spread.node, ast.Dict) else self.reader.followed(spread) or spread
            if not isinstance(spread.node, ast.Dict):
                complete = False
                continue
            for key, value in zip(spread.node.keys, spread.node.values):
                name = None if key is None else self.reader.text(spread.at(key))
                if name is None:
                    complete = False
                else:
                    options[name] = spread.at(value)
        return options, complete
