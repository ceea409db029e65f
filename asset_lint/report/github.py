"""Workflow commands of GitHub Actions, which show as annotations.

A step shows ten annotations of a kind, hence the worst first and the sum in a line of its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from asset_lint.finding import Finding, Severity

from .common import Context, by_severity, counted, place
from .safe import visible, visible_path

_COMMAND = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(findings: Sequence[Finding], context: Context) -> str:
    """One command per finding, then the sum."""
    if not findings:
        return ""
    worst_first = sorted(findings, key=lambda finding: (-finding.severity, finding.order))
    total = f"asset-lint: {counted(len(findings), 'finding')} ({by_severity(findings)})"
    return "".join(f"{_command(finding)}\n" for finding in worst_first) + f"{total}\n"


def _command(finding: Finding) -> str:
    span = finding.span.physical
    properties = {"title": f"asset-lint ({finding.code})", "file": _file(finding.path), "line": span.line}
    if span.end_line == span.line:  # GitHub drops an annotation with columns over several lines
        properties |= {"col": span.column, "endLine": span.end_line, "endColumn": span.end_column}
    else:
        properties |= {"endLine": span.end_line}
    lines = [f"{visible_path(finding.path)}{place(finding.span)}: {finding.code} {visible(finding.message)}"]
    lines += [f"  {visible_path(note.path)}{place(note.span)}: {visible(note.message)}" for note in finding.notes]
    lines += [f"  help: {visible(text)}" for text in (finding.hint, finding.fix.message if finding.fix else "") if text]
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{_COMMAND[finding.severity]} {told}::{_data(chr(10).join(lines))}"


def _file(path: str) -> str:
    """Relative to the checkout: its absolute path may differ between a container and its host."""
    absolute = os.path.abspath(path)
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if workspace and absolute.startswith(workspace.rstrip("/") + "/"):
        return os.path.relpath(absolute, workspace)
    return path


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return (
        _data("".join(char if char.isprintable() or char in "\r\n" else "\ufffd" for char in text))
        .replace(":", "%3A")
        .replace(",", "%2C")
    )
