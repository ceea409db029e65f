"""File patterns as ruff writes them: ``generated``, ``*_test.py``, ``src/legacy/*.py``, ``{a,b}/**``.

A pattern matches a path when it matches its last part, or its absolute form. ``*`` crosses slashes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_MAGIC = frozenset("*?[]{}\\!")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern and the directory that it is relative to (absolute, with forward slashes)."""

    text: str
    base: str

    @classmethod
    def parse(cls, text: str, base: Path) -> Pattern:
        """Check ``text`` and bind it to ``base``; a broken glob raises ValueError."""
        if not text:
            raise ValueError("a pattern must not be empty")
        _translate(text)
        return cls(text, _slashed(os.path.abspath(base)))

    def regex(self) -> tuple[str, str]:
        """Regular expressions over the last part and over the absolute path."""
        text, base = self.text.rstrip("/") or "/", self.base
        if os.path.isabs(text):
            return _translate(text), _translate(text)
        while text.startswith(("./", "../")):
            if text.startswith("../"):
                base = base.rpartition("/")[0]
            text = text.partition("/")[2]
        return _translate(text), re.escape(f"{base.rstrip('/')}/") + _translate(text)

    def __str__(self) -> str:
        return self.text


class Matcher:
    """Many patterns at once; plain names cost a look into a set."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._names: set[str] = set()
        names: list[str] = []
        paths: list[str] = []
        for pattern in patterns:
            if not _MAGIC & set(pattern.text) and "/" not in pattern.text:
                self._names.add(pattern.text)  # its absolute form ends in the same name, so this says all
            else:
                name, path = pattern.regex()
                names.append(name)
                paths.append(path)
        self._name = re.compile("|".join(names), re.DOTALL) if names else None
        self._path = re.compile("|".join(paths), re.DOTALL) if paths else None

    def match(self, name: str, path: str) -> bool:
        """Is the file or directory called ``name``, at the absolute ``path``, matched itself?"""
        return (
            name in self._names
            or (self._name is not None and self._name.fullmatch(name) is not None)
            or (self._path is not None and self._path.fullmatch(_slashed(path)) is not None)
        )

    def match_within(self, path: str) -> bool:
        """Is the absolute ``path`` or a directory above it matched?"""
        return any(self.match(os.path.basename(part), part) for part in _upward(path))


@lru_cache(maxsize=1024)
def matcher(patterns: tuple[Pattern, ...]) -> Matcher:
    """A matcher for ``patterns``, made once."""
    return Matcher(patterns)


def _upward(path: str) -> Iterator[str]:
    while True:
        yield path
        parent = os.path.dirname(path)
        if parent == path:
            return
        path = parent


def _slashed(path: str) -> str:
    return path if os.sep == "/" else path.replace(os.sep, "/")


@lru_cache(maxsize=1024)
def _translate(glob: str) -> str:
    """A glob as a regular expression; ValueError where a bracket or brace is left open."""
    out: list[str] = []
    depth = 0
    at = 0
    while at < len(glob):
        char = glob[at]
        at += 1
        if char == "*":
            if not out or out[-1] != ".*":
                out.append(".*")
            if glob.startswith("*/", at) and (at == 1 or glob[at - 2] == "/"):
                out[-1] = "(?:.*/)?"  # `**/` also stands for no directory at all
                at += 2
        elif char == "?":
            out.append(".")
        elif char == "[":
            end = glob.find("]", at + 2 if glob.startswith("!", at) else at + 1)
            if end < 0:
                raise ValueError(f"`{glob}` has an unclosed `[`")
            body = glob[at:end].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{'^' + body[1:] if body.startswith('!') else body.replace('^', chr(92) + '^')}]")
            at = end + 1
        elif char == "{":
            depth += 1
            out.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            out.append(")")
        elif char == "," and depth:
            out.append("|")
        elif char == "\\" and at < len(glob):
            out.append(re.escape(glob[at]))
            at += 1
        else:
            out.append(re.escape(char))
    if depth:
        raise ValueError(f"`{glob}` has an unclosed `{{`")
    expression = "".join(out)
    try:
        re.compile(expression)
    except re.error as error:
        raise ValueError(f"`{glob}` is no valid pattern: {error}") from error
    return f"(?:{expression})"
