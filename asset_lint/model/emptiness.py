"""Whether the result of a statement may have no row."""

from __future__ import annotations

import re
from typing import Any

_HOLE = re.compile(r"hole_\d+_")
ONE_ROW_FUNCTIONS = frozenset("pragma_version pragma_database_size pragma_platform pragma_user_agent".split())
FILE_READERS = frozenset(
    """read_csv read_csv_auto read_parquet parquet_scan read_json read_json_auto read_ndjson read_ndjson_auto
    read_json_objects read_text read_blob read_xlsx sniff_csv glob iceberg_scan delta_scan""".split()
)
AGGREGATES = frozenset(
    """approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_min arg_min_null bit_and
    bit_or bit_xor bitstring_agg bool_and bool_or count_if countif count_star entropy favg first fsum geometric_mean
    geomean histogram kahan_sum kurtosis kurtosis_pop last list listagg mad max_by min_by mode product quantile
    quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope reservoir_quantile sem
    skewness sumkahan sum_no_overflow corr covar_pop covar_samp st_extent_agg array_agg any_value max min""".split()
)
"""DuckDB's aggregates that sqlglot may know only as functions of some name."""
COUNTED = frozenset("Insert Update Delete Merge Copy Create".split())
SETS = {"Union", "Except", "Intersect"}


def can_be_empty(tree: Any) -> bool | None:
    """True where a result without rows is possible, False where it never is, None where it can't be told."""
    return _statement(tree, {})


def _statement(tree: Any, ctes: dict[str, bool | None]) -> bool | None:
    kind = type(tree).__name__
    if kind == "Subquery" or kind == "Paren":
        return _statement(tree.this, ctes) if not _filters(tree) else None
    if kind == "Select" or kind in SETS:
        ctes = {**ctes, **_ctes(tree, ctes)}
        return _select(tree, ctes) if kind == "Select" else _set(tree, ctes)
    if kind in COUNTED:
        returning = tree.args.get("returning") is not None
        return False if not returning else None if kind != "Insert" else _inserted(tree, ctes)
    if kind in ("Values", "Describe", "Summarize"):
        return False
    if kind == "Pragma":
        name = type(tree.this).__name__
        return False if name == "Column" and tree.this.name.lower() in ("database_size", "version") else None
    if kind == "Command":
        return False if str(tree.this).upper() == "EXPLAIN" else None
    return None


def _inserted(tree: Any, ctes: dict[str, bool | None]) -> bool | None:
    """``INSERT … RETURNING``: as many rows as are inserted."""
    if tree.args.get("conflict") is not None or tree.args.get("alternative"):
        return None
    return _statement(tree.expression, ctes)


def _ctes(tree: Any, outer: dict[str, bool | None]) -> dict[str, bool | None]:
    with_ = tree.args.get("with_") or tree.args.get("with")
    found: dict[str, bool | None] = {}
    for cte in with_.expressions if with_ is not None else ():
        found[cte.alias.lower()] = _statement(cte.this, {**outer, **found})
    return found


def _filters(tree: Any) -> bool:
    return any(tree.args.get(part) is not None for part in ("where", "having", "qualify", "offset", "limit", "sample"))


def _set(tree: Any, ctes: dict[str, bool | None]) -> bool | None:
    if type(tree).__name__ != "Union":
        return None
    if tree.args.get("limit") is not None or tree.args.get("offset") is not None:
        return None
    sides = [_statement(tree.this, ctes), _statement(tree.expression, ctes)]
    if False in sides:
        return False
    return None if None in sides else True


def _limited(tree: Any) -> bool | None:
    """Whether LIMIT or OFFSET may take away the only row: False for a plain positive limit."""
    limit = tree.args.get("limit")
    if tree.args.get("offset") is not None or tree.args.get("sample") is not None:
        return True
    if limit is None:
        return False
    count = limit.args.get("expression") or limit.args.get("count")
    if type(count).__name__ == "Literal" and not count.is_string:
        return str(count.this) == "0"
    return None


def _select(tree: Any, ctes: dict[str, bool | None]) -> bool | None:
    limited = _limited(tree)
    if limited is None:
        return None
    if limited or tree.args.get("having") is not None or tree.args.get("qualify") is not None:
        return True
    if any(_widens(projection) for projection in tree.expressions):
        return None
    if tree.args.get("group") is not None:
        return _source(tree, ctes)
    answers = [_aggregated(projection) for projection in tree.expressions]
    if True in answers:
        return False
    source = _source(tree, ctes)
    if source is False:
        return False
    return None if None in answers else source


