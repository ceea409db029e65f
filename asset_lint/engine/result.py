"""What a run says of one file."""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.documents import source_of
from asset_lint.errors import SourceError
from asset_lint.files import replace

if TYPE_CHECKING:
    from asset_lint.baseline import Key
    from asset_lint.finding import Finding, Suppressed
    from asset_lint.source import Source


class Mode(enum.Enum):
    """What is done with fixes: nothing, apply them, or apply them to see what would change."""

    CHECK = "check"
    FIX = "fix"
    DIFF = "diff"


@dataclass(frozen=True, slots=True)
class FileResult:
    """One file's outcome, in the order of the text.

    ``source`` is the file as it was read (None where nothing was found, or where it can't be decoded); ``text`` is
    what fixing made of it, None if that changed nothing. ``findings`` are what is left: they stand in ``final``.
    ``applied`` are those whose fixes were applied, as they stood when that was done. ``error`` says why the file could
    not be checked or fixed as a whole (it can't be read, a rule raised); the exit status is then 2. ``note`` says what
    of a document could not be judged. ``known`` is what the baseline kept from being reported; None where that can't be
    said of all of the file. ``suppressed`` is what is kept silent, if that was asked for.
    """

    path: str
    findings: tuple[Finding, ...] = ()
    source: Source | None = None
    text: str | None = None
    applied: tuple[Finding, ...] = ()
    error: str | None = None
    note: str = ""
    known: tuple[Key, ...] | None = None
    suppressed: tuple[Suppressed, ...] = ()

    @property
    def final(self) -> Source | None:
        """The source that ``findings`` stand in: the fixed one where there is one."""
        if self.source is None or self.text is None:
            return self.source
        return source_of(self.path, self.source.encode(self.text))

    @property
    def shown(self) -> tuple[Finding, ...]:
        """The findings as a reader sees them: in the places of the file, where ``final`` is the code of a document."""
        final = self.final
        return self.findings if final is None else tuple(map(final.shown, self.findings))

    def following(self, before: FileResult) -> FileResult:
        """This outcome, as that of all that was done to the file since ``before`` began."""
        return dataclasses.replace(
            self,
            source=before.source or self.source,
            text=before.text if self.text is None else self.text,
            applied=before.applied + self.applied,
            error=self.error or before.error,
        )

    def __reduce__(self) -> tuple[object, ...]:
        # the trees that a source carries along are not worth sending from process to process
        source = None if self.source is None else (self.source.path, self.source.raw)
        said = (self.text, self.applied, self.error, self.note, self.known, self.suppressed)
        return _restore, (self.path, self.findings, source, *said)


def _restore(
    path: str,
    findings: tuple[Finding, ...],
    source: tuple[str, bytes] | None,
    text: str | None,
    applied: tuple[Finding, ...],
    error: str | None,
    note: str,
    known: tuple[Key, ...] | None,
    suppressed: tuple[Suppressed, ...],
) -> FileResult:
    read = None if source is None else source_of(*source)
    return FileResult(path, findings, read, text, applied, error, note, known, suppressed)


def write(result: FileResult) -> None:
    """Write what fixing made of a file back to it, if that changed anything.

    Whole or not at all; mode, encoding, byte order mark and newlines stay. Raises SourceError.
    """
    if result.source is None or result.text is None:
        return
    try:
        replace(Path(result.path), result.source.encode(result.text))
    except OSError as error:
        raise SourceError(f"cannot write {result.path}: {error.strerror or error}") from error
