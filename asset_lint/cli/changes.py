"""``--diff-base``: which findings touch what has changed since a revision."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.errors import SourceError, UsageError

if TYPE_CHECKING:
    from asset_lint.engine import FileResult
    from asset_lint.finding import Finding, Span
    from asset_lint.source import Source
    from asset_lint.suppression import Lines

_HUNK = re.compile(rb"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPE = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
# Whatever the user's settings make of a diff otherwise.
_PLAIN = (
    "--unified=0", "--inter-hunk-context=0", "--find-renames", "--no-color", "--no-ext-diff", "--no-textconv",
    "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules",
)  # fmt: skip


@dataclass(slots=True)
class Changed:
    """What has changed in a file.

    ``lines`` are stretches of lines that are new or other, in order. ``removed`` are places where lines went and none
    came: the line before, and how far the first of them was indented.
    """

    lines: list[tuple[int, int]] = field(default_factory=list)
    removed: list[tuple[int, int]] = field(default_factory=list)
    whole: bool = False

    def touches(self, first: int, last: int) -> bool:
        """Whether one of the lines ``first`` to ``last`` has changed."""
        return self.whole or any(start <= last and first <= end for start, end in self.lines)


class Changes:
    """What has changed between the last commit that ``revision`` and HEAD have in common and the working tree.

    Raises UsageError where git does not know these.
    """

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self.top = os.path.realpath(os.fsdecode(self._git("rev-parse", "--show-toplevel").rstrip(b"\n")))
        commit = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        base = self._git("merge-base", commit.decode().strip(), "HEAD").decode().strip()
        self.files = dict(_read(self._git("-C", self.top, "diff", *_PLAIN, base, "--")))

    @cached_property
    def _tracked(self) -> frozenset[str]:
        return frozenset(map(os.fsdecode, self._git("-C", self.top, "ls-files", "-z").split(b"\0")))

    def _git(self, *arguments: str) -> bytes:
        environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            ran = subprocess.run(["git", *arguments], capture_output=True, check=False, env=environment)
        except FileNotFoundError:
            raise UsageError("--diff-base needs git, which is not installed") from None
        if ran.returncode == 0:
            return ran.stdout
        said = ran.stderr.decode("utf-8", "replace").strip()
        if "--show-toplevel" in arguments:
            raise UsageError(f"--diff-base needs a git repository: {said.removeprefix('fatal: ')}")
        if "--verify" in arguments:
            raise UsageError(
                f"--diff-base: git knows no revision `{self.revision}` here (in CI, fetch it: a shallow clone has one)"
            )
        if "merge-base" in arguments:
            raise UsageError(
                f"--diff-base: `{self.revision}` and HEAD have no commit in common (in CI, fetch the whole history)"
            )
        raise UsageError(f"--diff-base: git {arguments[-1]} failed: {said}")

    def of(self, path: str) -> Changed | None:
        """What has changed in a file; None for nothing. What git does not track is new."""
        relative = os.path.relpath(os.path.realpath(path), self.top).replace(os.sep, "/")
        changed = self.files.get(relative)
        return changed if changed is not None or relative in self._tracked else Changed(whole=True)

    def narrowed(self, results: Sequence[FileResult]) -> list[FileResult]:
        """The results, with those findings alone that touch a change."""
        return [replace(each, findings=tuple(self._touching(each))) if each.findings else each for each in results]

    def _touching(self, result: FileResult) -> Iterator[Finding]:
        from asset_lint.registry import INVALID_SYNTAX

        changed = self.of(result.path)
        place = _Places(result.final)
        for finding, shown in zip(result.findings, result.shown, strict=True):
            if changed is not None and (
                changed.whole
                or finding.code == INVALID_SYNTAX  # wherever it shows: the file was read to its end before
                or changed.touches(*place.of(shown.span))
                or any(place.is_around(shown.span, *removed) for removed in changed.removed)
            ):
                yield finding
            elif any(self._is_changed(note.path, note.span) for note in shown.notes):
                yield finding

    def _is_changed(self, path: str, span: Span) -> bool:
        changed = self.of(path)
        return changed is not None and changed.touches(span.physical.line, span.physical.end_line)


class _Places:
    """The lines of a file's statements and functions; of a document, only those that a finding itself names."""

    def __init__(self, source: Source | None) -> None:
        self.source = source if source is not None and not source.is_document else None

    @cached_property
    def _lines(self) -> Lines:
        from asset_lint.suppression import Lines

        return Lines(self.source.text if self.source is not None else "")

    def of(self, span: Span) -> tuple[int, int]:
        """The first and last line of the statement, or statements, that a stretch is of."""
        first, last = self._lines.at(span.line), self._lines.at(span.end_line)
        span = span.physical
        return min(first.first if first else span.line, span.line), max(last.last if last else 0, span.end_line)

    @cached_property
    def _functions(self) -> list[tuple[int, int, int]]:
        try:
            tree = self.source.parse() if self.source is not None else ast.Module([], [])
        except SourceError:
            return []
        return [
            (min([node.lineno, *(each.lineno for each in node.decorator_list)]), _end(node), node.col_offset)
            for node in ast.walk(tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]

    def is_around(self, span: Span, line: int, indent: int) -> bool:
        """Whether a finding is of the function that lines behind ``line``, indented so far, were removed from."""
        around = [each for each in self._functions if each[0] <= line <= each[1] and each[2] < indent]
        return bool(around) and max(around)[0] <= span.line <= max(around)[1]


def _end(node: ast.stmt) -> int:
    return node.end_lineno or node.lineno


def _read(diff: bytes) -> Iterator[tuple[str, Changed]]:
    """The files of a diff without context, by their new names; those that are gone are left out."""
    lines = iter(diff.split(b"\n"))
    changed = Changed()
    for line in lines:
        if line.startswith(b"+++ "):
            changed = Changed()
            if line != b"+++ /dev/null":
                yield _name(line[4:].removesuffix(b"\t")), changed
        elif line.startswith(b"Binary files ") and line.endswith(b" differ"):
            yield _name(line.removesuffix(b" differ").rpartition(b" and ")[2]), Changed(whole=True)
        elif match := _HUNK.match(line):
            old, new = (1 if count is None else int(count) for count in (match[1], match[3]))
            start = int(match[2])
            gone = _content(lines, old + new)[:old]
            if new:
                changed.lines.append((start, start + new - 1))
            elif code := [each for each in gone if each.strip() and not each.lstrip().startswith(b"#")]:
                changed.removed.append((start, len(code[0]) - len(code[0].lstrip())))


def _content(lines: Iterator[bytes], count: int) -> list[bytes]:
    """The next lines of a hunk, passing over remarks on a missing newline."""
    found: list[bytes] = []
    while len(found) < count:
        line = next(lines)
        if not line.startswith(b"\\"):
            found.append(line[1:])
    return found


def _name(written: bytes) -> str:
    """A path as a diff writes it, ``b/`` before it, in quotes where it has unusual characters."""
    if written.startswith(b'"'):
        written = _ESCAPE.sub(_unescaped, written[1:-1])
    return os.fsdecode(written.removeprefix(b"b/"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    given: bytes = match[1]
    return bytes((int(given, 8),)) if len(given) == 3 else _ESCAPES.get(given, given)
