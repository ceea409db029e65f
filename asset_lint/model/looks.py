"""Whether code looks at how many rows something has: a frame, a list of rows, or what is made of them.

Asked of one function: which of its variables hold the rows or something made of them, in whatever order; then whether
any test, length, log entry, metadata or check speaks of one. Everything unclear counts as a look.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .index import Def
from .logs import looks_like_logging

if TYPE_CHECKING:
    from .names import Names

SIZES = frozenset(
    """empty is_empty shape height num_rows size count nunique n_unique info describe value_counts rowcount __len__
    isEmpty item validate check pipe estimated_size null_count isna isnull notna dtypes schema columns""".split()
)
"""Attributes of frames that tell, or show, how many rows there are or what they are like."""

COLUMN_LOOKS = frozenset("columns dtypes schema isna isnull notna null_count".split())
"""Of those the ones that look at columns: they say nothing of a result's emptiness."""

LENGTHS = frozenset("len bool any all next max min sum isinstance".split())
RECORDING = frozenset("add_output_metadata add_asset_metadata log_event".split())
PASSING = frozenset(
    """pandas polars numpy pyarrow geopandas plotly matplotlib seaborn duckdb json csv io os builtins sklearn scipy
    dagster altair bokeh folium statsmodels xgboost lightgbm
    shapely requests httpx boto3 pathlib pickle base64 datetime collections itertools""".split()
)
"""Packages whose functions work on rows without saying how many there are."""
CHECKING = ("validate", "check", "assert", "ensure", "verify", "expect", "require", "pandera", "great_expectations")
_DEPTH = 3


_SPREADING = (
    ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.AugAssign, ast.For, ast.AsyncFor, ast.comprehension, ast.withitem,
    ast.Call,
)  # fmt: skip


