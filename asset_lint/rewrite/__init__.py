"""How fixes change a file: tree surgery and imports, said as minimal edits."""

from .rewriting import Rewrite

__all__ = ["Rewrite"]
