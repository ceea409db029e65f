"""ruff's JSON: a list of objects, rows and columns from 1. ``notes``, ``hint`` and ``function`` are our own keys."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from asset_lint.finding import Edit, Finding, Note, Span

from .common import Context


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings as one JSON array."""
    return json.dumps([as_json(finding) for finding in findings], indent=2, sort_keys=True) + "\n"


def as_json(finding: Finding) -> Mapping[str, object]:
    """One finding as JSON's data."""
    fix = finding.fix
    return {
        "cell": finding.span.cell or None,
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "severity": str(finding.severity),
        "filename": _filename(finding.path),
        "location": {"row": finding.span.line, "column": finding.span.column},
        "end_location": {"row": finding.span.end_line, "column": finding.span.end_column},
        "noqa_row": finding.noqa_line,
        "url": None,
        "fix": None
        if fix is None
        else {"applicability": str(fix.safety), "message": fix.message, "edits": [_edit(edit) for edit in fix.edits]},
        "verdict": finding.verdict or None,
        "hint": finding.hint or None,
        "function": finding.function or None,
        "notes": [_note(note) for note in finding.notes],
    }


def _filename(path: str) -> str:
    return path if path == "-" else os.path.abspath(path)


def _locations(span: Span) -> Mapping[str, object]:
    return {
        **({"cell": span.cell} if span.cell else {}),
        "location": {"row": span.line, "column": span.column},
        "end_location": {"row": span.end_line, "column": span.end_column},
    }


def _edit(edit: Edit) -> Mapping[str, object]:
    return {"content": edit.text, **_locations(edit.span)}


def _note(note: Note) -> Mapping[str, object]:
    return {"message": note.message, "filename": _filename(note.path), **_locations(note.span)}
