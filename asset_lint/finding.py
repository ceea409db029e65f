"""What a check says, as frozen data: spans, edits, fixes, notes, findings.

Imports nothing of ours, so that every other module may use it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Severity(enum.IntEnum):
    """How bad a finding is; ordered, so that ``max`` is the worst."""

    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Safety(enum.IntEnum):
    """How far a fix may be trusted; ordered from most to least.

    SAFE is applied by ``--fix``, UNSAFE by ``--fix --unsafe-fixes``, DISPLAY never: it is only shown.
    """

    SAFE = 1
    UNSAFE = 2
    DISPLAY = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a file's decoded text.

    ``start`` and ``end`` are offsets in code points (a BOM is not counted, newlines are as they stand in
    the file); lines are 1-based; columns are 1-based code points, the end column is exclusive.

    In a notebook all these count in the text of one cell, the ``cell``-th (from 1), and ``in_file`` is the same stretch
    of the notebook's own text, but for the offsets.
    """

    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    cell: int = 0
    in_file: Span | None = field(default=None, compare=False)

    @property
    def physical(self) -> Span:
        """Where it stands in the file as it is on the disk, for those who know nothing of cells."""
        return self.in_file or self


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace the text of ``span`` by ``text``; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits of one file that cure one finding; ``message`` says what applying them does."""

    message: str
    safety: Safety
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A related place: one step of the reasoning behind a finding (``opened here``)."""

    path: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in one place.

    ``path`` is the file as the user named it (relative to the working directory where possible).
    ``function`` is the qualified name of the function it stands in (``Class.method``), "" at module level.
    ``noqa_line`` is the 1-based line on which a ``# noqa`` comment for it belongs. ``verdict`` is what running the code
    said of it: ``confirmed``, ``refuted`` or ``not reached``; "" where nothing was run.
    """

    code: str
    name: str
    message: str
    severity: Severity
    path: str
    span: Span
    noqa_line: int
    function: str = ""
    hint: str = ""
    notes: tuple[Note, ...] = ()
    fix: Fix | None = None
    verdict: str = ""

    @property
    def order(self) -> tuple[str, int, int, int, str, str]:
        """Sort key: file, place, code."""
        return (self.path, self.span.cell, self.span.start, self.span.end, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that is not reported: for a comment (``commented``), whose ``reason`` is told, else for the baseline.

    ``known`` says that the baseline has it, be it the cause or not.
    """

    finding: Finding
    commented: bool
    known: bool = False
    reason: str = ""
