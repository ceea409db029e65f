"""Which versions of DuckDB and Dagster the code under check may meet.

Configured (``target-duckdb``, ``target-dagster``), else read from the lock file or the requirements of the project,
else unknown, which means every supported one. Lock files are scanned, not parsed: a real one is megabytes of TOML.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

Version = tuple[int, ...]

#: The DuckDB versions whose Python API the model knows; each stands for the releases up to the next.
DUCKDB: tuple[Version, ...] = ((1, 0), (1, 2), (1, 4), (1, 5), (2, 0))

#: The Dagster versions between which something changed that the model knows; each stands for those up to the next.
DAGSTER: tuple[Version, ...] = ((1, 5), (1, 7), (1, 9), (1, 13))


@dataclass(frozen=True, slots=True)
class Target:
    """A range of versions: ``minimum`` is in it, ``maximum`` is not (None: no bound).

    An exact pin ``1.4.2`` is the range from 1.4.2 to 1.4.3.
    """

    minimum: Version | None = None
    maximum: Version | None = None

    def supports(self, version: Version, known: Sequence[Version] = DUCKDB) -> bool:
        """May a release for which the known ``version`` stands be in use?

        The first of ``known`` stands for everything before the second, the last for everything after it.
        """
        at = known.index(version)
        start = None if at == 0 else known[at]
        end = known[at + 1] if at + 1 < len(known) else None
        return (self.minimum is None or end is None or _trimmed(self.minimum) < _trimmed(end)) and (
            self.maximum is None or start is None or _trimmed(start) < _trimmed(self.maximum)
        )

    def versions(self, known: Sequence[Version] = DUCKDB) -> tuple[Version, ...]:
        """Those of ``known`` that may be in use."""
        return tuple(version for version in known if self.supports(version, known))

    def holds(self, other: Target) -> bool:
        """Is every version of ``other`` in this range?"""
        return (
            self.minimum is None or (other.minimum is not None and _trimmed(self.minimum) <= _trimmed(other.minimum))
        ) and (
            self.maximum is None or (other.maximum is not None and _trimmed(other.maximum) <= _trimmed(self.maximum))
        )

    def __str__(self) -> str:
        bounds = [(">=", self.minimum), ("<", self.maximum)]
        return ",".join(f"{sign}{_dotted(version)}" for sign, version in bounds if version) or "any"


#: Nothing is known: every supported version.
ANY = Target()


def parse(text: str) -> Target:
    """A version (``1.4``: that one and its patches) or a requirement (``>=1.2,<2``, ``~=1.4``, ``^1.2``).

    Raises ValueError for anything else, and for a range that holds nothing.
    """
    hulls = [_intersection(part) for part in text.split("||")]
    return _hull(hulls)


def _intersection(text: str) -> Target:
    clauses = [clause.strip() for clause in re.split(r",|\s+(?=[<>=!~^])", text.strip()) if clause.strip()]
    if not clauses:
        raise ValueError("a version must not be empty")
    low: Version | None = None
    high: Version | None = None
    for clause in clauses:
        bounds = _clause(clause)
        if bounds.minimum is not None and (low is None or bounds.minimum > low):
            low = bounds.minimum
        if bounds.maximum is not None and (high is None or bounds.maximum < high):
            high = bounds.maximum
    if low is not None and high is not None and _trimmed(low) >= _trimmed(high):
        raise ValueError(f"no version is `{text}`")
    return Target(low, high)


_CLAUSE = re.compile(
    r"(?P<sign>===?|>=|<=|~=|!=|<|>|\^|~|)\s*v?(?:\d+!)?(?P<version>\d+(?:\.\d+)*)"
    r"(?:\.\*|[-.]?(?:a|b|c|rc|alpha|beta|pre|dev|post)[-.]?\d*)*(?:\+[\w.]+)?"
)


def _clause(clause: str) -> Target:
    if clause == "*":
        return ANY
    found = _CLAUSE.fullmatch(clause)
    if found is None:
        raise ValueError(f"`{clause}` is no version")
    sign = found["sign"]
    version = tuple(int(part) for part in found["version"].split("."))
    if sign == "!=":
        return ANY  # a hole in a range changes nothing that matters here
    if sign in (">=", ">"):
        return Target(version, None)  # `>1.5` still allows 1.5.1
    if sign == "<":
        return Target(None, version)
    if sign == "<=":
        return Target(None, _next((*version, 0, 0, 0)[: max(3, len(version))]))
    if sign == "~=":
        return Target(version, _next(version[:-1] or version))
    if sign == "^":
        nonzero = next((at for at, part in enumerate(version) if part), len(version) - 1)
        return Target(version, _next(version[: nonzero + 1]))
    if sign == "~":
        return Target(version, _next(version[:2]))
    return Target(version, _next(version))


def _next(version: Version) -> Version:
    return (*version[:-1], version[-1] + 1)


def _trimmed(version: Version) -> Version:
    while version and version[-1] == 0:
        version = version[:-1]
    return version


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))


def _hull(targets: Sequence[Target]) -> Target:
    """The smallest range that holds all of ``targets``."""
    lows = [target.minimum for target in targets]
    highs = [target.maximum for target in targets]
    return Target(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
    )


@lru_cache(maxsize=64)
def find(package: str, start: Path, stop: Path | None = None) -> Target:
    """The target version of ``package`` for code in the directory ``start``: the nearest lock file or requirement.

    A requirement gives way to a lock file above it that it allows: a member of a workspace is locked at the root.
    The search goes up to ``stop``, else to the root of the git repository that holds ``start``, else not up at all.
    """
    requirement: Target | None = None
    for directory in _upward(start.absolute(), stop):
        locked = list(_from_locks(directory, package))
        if locked and (requirement is None or requirement.holds(_hull(locked))):
            return _hull(locked)
        if requirement is None:
            required = list(_from_requirements(directory, package))
            requirement = _hull(required) if required else None
    return requirement or ANY


def _upward(start: Path, stop: Path | None) -> Iterator[Path]:
    chain = [start, *start.parents]
    for at, directory in enumerate(chain):
        if directory == stop or (stop is None and (directory / ".git").exists()):
            return iter(chain[: at + 1])
    return iter(chain[:1])


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""  # a lock file that can't be read says nothing; it is not what is being checked


def _parsed(texts: Iterable[str]) -> Iterator[Target]:
    for text in texts:
        try:
            yield parse(text)
        except ValueError:
            continue


def _name(package: str) -> str:
    return re.escape(package).replace(r"\-", "[-_.]")


def _from_locks(directory: Path, package: str) -> Iterator[Target]:
    entry = re.compile(
        rf'^\[\[packages?\]\][ \t]*\r?\nname[ \t]*=[ \t]*"{_name(package)}"[ \t]*\r?\nversion[ \t]*=[ \t]*"([^"\n]+)"',
        re.MULTILINE | re.IGNORECASE,
    )
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        if name in ("uv.lock", "poetry.lock") or re.fullmatch(r"pylock(\.[^.]+)?\.toml", name):
            yield from _parsed(entry.findall(_read(directory / name)))


def _from_requirements(directory: Path, package: str) -> Iterator[Target]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    files = [name for name in names if re.fullmatch(r"requirements.*\.(txt|in)", name)]
    # a compiled requirements.txt pins what requirements.in only bounds
    for suffix in (".txt", ".in"):
        found = [
            target
            for name in files
            if name.endswith(suffix)
            for target in _parsed(_requirement_lines(_read(directory / name).splitlines(), package))
        ]
        if found:
            yield from found
            return
    if "pyproject.toml" in names:
        yield from _parsed(_from_pyproject(_read(directory / "pyproject.toml"), package))
    if "setup.cfg" in names:
        yield from _parsed(_requirement_lines(_read(directory / "setup.cfg").splitlines(), package))


def _requirement_lines(lines: Iterable[str], package: str) -> Iterator[str]:
    line = re.compile(
        rf"\s*(?:[a-z_]+\s*=\s*)?{_name(package)}\s*(?:\[[^\]]*\])?\s*\(?([<>=!~^][^;#)\\]*)", re.IGNORECASE
    )
    for text in lines:
        found = line.match(text)
        if found:
            yield found[1].split(" --")[0].strip()


def _from_pyproject(text: str, package: str) -> Iterator[str]:
    if not re.search(_name(package), text, re.IGNORECASE):
        return
    from .toml import load

    try:
        document = load(text)
    except ValueError:
        return
    yield from _requirement_lines(_strings(document.get("project")), package)
    yield from _requirement_lines(_strings(document.get("dependency-groups")), package)
    for table in _tables(document.get("tool"), "dependencies"):
        for name, value in table.items():
            if re.fullmatch(_name(package), name, re.IGNORECASE):
                version = value.get("version") if isinstance(value, dict) else value
                if isinstance(version, str):
                    yield version


def _strings(value: object) -> Iterator[str]:
    """Every string of a list in ``value``, however deep: dependencies and extras."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and key not in ("keywords", "classifiers", "authors", "maintainers"):
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _tables(value: object, name: str) -> Iterator[dict[str, object]]:
    """Every table called ``name`` (or ``dev-…``) below ``value``: poetry, pdm, pixi."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict):
                if key.endswith(name):
                    yield inner
                yield from _tables(inner, name)
