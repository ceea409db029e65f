"""Known findings, kept in a file so that a team can start with what is new.

A finding is known by its rule, file, function and the words of its logical line, never by a line number: moving or
reformatting code changes nothing. Equal ones are counted; those that stand first in the file are the known ones.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ConfigError, SourceError
from .files import replace
from .finding import Finding
from .registry import INVALID_SYNTAX
from .source import Source
from .suppression import Lines

if TYPE_CHECKING:
    from .config import Config

NAME = "asset-lint-baseline.json"
VERSION = 1
_SHOWN = 80  # how much of a line the file shows; the digest is of all of it


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a finding is known by. ``path`` is relative to the baseline's directory, ``line`` is for the reader."""

    path: str
    function: str
    code: str
    digest: str
    line: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The known findings of the file ``path`` with how often each may occur."""

    path: Path
    counts: Mapping[Key, int] = field(default_factory=dict)

    @staticmethod
    def place(config: Config) -> Path:
        """The file that the known findings are, or would be, kept in."""
        return config.baseline or config.root / NAME

    @classmethod
    def exists(cls, config: Config) -> bool:
        """Whether there is one, or ought to be."""
        return config.baseline is not None or cls.place(config).exists()

    @classmethod
    def of(cls, config: Config) -> Baseline | None:
        """The baseline that holds; None where there is none. One that is configured must exist."""
        return cls.read(cls.place(config)) if cls.exists(config) else None

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline in the file ``path``; raises ConfigError where it is missing or broken."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["version"] != VERSION:
                raise ConfigError(f"{path}: this is a baseline of version {document['version']}, expected {VERSION}")
            counts = {
                Key(file, each["function"], each["code"], each["digest"], each["line"]): int(each["count"])
                for file, entries in document["findings"].items()
                for each in entries
            }
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"{path}: this is no baseline: {error}") from error
        return cls(path, counts)

    def divided(self, source: Source, findings: Iterable[Finding]) -> tuple[list[Finding], list[Key]]:
        """Those of a file's ``findings`` that the baseline does not know, and what it knows the others by."""
        left = Counter(self.counts)
        new: list[Finding] = []
        known: list[Key] = []
        for finding, key in zip(ordered := _in_order(findings), self.keys(source, ordered), strict=True):
            if key is not None and left[key] > 0:
                left[key] -= 1
                known.append(key)
            else:
                new.append(finding)
        return new, known

    def stale(self, known: Iterable[Key], checked: Iterable[str], runs: Callable[[Key], bool]) -> list[Key]:
        """What is known but was not found, each as often as that is so: in ``checked`` files (``known`` is what was
        found there) of rules that run, and in files that are gone."""
        files = {self.path_of(path) for path in checked}
        folder = self.path.parent
        left = Counter(self.counts)
        left.subtract(known)
        idle = (key for key in left if (runs(key) if key.path in files else not (folder / key.path).exists()))
        return sorted(Counter({key: left[key] for key in idle if left[key] > 0}).elements())

    def keys(self, source: Source, findings: Iterable[Finding]) -> list[Key | None]:
        """What each of a file's findings is known by; None for AL000, which is never known."""
        path = self.path_of(source.path)
        lines: Lines | None = None
        keys: list[Key | None] = []
        for finding in findings:
            if finding.code == INVALID_SYNTAX:
                keys.append(None)
                continue
            lines = lines or Lines(source.text)
            logical = lines.at(finding.span.line)
            words = logical.words if logical else " ".join(source.line_text(finding.span.line).split())
            digest = hashlib.sha256(words.encode()).hexdigest()[:16]
            shown = words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"
            keys.append(Key(path, finding.function, finding.code, digest, shown))
        return keys

    def path_of(self, path: str) -> str:
        """A file as the baseline names it: relative to its own directory, with forward slashes."""
        absolute = os.path.abspath(path)
        try:
            relative = os.path.relpath(absolute, os.path.abspath(self.path.parent))
        except ValueError:  # another drive
            relative = absolute
        return relative.replace(os.sep, "/")

    # -- changing it --------------------------------------------------------------------------------------------------

    def count(self, findings: Iterable[tuple[Source, Iterable[Finding]]]) -> Counter[Key]:
        """How often each key occurs in the findings of some files."""
        return Counter(
            key for source, each in findings for key in self.keys(source, _in_order(each)) if key is not None
        )

    def written(self, found: Mapping[Key, int]) -> Baseline:
        """A baseline that knows just what was found."""
        return Baseline(self.path, dict(found))

    def updated(self, found: Mapping[Key, int], checked: Iterable[str]) -> Baseline:
        """What was found in the ``checked`` files, and what was known of files that were not but still exist."""
        return Baseline(self.path, {**self._elsewhere(checked), **found})

    def pruned(self, found: Mapping[Key, int], checked: Iterable[str]) -> Baseline:
        """Without what is known but was not found in the ``checked`` files, or is of files that are gone."""
        kept = {key: min(count, found[key]) for key, count in self.counts.items() if found.get(key)}
        return Baseline(self.path, {**kept, **self._elsewhere(checked)})

    def _elsewhere(self, checked: Iterable[str]) -> dict[Key, int]:
        files = {self.path_of(path) for path in checked}
        folder = self.path.parent
        return {
            key: count for key, count in self.counts.items() if key.path not in files and (folder / key.path).exists()
        }

    def save(self) -> None:
        """Write the file, sorted, one finding a line; raises SourceError."""
        files: dict[str, list[str]] = {}
        for key, count in sorted(self.counts.items()):
            entry = {"code": key.code, "function": key.function, "line": key.line, "digest": key.digest, "count": count}
            files.setdefault(key.path, []).append(json.dumps(entry, ensure_ascii=False))
        body = ",\n".join(
            f"    {json.dumps(path, ensure_ascii=False)}: [\n      " + ",\n      ".join(entries) + "\n    ]"
            for path, entries in files.items()
        )
        inner = f"{{\n{body}\n  }}" if body else "{}"
        text = f'{{\n  "version": {VERSION},\n  "findings": {inner}\n}}\n'
        try:
            replace(self.path, text.encode())
        except OSError as error:
            raise SourceError(f"cannot write {self.path}: {error.strerror or error}") from error


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: finding.order)
