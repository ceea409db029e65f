"""Where the functions are that Dagster runs: for whoever wants to run them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.documents import is_document
from asset_lint.errors import InvalidSyntax, SourceError
from asset_lint.model.bindings import BINDING
from asset_lint.registry import Registry
from asset_lint.source import Source

from .check import Checker

if TYPE_CHECKING:
    from asset_lint.config import Config
    from asset_lint.model.assets import Function
    from asset_lint.model.project import Project


@dataclass(frozen=True, slots=True)
class Located:
    """A compute function.

    ``path`` is its file as it was named, ``root`` the project's folder, ``module`` the dotted name under which it is
    imported with the folders in ``search`` (relative to ``root``) on the path. ``definitions_in`` are modules of its
    code location that bind resources. ``line`` is that of its ``def``, ``kind`` what Dagster calls it (``asset``).
    """

    path: str
    root: str
    module: str
    search: tuple[str, ...]
    definitions_in: tuple[str, ...]
    function: str
    line: int
    kind: str


Place = tuple[str, str]  # a file as it was named, and a function in it


class Locator:
    """Finds the compute functions of ``files``; files that can't be read or parsed have none."""

    def __init__(self, files: Sequence[tuple[Path, Config]], registry: Registry) -> None:
        self._checker = Checker(registry)
        self._files = files
        self._found: dict[Place, tuple[Project, Function]] = {}
        for path, config in files:
            if is_document(str(path)):
                continue  # what stands in a document is not imported
            for project, function in self._functions(path, config):
                self._found[str(path), function.qualified_name] = project, function

    def _functions(self, path: Path, config: Config) -> Iterator[tuple[Project, Function]]:
        try:
            data = Source.read(path).data
            project = self._checker.project(str(path), config)
            if project.worth_reading(str(path), data):
                module = project.module(str(path), Source(str(path), data))
                yield from ((project, each) for each in project.functions(module) if not each.is_test)
        except (SourceError, InvalidSyntax):
            return

    def compute_functions(self) -> Iterator[Located]:
        """The compute functions, in the order of the files."""
        for (path, name), (project, function) in self._found.items():
            if function.kind is not None:
                file = function.module.file
                origins = project.origins(os.path.dirname(file))
                yield Located(
                    path=path,
                    root=project.root,
                    module=function.module.name,
                    search=tuple(os.path.relpath(folder, project.root) for folder in origins),
                    definitions_in=tuple(_binding(project, file)),
                    function=name,
                    line=function.node.lineno,
                    kind=function.kind.value,
                )

    def leading_to(self, place: Place) -> list[Place]:
        """The compute functions of ``files`` that lead to a function of the project; itself, if it is one."""
        if place not in self._found:
            return []
        project, function = self._found[place]
        roots = project.facts.reach.roots(function.definition)
        return [other for other, (_, each) in self._found.items() if each.definition in roots and each.kind is not None]


def _binding(project: Project, file: str) -> Iterator[str]:
    for other in project.matching(BINDING, project.location_of(file)):
        if b"Definitions" in project.data(other) and other != file:
            yield project.name_of(other)
