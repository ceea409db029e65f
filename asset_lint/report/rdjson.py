"""reviewdog's diagnostic format, which becomes comments and suggested changes on a pull request.

https://github.com/reviewdog/reviewdog/tree/master/proto/rdf; it counts columns in bytes of UTF-8.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

from asset_lint.finding import Finding, Fix, Note, Safety, Span

from .common import Context
from .safe import encodable, visible


def render(findings: Sequence[Finding], context: Context) -> str:
    """One result with all the findings."""
    document = {
        "source": {"name": "asset-lint"},
        "severity": "WARNING",  # of diagnostics that name none; ours do
        "diagnostics": [_diagnostic(finding, context) for finding in findings],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _diagnostic(finding: Finding, context: Context) -> Mapping[str, Any]:
    texts = [finding.message, finding.hint] if finding.hint else [finding.message]
    diagnostic: dict[str, Any] = {
        "code": {"value": finding.code},
        "message": "\n".join(map(visible, texts)),
        "severity": finding.severity.name,
        "location": _location(finding.path, finding.span, context),
    }
    if finding.notes:
        diagnostic["related_locations"] = [_related(note, context) for note in finding.notes]
    suggestion = _suggestion(finding.path, finding.fix, context)
    if suggestion is not None:
        diagnostic["suggestions"] = [suggestion]
    return diagnostic


def _related(note: Note, context: Context) -> Mapping[str, Any]:
    return {"message": visible(note.message), "location": _location(note.path, note.span, context)}


def _suggestion(path: str, fix: Fix | None, context: Context) -> Mapping[str, Any] | None:
    """All edits of a fix as one: reviewers accept each suggestion by itself, and half a fix breaks the code."""
    text = context.texts(path)
    if fix is None or not fix.edits or fix.safety is Safety.DISPLAY or text is None:
        return None
    if any(edit.span.in_file for edit in fix.edits):
        return None  # the text of a notebook's cell would need JSON's escapes
    edits = sorted(fix.edits)
    first, last = edits[0].span, edits[-1].span
    pieces: list[str] = []
    at = first.start
    for edit in edits:
        pieces += (text[at : edit.span.start], edit.text)
        at = edit.span.end
    whole = Span(first.start, last.end, first.line, first.column, last.end_line, last.end_column)
    return {"range": _range(path, whole, context), "text": "".join(pieces)}


def _location(path: str, span: Span, context: Context) -> Mapping[str, Any]:
    named = path if path == "-" else os.path.abspath(path)
    return {"path": encodable(named), "range": _range(path, span, context)}


def _range(path: str, span: Span, context: Context) -> Mapping[str, Any]:
    lines = context.lines(path)
    span = span.physical

    def position(line: int, column: int) -> Mapping[str, int]:
        before = lines[line - 1][: column - 1] if line <= len(lines) else ""
        return {"line": line, "column": column + len(before.encode()) - len(before)}

    return {"start": position(span.line, span.column), "end": position(span.end_line, span.end_column)}
