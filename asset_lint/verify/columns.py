"""Which columns of a table SQL reads, and of what type they must be, as its use of them tells.

Read with sqlglot's DuckDB dialect, from the text alone; what that does not tell, a column's name does.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

Name = tuple[str, str]  # schema ("" where none is named) and table, or file, in lower case

_NUMBERS = ("Sum", "Avg", "Mul", "Div", "IntDiv", "Mod", "Round", "Abs", "Floor", "Ceil", "Stddev", "StddevPop",
            "StddevSamp", "Variance", "VariancePop", "Median", "Quantile", "PercentileCont", "Corr", "Sqrt", "Ln",
            "Log", "Pow", "Neg", "Exp")  # fmt: skip
_TEXTS = ("Lower", "Upper", "Trim", "Substring", "Length", "DPipe", "Concat", "Like", "ILike", "RegexpLike", "Split",
          "RegexpReplace", "RegexpExtract", "StartsWith", "StrPosition", "Replace", "Initcap", "Left", "Right",
          "StrToTime", "RegexpFullMatch", "Contains")  # fmt: skip
_TIMES = ("Extract", "DateTrunc", "TimestampTrunc", "DateDiff", "TsOrDsDiff", "Year", "Month", "Day", "Quarter", "Week",
          "Hour", "DayOfWeek", "DayOfMonth", "DayOfYear", "TimeToStr", "DateAdd", "DateSub", "DateBin", "LastDay",
          "TimestampDiff", "Dayname", "Monthname", "TsOrDsToDate", "DateStrToDate", "TimeToUnix", "AtTimeZone",
          "DayOfWeekIso", "WeekOfYear", "TsOrDsAdd")  # fmt: skip
_COMPARED = ("EQ", "NEQ", "GT", "GTE", "LT", "LTE", "Between", "In", "Is", "NullSafeEQ", "NullSafeNEQ")
_NAMED = (
    (r"(^|_)(is|has|was)_|_flag$", "BOOLEAN"),
    (r"(^|_)(timestamp|datetime|time|at|ts)$", "TIMESTAMP"),
    (r"(^|_)(date|day)$|^date_", "DATE"),
    (r"(^|_)(id|key|count|number|num|n|rows|quantity|qty|year|month|hour|age|rank|zipcode)$|^num_|^n_", "BIGINT"),
    (r"(^|_)(amount|price|total|cost|fare|revenue|sales|value|rate|ratio|score|salary|distance|duration|lat|lon|latitude"
     r"|longitude|avg|sum|pct|percent|tax|fee|weight|height|balance)(_|$)", "DOUBLE"),
)  # fmt: skip


@dataclass
class Column:
    """What is known of a column. ``values`` are SQL literals that rows must hold for a condition to be fulfilled."""

    type: str = ""
    values: list[str] = field(default_factory=list)

    def learn(self, other: Column) -> None:
        """What another use of it tells; the first that names a type is believed."""
        if not self.type or (self.type == "DATE" and other.type == "TIMESTAMP"):
            self.type = other.type or self.type
        self.values += [value for value in other.values if value not in self.values]


def guessed_type(name: str) -> str:
    """The type of a column whose use tells none."""
    return next((kind for pattern, kind in _NAMED if re.search(pattern, name.lower())), "VARCHAR")


def columns_read(text: str, table: Name, among: Sequence[str] = ()) -> dict[str, Column] | None:
    """The columns that SQL reads of a table, by their names in lower case; None where it does not read the table.

    ``among`` are texts that may declare the table into which it puts them.
    """
    found: dict[str, Column] = {}
    reads = False
    for scope in _scopes(text):
        reads |= any(_is(source, table) for source in scope.sources.values())
        aliases = _aliases(scope.expression)
        for node in scope.columns:
            name = node.name.lower()
            if not node.table and any(name == alias and not _within(node, made) for alias, made in aliases):
                continue  # what the query itself makes
            if _leads_to(scope, node.table, name, table):
                found.setdefault(name, Column()).learn(_use(node))
                found[name].learn(Column(_type_of_target(node, among)))
        for name in _using(scope, table):
            found.setdefault(name, Column())
    return found if reads else None


def use_of(text: str, name: str) -> Column:
    """What SQL tells of a column, whatever table it may be of."""
    found = Column()
    for scope in _scopes(text):
        for node in scope.columns:
            if node.name.lower() == name:
                found.learn(_use(node))
    return found


def _scopes(text: str) -> Iterator[Any]:
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        for statement in sqlglot.parse(text, read="duckdb"):
            if statement is not None:
                for query in _outermost(statement):
                    yield from traverse_scope(query)
    except (SqlglotError, RecursionError):
        return


def _outermost(statement: Any) -> Iterator[Any]:
    """The queries of a statement that stand in no other query."""
    from sqlglot import exp

    for query in statement.find_all(exp.Select, exp.SetOperation):
        if query.find_ancestor(exp.Select, exp.SetOperation) is None:
            yield query


def _is(source: Any, table: Name) -> bool:
    from sqlglot import exp

    if not isinstance(source, exp.Table) or source.catalog:
        return False
    if not isinstance(source.this, exp.Identifier):  # a function that reads files: `read_parquet('raw/trips.parquet')`
        first = next(source.this.iter_expressions(), None)
        files = first.expressions if isinstance(first, exp.Array) else [first]
        return any(isinstance(each, exp.Literal) and ("", each.name.lower()) == table for each in files)
    return source.name.lower() == table[1] and table[0] == ("" if source.db.lower() == "main" else source.db.lower())


def _aliases(select: Any) -> list[tuple[str, Any]]:
    from sqlglot import exp

    return [(each.alias.lower(), each) for each in getattr(select, "selects", ()) if isinstance(each, exp.Alias)]


def _type_of_target(node: Any, among: Sequence[str]) -> str:
    """The type of the column that an INSERT puts a column into as it is, "" for any other column."""
    from sqlglot import exp

    item = node.parent if isinstance(node.parent, exp.Alias) else node
    insert = item.parent.parent if isinstance(item.parent, exp.Select) and item.arg_key == "expressions" else None
    if not isinstance(insert, exp.Insert):
        return ""
    target = insert.this.this if isinstance(insert.this, exp.Schema) else insert.this
    types = next((known for text in among if (known := _declared(text).get(target.name.lower()))), {})
    named = [each.name.lower() for each in insert.this.expressions] if target is not insert.this else list(types)
    at = item.index or 0
    return types.get(named[at], "") if at < len(named) else ""


@lru_cache(maxsize=256)
def _declared(text: str) -> Mapping[str, Mapping[str, str]]:
    """The types of the columns of the tables that SQL declares, in order."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    found: dict[str, dict[str, str]] = {}
    with contextlib.suppress(SqlglotError, RecursionError):
        for statement in sqlglot.parse(text, read="duckdb") if "CREATE" in text.upper() else ():
            if isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema):
                found[statement.this.this.name.lower()] = {
                    each.name.lower(): _plain_type(each.kind.sql("duckdb")) if each.kind else ""
                    for each in statement.this.find_all(exp.ColumnDef)
                }
    return found


