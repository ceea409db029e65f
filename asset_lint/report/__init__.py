"""Findings as text, one module per format."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from asset_lint.finding import Finding

from .common import Context

__all__ = ["Context", "render"]


def render(output_format: str, findings: Sequence[Finding], context: Context) -> str:
    """``findings`` in one of the formats of the setting `output-format`; ends with a newline unless empty."""
    module = import_module(f"{__name__}.{output_format.replace('-', '_')}")
    return cast("str", module.render(findings, context))
