"""How fixes change a file: tree surgery and imports, said as minimal edits."""

from .guarded import drop_guarded, import_at_run_time
from .holding import hold
from .imports import without_orphans
from .migration import leave_out, migrate, rename
from .results import convert, fetch_eagerly, fetch_the_row, is_statement_only, keep_statement, query_as_relation
from .rewriting import Rewrite

__all__ = [
    "Rewrite",
    "convert",
    "drop_guarded",
    "fetch_eagerly",
    "fetch_the_row",
    "hold",
    "import_at_run_time",
    "is_statement_only",
    "keep_statement",
    "leave_out",
    "migrate",
    "query_as_relation",
    "rename",
    "without_orphans",
]