def _source(tree: Any, ctes: dict[str, bool | None]) -> bool | None:
    """Whether the rows that a SELECT works on may be none."""
    from_ = tree.args.get("from_") or tree.args.get("from")
    where = tree.args.get("where")
    if from_ is None:
        return False if where is None else True
    answers = [_from(from_.this, ctes)]
    for join in tree.args.get("joins") or ():
        outer = str(join.args.get("side") or "").upper() in ("LEFT", "FULL")
        cross = join.args.get("on") is None and not join.args.get("using")
        if not outer:
            answers.append(_from(join.this, ctes) if cross else True)
    if _unreadable(tree):
        return None
    if where is not None or True in answers:
        return True if all(a is not None for a in answers) or True in answers else None
    return None if None in answers else False


def _unreadable(tree: Any) -> bool:
    """A hole that may hold a whole clause: it stands where an alias is due."""
    return any(
        _HOLE.fullmatch(alias.name or "")
        for part in (tree.args.get("from_") or tree.args.get("from"), *(tree.args.get("joins") or ()))
        for alias in [part.this.args.get("alias")]
        if alias is not None
    ) or bool(tree.args.get("laterals"))


def _from(node: Any, ctes: dict[str, bool | None]) -> bool | None:
    kind = type(node).__name__
    if kind == "Subquery":
        return _statement(node.this, ctes)
    if kind == "Values":
        return False
    if kind != "Table":
        return None
    inner = type(node.this).__name__
    if inner == "Identifier":
        name = node.name.lower()
        if not node.db and name in ctes:
            return ctes[name]
        return True
    name = _function_name(node.this)
    if name in ONE_ROW_FUNCTIONS:
        return False
    return True if name in FILE_READERS or inner.startswith("Read") else None


def _function_name(node: Any) -> str:
    return str(node.this if type(node).__name__ == "Anonymous" else node.sql_name()).lower() if node is not None else ""


def _aggregated(node: Any) -> bool | None:
    """Whether a projection is an aggregate: it gives one row whatever there is. None: it may be one."""
    stack = [node]
    perhaps = False
    while stack:
        current = stack.pop()
        kind = type(current).__name__
        if kind in ("Subquery", "Select", "Window", "Exists"):
            continue
        if _is_aggregate(current):
            return True
        if kind == "Column" and _HOLE.search(current.name) and not current.table:
            perhaps = True
        if kind == "Anonymous":
            perhaps = True  # a macro, or an aggregate that sqlglot does not know
        stack.extend(child for child in current.iter_expressions())
    return None if perhaps else False


def _is_aggregate(node: Any) -> bool:
    if type(node).__name__ == "Anonymous":
        return str(node.this).lower() in AGGREGATES
    return any(base.__name__ == "AggFunc" for base in type(node).__mro__)


def _widens(node: Any) -> bool:
    """Whether a projection makes any number of rows of one: ``unnest``, ``generate_series``."""
    return any(
        type(inner).__name__ in ("Explode", "Unnest", "ExplodeOuter", "Posexplode", "Inline") for inner in node.walk()
    )


# ---- what has no value -------------------------------------------------------------------------------------------

NULL_OF_NOTHING = frozenset(
    """Sum Avg Min Max Median Stddev StddevPop StddevSamp Variance VariancePop PercentileCont PercentileDisc
    Quantile""".split()
)
"""Aggregates that give NULL where there are no rows, and numbers or dates elsewhere."""
KEEPING_NULL = frozenset(
    "Alias Paren Round Cast TryCast Neg Add Sub Mul Div IntDiv Mod Abs Ceil Floor Filter Distinct".split()
)
"""Expressions that are NULL where their operand is."""


def null_columns(tree: Any) -> tuple[bool, ...]:
    """Of each column of a SELECT whether it is shown to be NULL in the one row that comes of an empty table."""
    if type(tree).__name__ != "Select" or tree.args.get("group") is not None:
        return ()
    if can_be_empty(tree) is not False or _source(tree, _ctes(tree, {})) is not True:
        return ()
    return tuple(_is_null(projection) for projection in tree.expressions)


def _is_null(node: Any) -> bool:
    kind = type(node).__name__
    if kind in NULL_OF_NOTHING:
        return True
    if kind not in KEEPING_NULL:
        return False
    operands = (node.args.get("this"), node.args.get("expression") if kind != "Filter" else None)
    return any(operand is not None and hasattr(operand, "args") and _is_null(operand) for operand in operands)
