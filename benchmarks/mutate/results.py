"""AL101 and AL102: a relation or a connection leaves the function instead of what was made of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from random import Random
from typing import TypeAlias

from .repository import Candidate, Mutant, Opening, Operator
from .text import Splice

CONVERSIONS = frozenset({"df", "fetchdf", "fetch_df", "to_df", "pl", "fetchall", "fetch_arrow_table", "to_arrow_table"})
QUERIES = frozenset({"execute", "sql", "query"})
UNFINISHED = {"AL105": "for a relation is asked for where the rows of an earlier result were not all fetched"}
ANY_ROWS = '"SELECT * FROM information_schema.tables"'


def _takes_result(candidate: Candidate) -> bool:
    return (
        candidate.kind in {"asset", "op"}
        and not candidate.is_generator
        and not isinstance(candidate.node, ast.AsyncFunctionDef)
        and not candidate.repository.binds_io_manager
    )


def _without_annotation(candidate: Candidate) -> list[Splice]:
    """The return annotation taken away: it speaks of what the function gave before."""
    returns = candidate.node.returns
    if returns is None:
        return []
    text = candidate.text
    arrow = text.data.rindex(b"->", 0, text.start(returns))
    colon = text.data.index(b":", text.end(returns))
    while arrow and text.data[arrow - 1 : arrow] == b" ":
        arrow -= 1
    return [Splice(arrow, colon, "")]


def _is_query(call: ast.expr, connection: str) -> bool:
    match call:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[_, *_]):
            return name == connection and attr in QUERIES
    return False


def rows_of(candidate: Candidate, call: ast.Call) -> str:
    """SQL that gives rows: the call's own where that is plain to see."""
    given = call.args[0]
    shown: ast.expr = given
    if isinstance(given, ast.Name):
        values = [
            n.value
            for n in candidate.nodes
            if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name) and n.targets[0].id == given.id
        ]
        if len(values) != 1:
            return ANY_ROWS
        shown = values[0]
    if isinstance(shown, ast.Constant | ast.JoinedStr) and len(call.args) == 1 and not call.keywords:
        written = candidate.text.of(shown).lstrip("frbFRB").strip("\"'").lstrip().lower()
        if re.match(r"(select|with|from)\b", written):
            return candidate.text.of(given)
    return ANY_ROWS


def queries(candidate: Candidate) -> Iterator[tuple[Opening, ast.stmt, ast.Call]]:
    """Statements ``connection.execute(...)`` that stand directly in a ``with`` which opens the connection."""
    for opening in candidate.openings:
        if not isinstance(opening.holder, ast.With):
            continue
        for statement in opening.holder.body:
            match statement:
                case ast.Expr(value=ast.Call() as call) if _is_query(call, opening.name):
                    if candidate.text.stands_alone(statement):
                        yield opening, statement, call


def _leaves(holder: ast.stmt) -> bool:
    """Whether control never gets behind a ``with``."""
    return isinstance(holder, ast.With) and isinstance(holder.body[-1], ast.Return | ast.Raise)


Expression: TypeAlias = Callable[[Candidate, Random, Opening, ast.Call], str]
Form: TypeAlias = Callable[[Candidate, str], tuple[list[str], list[Splice]]]


def _relation(candidate: Candidate, random: Random, opening: Opening, call: ast.Call) -> str:
    rows = rows_of(candidate, call)
    name = opening.name
    return random.choice(
        [
            f"{name}.sql({rows})",
            f"{name}.sql({rows})",
            f"{name}.query({rows})",
            f"{name}.sql({rows}).limit(100)",
            f'{name}.table("employees")',
            f'{name}.read_parquet("data/employees.parquet")',
            f'{name}.table("employees").filter("level_id > 2").order("employee_id")',
        ]
    )


def _connection(candidate: Candidate, random: Random, opening: Opening, call: ast.Call) -> str:
    query = candidate.text.of(call.args[0])
    name = opening.name
    return random.choice([f"{name}.execute({query})", f"{name}.execute({query})", f"{name}.cursor()", name])


