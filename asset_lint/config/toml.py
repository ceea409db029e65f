"""Reading TOML on every supported Python."""

from __future__ import annotations

import sys
from typing import Any


def load(text: str) -> dict[str, Any]:
    """Parse a document; a broken one raises ValueError whose message tells line and column."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)
