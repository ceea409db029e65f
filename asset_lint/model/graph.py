"""The assets of one code location as a graph: what each is called, which function makes it, after which it runs.

A node is one asset function (a ``multi_asset`` with all it makes), or one call of the factory around it where calls
can be read, or a key that is only declared. What can't be read is said (``all_keys``, ``all_needs``), never guessed.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from .assets import CONTEXT_NAMES
from .decorators import Kind
from .index import Def, Place
from .keys import Key, KeyReader, Reading, Reference, Unread
from .unfolding import Made, Unfolding

if TYPE_CHECKING:
    from .assets import Function
    from .project import Project

ASSETS = re.compile(rb"sset")


@dataclass(eq=False)
class AssetNode:
    """One asset, or several that one function makes together.

    ``definition`` is the function, None where the asset is declared only (``AssetSpec``, ``SourceAsset``). ``needs``
    are its dependencies as written; :meth:`AssetGraph.parents` says which nodes they are.
    """

    definition: Def | None
    kind: Kind | None  # None for graph-backed assets and declared ones
    place: Place
    keys: tuple[Key, ...] = ()
    all_keys: bool = True  # False: it makes assets whose keys the code does not show
    needs: frozenset[Reference] = frozenset()
    inputs: frozenset[Reference] = frozenset()  # those of ``needs`` whose values it receives
    own_needs: Mapping[Key, frozenset[Reference]] = field(default_factory=dict)  # what a single spec depends on
    all_needs: bool = True  # False: it depends on assets that the code does not show
    options: Mapping[str, Reading] = field(default_factory=dict)  # the decorator's keyword arguments
    all_options: bool = True
    given: Mapping[str, Reading] = field(default_factory=dict)  # what the factory or loop around it gives this one
    many: bool = False  # the function stands in a factory or loop whose rounds can't be read

    @property
    def name(self) -> str:
        """What to call it in a message: its only key, else its function."""
        if len(self.keys) == 1 and self.all_keys:
            return "/".join(self.keys[0])
        return self.definition.name if self.definition is not None else "?"


@dataclass(frozen=True)
class Upstream:
    """Everything that runs before an asset, as far as the code shows it.

    ``missing`` are keys that it, or what runs before it, depends on and that nothing in the project makes. ``complete``
    says that every dependency could be read.
    """

    assets: frozenset[AssetNode]
    missing: frozenset[Key]
    complete: bool


@dataclass(frozen=True)
class Dependency:
    """An asset of a node and one that it depends on; None for a key that the code does not show. ``makers`` make the
    latter, empty where nothing known does; ``by_value`` says that its value is received."""

    key: Key | None
    upstream: Key | None
    makers: tuple[AssetNode, ...]
    by_value: bool


class AssetGraph:
    """The assets of one code location; read when first asked for."""

    def __init__(self, project: Project, location: str) -> None:
        self.project = project
        self.location = location
        self.reader = KeyReader(project.names)
        self._upstream: dict[AssetNode, Upstream] = {}

    @cached_property
    def _unfolding(self) -> Unfolding:
        project = self.project
        modules = []
        for path in project.matching(ASSETS, self.location):
            if b"dagster" in project.data(path) and project.location_of(path) == self.location:
                module = project.load(path)
                if module is not None:
                    modules.append(module)
        return Unfolding(project, modules, self.reader)

    @cached_property
    def nodes(self) -> tuple[AssetNode, ...]:
        """Every asset, in the order of the files and of the source."""
        return tuple(_node(made, self.project, self.reader) for made in self._unfolding.made)

    @cached_property
    def opaque(self) -> bool:
        """Whether a library or a YAML component makes further assets, of which nothing is known."""
        return self._unfolding.opaque or self.project.has_components(self.location)

    # ---- look-ups ----------------------------------------------------------------------------------------------------

    def of(self, definition: Def) -> tuple[AssetNode, ...]:
        """The nodes that a function makes, or a factory by the functions nested in it."""
        return self._by_definition.get(definition, ())

    def makes(self, name: str) -> bool:
        """Whether an asset is made whose key ends with that name."""
        return (name,) in self._by_tail

    def makers(self, key: Key, near: AssetNode) -> tuple[AssetNode, ...]:
        """The nodes that make the asset of that key; one of its last part where none has the whole (prefixes are often
        given elsewhere). Empty where nothing known makes it.

        Several that are copies of each other, as in a course with a folder a lesson, can't be in one Definitions: the
        ones nearest to ``near`` count.
        """
        found = self._by_key.get(key) or self._by_tail.get(key[-1:], ())
        if len(found) < 2:
            return found
        shared = {node: len(os.path.commonpath((node.place.module.file, near.place.module.file))) for node in found}
        return tuple(node for node in found if shared[node] == max(shared.values()))

    def parents(self, node: AssetNode) -> frozenset[AssetNode]:
        """The nodes that ``node`` depends on directly."""
        return frozenset(parent for need in node.needs for parent in self._met(need, node) if parent is not node)

    def dependencies(self, node: AssetNode) -> Iterator[Dependency]:
        """What each asset of a node depends on directly; of one spec, what that spec says."""
        of_specs = frozenset[Reference]().union(*node.own_needs.values())
        shared = node.needs - of_specs
        for key in node.keys or (None,):
            needs = shared | (node.own_needs.get(key, frozenset()) if key is not None else of_specs)
            found: dict[tuple[Key | None, bool], tuple[AssetNode, ...]] = {}
            for need in needs:
                makers = self._met(need, node)
                for upstream in _named(need, makers):
                    if upstream != key or upstream is None:
                        found[upstream, need in node.inputs] = makers
            for (upstream, by_value), makers in sorted(found.items(), key=lambda item: (item[0][0] or (), item[0][1])):
                yield Dependency(key, upstream, makers, by_value)

    def upstream(self, node: AssetNode) -> Upstream:
        """Everything that runs before ``node``."""
        known = self._upstream.get(node)
        if known is None:
            found: set[AssetNode] = set()
            missing: set[Key] = set()
            complete, queue = True, [node]
            while queue:
                current = queue.pop()
                complete = complete and current.all_needs
                missing.update(n for n in current.needs if isinstance(n, tuple) and not self._met(n, current))
                for parent in self.parents(current) - found:
                    found.add(parent)
                    queue.append(parent)
            known = self._upstream[node] = Upstream(frozenset(found - {node}), frozenset(missing), complete)
        return known

    def ordered(self, one: AssetNode, other: AssetNode) -> bool | None:
        """Whether one of two assets runs before the other in one run; None where the code can't tell."""
        before, behind = self.upstream(one), self.upstream(other)
        if other in before.assets or one in behind.assets:
            return True
        hidden = self.opaque or any(not node.all_keys or not node.all_needs for node in self.nodes)
        for upstream in (before, behind):
            if not upstream.complete or (upstream.missing and hidden):
                return None
        return False

    def _met(self, need: Reference, by: AssetNode) -> tuple[AssetNode, ...]:
        if isinstance(need, Def):
            return self.of(need)
        return () if isinstance(need, Unread) else self.makers(need, by)

    @cached_property
    def _by_definition(self) -> dict[Def, tuple[AssetNode, ...]]:
        found: dict[Def, list[AssetNode]] = {}
        for node in self.nodes:
            current = node.definition
            while current is not None:
                found.setdefault(current, []).append(node)
                current = current.parent
        return {definition: tuple(nodes) for definition, nodes in found.items()}

    @cached_property
    def _by_key(self) -> dict[Key, tuple[AssetNode, ...]]:
        return _indexed((key, node) for node in self.nodes for key in node.keys)

    @cached_property
    def _by_tail(self) -> dict[Key, tuple[AssetNode, ...]]:
        return _indexed((key[-1:], node) for node in self.nodes for key in node.keys)