def _within(node: Any, other: Any) -> bool:
    while node is not None and node is not other:
        node = node.parent
    return node is not None


def _leads_to(scope: Any, qualifier: str, name: str, table: Name) -> bool:
    """Whether a column of a scope is one of a table's, read directly or through the stars of subqueries.

    Where several could have it, the first is believed to.
    """
    from sqlglot import exp

    for alias, source in scope.sources.items():
        if qualifier and alias.lower() != qualifier.lower():
            continue
        if isinstance(source, exp.Table):
            return _is(source, table)
        selects = getattr(getattr(source, "expression", None), "selects", ())
        if any(each.alias_or_name.lower() == name for each in selects):
            return False
        if any(each.is_star for each in selects):
            return _leads_to(source, "", name, table)
    return False


def _using(scope: Any, table: Name) -> Iterator[str]:
    """The columns by which joins make it and another one."""
    for join in scope.expression.args.get("joins") or ():
        for each in join.args.get("using") or ():
            name = each.name.lower()
            if any(_leads_to(scope, alias, name, table) for alias in scope.sources):
                yield name


def _use(node: Any) -> Column:
    """What the place of a column in a query tells of its type."""
    from sqlglot import exp

    inner, parent = node, node.parent
    while isinstance(parent, exp.Paren | exp.Distinct | exp.Coalesce | exp.Max | exp.Min | exp.Ordered):
        inner, parent = parent, cast("Any", parent.parent)
    kind = type(parent).__name__
    if kind == "Anonymous" and re.match(r"date|time|epoch|age$|isodow|week|century", parent.name.lower()):
        return Column("TIMESTAMP")
    if kind in ("Cast", "TryCast"):
        return Column(_plain_type(parent.to.sql("duckdb")))
    if kind in _COMPARED and not isinstance(inner, exp.Max | exp.Min):
        return _compared(parent, inner)
    if kind in ("Add", "Sub"):
        other = parent.expression if inner is parent.this else parent.this
        return Column("TIMESTAMP" if isinstance(other, exp.Interval) else "DOUBLE")
    for kinds, found in ((_NUMBERS, "DOUBLE"), (_TEXTS, "VARCHAR"), (_TIMES, "TIMESTAMP")):
        if kind in kinds:
            return Column(found)
    return Column("BOOLEAN" if kind in ("And", "Or", "Not", "Where", "Filter") and inner is node else "")


