"""GitLab's Code Quality report, the part of Code Climate's issues that a merge request shows.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from asset_lint.finding import Finding, Severity

from .common import Context
from .places import fingerprints, within
from .safe import encodable, visible

_SEVERITY = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings as one JSON array."""
    prints = fingerprints(findings, context)
    issues = [_issue(finding, print_, context) for finding, print_ in zip(findings, prints, strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str, context: Context) -> Mapping[str, object]:
    span = finding.span.physical
    return {
        "check_name": finding.code,
        "description": f"{finding.code}: {visible(finding.message)}",  # GitLab does not show the name of the check
        "severity": _SEVERITY[finding.severity],
        "fingerprint": fingerprint,
        "location": {
            "path": encodable(_path(finding.path, context)),
            "positions": {
                "begin": {"line": span.line, "column": span.column},
                "end": {"line": span.end_line, "column": span.end_column},
            },
        },
    }


def _path(path: str, context: Context) -> str:
    """Relative to the repository, without which GitLab finds no file; as the user named it where it lies elsewhere."""
    relative = within(path, os.environ.get("CI_PROJECT_DIR") or context.root)
    return path if relative is None else relative
