"""asset-lint as the measurements use it: one repository, checked in this process, some files perhaps replaced."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from asset_lint import registry
from asset_lint.config.files import ConfigFiles
from asset_lint.engine import FileResult
from asset_lint.engine.check import Checker
from asset_lint.engine.fix import repair
from asset_lint.finding import Finding
from asset_lint.source import Source


class Linter:
    """Checks files of the repository at ``root`` with the rules of ``codes``; whatever the repository configures."""

    def __init__(self, root: Path, codes: Sequence[str]) -> None:
        self.root = root
        with inside(root):
            self.configs = ConfigFiles(isolated=True, flags={"select": list(codes), "unsafe-fixes": True})
        self.checker = Checker(_registry())

    def check(self, paths: Iterable[Path], overrides: Mapping[Path, bytes] | None = None) -> dict[Path, list[Finding]]:
        """The findings of ``paths``; ``overrides`` are files whose content is not what the disk says.

        Raises RuntimeError if a rule failed.
        """
        overrides = overrides or {}
        found: dict[Path, list[Finding]] = {}
        with inside(self.root):
            self._lay(overrides)
            for path in paths:
                data = overrides.get(path)
                checked = self.checker.check(
                    str(path.relative_to(self.root)),
                    path.read_bytes() if data is None else data,
                    self.configs.of(path.parent),
                )
                if checked.problems:
                    raise RuntimeError("; ".join(checked.problems))
                found[path] = list(checked.findings)
            self._lay({path: path.read_bytes() for path in overrides})
        return found

    def fixed(self, path: Path, overrides: Mapping[Path, bytes]) -> FileResult:
        """``path`` after every fix of it, unsafe ones too, while ``overrides`` stand."""
        with inside(self.root):
            self._lay(overrides)
            data = overrides.get(path)
            config = self.configs.of(path.parent)
            name = str(path.relative_to(self.root))
            result = repair(self.checker, name, path.read_bytes() if data is None else data, config)
            self._lay({other: other.read_bytes() for other in overrides})
        return result

    def _lay(self, contents: Mapping[Path, bytes]) -> None:
        for path, data in contents.items():
            project = self.checker.project(str(path), self.configs.of(path.parent))
            project.module(str(path.relative_to(self.root)), Source(str(path.relative_to(self.root)), data))


@cache
def _registry() -> registry.Registry:
    return registry.load()


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Run in ``folder``: a project without a mark of its own begins at the working directory."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
