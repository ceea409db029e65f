"""The settings as JSON Schema, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import KEYS


def schema() -> Mapping[str, Any]:
    """The schema of asset-lint.toml and of the table ``[tool.asset-lint]``."""
    properties: dict[str, Any] = {}
    for key, setting in KEYS.items():
        described: dict[str, Any] = {"description": setting.doc, **setting.kind.schema}
        default = setting.plain(setting.default)
        if default is not None:
            described["default"] = default
        properties[key] = described
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "asset-lint",
        "description": "The settings of asset-lint: asset-lint.toml, or [tool.asset-lint] in pyproject.toml.",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }
