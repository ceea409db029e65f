"""Which quotes a module likes."""

from __future__ import annotations

import ast

from asset_lint.source import Source


def quote_of(source: Source, tree: ast.Module) -> str:
    """The quote with which most of a module's strings begin; those of three quotes don't count."""
    single = double = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            text = source.text[source.span_of(node).start :][:8].lstrip("rRbBuUfFtT")
            single += text[:1] == "'" and text[:3] != "'''"
            double += text[:1] == '"' and text[:3] != '"""'
    return "'" if single > double else '"'
