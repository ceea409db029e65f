"""AL103 to AL105 and AL801 to AL803: results used when nothing is left of them, and names that DuckDB has not."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .repository import Candidate, Mutant, Opening, Operator
from .results import ANY_ROWS, queries, returned_in_all_forms, rows_of
from .text import Splice

LATE = "late"


def _replaced(rule: str, name: str, *forms: tuple[str, ...], behind: str = "") -> Operator:
    """A query of the body becomes the lines of one of ``forms``, a statement that gives no rows is followed by them;
    ``behind`` stands after the ``with`` that holds it.

    In the lines, ``{c}`` is the connection, ``{q}`` the query, ``{duckdb}`` the module.
    """

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if LATE in candidate.bound or isinstance(candidate.node, ast.AsyncFunctionDef):
            return
        for opening, statement, call in queries(candidate):
            form = random.choice(forms)
            rows = rows_of(candidate, call)
            words = {"c": opening.name, "q": rows, "opened": _opened(candidate, opening)}
            splices: list[Splice] = []
            if any("{duckdb}" in line for line in form):
                words["duckdb"], splices = candidate.duckdb(random)
            text = candidate.text
            begin, end = text.line_start(statement.lineno), text.after_line(statement)
            if rows == ANY_ROWS:
                begin = end  # the statement makes what others need
            indent = text.indent(statement)
            splices.append(Splice(begin, end, "".join(f"{indent}{line.format(**words)}\n" for line in form)))
            if behind:
                holder = opening.holder
                place = text.after_line(holder)
                if not text.data[:place].endswith(b"\n") or _leaves(holder):
                    continue
                splices.append(Splice(place, place, f"{text.indent(holder)}{behind.format(**words)}\n"))
            yield candidate.mutant(rule, name, splices)

    return operator


def _opened(candidate: Candidate, opening: Opening) -> str:
    return candidate.text.of(opening.call)


def _leaves(holder: ast.AST) -> bool:
    """Whether control never gets behind a ``with``."""
    last = holder.body[-1] if isinstance(holder, ast.With) else None
    return isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break))


def _by_helper(rule: str, body: tuple[str, ...], *lines: str) -> Operator:
    """A helper of the module has one half of the fault; ``lines`` call it as ``_late``."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if isinstance(candidate.node, ast.AsyncFunctionDef):
            return
        text = candidate.text
        helper = "\n\ndef _late(connection):\n" + "".join(f"    {line}\n" for line in body)
        for opening, statement, call in queries(candidate):
            words = {"c": opening.name, "q": rows_of(candidate, call)}
            begin, end = text.line_start(statement.lineno), text.after_line(statement)
            indent = text.indent(statement)
            written = "".join(f"{indent}{line.format(**words)}\n" for line in lines)
            splices = [Splice(begin, end, written), candidate.at_module_level(helper)]
            yield candidate.mutant(rule, "by_helper", splices, (text.path, "_late"))

    return operator


def _lazy(candidate: Candidate, random: Random, opening: Opening, call: ast.Call) -> str:
    method = random.choice(["arrow()", "pl(lazy=True)", "to_arrow_reader()", "iter_rows()"])
    return f"{opening.name}.sql({rows_of(candidate, call)}).{method}"


LAZY_RESULT_OPERATORS: tuple[Operator, ...] = (
    *returned_in_all_forms("AL103", _lazy, f"return connection.sql({ANY_ROWS}).arrow()"),
    _replaced("AL103", "outlives", ("late = {c}.sql({q}).arrow()",), behind="with {opened}: pass"),
)
STALE_OPERATORS: tuple[Operator, ...] = (
    _replaced("AL104", "relation", ("late = {c}.sql({q})",), ('late = {c}.table("t")',), behind="late.fetchall()"),
    _replaced("AL104", "of_execute", ("late = {c}.execute({q})",), behind="late.df()"),
    _replaced("AL104", "derived", ("late = {c}.sql({q}).limit(3)",), behind='late.filter("a > 1").df()'),
    _replaced("AL104", "connection", ("{c}.execute({q}).fetchall()",), behind="{c}.execute({q}).fetchall()"),
    _replaced("AL104", "in_branch", ("late = None", "if True:", "    late = {c}.sql({q})"), behind="late.fetchall()"),
    _by_helper(
        "AL104",
        ("with connection:", f"    return connection.sql({ANY_ROWS})"),
        "_late({c}).fetchall()",
    ),
)
BUSY_OPERATORS: tuple[Operator, ...] = (
    _replaced("AL105", "fetchone", ("{c}.execute({q}).fetchone()", '{c}.sql("SELECT 1").fetchall()')),
    _replaced("AL105", "never_fetched", ("{c}.execute({q})", '{c}.table("t").df()')),
    _replaced("AL105", "fetchmany", ("late = {c}.execute({q}).fetchmany(5)", '{c}.register("late", late)')),
    _replaced("AL105", "ddl", ("late = {c}.execute({q})", "late.fetchone()", '{c}.sql("CREATE TABLE x (a INT)")')),
    _replaced(
        "AL105", "in_loop",
        ("for _attempt in range(2):", '    {c}.sql("SELECT 1").fetchall()', "    {c}.execute({q}).fetchone()"),
    ),
    _by_helper("AL105", (f"return connection.execute({ANY_ROWS}).fetchone()",), "_late({c})", '{c}.table("t").df()'),
    _by_helper("AL105", ('return connection.table("t").df()',), "{c}.execute({q}).fetchone()", "_late({c})"),
)  # fmt: skip
REMOVED_OPERATORS: tuple[Operator, ...] = (
    _replaced("AL801", "of_execute", ("late = {c}.execute({q}).pl()",), ("late = {c}.execute({q}).arrow()",)),
    _replaced("AL801", "of_relation", ("late = {c}.sql({q}).fetchone()",), ('late = {c}.table("t").fetchmany(3)',)),
    _replaced("AL801", "of_variable", ("late = {c}.execute({q})", "late = late.fetch_arrow_table()")),
    _by_helper("AL801", (f"return connection.sql({ANY_ROWS})",), "_late({c}).fetch_df_chunk()"),
)
DEPRECATED_OPERATORS: tuple[Operator, ...] = (
    _replaced("AL802", "of_relation", ("late = {c}.sql({q}).fetch_arrow_table()",)),
    _replaced("AL802", "of_variable", ("late = {c}.sql({q})", "late = late.fetch_arrow_table()")),
    _by_helper("AL802", (f"return connection.sql({ANY_ROWS})",), "_late({c}).fetch_record_batch().read_all()"),
)
UNKNOWN_OPERATORS: tuple[Operator, ...] = (
    _replaced(
        "AL803", "handler",
        ("try:", "    {c}.execute({q}).fetchall()", "except {duckdb}.duckdb.CatalogException:", "    raise"),
        ("try:", "    {c}.execute({q}).fetchall()", "except {duckdb}.CatalogError:", "    raise"),
    ),
    _replaced("AL803", "method", ("late = {c}.execute({q}).to_pandas()",), ("late = {c}.fetch_all()",)),
    _replaced("AL803", "of_variable", ("late = {c}.execute({q})", "late = late.fetch_frame()")),
)  # fmt: skip
