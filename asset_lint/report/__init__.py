"""Findings as text, one module per format."""

from __future__ import annotations

from collections.abc import Sequence

from asset_lint.finding import Finding

from .common import Context

__all__ = ["Context", "render"]


def render(output_format: str, findings: Sequence[Finding], context: Context) -> str:
    """``findings`` in one of the formats of the setting `output-format`; ends with a newline unless empty."""
    if output_format == "concise":
        from .concise import render as chosen
    elif output_format == "json":
        from .json import render as chosen
    elif output_format == "github":
        from .github import render as chosen
    elif output_format == "sarif":
        from .sarif import render as chosen
    else:
        from .full import render as chosen
    return chosen(findings, context)
