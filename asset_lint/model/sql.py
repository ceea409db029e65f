"""What SQL means, read by sqlglot's DuckDB dialect: tables read and made, whether a result can be empty.

Never bound by a database. sqlglot is imported when something beyond the first keyword is asked for, and each text is
parsed once. The holes of a text are words ``hole_0_``, ``hole_1_`` … in it, see :meth:`.texts.Template.render`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from .emptiness import can_be_empty, null_columns
from .texts import Hole, Template

_TOKEN = re.compile(
    r"""(?P<string>[eE]?'(?:[^']|'')*'?)|(?P<name>"(?:[^"]|"")*"?)|(?P<dollar>\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
    |(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<end>;)""",
    re.DOTALL | re.VERBOSE,
)
_START = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_HOLE = re.compile(r"hole_(\d+)_")
_FILE = re.compile(r"[/*\\]|://|\.(?:csv|tsv|txt|json|jsonl|ndjson|parquet|xlsx|arrow|db|duckdb|avro|gz|zst)\b", re.I)

_NEVER = re.compile(r"FALSE|1 = 0|0 = 1|1 <> 1", re.I)

CATALOGUES = frozenset("information_schema pg_catalog sqlite_master sqlite_schema system temp.sqlite_master".split())
CATALOGUE_TABLES = re.compile(r"^(?:duckdb_\w+|pg_\w+|sqlite_\w+|pragma_\w+|information_schema)$", re.I)
READING = frozenset("SELECT WITH FROM VALUES TABLE DESCRIBE DESC SHOW SUMMARIZE PIVOT UNPIVOT EXPLAIN".split())
UNSURE = frozenset("CALL CHECKPOINT PRAGMA USE".split())  # some write
SESSION = frozenset("SET RESET INSTALL LOAD PRAGMA USE BEGIN START COMMIT ROLLBACK ABORT END CHECKPOINT CALL".split())


@dataclass(frozen=True, slots=True)
class Table:
    """A table that SQL names. Names are lower case; a part that is put in at run time has ``hole_…`` in it."""

    name: str
    schema: str = ""
    catalog: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the whole name stands in the code."""
        return not any(_HOLE.search(part) for part in (self.name, self.schema, self.catalog))

    @property
    def is_catalogue(self) -> bool:
        """Whether it is one of DuckDB's own views on what there is."""
        return self.schema in CATALOGUES or bool(CATALOGUE_TABLES.match(self.name))

    def may_be(self, other: Table) -> bool:
        """Whether both may name one table: parts that are unknown or left out fit everything."""
        pairs = ((self.name, other.name), (self.schema, other.schema), (self.catalog, other.catalog))
        for at, (mine, its) in enumerate(pairs):
            if mine == its or _HOLE.search(mine) or _HOLE.search(its) or (at and not (mine and its)):
                continue
            return False
        return True

    def __str__(self) -> str:
        return ".".join(part for part in (self.catalog, self.schema, self.name) if part)