def _named(need: Reference, makers: tuple[AssetNode, ...]) -> list[Key | None]:
    """The whole keys of the assets that a dependency means; None for one that the code does not show."""
    if isinstance(need, tuple) and (not makers or any(need in maker.keys for maker in makers)):
        return [need]
    made = [key for m in makers for key in m.keys if not isinstance(need, tuple) or key[-1:] == need[-1:]]
    return [*made, *([] if made and all(maker.all_keys for maker in makers) else [None])]


def _indexed(pairs: Iterator[tuple[Key, AssetNode]]) -> dict[Key, tuple[AssetNode, ...]]:
    found: dict[Key, dict[AssetNode, None]] = {}
    for key, node in pairs:
        found.setdefault(key, {})[node] = None
    made = {key: [n for n in nodes if n.definition is not None] or list(nodes) for key, nodes in found.items()}
    return {key: tuple(nodes) for key, nodes in made.items()}


# ---- one node ----------------------------------------------------------------------------------------------------


def _node(made: Made, project: Project, reader: KeyReader) -> AssetNode:
    node = AssetNode(
        made.definition, made.kind, made.place, options=made.options, all_options=made.all_options, many=made.many,
        given=made.given,
    )  # fmt: skip
    options = made.options
    needs: set[Reference] = set()
    for name in ("deps", "non_argument_deps"):
        needs.update(reader.references(options.get(name)))
    keys: list[Key | None] = []
    own: dict[Key, frozenset[Reference]] = {}
    inputs: set[Reference] = set()
    if made.kind is Kind.INTEGRATION:
        keys.append(None)
        needs.add(Unread())
    elif made.makes_several:
        for name in ("specs", "outs"):
            for key, more in _several(options.get(name), reader):
                keys.append(key)
                needs.update(more)
                if key is not None and more:
                    own[key] = frozenset(need for need in more if not isinstance(need, Unread))
    else:
        keys.append(_single(made, reader))
    if made.definition is not None:
        inputs.update(_inputs(made, made.definition, project, reader))
        needs |= inputs
    node.keys = tuple(key for key in keys if key is not None)
    node.all_keys = bool(keys) and None not in keys and made.all_options and not made.many
    node.all_needs = made.all_options and not any(isinstance(need, Unread) for need in needs)
    node.needs = frozenset(need for need in needs if not isinstance(need, Unread))
    node.inputs, node.own_needs = node.needs & inputs, own
    return node


