"""What a call can give, as far as the linter must tell values apart."""

from __future__ import annotations

import enum


class ResultKind(enum.Enum):
    """Kind of a value that DuckDB's Python API gives; the names are those of the generated tables."""

    CONNECTION = "a DuckDB connection"
    RELATION = "a DuckDB relation"
    GROUPED = "a grouped DuckDB relation"
    READER = "an Arrow record batch reader"
    FRAME_PANDAS = "a pandas DataFrame"
    FRAME_POLARS = "a polars DataFrame"
    LAZY_POLARS = "a polars LazyFrame"
    ARROW_TABLE = "an Arrow table"
    ROWS = "a list of row tuples"
    ROW = "a row tuple or None"
    NUMPY = "a dict of numpy arrays"
    ITERATOR = "an iterator over rows"
    DICTS = "a list of dicts"
    PLAIN = "a plain Python value"
    NONE = "None"
    STATEMENT = "a parsed DuckDB statement"
    EXPRESSION = "a DuckDB expression"
    APPENDER = "a DuckDB appender"
    TYPE = "a DuckDB type"
    UNKNOWN = "a value of unknown kind"
    REMOVED = "nothing: an earlier version has it, this one does not"
    ABSENT = "nothing: no version up to this one has it"

    @property
    def is_missing(self) -> bool:
        """No such name in that version: reading it raises AttributeError."""
        return self is ResultKind.REMOVED or self is ResultKind.ABSENT