@dataclass(eq=False)
class Statement:
    """One statement of a text. ``holes`` are those of the whole text, by the number in their words."""

    text: str
    holes: tuple[Hole, ...] = ()
    last: bool = True  # of its text: only the last one gives a result, or takes parameters

    @cached_property
    def keyword(self) -> str:
        """Its first keyword, upper case; "" where it does not begin with a word of the code."""
        start = _START.match(self.text)
        word = _WORD.match(self.text, start.end() if start else 0)
        return word.group().upper() if word and not _HOLE.match(word.group()) else ""

    @property
    def own_holes(self) -> dict[int, Hole]:
        """The holes that stand in it, by their numbers."""
        numbers = dict.fromkeys(int(m[1]) for m in _HOLE.finditer(self.text))
        return {number: self.holes[number] for number in numbers if number < len(self.holes)}

    @property
    def tree(self) -> Any:
        """sqlglot's tree, None where it can't read the text."""
        return _parsed(self.text)

    @cached_property
    def can_be_empty(self) -> bool | None:
        """Whether its result may have no row, None where that can't be told."""
        if not self.keyword and not self.text.strip():
            return None
        return can_be_empty(self.tree)

    @cached_property
    def null_columns(self) -> tuple[bool, ...]:
        """Of each column whether it is NULL where what it reads is empty, though there is a row."""
        return null_columns(self.tree)

    @cached_property
    def created_can_be_empty(self) -> bool:
        """Whether it is a ``CREATE`` that is shown to give a table that may have no row."""
        if self.keyword != "CREATE" or not self.makes:
            return False
        query = self.tree.args.get("expression")
        return query is None or can_be_empty(query) is True

    @cached_property
    def is_read_only(self) -> bool | None:
        """Whether it leaves the database as it is; None where that can't be told."""
        word = self.keyword
        if word in READING:
            if word != "WITH":
                return True
            tree = self.tree
            return None if tree is None else type(tree).__name__ not in ("Insert", "Update", "Delete", "Merge")
        if word in SESSION:
            return True
        if word == "COPY":
            tree = self.tree
            return None if tree is None or type(tree).__name__ != "Copy" else not tree.args.get("kind")
        return False if word else None

    @property
    def pages(self) -> bool:
        """Whether it has an ``OFFSET`` that is no constant."""
        return "OFFSET" in self.text.upper() and any(
            type(node.expression).__name__ != "Literal" for node in self._all("Offset")
        )

    @property
    def runs_read_only(self) -> bool:
        """Whether it surely runs where the database is opened for reading alone."""
        return bool(self.is_read_only) and self.keyword not in UNSURE and "nextval" not in self.text.lower()

    @property
    def is_ddl(self) -> bool:
        """Whether it makes, alters or drops something."""
        return self.keyword in ("CREATE", "DROP", "ALTER", "COMMENT", "ATTACH", "DETACH")

    @property
    def is_write(self) -> bool:
        """Whether it changes rows."""
        return self.is_read_only is False and not self.is_ddl

    @property
    def gives_rows(self) -> bool:
        """Whether its result are rows of data, not merely a count."""
        return self.keyword in READING | {"CALL", "PRAGMA"} and self.is_read_only is not False

    @cached_property
    def counts(self) -> bool:
        """Whether it counts all rows of what it reads: one row comes of it."""
        return self.can_be_empty is False and bool(self._all("Count"))

    @cached_property
    def calls_catalogue(self) -> bool:
        """Whether it reads one of the functions that list what there is: ``duckdb_tables()``."""
        return any(
            CATALOGUE_TABLES.match(str(node.this.this))
            for node in self._all("Table")
            if type(node.this).__name__ == "Anonymous"
        )

    @cached_property
    def looked_up(self) -> tuple[str, ...]:
        """The names of tables that a look into the catalogue asks for; empty if it lists them all."""
        found: list[str] = []
        for kind in ("EQ", "In", "Like", "ILike"):
            for node in self._all(kind):
                column = node.this
                while type(column).__name__ in ("Lower", "Upper", "Paren"):
                    column = column.this
                if type(column).__name__ == "Column" and column.name.lower() in ("table_name", "view_name", "name"):
                    others = node.args.get("expressions") or [node.args.get("expression")]
                    texts = [o.name for o in others if type(o).__name__ == "Literal"]
                    found.extend(text.replace("%", "hole_0_") for text in texts)
        return tuple(found)

    # ---- tables ------------------------------------------------------------------------------------------------------

    @cached_property
    def ctes(self) -> frozenset[str]:
        """The names of its common table expressions."""
        return frozenset(cte.alias.lower() for cte in self._all("CTE"))

    @cached_property
    def reads(self) -> tuple[Table, ...]:
        """The tables, views and frames that it reads; neither files nor what it names itself."""
        targets = {id(node) for node in self._targets()}
        found: dict[Table, None] = {}
        for node in self._all("Table"):
            table = _table(node)
            if table is None or id(node) in targets or _FILE.search(table.name):
                continue
            if not table.schema and table.name in self.ctes:
                continue
            if _is_alias_of_another(node, table):
                continue
            found[table] = None
        text = self.text.lower()
        return tuple(sorted(found, key=lambda table: text.find(table.name)))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files that it names in place of tables."""
        return tuple(node.name for node in self._all("Table") if _table(node) is not None and _FILE.search(node.name))

    @cached_property
    def makes(self) -> tuple[Table, ...]:
        """The tables and views that exist once it has run."""
        tree = self.tree
        if type(tree).__name__ != "Create" or str(tree.args.get("kind", "")).upper() not in ("TABLE", "VIEW"):
            return ()
        return self._tables_of(self._targets())

    @cached_property
    def writes(self) -> tuple[Table, ...]:
        """The tables whose rows it changes; it needs them to exist."""
        if type(self.tree).__name__ not in ("Insert", "Update", "Delete", "Merge", "Copy", "TruncateTable"):
            return ()
        return self._tables_of(self._targets())

    @cached_property
    def drops(self) -> tuple[Table, ...]:
        """The tables and views that are gone once it has run."""
        return self._tables_of(self._targets()) if type(self.tree).__name__ == "Drop" else ()

    @cached_property
    def alters(self) -> tuple[Table, ...]:
        """The tables whose columns it changes."""
        return self._tables_of(self._targets()) if type(self.tree).__name__ == "Alter" else ()

    @property
    def is_view(self) -> bool:
        """Whether it makes a view."""
        return self.keyword == "CREATE" and str(self.tree.args.get("kind", "")).upper() == "VIEW"

    @cached_property
    def is_filled(self) -> bool:
        """``CREATE TABLE … AS SELECT``: not merely the columns of a query that gives no row."""
        query = self.tree.args.get("expression") if self.keyword == "CREATE" else None
        if query is None or not hasattr(query, "args"):
            return False
        where, limit = query.args.get("where"), query.args.get("limit")
        none = where is not None and _NEVER.fullmatch(where.this.sql())
        empty = limit is not None and str(limit.args.get("expression")) == "0"
        return not (none or empty or "NO DATA" in self.text.upper())

    @property
    def inserts(self) -> bool:
        """Whether it adds rows: INSERT, or COPY from a file."""
        return type(self.tree).__name__ == "Insert" or (type(self.tree).__name__ == "Copy" and bool(self.writes))

    @property
    def empties(self) -> bool:
        """Whether it takes rows away."""
        return type(self.tree).__name__ in ("Delete", "TruncateTable")

    @cached_property
    def minds_repeats(self) -> bool:
        """Whether an INSERT says what is to become of rows that are there already, or leaves them out."""
        if self.tree.args.get("conflict") is not None or self.tree.args.get("alternative"):
            return True
        for node in self.tree.walk():
            kind = type(node).__name__
            if kind == "Except" or (
                kind == "Join" and str(node.args.get("kind") or node.args.get("side")).upper() == "ANTI"
            ):
                return True
            if kind == "Not" and type(node.this).__name__ in ("Exists", "In"):
                return True
            if kind == "Is" and type(node.args.get("expression")).__name__ == "Null" and self._joins_left:
                return True
        return False

    @property
    def _joins_left(self) -> bool:
        return any(str(node.args.get("side") or "").upper() == "LEFT" for node in self._all("Join"))

    @cached_property
    def only_counts(self) -> bool:
        """Whether it is a SELECT of nothing but the number of rows."""
        tree = self.tree
        return type(tree).__name__ == "Select" and all(
            type(p.this if type(p).__name__ == "Alias" else p).__name__ == "Count" for p in tree.expressions
        )

    @property
    def replaces(self) -> bool:
        """``CREATE OR REPLACE``."""
        return bool(self.tree is not None and self.tree.args.get("replace"))

    @property
    def if_not_exists(self) -> bool:
        """``CREATE … IF NOT EXISTS``."""
        return bool(self.tree is not None and self.keyword == "CREATE" and self.tree.args.get("exists"))

    @cached_property
    def is_temporary(self) -> bool:
        """``CREATE TEMP …``."""
        return "TEMP" in self.text.upper() and bool(self._all("TemporaryProperty"))

    def _targets(self) -> list[Any]:
        tree = self.tree
        kind = type(tree).__name__
        if tree is None or kind not in _TARGETED:
            return []
        if kind == "Copy" and not tree.args.get("kind"):
            return []
        if kind == "TruncateTable":
            return list(tree.expressions)
        if kind == "Drop":
            return list(tree.args.get("tables") or [tree.this])
        target = tree.this
        while type(target).__name__ in ("Schema", "Index", "Alias"):
            target = target.args.get("table") if type(target).__name__ == "Index" else target.this
        return [target] if type(target).__name__ == "Table" else []

    def _tables_of(self, nodes: list[Any]) -> tuple[Table, ...]:
        return tuple(table for node in nodes if (table := _table(node)) is not None)

    def _all(self, kind: str) -> Sequence[Any]:
        """The nodes of a class, by its name: the classes themselves would have to be imported."""
        return _nodes(self.text).get(kind, ())


_TARGETED = frozenset("Create Insert Update Delete Merge Copy TruncateTable Drop Alter".split())


def _table(node: Any) -> Table | None:
    """The table that a node names; None for functions and subqueries."""
    if type(node).__name__ != "Table" or type(node.this).__name__ != "Identifier":
        return None
    return Table(node.name.lower(), node.db.lower(), node.catalog.lower())


def _is_alias_of_another(node: Any, table: Table) -> bool:
    """``FROM t, t.items``: a column of a table beside it."""
    if not table.schema:
        return False
    select = node.find_ancestor(*_select_classes())
    if select is None:
        return False
    return any(
        other is not node and (other.alias_or_name or "").lower() == table.schema
        for other in select.find_all(type(node))
        if other.find_ancestor(*_select_classes()) is select
    )


def _select_classes() -> tuple[Any, ...]:
    from sqlglot import exp

    return (exp.Select,)


@lru_cache(maxsize=4096)
def statements_of(template: Template) -> tuple[Statement, ...]:
    """The statements of a text, in order."""
    pieces = _split(template.render())
    holes = template.holes
    return tuple(Statement(piece, holes, at == len(pieces) - 1) for at, piece in enumerate(pieces))


@lru_cache(maxsize=4096)
def _split(text: str) -> tuple[str, ...]:
    """A text cut at its semicolons; those in quotes and comments don't count, empty statements neither."""
    if ";" not in text:
        return (text,)
    cuts = [m.start() for m in _TOKEN.finditer(text) if m.lastgroup == "end"]
    pieces = [text[a:b] for a, b in zip([0, *(c + 1 for c in cuts)], [*cuts, len(text)])]
    return tuple(piece for piece in pieces if _START.sub("", piece, count=1).strip())


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    """sqlglot's tree of one statement; untyped, for its classes changed their names over the versions."""
    import logging

    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it warns of each statement that it merely keeps as words
    try:
        found = sqlglot.parse(text, read="duckdb")
    except (SqlglotError, RecursionError, ValueError):
        return None
    trees = [tree for tree in found if tree is not None]
    return trees[0] if len(trees) == 1 else None


@lru_cache(maxsize=4096)
def _nodes(text: str) -> Mapping[str, Sequence[Any]]:
    """The nodes of that tree by the names of their classes; there are dozens of questions to each tree."""
    tree = _parsed(text)
    found: dict[str, list[Any]] = {}
    for node in tree.walk() if tree is not None else ():
        found.setdefault(type(node).__name__, []).append(node)
    return found
