"""One JSON object per line, of the same shape as in the format json."""

from __future__ import annotations

import json
from collections.abc import Sequence

from asset_lint.finding import Finding

from .common import Context
from .json import as_json


def render(findings: Sequence[Finding], context: Context) -> str:
    """The findings, a line each; nothing without findings."""
    return "".join(f"{json.dumps(as_json(finding), sort_keys=True)}\n" for finding in findings)