def _plain_type(text: str) -> str:
    """A type that rows can be made of; a text is cast to any other."""
    plain = {"INT": "BIGINT", "INTEGER": "BIGINT", "SMALLINT": "BIGINT", "REAL": "DOUBLE", "FLOAT": "DOUBLE",
             "TEXT": "VARCHAR", "TIMESTAMPTZ": "TIMESTAMP"}  # fmt: skip
    word = text.upper().partition("(")[0]
    word = "DOUBLE" if word == "DECIMAL" else plain.get(word, word)
    return word if word in ("BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "BOOLEAN", "VARCHAR") else ""


def _compared(comparison: Any, node: Any) -> Column:
    """A column beside a literal, or what may stand for one."""
    kind = type(comparison).__name__
    others = [each for each in comparison.iter_expressions() if each is not node]
    types = [found for each in others if (found := _type_of(each))]
    if kind in ("GT", "GTE", "LT", "LTE") and node is comparison.expression:
        kind = {"G": "L", "L": "G"}[kind[0]] + kind[1:]
    texts = [value for each in others if (value := _fulfilling(kind, each))]
    return Column(types[0] if types else "", texts[: 1 if kind == "Between" else None])


def _type_of(node: Any) -> str:
    from sqlglot import exp

    if isinstance(node, exp.Neg):
        return _type_of(node.this)
    if isinstance(node, exp.Literal):
        text = str(node.this)
        if not node.is_string:
            return "BIGINT" if text.isdigit() else "DOUBLE"
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return "DATE"
        return "TIMESTAMP" if re.match(r"\d{4}-\d\d-\d\d[ T]\d", text) else "VARCHAR"
    if isinstance(node, exp.Boolean):
        return "BOOLEAN"
    if isinstance(node, exp.Cast):
        return _plain_type(node.to.sql("duckdb"))
    if isinstance(node, exp.Add | exp.Sub) and node.find(exp.Interval):
        return "TIMESTAMP"
    return {"CurrentDate": "DATE", "CurrentTimestamp": "TIMESTAMP"}.get(type(node).__name__, "")


def _fulfilling(kind: str, node: Any) -> str:
    """A literal that makes a comparison with ``node`` true, "" where none is known."""
    from sqlglot import exp

    while isinstance(node, exp.Cast):
        node = node.this
    if not isinstance(node, exp.Literal | exp.Boolean | exp.Neg):
        return ""
    if kind in ("EQ", "In", "Between", "GTE", "LTE", "Is", "NullSafeEQ"):
        return str(node.sql("duckdb"))
    step = {"GT": 1, "LT": -1}.get(kind)
    if step is None:
        return ""
    if isinstance(node, exp.Literal) and node.is_string:
        try:
            return f"'{datetime.date.fromisoformat(str(node.this)) + datetime.timedelta(days=step)}'"
        except ValueError:
            return ""
    return f"{node.sql('duckdb')} + {step}" if _type_of(node) in ("BIGINT", "DOUBLE") else ""
