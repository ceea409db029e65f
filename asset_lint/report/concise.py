"""One line per finding: ``path:line:column: CODE [*] message``."""

from __future__ import annotations

from collections.abc import Sequence

from asset_lint.finding import Finding

from .common import BOLD, CYAN, OF_SEVERITY, Context, place
from .safe import visible, visible_path


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings, a line each."""
    return "".join(f"{_line(finding, context)}\n" for finding in findings)


def _line(finding: Finding, context: Context) -> str:
    where = context.paint(visible_path(finding.path), BOLD) + f"{place(finding.span)}:"
    return f"{where} {title(finding, context)}"


def title(finding: Finding, context: Context) -> str:
    """``CODE [*] message``, the star where ``--fix`` would repair it."""
    star = f" [{context.paint('*', CYAN)}]" if context.applicable(finding.fix) else ""
    code = context.paint(finding.code, BOLD, OF_SEVERITY[finding.severity])
    return f"{code}{star} {visible(finding.message)}"
