"""Work done row by row or page by page that DuckDB does at once: loops round queries, lists of rows, frames of rows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name

from .index import Place
from .knowledge.kinds import ResultKind
from .members import asked_names
from .names import External
from .values import Box, Const

if TYPE_CHECKING:
    from .assets import Function
    from .queries import Query

_READS_ELSEWHERE = re.compile(
    r"\b(?:get|post|request|urlopen|open|read_\w+|read_text|read_bytes|download\w*|fetch\w*)$"
)
_ROWS_OF_A_FRAME = frozenset("itertuples iterrows iter_rows to_records tolist to_numpy rows to_pylist to_dict".split())
_FRAMES = frozenset("df fetchdf fetch_df to_df".split())
_READERS = frozenset(("csv.reader", "csv.DictReader", "json.load", "json.loads"))
_FEW = 24  # turns of a loop that cost nothing to speak of


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop round a query. ``varies``: what it runs over is data, not a few values of the code."""

    place: Place
    varies: bool
    names: frozenset[str]  # what each turn binds
    works_on_each: bool  # each turn reads a file, asks a server, or asks DuckDB something else too


def loop_round(query: Query) -> Loop | None:
    """The innermost ``for`` or ``while`` of the function that asks the query each turn."""
    function = query.function
    node = query.place.node
    inner: ast.For | ast.AsyncFor | ast.While | None = None
    loops: Sequence[ast.For | ast.AsyncFor | ast.While] = function.nodes(ast.For, ast.AsyncFor, ast.While)
    for statement in loops:
        if _holds(statement, node):
            inner = statement  # they come from the outside in
    if inner is None:
        return None
    bound = {
        name.id
        for part in (inner.test if isinstance(inner, ast.While) else inner.target, *inner.body)
        for name in all_nodes(part)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    varies = isinstance(inner, ast.While) or not _is_short(inner.iter, function)
    return Loop(Place(function.module, inner), varies, frozenset(bound), _works_on_each(inner, query))


def uses_what_the_loop_binds(query: Query, loop: Loop) -> bool:
    """Whether what is asked differs from turn to turn."""
    call = query.place.node
    if not isinstance(call, ast.Call):
        return False
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(isinstance(n, ast.Name) and n.id in loop.names for part in given for n in all_nodes(part))


def writes_one_row(query: Query) -> bool:
    """Whether it is an INSERT of listed values, or an UPDATE of what parameters choose."""
    statements = query.last_statements
    return bool(statements) and query.complete and all(
        statement.keyword == "UPDATE"
        or (statement.keyword == "INSERT" and not statement.reads and "VALUES" in statement.text.upper())
        for statement in statements
    )  # fmt: skip


def pages_by_offset(query: Query) -> bool:
    """Whether its ``OFFSET`` is put in at run time."""
    return any(statement.pages for statement in query.last_statements)


def rows_given(query: Query) -> Place | None:
    """Where the rows come from that an ``executemany`` is given one by one: a loop over data that lists them, or a
    frame taken apart; None where they are few, or not to be told."""
    call = query.call.node
    if query.method != "executemany" or not query.is_own or not isinstance(call, ast.Call) or len(call.args) < 2:
        return None
    return _rows(call.args[1], query.function, 0)


def _rows(node: ast.expr, function: Function, depth: int) -> Place | None:
    if depth > 3:
        return None
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return None if _is_short(node.generators[0].iter, function) else Place(function.module, node)
    if isinstance(node, ast.Call):
        name = called_name(node)
        if name in _ROWS_OF_A_FRAME or _external(node.func, function) in _READERS:
            return Place(function.module, node)
        return _rows(node.args[0], function, depth + 1) if name in ("list", "tuple") and node.args else None
    if not isinstance(node, ast.Name):
        return None
    for inner in function.nodes(ast.stmt):
        if isinstance(inner, ast.Assign) and any(isinstance(t, ast.Name) and t.id == node.id for t in inner.targets):
            if found := _rows(inner.value, function, depth + 1):
                return found
        elif isinstance(inner, (ast.For, ast.AsyncFor)) and not _is_short(inner.iter, function):
            for call in all_nodes(inner):
                if isinstance(call, ast.Call) and _appends_to(call, node.id):
                    return Place(function.module, inner)
    return None


def _appends_to(call: ast.Call, name: str) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr="append" | "extend"):
            return owner == name
    return False


@dataclass(frozen=True, slots=True)
class Framed:
    """``pandas.DataFrame(rows)`` of rows that a query gave. ``columns`` is what it names them by, if anything."""

    call: Place
    fetched: Place
    direct: bool  # the rows are fetched right there
    columns: ast.expr | None
    more: bool  # something else is asked of the frame too


