"""Converting what leaves a function: the steps that the rules on returned DuckDB objects share."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asset_lint.model.conversion import FRAMES
from asset_lint.model.index import Place
from asset_lint.model.knowledge import ResultKind

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


LAZY_TYPES = {
    ResultKind.READER: frozenset(("pyarrow.RecordBatchReader", "pyarrow.lib.RecordBatchReader")),
    ResultKind.LAZY_POLARS: frozenset(("polars.LazyFrame",)),
    ResultKind.ITERATOR: frozenset[str](),
}
"""The types by which an annotation promises what is fetched lazily."""


def fetch_eagerly(rewrite: Rewrite, function: Function, output: Output, kind: ResultKind, method: str) -> None:
    """Call ``method``, which gives all rows, instead of what gives a reader, a lazy frame or an iterator."""
    import libcst as cst

    place = _made(function, output)
    annotation, promised = function.node.returns, function.return_type
    fits = annotation is None or promised in LAZY_TYPES[kind] or function.conversion(whole=output.whole) == method
    if place is None or not fits:
        rewrite.give_up()
        return
    assert isinstance(place.node, ast.Call) and isinstance(place.node.func, ast.Attribute)
    if output.of_execute:
        query_as_relation(rewrite, function, Place(function.module, place.node.func.value))
    call = rewrite.node(place, cst.Call)
    if not isinstance(call.func, cst.Attribute) or (call.args and output.of_execute):
        rewrite.give_up()
        return
    if not call.args:
        rewrite.replace(call.func.attr, cst.Name(method))
    else:
        fetched = call.with_changes(func=call.func.with_changes(attr=cst.Name(method)), args=())
        lazy = cst.Call(cst.Attribute(fetched, cst.Name("lazy")))
        rewrite.replace(call, lazy if promised in LAZY_TYPES[ResultKind.LAZY_POLARS] else fetched)
    if annotation is not None and promised in LAZY_TYPES[ResultKind.READER]:
        where = Place(function.module, annotation)
        rewrite.replace(where, rewrite.import_name(*FRAMES[method], near=where))


def _made(function: Function, output: Output) -> Place | None:
    """The call that makes what leaves: the value itself, or what the variable was bound to that is merely given."""
    node = output.place.node
    if isinstance(node, ast.Call):
        return output.place if isinstance(node.func, ast.Attribute) else None
    made = [place for place, _ in output.made]
    if not isinstance(node, ast.Name) or len(made) != 1 or made[0].module is not function.module:
        return None
    uses = [n for n in function.definition.every_node_of(ast.Name) if n.id == node.id]
    bound = any(isinstance(n, ast.Assign) and n.value is made[0].node for n in function.nodes())
    called = isinstance(made[0].node, ast.Call) and isinstance(made[0].node.func, ast.Attribute)
    return made[0] if len(uses) == 2 and bound and called else None


def fetch_the_row(rewrite: Rewrite, place: Place) -> None:
    """Fetch all rows and take the first, instead of ``fetchone()``: of a query that always gives one it is the same."""
    import libcst as cst

    match rewrite.node(place):
        case cst.Call(func=cst.Attribute(attr=cst.Name("fetchone")) as func, args=[]) as call:
            rows = call.with_changes(func=func.with_changes(attr=cst.Name("fetchall")))
            rewrite.replace(call, cst.Subscript(rows, [cst.SubscriptElement(cst.Index(cst.Integer("0")))]))
        case _:
            rewrite.give_up()


def query_as_relation(rewrite: Rewrite, function: Function, place: Place) -> None:
    """Ask the query with ``sql`` instead of ``execute``, whose result has no Arrow or polars form on DuckDB 2.

    A relation can't be read while an earlier result of ``execute`` is unfinished, which another ``execute`` ends.
    """
    import libcst as cst

    if place.node in function.run.displacing:
        rewrite.give_up()
        return

    try:
        call = rewrite.node(place, cst.Call)
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