def _single(made: Made, reader: KeyReader) -> Key | None:
    """The key of an asset that makes one."""
    options = made.options
    if (key := options.get("key")) is not None:
        return reader.key(key)
    if not made.all_options:
        return None
    name = made.definition.name if made.definition is not None else None
    if (given := options.get("name")) is not None and not _is_none(given):
        name = reader.text(given)
    prefix: Key | None = ()
    if (given := options.get("key_prefix")) is not None and not _is_none(given):
        prefix = reader.key(given)
    return None if name is None or prefix is None else (*prefix, name)


def _several(specs: Reading | None, reader: KeyReader) -> Iterator[tuple[Key | None, list[Reference]]]:
    """The keys, and the dependencies, of ``specs=[AssetSpec(…)]`` and of ``outs={"name": AssetOut(…)}``."""
    if specs is None or _is_none(specs):
        return
    followed: Reading | None = specs
    if not isinstance(specs.node, ast.Dict):
        followed = reader.followed(specs)
    if followed is not None and isinstance(followed.node, ast.Dict):
        for name, value in zip(followed.node.keys, followed.node.values):
            yield (None if name is None else _out(reader.text(followed.at(name)), followed.at(value), reader)), []
        return
    for element in reader.elements(specs):
        if isinstance(element, Unread):
            yield None, [element]
            continue
        keys = [ref for ref in reader.reference(element) if isinstance(ref, tuple)]
        call = element if isinstance(element.node, ast.Call) else reader.followed(element)
        deps = None
        if call is not None and isinstance(call.node, ast.Call):
            deps = next((call.at(k.value) for k in call.node.keywords if k.arg == "deps"), None)
        yield (keys[0] if keys else None), list(reader.references(deps))


def _out(name: str | None, out: Reading, reader: KeyReader) -> Key | None:
    """The key of one entry of ``outs`` (or ``ins``): its own, or its name behind its prefix."""
    if not isinstance(out.node, ast.Call):
        return None if name is None else (name,)
    for keyword in out.node.keywords:
        if keyword.arg == "key":
            return reader.key(out.at(keyword.value))
        if keyword.arg is None:
            return None
    prefix: Key | None = ()
    for keyword in out.node.keywords:
        if keyword.arg == "key_prefix":
            prefix = reader.key(out.at(keyword.value))
    return None if name is None or prefix is None else (*prefix, name)


def _inputs(made: Made, definition: Def, project: Project, reader: KeyReader) -> Iterator[Reference]:
    """The assets whose values its parameters receive."""
    renamed: dict[str, list[Reference]] = {}
    ins = made.options.get("ins")
    if ins is not None and not _is_none(ins):
        ins = ins if isinstance(ins.node, ast.Dict) else reader.followed(ins)
        if ins is None or not isinstance(ins.node, ast.Dict):
            yield Unread()
            return
        for name, value in zip(ins.node.keys, ins.node.values):
            written = None if name is None else reader.text(ins.at(name))
            if written is None:
                yield Unread()
                continue
            positional = isinstance(value, ast.Call) and value.args
            references = list(reader.reference(ins.at(value))) if positional else [_out(written, ins.at(value), reader)]
            renamed[written] = [Unread() if reference is None else reference for reference in references]
    if made.kind is Kind.INTEGRATION:
        return
    for parameter in definition.parameters:
        if parameter.arg in renamed:
            continue
        if parameter.arg not in CONTEXT_NAMES | {"config", "self"} and not project.facts.is_resource(
            parameter, definition
        ):
            yield (parameter.arg,)
    for references in renamed.values():
        yield from references


def _is_none(reading: Reading) -> bool:
    return isinstance(reading.node, ast.Constant) and reading.node.value is None


def node_of(function: Function) -> AssetNode | None:
    """The node of an asset function; the first one where a factory makes several of it."""
    assert function.project is not None
    nodes = function.project.facts.graph(function.module).of(function.definition)
    return nodes[0] if nodes else None
