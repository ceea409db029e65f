"""Converting what leaves a function: the steps that the rules on returned DuckDB objects share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asset_lint.model.conversion import FRAMES
from asset_lint.model.index import Place

if TYPE_CHECKING:
    from asset_lint.model.assets import Function
    from asset_lint.model.outputs import Output

    from .rewriting import Rewrite


def is_statement_only(output: Output) -> bool:
    """Whether the value is that of a statement without rows (``CREATE …``): there is nothing to convert."""
    return output.statement in NO_ROWS


NO_ROWS = frozenset(
    """CREATE INSERT UPDATE DELETE DROP ALTER COPY ATTACH DETACH SET RESET USE LOAD INSTALL BEGIN COMMIT ROLLBACK
    CHECKPOINT VACUUM ANALYZE IMPORT EXPORT TRUNCATE MERGE COMMENT GRANT""".split()
)


def keep_statement(rewrite: Rewrite, output: Output) -> None:
    """Keep the call, return nothing; what would follow must still not be run."""
    import ast

    import libcst as cst

    exit_ = output.exit
    if not isinstance(exit_.node, ast.Return) or exit_.node.value is not output.place.node:
        rewrite.give_up()
        return
    node = rewrite.node(exit_, cst.Return)
    assert node.value is not None
    rewrite.replace(node, cst.Expr(node.value))
    if not output.last:
        rewrite.insert_after(exit_, "return")


def convert(rewrite: Rewrite, function: Function, output: Output, method: str) -> None:
    """Call the conversion on the value, and let the annotation promise what it gives."""
    rewrite.call_method(output.place, method)
    promise(rewrite, function, method)


def promise(rewrite: Rewrite, function: Function, method: str) -> None:
    """Write the type that ``method`` gives in the place of an annotation of DuckDB's own type."""
    annotation = function.node.returns
    if annotation is None or not function.promises_duckdb_object:
        return
    if method not in FRAMES:
        rewrite.give_up()
        return
    place = Place(function.module, annotation)
    rewrite.replace(place, rewrite.import_name(*FRAMES[method], near=place))


def query_as_relation(rewrite: Rewrite, output: Output) -> None:
    """Ask the query with ``sql`` instead of ``execute``, whose result has no Arrow or polars form on DuckDB 2."""
    import libcst as cst

    try:
        call = rewrite.node(output.place, cst.Call)
    except LookupError:
        rewrite.give_up()
        return
    match call:
        case cst.Call(func=cst.Attribute(attr=cst.Name("execute")) as func, args=[query]):
            pass
        case cst.Call(
            func=cst.Attribute(attr=cst.Name("execute")) as func, args=[query, cst.Arg(keyword=None) as given]
        ):
            equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
            rewrite.replace(given, given.with_changes(keyword=cst.Name("params"), equal=equal))
        case _:
            rewrite.give_up()
            return
    if query.keyword is not None or query.star:
        rewrite.give_up()
    rewrite.replace(func.attr, cst.Name("sql"))
