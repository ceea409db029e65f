"""How fixes change a file: tree surgery and imports, said as minimal edits."""

from .imports import without_orphans
from .rewriting import Rewrite

__all__ = ["Rewrite", "without_orphans"]
