"""How fixes change a file: tree surgery and imports, said as minimal edits."""

from .holding import hold
from .imports import without_orphans
from .results import convert, is_statement_only, keep_statement, query_as_relation
from .rewriting import Rewrite

__all__ = ["Rewrite", "convert", "hold", "is_statement_only", "keep_statement", "query_as_relation", "without_orphans"]
