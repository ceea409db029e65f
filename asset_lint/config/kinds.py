"""The kinds of values that settings take: how each is read, documented and described to JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from asset_lint.finding import Severity

from . import targets
from .patterns import Pattern

T = TypeVar("T")

#: For each pattern the selectors that it takes out.
PerFile = tuple[tuple[Pattern, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """``read(value, base)`` turns a TOML value into the setting's, or raises ValueError saying what was expected.

    ``base`` is the directory that relative paths and patterns are relative to.
    """

    type: str
    schema: Mapping[str, object]
    read: Callable[[object, Path], T]


def closest(word: str, words: Sequence[str]) -> str:
    """``; did you mean `x`?`` with the most similar of ``words``, "" where none is similar."""
    import difflib

    close = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def name_of(value: object) -> str:
    """What TOML calls the type of ``value``, with its article."""
    names = {bool: "a boolean", int: "an integer", float: "a float", str: "a string", list: "a list", dict: "a table"}
    return names.get(type(value), "a date or time")


def _bool(value: object, base: Path) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {name_of(value)}")
    return value


def _string(value: object, base: Path) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {name_of(value)}")
    return value


def _strings(value: object, base: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of strings, got {name_of(value)}")
    for item in value:
        if not isinstance(item, str):
            raise ValueError(f"expected a list of strings, got {name_of(item)} in it")
    return tuple(value)


def _selectors(value: object, base: Path) -> tuple[str, ...]:
    selectors = tuple(selector.strip() for selector in _strings(value, base))
    if "" in selectors:
        raise ValueError("a rule selector must not be empty")
    return selectors


def _patterns(value: object, base: Path) -> tuple[Pattern, ...]:
    return tuple(Pattern.parse(text, base) for text in _strings(value, base))


def _path(value: object, base: Path) -> Path:
    text = _string(value, base)
    if not text:
        raise ValueError("a path must not be empty")
    return base / Path(text).expanduser()


def _paths(value: object, base: Path) -> tuple[Path, ...]:
    return tuple(_found(value, base, Path.is_dir))


def _files(value: object, base: Path) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(_found(value, base, Path.is_file)))


def _found(value: object, base: Path, wanted: Callable[[Path], bool]) -> Iterator[Path]:
    """The paths that are named, and those of a kind that patterns match."""
    for text in _strings(value, base):
        if any(char in text for char in "*?["):
            yield from sorted(path for path in base.glob(text) if wanted(path))
        else:
            yield _path(text, base)


def _per_file(value: object, base: Path) -> PerFile:
    if not isinstance(value, dict):
        raise ValueError(f"expected a table of patterns and lists of rule selectors, got {name_of(value)}")
    entries: list[tuple[Pattern, tuple[str, ...]]] = []
    for text, selectors in value.items():
        try:
            # the `!` of a negated pattern is not part of the glob
            pattern = Pattern.parse(text.removeprefix("!"), base)
            entries.append((Pattern(text, pattern.base), _selectors(selectors, base)))
        except ValueError as error:
            raise ValueError(f"`{text}`: {error}") from None
    return tuple(entries)


def _version(value: object, base: Path) -> targets.Target:
    return targets.parse(_string(value, base))


def _severity(value: object, base: Path) -> Severity:
    return Severity[_one_of("error", "warning", "info").read(value, base).upper()]


def _one_of(*allowed: str) -> Kind[str]:
    def read(value: object, base: Path) -> str:
        text = _string(value, base)
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}, got `{text}`{closest(text, allowed)}")
        return text

    return Kind(" | ".join(f'"{text}"' for text in allowed), {"enum": list(allowed)}, read)


_LIST: Mapping[str, object] = {"type": "array", "items": {"type": "string"}}

BOOL = Kind("bool", {"type": "boolean"}, _bool)
NAMES = Kind("list[str]", _LIST, _strings)
SELECTORS = Kind("list[RuleSelector]", {"type": "array", "items": {"type": "string", "minLength": 1}}, _selectors)
PATTERNS = Kind("list[str]", {"type": "array", "items": {"type": "string", "minLength": 1}}, _patterns)
PATH = Kind("str", {"type": "string", "minLength": 1}, _path)
PATHS = Kind("list[str]", _LIST, _paths)
FILES = Kind("list[str]", _LIST, _files)
PER_FILE = Kind(
    "dict[str, list[RuleSelector]]",
    {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string", "minLength": 1}}},
    _per_file,
)
VERSION = Kind("str", {"type": "string", "minLength": 1}, _version)
SEVERITY: Kind[Severity] = Kind('"error" | "warning" | "info"', {"enum": ["error", "warning", "info"]}, _severity)
PROFILE = _one_of("errors", "checklist", "all")
FORMATS = (
    "full", "concise", "grouped", "json", "json-lines", "github", "gitlab", "junit", "markdown", "pylint",
    "rdjson", "sarif",
)  # fmt: skip
FORMAT = _one_of(*FORMATS)
