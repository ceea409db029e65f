"""Database files that several assets of a code location open for writing, with nothing that orders or limits them."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .databases import PATH, Configuration
from .effects import Doing

if TYPE_CHECKING:
    from .assets import Function
    from .graph import AssetGraph, AssetNode
    from .index import Place
    from .project import Project

LIMITED_RUNS = re.compile(
    rb"\bin_process_executor\b|\bmax_concurrent\b|\bexecutor_def\s*=|\bexecutor\s*=\s*(?![\w.]*(?:Thread|Process)Pool)"
)
CONCURRENCY_KEY = "dagster/concurrency_key"


@dataclass(frozen=True)
class Writer:
    """An asset that opens a database file for writing."""

    node: AssetNode
    function: Function
    place: Place  # in the asset's own body
    file: str
    configuration: Configuration
    steps: tuple[tuple[Place, str], ...] = ()
    limits: frozenset[str] = frozenset()  # its pool and its concurrency key: assets that share one run one at a time

    @property
    def waits(self) -> bool:
        """Whether it tries again where the file is locked: by dagster_duckdb's resource, ``backoff``, by itself, or
        by Dagster, which runs it again. That does not help the other, which may find the file locked by it."""
        return self.configuration.waits or "retry_policy" in self.node.options


@dataclass(frozen=True)
class Contention:
    """A file and the assets that may write to it at the same time: each with another, not each with each."""

    first: Writer  # the one to report it at: of those that don't wait, the one that meets most others
    others: tuple[Writer, ...]

    @property
    def file(self) -> str:
        """The file in words, "" if it has none."""
        kind, _, text = self.first.file.partition(":")
        if kind == "env":
            return f"${text.partition('=')[0]}"
        return text if f"{kind}:" == PATH and "{" not in text else ""


class Contentions:
    """The contentions of one code location."""

    def __init__(self, project: Project, graph: AssetGraph) -> None:
        self.project = project
        self.graph = graph

    @cached_property
    def all(self) -> tuple[Contention, ...]:
        """Every one, by the order of the files' first writers."""
        if self._runs_are_limited:
            return ()
        by_file: dict[str, list[Writer]] = {}
        for writer in self._writers():
            by_file.setdefault(writer.file, []).append(writer)
        found: list[Contention] = []
        for writers in by_file.values():
            left = list(writers)
            while left:  # those that meet, directly or by way of others, are one contention
                group = [left.pop(0)]
                for one in group:
                    met = [other for other in left if self._meet(one, other)]
                    group += met
                    left = [other for other in left if other not in met]
                if len(group) > 1:
                    group.sort(key=writers.index)
                    meetings = {w: sum(self._meet(w, other) for other in group) for w in group if not w.waits}
                    first = max(meetings, key=lambda writer: meetings[writer])
                    found.append(Contention(first, tuple(other for other in group if other is not first)))
        return tuple(found)

    @cached_property
    def _runs_are_limited(self) -> bool:
        """Whether some executor or limit is set in the location: which assets run under it is not followed."""
        return any(True for _ in self.project.matching(LIMITED_RUNS, self.graph.location))

    def _writers(self) -> Iterator[Writer]:
        for node in self.graph.nodes:
            limits = _limits(node)
            if node.definition is None or node.kind is None or limits is None:
                continue
            if not self.project.touches_duckdb(node.definition.module.file):
                continue
            function = self.project.facts.function(node.definition)
            if function is None or function.is_test:
                continue
            files: set[str] = set()
            for event in function.run.events:
                configuration = event.configuration
                if event.doing is Doing.OPENS and configuration is not None and configuration.writes:
                    if event.file not in files and _is_shared(event.file):
                        files.add(event.file)
                        yield Writer(node, function, event.place, event.file, configuration, event.steps, limits)

    def _meet(self, one: Writer, other: Writer) -> bool:
        """Whether two assets may surely write at the same time, and one of them then fails."""
        if one.node is other.node or one.function is other.function:
            return False
        if (one.waits and other.waits) or one.limits & other.limits:
            return False
        return self._are_together(one.node, other.node) and self.graph.ordered(one.node, other.node) is False

    def _are_together(self, one: AssetNode, other: AssetNode) -> bool:
        """Whether two assets can be in one Definitions: no other asset below their folder has a key of theirs, and they
        are no two examples of a document."""
        module = one.place.module
        if module is other.place.module and module.part_of(one.place.node) != module.part_of(other.place.node):
            return False
        folder = os.path.commonpath([os.path.dirname(n.place.module.file) for n in (one, other)]) + os.sep
        near = [node for node in self.graph.nodes if node.place.module.file.startswith(folder) and node.definition]
        keys = [key for node in near for key in node.keys]
        return all(keys.count(key) == 1 for node in (one, other) for key in node.keys)


def _is_shared(file: str) -> bool:
    """Whether a file means the same in every function: no path of one function's variables."""
    return not file.startswith("local:")


def _limits(node: AssetNode) -> frozenset[str] | None:
    """An asset's pool and concurrency key; None where they can't be read."""
    if not node.all_options:
        return None
    found = []
    if (pool := node.options.get("pool")) is not None:
        found.append(pool.node)
    if (tags := node.options.get("op_tags")) is not None:
        if not isinstance(tags.node, ast.Dict):
            return None
        for key, value in zip(tags.node.keys, tags.node.values):
            if not isinstance(key, ast.Constant):
                return None
            if key.value == CONCURRENCY_KEY:
                found.append(value)
    names = [each.value for each in found if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return frozenset(names) if len(names) == len(found) else None