def frames_of_rows(query: Query) -> Iterator[Framed]:
    """Where rows that the query gave are put into a pandas frame, unless what gives frames is asked for first."""
    rows = {held.place.node: held for held in query.held if held.result.kind is ResultKind.ROWS}
    calls = query.function.nodes(ast.Call) if rows else ()
    for node in calls if not asked_names(calls) & _FRAMES else ():
        if node.args and node.args[0] in rows:
            if _external(node.func, query.function) != "pandas.DataFrame":
                continue
            held = rows[node.args[0]]
            columns = next((k.value for k in node.keywords if k.arg == "columns"), None)
            more = len(node.args) > 1 or any(keyword.arg != "columns" for keyword in node.keywords)
            direct = held.result.made.node is node.args[0]
            yield Framed(Place(query.function.module, node), held.result.made, direct, columns, more)


def is_description(columns: ast.expr | None) -> bool:
    """``[column[0] for column in connection.description]``: the names that the result itself has."""
    match columns:
        case ast.ListComp(
            elt=ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=0)),
            generators=[ast.comprehension(target=ast.Name(id=bound), iter=ast.Attribute(attr="description"), ifs=[])],
        ):
            return name == bound
    return False


def _holds(outer: ast.For | ast.AsyncFor | ast.While, node: ast.AST) -> bool:
    parts = [outer.test, *outer.body] if isinstance(outer, ast.While) else outer.body
    return any(inner is node for part in parts for inner in all_nodes(part))


def _is_short(iterable: ast.expr, function: Function) -> bool:
    """Whether a loop over it takes a few turns, and the code alone says so."""
    assert function.project is not None
    if isinstance(iterable, ast.Call):
        name = getattr(iterable.func, "id", getattr(iterable.func, "attr", ""))
        if name == "range":
            turns = [function.project.facts.static(a, function.definition.inner) for a in iterable.args]
            return all(len(v) == 1 and isinstance(v[0], Const) and _is_few(v[0].value) for v in turns)
        if name in ("enumerate", "sorted", "reversed", "list", "zip", "items", "keys", "values", "tuple", "set"):
            owner = iterable.func.value if isinstance(iterable.func, ast.Attribute) else None
            parts = [owner] if owner is not None else iterable.args
            return any(_is_short(part, function) for part in parts if part is not None)
        return False
    if isinstance(iterable, (ast.List, ast.Tuple, ast.Set, ast.Dict)):
        return len(iterable.keys if isinstance(iterable, ast.Dict) else iterable.elts) <= _FEW
    values = function.project.facts.static(iterable, function.definition.inner)
    if isinstance(iterable, ast.Name) and iterable.id in function.definition.inner.names:
        made = [
            inner.value
            for inner in function.nodes()
            if isinstance(inner, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == iterable.id for t in inner.targets)
        ]
        return bool(made) and all(
            isinstance(m, (ast.List, ast.Tuple, ast.Dict, ast.Set)) and _is_short(m, function) and _has_elements(m)
            for m in made
        )
    return any(isinstance(v, Box) and v.items and len(v.items) <= _FEW for v in values)


def _has_elements(node: ast.expr) -> bool:
    return bool(getattr(node, "elts", None) or getattr(node, "keys", None))  # an empty one is filled later


def _is_few(value: object) -> bool:
    return isinstance(value, int) and value <= _FEW


def _works_on_each(loop: ast.For | ast.AsyncFor | ast.While, query: Query) -> bool:
    inside = {node for part in loop.body for node in all_nodes(part)}
    for other in query.function.all_queries:
        if other.place.node in inside and not writes_one_row(other):
            return True
    servers = _servers(query.function)
    for node in inside:
        if isinstance(node, ast.Call):
            if servers and any(isinstance(n, ast.Name) and n.id in servers for n in all_nodes(node)):
                return True
            name = _external(node.func, query.function) or getattr(node.func, "attr", getattr(node.func, "id", ""))
            if _READS_ELSEWHERE.search(name) and not name.startswith(("fetchone", "fetchall")):
                owner = getattr(node.func, "value", None)
                if name.rpartition(".")[2] != "get" or (
                    isinstance(owner, ast.Name) and owner.id in ("requests", "httpx")
                ):
                    return True
    return False


def _servers(function: Function) -> set[str]:
    """The resources of a compute function that are not seen to be DuckDB's: each call of one may take its time."""
    assert function.project is not None
    facts = function.project.facts
    names = {p.name for p in function.parameters if facts.is_resource(p.node, function.definition)}
    asked = [query.place.node for query in function.all_queries]
    asked += [n for n in function.nodes(ast.Attribute) if n.attr == "get_connection"]
    for node in asked if names else ():
        receiver = node.func if isinstance(node, ast.Call) else node
        names -= {n.id for n in all_nodes(receiver) if isinstance(n, ast.Name)}
        if isinstance(node, ast.Call):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            names -= {a.id for a in given if isinstance(a, ast.Name)}
    return names


def _external(node: ast.expr, function: Function) -> str:
    assert function.project is not None
    scope = function.definition.inner
    for target in function.project.names.resolve(node, scope):
        if isinstance(target, External):
            return target.name
    return ""
