"""Reads the fixture cases, and runs the linter over them.

``tests/fixtures/<rule>/<case>/`` has one side, ``fixed``, that must stay silent, or two: what is wrong and its cure. A
side is a module (``violation.py``) or a folder (``violation/…``). ``violation.py`` says in comments what is found:

* ``# expect: AL201, AL203`` at the end of the physical line where the findings start; ``AL201 info`` gives a severity,
  ``expect[duckdb>=2.0]`` the versions for which the mark holds;
* ``# fix: unsafe`` or ``# fix: by hand`` in the first line: the cure takes ``--unsafe-fixes``, or no fix is offered.

All rules are on, but a case shows one thing: duties of which it has no mark (that an asset logs, adds metadata …) are
other cases' business, and so is other rules' advice.

``setup.sql`` beside the sides makes the tables that they read, in the database that the resources and the environment
variable ``DUCKDB_DATABASE`` name.
"""

from __future__ import annotations

import enum
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from asset_lint.config import targets
from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.engine import FileResult, Mode, run
from asset_lint.finding import Finding, Severity
from asset_lint.registry import Registry, load

FIXTURES = Path(__file__).parent / "fixtures"
RELEASES = targets.DUCKDB

_MARK = re.compile(r"[ \t]*# expect(?:\[(?P<package>\w+)(?P<versions>[^\]]+)\])?: (?P<words>.*)$", re.MULTILINE)
_HEADER = re.compile(r"\A# fix: (unsafe|by hand)\n")


class Cure(enum.Enum):
    """What it takes to get from the first side to the second."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A finding that must be there; ``severity`` "" stands for any, ``versions`` None for all of DuckDB's."""

    file: str
    line: int
    code: str
    severity: str = ""
    versions: str | None = None

    def holds(self, release: targets.Version | None) -> bool:
        """Whether it is expected where ``release`` is the target; None: where all supported ones are."""
        if self.versions is None:
            return True
        wanted = targets.parse(self.versions)
        return any(wanted.supports(each) for each in (RELEASES if release is None else (release,)))


@dataclass(frozen=True, slots=True)
class Side:
    """The files of one side by their relative paths, without the marks, and the marks."""

    files: Mapping[str, str]
    marks: tuple[Mark, ...]
    cure: Cure

    @property
    def modules(self) -> dict[str, str]:
        """Its Python files."""
        return {name: text for name, text in self.files.items() if name.endswith(".py")}

    def write(self, root: Path) -> None:
        """Lay its files out below ``root``."""
        for name, text in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())


@dataclass(frozen=True)
class Case:
    """One idea about one rule; its sides are read when they are asked for."""

    folder: Path

    @property
    def rule(self) -> str:
        """The rule's name."""
        return self.folder.parent.name.replace("_", "-")

    @cached_property
    def violation(self) -> Side | None:
        """What is wrong; None where the case is about silence."""
        return _side(self.folder, "violation")

    @cached_property
    def fixed(self) -> Side:
        """What is right."""
        side = _side(self.folder, "fixed")
        assert side is not None, f"{self} has no fixed.py"
        return side

    def __str__(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"


@cache
def cases() -> tuple[Case, ...]:
    """All cases, by rule and name."""
    return tuple(Case(folder) for folder in sorted(FIXTURES.glob("*/*")) if folder.is_dir())


@cache
def registry() -> Registry:
    """The rules of all installed packs."""
    return load()


def check(root: Path, case: Case, **settings: object) -> list[Finding]:
    """What the rules say of a side of ``case`` in ``root``, which must be the working directory."""
    marked = _marked(case)
    return [
        finding
        for result in _run(root, Mode.CHECK, {"ignore": _foreign(case), **settings})
        for finding in result.findings
        if finding.severity is not Severity.INFO or finding.code in marked
    ]


def fix(root: Path, case: Case, *, unsafe: bool) -> dict[str, str]:
    """The Python files of a side of ``case`` in ``root`` as fixing makes them; nothing is written."""
    texts = {}
    for result in _run(root, Mode.FIX, {"ignore": _foreign(case), "unsafe-fixes": unsafe}):
        text = Path(root, result.path).read_bytes().decode() if result.text is None else result.text
        texts[Path(result.path).as_posix()] = text
    return texts


def left(root: Path, *, unsafe: bool) -> list[Finding]:
    """What is still found in ``root`` when all that can be is fixed, the duties of every case among it."""
    return [finding for result in _run(root, Mode.FIX, {"unsafe-fixes": unsafe}) for finding in result.findings]


def marks_of(findings: Sequence[Finding], marks: Sequence[Mark]) -> list[Mark]:
    """The findings as marks, with their severity where ``marks`` ask for it there."""
    asked = {(mark.file, mark.line, mark.code) for mark in marks if mark.severity}
    found = []
    for finding in findings:
        place = (Path(finding.path).as_posix(), finding.span.line, finding.code)
        found.append(Mark(*place, severity=str(finding.severity) if place in asked else ""))
    return sorted(found)


def comments(text: str) -> Counter[str]:
    """The comments of a module, and how often each stands there."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def _marked(case: Case) -> set[str]:
    """The codes that a case is about."""
    marks = case.violation.marks if case.violation else ()
    return {registry().find(case.rule).code} | {mark.code for mark in marks}


def _foreign(case: Case) -> list[str]:
    """The duties that a case leaves aside."""
    return sorted({rule.code for rule in registry().rules if rule.duty} - _marked(case))


def _side(folder: Path, name: str) -> Side | None:
    if (folder / name).is_dir():
        paths = sorted(path for path in (folder / name).rglob("*") if path.is_file() and path.suffix != ".pyc")
        texts = {path.relative_to(folder / name).as_posix(): path.read_bytes().decode() for path in paths}
    elif (folder / f"{name}.py").is_file():
        texts = {"assets.py": (folder / f"{name}.py").read_bytes().decode()}
    else:
        return None
    headers = {match[1] for text in texts.values() if (match := _HEADER.match(text))}
    assert len(headers) <= 1, f"{folder} says in two ways what the cure takes"
    plain = {name: _MARK.sub("", _HEADER.sub("", text)) for name, text in texts.items()}
    marks = tuple(sorted(mark for name, text in texts.items() for mark in _marks(name, _HEADER.sub("", text))))
    return Side(plain, marks, Cure(headers.pop()) if headers else Cure.SAFE)


def _marks(file: str, text: str) -> Iterator[Mark]:
    for number, line in enumerate(text.split("\n"), 1):
        match = _MARK.search(line)
        if match is None:
            continue
        assert match["package"] in (None, "duckdb"), f"{file}:{number}: marks know the versions of duckdb alone"
        for word in match["words"].split(","):
            code, _, severity = word.strip().partition(" ")
            yield Mark(file, number, code, severity, match["versions"])


def _run(root: Path, mode: Mode, settings: Mapping[str, object]) -> list[FileResult]:
    assert Path.cwd() == root
    found = discover(["."], ConfigFiles(flags={"select": ["ALL"], **settings}))
    assert not found.problems
    results = list(run(found.files, registry(), mode=mode, jobs=1))
    errors = [result.error for result in results if result.error]
    assert not errors, errors
    return results