def _dropped_conversion(rule: str) -> Operator:
    """``return c.execute(q).df()`` becomes ``return c.execute(q)``, also through a variable which is then returned."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not _takes_result(candidate):
            return
        text = candidate.text
        names = {o.name for o in candidate.openings}
        for node in candidate.nodes:
            match node:
                case ast.Return(
                    value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr=attr), args=[]) as whole
                ):
                    pass
                case ast.Assign(
                    targets=[ast.Name()],
                    value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr=attr), args=[]) as whole,
                ):
                    pass
                case _:
                    continue
            if attr not in CONVERSIONS or not any(_is_query(call, n) for n in names) or not text.stands_alone(node):
                continue
            assert isinstance(call.func, ast.Attribute)
            method = "execute" if rule == "AL102" else "sql"
            begin = text.end(call.func.value)
            splices = [Splice(begin, text.end(call.func), f".{method}"), Splice(text.end(call), text.end(whole), "")]
            if rule == "AL101" and (len(call.args) > 1 or call.keywords):
                continue
            if isinstance(node, ast.Assign):
                assert isinstance(node.targets[0], ast.Name)
                place = text.after_line(node)
                splices.append(Splice(place, place, f"{text.indent(node)}return {node.targets[0].id}\n"))
            yield candidate.mutant(rule, "dropped_conversion", splices + _without_annotation(candidate))

    return operator


def _returned(rule: str, name: str, expression: Expression, form: Form) -> Operator:
    """A query of the body is returned: ``c.execute(q)`` becomes ``return c.sql(q)``, bare or in something."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not _takes_result(candidate):
            return
        text = candidate.text
        for opening, statement, call in queries(candidate):
            lines, imports = form(candidate, expression(candidate, random, opening, call))
            written = "".join(f"{text.indent(statement)}{line}\n" for line in lines)
            splices = [Splice(text.line_start(statement.lineno), text.after_line(statement), written)]
            splices += imports + _without_annotation(candidate)
            yield candidate.mutant(rule, name, splices, implied={} if rule == "AL102" else UNFINISHED)

    return operator


def _bare(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    return [f"return {value}"], []


def _in_dict(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    return [f'return {{"rows": {value}, "source": "duckdb"}}'], []


def _in_list(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    return [f"return [{value} for _ in range(2)]"], []


def _in_branch(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    return ["found = None", "for _attempt in range(3):", f"    found = {value}", "return found"], []


def _in_output(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    wrapper, imports = candidate.dagster("Output")
    return [f"return {wrapper}({value})"], imports


def _in_result(candidate: Candidate, value: str) -> tuple[list[str], list[Splice]]:
    wrapper, imports = candidate.dagster("MaterializeResult")
    return [f'return {wrapper}(value={value}, metadata={{"source": "duckdb"}})'], imports


def _kept(rule: str, expression: Expression) -> Operator:
    """A query's result is kept under a name and returned where the function ends."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not _takes_result(candidate):
            return
        text = candidate.text
        last = candidate.node.body[-1]
        for opening, statement, call in queries(candidate):
            if opening.holder not in candidate.node.body or not text.stands_alone(last) or _leaves(opening.holder):
                continue
            begin, end = text.line_start(statement.lineno), text.after_line(statement)
            if rows_of(candidate, call) == ANY_ROWS:
                begin = end  # the statement makes what others need
            kept = f"{text.indent(statement)}result = {expression(candidate, random, opening, call)}\n"
            splices = [Splice(begin, end, kept)]
            done = f"{text.indent(opening.holder)}return result\n"
            if isinstance(last, ast.Return):
                splices.append(Splice(text.line_start(last.lineno), text.after_line(last), done))
            elif not text.data[: text.after_line(last)].endswith(b"\n"):
                continue
            else:
                splices.append(Splice(text.after_line(last), text.after_line(last), done))
            if "result" not in candidate.bound:
                yield candidate.mutant(rule, "kept", splices + _without_annotation(candidate))

    return operator


def _from_helper(rule: str, body: str) -> Operator:
    """A helper of the module makes the result, the function returns what the helper gave."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not _takes_result(candidate):
            return
        helper = f"\n\ndef _fetchrows_of(connection):\n    {body}\n"
        text = candidate.text
        for opening, statement, _ in queries(candidate):
            begin, end = text.line_start(statement.lineno), text.after_line(statement)
            call = f"{text.indent(statement)}return _fetchrows_of({opening.name})\n"
            splices = [Splice(begin, end, call), candidate.at_module_level(helper), *_without_annotation(candidate)]
            yield candidate.mutant(rule, "from_helper", splices)

    return operator


def returned_in_all_forms(rule: str, expression: Expression, helper: str) -> tuple[Operator, ...]:
    """The ways in which what ``expression`` writes, or a helper of the body ``helper`` gives, leaves the function."""
    return (
        _returned(rule, "returned", expression, _bare),
        _kept(rule, expression),
        _returned(rule, "in_dict", expression, _in_dict),
        _returned(rule, "in_list", expression, _in_list),
        _returned(rule, "in_branch", expression, _in_branch),
        _returned(rule, "in_output", expression, _in_output),
        _returned(rule, "in_result", expression, _in_result),
        _from_helper(rule, helper),
    )


RELATION_RESULT_OPERATORS = (
    _dropped_conversion("AL101"),
    *returned_in_all_forms("AL101", _relation, f"return connection.sql({ANY_ROWS})"),
)
CONNECTION_RESULT_OPERATORS = (
    _dropped_conversion("AL102"),
    *returned_in_all_forms("AL102", _connection, f"return connection.execute({ANY_ROWS})"),
)
