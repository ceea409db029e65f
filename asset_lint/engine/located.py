"""Where the functions are that Dagster runs: for whoever wants to run them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.errors import InvalidSyntax, SourceError
from asset_lint.model.facts import BINDING
from asset_lint.registry import Registry
from asset_lint.source import Source

from .check import Checker

if TYPE_CHECKING:
    from asset_lint.config import Config
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


def compute_functions(files: Sequence[tuple[Path, Config]], registry: Registry) -> Iterator[Located]:
    """The compute functions of ``files``, in their order; files that can't be read or parsed have none."""
    checker = Checker(registry)
    for path, config in files:
        try:
            data = Source.read(path).data
            project = checker.project(str(path), config)
            if b"dagster" not in data:
                continue
            module = project.module(str(path), Source(str(path), data))
        except (SourceError, InvalidSyntax):
            continue
        search = tuple(
            os.path.relpath(folder, project.root) for folder in project.origins(os.path.dirname(module.file))
        )
        binding = tuple(_binding(project, module.file))
        for function in project.functions(module):
            if function.kind is not None and not function.is_test:
                yield Located(
                    str(path), project.root, module.name, search, binding, function.qualified_name,
                    function.node.lineno, function.kind.value,
                )  # fmt: skip


def _binding(project: Project, file: str) -> Iterator[str]:
    for other in project.matching(BINDING, project.location_of(file)):
        if b"Definitions" in project.data(other) and other != file:
            yield project.name_of(other)