class Looks:
    """The looks of one function at what some of its expressions and variables hold."""

    def __init__(
        self,
        definition: Def,
        names: Names | None,
        *,
        rows: bool,
        also: frozenset[str] = frozenset(),
        depth: int = 0,
    ) -> None:
        self.definition = definition
        self.names = names
        self.rows = rows  # only looks at the number of rows count
        self.also = also  # further attributes of frames that count as looks
        self.depth = depth
        self.nodes = definition.every_node
        self.spreading: Sequence[ast.AST] = definition.every_node_of(*_SPREADING)
        self._given: tuple[frozenset[ast.AST], frozenset[str]] = (frozenset(), frozenset())

    def at(self, expressions: Iterable[ast.AST], variables: Iterable[str]) -> bool:
        """Whether it looks at what these expressions and variables hold, or at what is made of them."""
        roots, held = set(expressions), set(variables)
        self._given = (frozenset(roots), frozenset(held))
        self._spread(roots, held)
        return any(self._looks(node, roots, held) for node in self.nodes)

    def held_by(self, expressions: Iterable[ast.AST], variables: Iterable[str]) -> frozenset[str]:
        """The variables that hold what these expressions and variables do, or something made of it."""
        held = set(variables)
        self._spread(set(expressions), held)
        return frozenset(held)

    def uses(self, expressions: Iterable[ast.AST], variables: Iterable[str]) -> bool:
        """Whether anything is done with what they hold, beyond asking or naming it."""
        roots, held = set(expressions), set(variables)
        idle = {n.value for n in self.nodes if isinstance(n, ast.Expr)}
        if any(isinstance(n, ast.Name) and n.id in held and isinstance(n.ctx, ast.Load) for n in self.nodes):
            return True
        stored = {n.value for n in self.nodes if isinstance(n, (ast.Assign, ast.AnnAssign)) and n.value is not None}
        return any(root not in idle and root not in stored for root in roots)

    # ---- what holds the rows -----------------------------------------------------------------------------------------

    def _spread(self, roots: set[ast.AST], held: set[str]) -> None:
        """Add the variables that get what the others hold, or something made of it."""
        while True:
            before = len(held)
            for node in self.spreading:
                if isinstance(node, ast.Assign):
                    if self._speaks(node.value, roots, held):
                        for target in node.targets:
                            held.update(_bound(target))
                elif isinstance(node, (ast.AnnAssign, ast.NamedExpr, ast.AugAssign)):
                    if node.value is not None and self._speaks(node.value, roots, held):
                        held.update(_bound(node.target))
                elif isinstance(node, (ast.For, ast.AsyncFor)):
                    if self._speaks(node.iter, roots, held):
                        held.update(_bound(node.target))
                        held.update(_counted_in(node))
                elif isinstance(node, ast.comprehension):
                    if self._speaks(node.iter, roots, held):
                        held.update(_bound(node.target))
                elif isinstance(node, ast.withitem):
                    if node.optional_vars is not None and self._speaks(node.context_expr, roots, held):
                        held.update(_bound(node.optional_vars))
                elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    owner = node.func.value
                    if node.func.attr in ("append", "extend", "add", "update", "insert", "setdefault", "writerow"):
                        if isinstance(owner, ast.Name) and any(self._speaks(a, roots, held) for a in node.args):
                            held.add(owner.id)
            if len(held) == before:
                return

    def _speaks(self, node: ast.AST, roots: set[ast.AST], held: set[str]) -> bool:
        return any(
            inner in roots or (isinstance(inner, ast.Name) and inner.id in held and isinstance(inner.ctx, ast.Load))
            for inner in all_nodes(node)
        )

    # ---- what is a look ----------------------------------------------------------------------------------------------

    def _looks(self, node: ast.AST, roots: set[ast.AST], held: set[str]) -> bool:
        def speaks(inner: ast.AST) -> bool:
            return self._speaks(inner, roots, held)

        if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)):
            return speaks(node.test)
        if isinstance(node, ast.BoolOp):
            return any(map(speaks, node.values[:-1]))
        if isinstance(node, ast.Match):
            return speaks(node.subject)
        if isinstance(node, ast.Attribute):
            wanted = node.attr in self.also or (node.attr in SIZES and not (self.rows and node.attr in COLUMN_LOOKS))
            return wanted and self._is_whole(node.value, roots, held)
        if isinstance(node, ast.Subscript):
            return self._takes_first(node)
        if isinstance(node, ast.keyword):
            return node.arg == "metadata" and speaks(node.value)
        if isinstance(node, ast.Call):
            given = [*node.args, *(k.value for k in node.keywords)]
            return any(map(speaks, given)) and self._call_looks(node)
        return False

    def _is_whole(self, node: ast.AST, roots: set[ast.AST], held: set[str]) -> bool:
        """Whether an attribute is read of the rows themselves or of what is made of them in passing."""
        while isinstance(node, (ast.Attribute, ast.Call, ast.Subscript)):
            if node in roots:
                return True
            node = node.func if isinstance(node, ast.Call) else node.value
        return node in roots or (isinstance(node, ast.Name) and node.id in held)

    def _takes_first(self, node: ast.Subscript) -> bool:
        """``rows[0]``, ``df.iloc[0]``: it raises where there is none."""
        if not isinstance(node.slice, ast.Constant) or not isinstance(node.slice.value, int):
            return False
        value = node.value
        if isinstance(value, ast.Attribute) and value.attr in ("iloc", "values", "iat"):
            value = value.value
        roots, held = self._given
        return value in roots or (isinstance(value, ast.Name) and value.id in held)

    def _call_looks(self, node: ast.Call) -> bool:
        """Whether a call that is handed the rows looks at them, or may do so."""
        function = node.func
        if isinstance(function, ast.Name) and function.id in LENGTHS and self._is_builtin(function):
            return True
        if looks_like_logging(function):
            return True
        tail = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if tail in RECORDING or any(word in tail.lower() for word in CHECKING):
            return True
        assert self.names is not None
        targets = self.names.resolve(function, self.definition.inner)
        for target in targets:
            if isinstance(target, Def):
                return self._callee_looks(node, target)
        name = self.names.external(function, self.definition.inner)
        if name:
            return any(word in name.lower() for word in CHECKING) or name.partition(".")[0] not in PASSING
        if isinstance(function, ast.Name):
            return not self._is_builtin(function)
        return False  # a method of some value: it works on the rows

    def _is_builtin(self, function: ast.Name) -> bool:
        return self.definition.inner.lookup(function.id) is None

    def _callee_looks(self, node: ast.Call, callee: Def) -> bool:
        """Whether a project function looks at what it is handed; what is not followed counts as one that does."""
        if self.depth >= _DEPTH or any(isinstance(a, ast.Starred) for a in node.args):
            return True
        parameters = [p.arg for p in callee.parameters]
        if callee.owner is not None and parameters[:1] in (["self"], ["cls"]):
            parameters = parameters[1:]
        handed = set(parameters[: len(node.args)]) | {k.arg for k in node.keywords if k.arg}
        return Looks(callee, self.names, rows=self.rows, also=self.also, depth=self.depth + 1).at((), handed)


def spread(definition: Def, roots: Iterable[ast.AST], variables: Iterable[str]) -> Callable[[ast.AST], bool]:
    """Whether an expression of a function speaks of these expressions and variables, or of what is made of them."""
    looks = Looks(definition, None, rows=True)
    given, held = set(roots), set(variables)
    looks._spread(given, held)
    return lambda node: looks._speaks(node, given, held)


def _bound(target: ast.AST) -> Iterator[str]:
    """The variables that an assignment binds, or puts something into."""
    for node in all_nodes(target):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
    while isinstance(target, ast.Subscript):
        target = target.value
        if isinstance(target, ast.Name):
            yield target.id


def _counted_in(loop: ast.For | ast.AsyncFor) -> Iterator[str]:
    """The variables that a loop counts up or fills."""
    for node in all_nodes(loop):
        if isinstance(node, ast.AugAssign):
            yield from _bound(node.target)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            if isinstance(node.func.value, ast.Name):
                yield node.func.value.id
