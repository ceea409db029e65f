"""The fixture cases of rules, as things to run.

``<fixtures>/<rule>/<case>/`` has the sides ``violation`` and ``fixed``, each a module or a folder. Beside them may be

``setup.sql``      makes the tables that they read
``inputs/``        values of upstream assets by name: CSV, JSON or Parquet files, or a ``.py`` with an expression
``expected.json``  ``value``, ``type`` and ``rows`` of what ``fixed`` gives, where ``violation`` fails by nature
``verify.toml``    ``skip``: why the case cannot be run; ``before``: the DuckDB that shows it no more;
                   ``definitions``: expressions, evaluated in the first module, that give further definitions; tables
                   ``config`` (by op) and ``environment``
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from asset_lint.config import targets
from asset_lint.config.toml import load
from asset_lint.evidence import Evidence, Scenario

from .task import Limits, Task

_MARK = re.compile(r"[ \t]*# expect(?:\[duckdb(?P<versions>[^\]]+)\])?: (?P<words>.*)$", re.MULTILINE)
_DUMPED = {Scenario.NORMAL, Scenario.TWICE, Scenario.CHANGED}  # what is compared
_LIMITS = Limits(wall=20, cpu=20)


@dataclass(frozen=True)
class Case:
    """A violation and its cure, and what must be seen of them."""

    folder: Path
    code: str
    evidence: Evidence

    @property
    def name(self) -> str:
        """The rule's folder and the case's."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """What ``verify.toml`` says."""
        path = self.folder / "verify.toml"
        return load(path.read_text()) if path.exists() else {}

    @cached_property
    def expected(self) -> Mapping[str, Any] | None:
        """What ``expected.json`` says."""
        path = self.folder / "expected.json"
        found: Mapping[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
        return found

    def left_out(self, duckdb: str) -> str:
        """Why it cannot be run, or not with a version of DuckDB; empty if it can."""
        reason: str = self.settings.get("skip", "")
        return reason or ("" if self.holds_with(duckdb) else f"not with DuckDB {duckdb}")

    def holds_with(self, duckdb: str) -> bool:
        """Whether a version of DuckDB is one for which the finding is expected."""
        release = tuple(int(part) for part in duckdb.split(".")[:2])
        if (end := self.settings.get("before")) and _numbers(duckdb) >= _numbers(end):
            return False
        ranges = [match["versions"] for text in self._marked("violation").values()
                  for match in _MARK.finditer(text) if self.code in match["words"]]  # fmt: skip
        return not ranges or any(each is None or targets.parse(each).supports(release) for each in ranges)

    def task(self, side: str, scenario: Scenario) -> Task:
        """The run of a side."""
        files = self._texts(side)
        modules = [name for name in files if name.endswith(".py") and not _is_test(name)]
        setup = self.folder / "setup.sql"
        inputs = self.folder / "inputs"
        return Task(
            modules=tuple(sorted(modules, key=lambda name: (name != "definitions.py", name.count("/"), name))),
            scenario=scenario,
            files=files,
            setup=setup.read_text() if setup.exists() else "",
            inputs={path.stem: str(path.resolve()) for path in inputs.iterdir()} if inputs.is_dir() else {},
            environment=self.settings.get("environment", {}),
            config=self.settings.get("config", {}),
            definitions=tuple(self.settings.get("definitions", ())),
            watch_calls=self.evidence is Evidence.CONTEXT_OF_OTHER_TYPE,
            dump=scenario in _DUMPED,
            limits=_LIMITS,
        )

    def _texts(self, side: str) -> dict[str, str]:
        """The files of a side as they are run: a mark may stand inside a query."""
        return {name: _MARK.sub("", text) for name, text in self._marked(side).items()}

    def _marked(self, side: str) -> dict[str, str]:
        folder = self.folder / side
        if not folder.is_dir():
            return {"assets.py": folder.with_suffix(".py").read_bytes().decode()}
        paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
        return {path.relative_to(folder).as_posix(): path.read_bytes().decode() for path in paths}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def _is_test(name: str) -> bool:
    parts = name.split("/")
    return "tests" in parts or parts[-1].startswith("test_") or parts[-1] == "conftest.py"


def cases(fixtures: Path, rules: Mapping[str, tuple[str, Evidence]]) -> Iterator[Case]:
    """The cases below ``fixtures`` that have a violation, of ``rules``: by folder name, the code and its evidence."""
    for name, (code, evidence) in sorted(rules.items()):
        for folder in sorted((fixtures / name).glob("*")):
            if any((folder / side).exists() for side in ("violation.py", "violation")):
                yield Case(folder, code, evidence)
