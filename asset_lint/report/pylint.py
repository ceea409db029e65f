"""``path:line: [CODE] message``, which many editors and services read as pylint's."""

from __future__ import annotations

from collections.abc import Sequence

from asset_lint.finding import Finding

from .common import Context
from .safe import visible, visible_path


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings, a line each."""
    return "".join(
        f"{visible_path(finding.path)}:{finding.span.physical.line}: [{finding.code}] {visible(finding.message)}\n"
        for finding in findings
    )
