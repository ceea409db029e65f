"""Helpers that a document's compute functions use as connections and that it shows nowhere.

What such a helper gives can't be told, so nothing is found in what rests on it. Helpers whose result is used in another
way matter to no rule: those that give paths, mocks, digests, rows.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence

from asset_lint.model.index import FunctionNode
from asset_lint.model.knowledge import dagster_decorators

#: Methods that tell a connection or relation: others (`close`, `append`, `filter` …) are everybody's.
_METHODS = frozenset(
    """arrow cursor df execute executemany fetch_arrow_table fetch_df fetch_record_batch fetchall fetchdf fetchmany
    fetchnumpy fetchone from_arrow from_df from_query pl read_csv read_json read_parquet register sql table
    to_arrow_table unregister view""".split()
)
_READING = frozenset(("read_sql", "read_sql_query", "read_database"))  # with the connection as second argument
_PARAMETERS = frozenset(("con", "conn", "connection"))
_HOLDING = frozenset(("closing", "enter_context", "enter_async_context"))


def unshown_connections(trees: Sequence[ast.Module], known: Collection[str]) -> Iterator[str]:
    """The functions outside of ``known`` that compute functions call for a connection, each once."""
    told = set(known)
    shown = {each.name: each for tree in trees for each in tree.body if isinstance(each, ast.FunctionDef)}
    for function, own in (each for tree in trees for each in _functions(tree, frozenset())):
        if not any(map(_computes, function.decorator_list)):
            continue
        for node in ast.walk(function):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            name = node.func.id
            if name in told or name in own or name in _HOLDING or name[:1].isupper() or _opens_duckdb(node):
                continue
            if _Uses(function, shown).as_connection(node):
                told.add(name)
                yield name


def _computes(decorator: ast.expr) -> bool:
    """Whether a decorator makes a step of a function, by its name: what else would a document call `asset`?"""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("_assets") or dagster_decorators().get(name) == "compute"


def _opens_duckdb(call: ast.Call) -> bool:
    """Whether what a call gives is known by what it is handed: ``backoff(fn=duckdb.connect)``."""
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(isinstance(each, ast.Attribute) and each.attr in ("connect", "get_connection") for each in given)


class _Uses:
    """What a function does with values, as far as its text shows."""

    def __init__(self, function: FunctionNode, shown: dict[str, ast.FunctionDef], depth: int = 0) -> None:
        self._function = function
        self._shown = shown
        self._depth = depth
        self._asked: set[str] = set()
        self._parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}

    def as_connection(self, value: ast.expr) -> bool:
        """Whether a value is asked what only connections are, or handed on as one."""
        parent = self._parents.get(value)
        match parent:
            case ast.Await():
                return self.as_connection(parent)
            case ast.Attribute(attr=method):
                outer = self._parents.get(parent)
                return method in _METHODS and isinstance(outer, ast.Call) and outer.func is parent
            case ast.withitem(optional_vars=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
                return self.variable(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                return self.variable(name)
            case ast.keyword(arg=name):
                call = self._parents.get(parent)
                return name in _PARAMETERS or (isinstance(call, ast.Call) and self._handed_on(call, name))
            case ast.Call() if value in parent.args:
                return self._handed_on(parent, parent.args.index(value))
        return False

    def variable(self, name: str) -> bool:
        """Whether a variable is used as a connection somewhere in the function."""
        if name in self._asked:  # bound to what is made of it
            return False
        self._asked.add(name)
        return any(
            isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
            and self.as_connection(node)
            for node in ast.walk(self._function)
        )  # fmt: skip

    def _handed_on(self, call: ast.Call, at: int | str | None) -> bool:
        """Whether an argument of a call is taken as a connection, by a library or a function of the document."""
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in _HOLDING:
            return self.as_connection(call)
        if name in _READING:
            return at == 1
        helper = self._shown.get(name) if isinstance(function, ast.Name) else None
        if helper is None or self._depth > 2:
            return False
        parameters = [each.arg for each in (*helper.args.posonlyargs, *helper.args.args)]
        if isinstance(at, int):
            at = parameters[at] if at < len(parameters) else None
        return at is not None and _Uses(helper, self._shown, self._depth + 1).variable(at)


def _functions(node: ast.AST, around: frozenset[str]) -> Iterator[tuple[FunctionNode, frozenset[str]]]:
    """Every function below a node, with the names that it, what is in it and the functions around it bind."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            own = around.union(_names_in(child))
            yield child, own
            yield from _functions(child, own)
        else:
            yield from _functions(child, around)


def _names_in(function: FunctionNode) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
