"""What the formats share: what they are given, the lines of sources, colours, counts in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.finding import Finding, Fix, Safety, Severity, Span, Suppressed

if TYPE_CHECKING:
    from asset_lint.registry import Page

#: Gives the decoded text of a file by the path that a finding names it by; None where it can't be had.
Texts = Callable[[str], "str | None"]
#: Gives the text of a notebook's cell, by the notebook's path and the cell's number.
Cells = Callable[[str, int], "str | None"]


@dataclass(frozen=True)
class Silent:
    """What a run is silent about: findings that are ``suppressed``, and those of a baseline that are ``gone``.

    ``compared`` says that there is a baseline. Of what is gone, nothing is known of the place but file and function.
    """

    suppressed: tuple[Suppressed, ...] = ()
    gone: tuple[Finding, ...] = ()
    compared: bool = False


@dataclass(frozen=True)
class Context:
    """What a format needs besides the findings.

    ``unsafe_fixes`` is the setting: True applies them, None tells of them, False keeps them quiet. ``pages`` holds what
    is known of each code. ``root`` is the directory that URIs are relative to (the repository's).
    ``problems`` are the sentences on what could not be done. ``silent`` is what is not reported, if that is to
    be told of.
    """

    texts: Texts
    pages: Mapping[str, Page]
    root: Path
    version: str
    unsafe_fixes: bool | None = None
    color: bool = False
    problems: tuple[str, ...] = ()
    cells: Cells = lambda path, cell: None
    silent: Silent | None = None
    _lines: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def lines(self, path: str, cell: int = 0) -> list[str]:
        """The lines of a file, or of a notebook's cell, without their ends; none where its text can't be had."""
        lines = self._lines.get((path, cell))
        if lines is None:
            text = self.cells(path, cell) if cell else self.texts(path)
            # not splitlines(): form feeds and their like end no line of Python
            lines = self._lines[path, cell] = [] if text is None else re.split(r"\r\n|\r|\n", text)
        return lines

    def applicable(self, fix: Fix | None) -> bool:
        """Would ``--fix`` apply it?"""
        return fix is not None and fix.safety <= (Safety.UNSAFE if self.unsafe_fixes else Safety.SAFE)

    def hidden(self, fix: Fix | None) -> bool:
        """Would ``--unsafe-fixes`` make ``--fix`` apply it, and may we say so?"""
        return fix is not None and fix.safety is Safety.UNSAFE and self.unsafe_fixes is None

    def paint(self, text: str, *codes: str) -> str:
        """``text`` in colour, where colours are wanted."""
        return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if self.color and text else text


BOLD, RED, YELLOW, BLUE, CYAN, GREEN = "1", "91", "93", "94", "96", "32"
OF_SEVERITY = {Severity.ERROR: RED, Severity.WARNING: YELLOW, Severity.INFO: BLUE}


def place(span: Span) -> str:
    """Where a stretch begins, as it stands behind a path: ``:3:7``, in a notebook ``:cell 2:3:7``."""
    cell = f":cell {span.cell}" if span.cell else ""
    return f"{cell}:{span.line}:{span.column}"


def counted(number: int, noun: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith(('x', 's')) else 's'}"


def by_file(findings: Iterable[Finding]) -> Mapping[str, list[Finding]]:
    """The findings of each file, in their order."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.path, []).append(finding)
    return groups


def by_severity(findings: Iterable[Finding]) -> str:
    """``2 errors, 1 warning``: the worst first."""
    counts = Counter(finding.severity for finding in findings)
    names = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}
    return ", ".join(
        f"{counts[severity]} info" if severity is Severity.INFO else counted(counts[severity], name)
        for severity, name in names.items()
        if counts[severity]
    )
