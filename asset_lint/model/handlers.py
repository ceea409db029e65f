"""Exception handlers: which exceptions they see, and whether they give back what they caught."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, handlers_in, own_nodes, own_statements

from ..finding import Span
from ..source import comments
from .caught import Sight, sight_of
from .index import Place

if TYPE_CHECKING:
    from .assets import Function
    from .work import Work

_TO_A_TOOL = re.compile(r"#+\s*(?:noqa|nosec|type:|pragma|pylint|pyright|mypy|ruff|asset-lint|$)", re.IGNORECASE)


@dataclass(eq=False)
class Handler:
    """One ``except`` clause of a function in reach."""

    node: ast.ExceptHandler
    function: Function
    body: list[ast.stmt]  # what the ``try`` guards

    @property
    def place(self) -> Place:
        """The clause."""
        return Place(self.function.module, self.node)

    def holds(self, span: Span) -> bool:
        """Whether what stands at ``span`` is part of it."""
        own = self.place.span
        return own.start <= span.start and span.end <= own.end

    @property
    def catches_everything(self) -> bool:
        """Bare, or of ``BaseException``: it also sees cancellations and exits."""
        if self.node.type is None:
            return True
        types = self.node.type.elts if isinstance(self.node.type, ast.Tuple) else [self.node.type]
        return any(self._is_base(t) for t in types)

    def _is_base(self, node: ast.expr) -> bool:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name != "BaseException":
            return False
        return isinstance(node, ast.Attribute) or self.function.definition.inner.lookup(name) is None

    @property
    def reraises(self) -> bool:
        """Every path of it raises what it caught, by a bare ``raise`` or by name."""
        return _gives_back(self.node.body, self.caught_name)

    @property
    def names_one_type(self) -> bool:
        """Bare, or of one class: nothing else is named beside it."""
        return not isinstance(self.node.type, ast.Tuple)

    @property
    def type_place(self) -> Place | None:
        """Where it names what it catches."""
        return None if self.node.type is None else Place(self.function.module, self.node.type)

    def may_bind(self, name: str) -> bool:
        """Whether the clause may bind ``name``: only handlers that it stands neither in nor round bind it so far."""
        whole = self.function.node
        bound = [n for n in all_nodes(whole) if isinstance(n, ast.ExceptHandler) and n.name == name]
        inside = {id(n) for handler in bound for n in all_nodes(handler)}
        return (
            bool(bound)
            and id(self.node) not in inside
            and not any(
                (
                    ((isinstance(n, ast.Name) and n.id == name) or (isinstance(n, ast.arg) and n.arg == name))
                    and (id(n) not in inside)
                )
                or (n in bound and n in all_nodes(self.node))
                for n in all_nodes(whole)
            )
        )

    @property
    def guards_queries_alone(self) -> bool:
        """Whether all the work in the ``try`` is DuckDB's."""
        calls = [n for statement in self.body for n in all_nodes(statement) if isinstance(n, ast.Call)]
        return bool(calls) and all(call in self.function.run.duckdb_calls for call in calls)

    @property
    def raises_another(self) -> bool:
        """Some path of it raises something else than what it caught."""
        return any(isinstance(n, ast.Raise) and not gives_back(n, self.caught_name) for n in own_nodes(self.node))

    @property
    def header(self) -> str:
        """The clause without its body: ``except OSError as error:``."""
        caught = "" if self.node.type is None else f" {ast.unparse(self.node.type)}"
        return f"except{caught}{f' as {self.node.name}' if self.node.name else ''}:"

    @property
    def body_places(self) -> list[Place]:
        """The statements of its body."""
        return [Place(self.function.module, statement) for statement in self.node.body]

    @cached_property
    def work(self) -> list[Work]:
        """What DuckDB is made to do in the ``try`` whose errors it is the first to see."""
        return [work for work in self.function.work if any(guard.place.node is self.node for guard in work.guards)]

    @property
    def sees_all_of_duckdb(self) -> bool:
        """Whether it sees each of DuckDB's errors, and not of chosen kinds alone."""
        assert self.function.project is not None
        return sight_of(self.node, self.function.project.names, self.function.definition.inner) is Sight.ALL

    @property
    def tries_again(self) -> bool:
        """Whether a loop then does the same again."""
        return any(self.node in retry.clauses for retry in self.function.retries)

    @property
    def answers_no(self) -> bool:
        """Whether all that it does is to answer False, or to go on with 0, where something was looked at: it takes a
        failure for a sign that this is not there."""
        from .work import WRITING_STATEMENTS

        match self.node.body:
            case [ast.Return(value=ast.Constant(value=False)) | ast.Assign(value=ast.Constant(value=0))]:  # False, too
                return not any(work.statement in WRITING_STATEMENTS for work in self.work)
        return False

    @property
    def goes_on_by_design(self) -> bool:
        """Whether a comment says why, or it stands in a loop that ends with the first success."""
        lines = self.function.module.source.text.splitlines()[self.node.lineno - 1 : self.node.end_lineno]
        if not all(_TO_A_TOOL.match(comment) for comment in comments("\n".join(lines))):
            return True
        succeeds = any(isinstance(n, (ast.Break, ast.Return)) for statement in self.body for n in all_nodes(statement))
        loops = (n for n in own_statements(self.function.node) if isinstance(n, (ast.For, ast.AsyncFor, ast.While)))
        return succeeds and any(self.node in all_nodes(statement) for loop in loops for statement in loop.body)

    @property
    def swallows(self) -> bool:
        """Whether nothing of the failure gets out: it is neither raised nor logged, recorded or answered."""
        from .handling import swallows

        return swallows(self)

    @property
    def raises_later(self) -> bool:
        """Whether it keeps what it caught, to raise it when what had to be done first is done."""
        from .handling import raised_later

        return raised_later(self)

    @property
    def caught_name(self) -> str | None:
        """The name that stands for what was caught all through the handler: bound by it and by nothing else in it."""
        name = self.node.name
        bound_again = any(
            isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, (ast.Store, ast.Del))
            for n in own_nodes(self.node)
        )
        return None if bound_again else name


def handlers_of(function: Function) -> list[Handler]:
    """The handlers of a function's own body, in the order of the source."""
    return [
        Handler(handler, function, list(getattr(node, "body", ())))
        for node in own_statements(function.node)
        for handler in handlers_in(node)
    ]


def gives_back(node: ast.Raise, name: str | None) -> bool:
    """Whether a ``raise`` gives back what a handler caught as ``name``."""
    if node.exc is None:
        return True
    exc: ast.expr | None = node.exc
    if isinstance(exc, ast.Call) and isinstance(exc.func, ast.Attribute) and exc.func.attr == "with_traceback":
        exc = exc.func.value
    return name is not None and isinstance(exc, ast.Name) and exc.id == name


def _gives_back(body: Sequence[ast.stmt], name: str | None) -> bool:
    """Whether no path through ``body`` ends otherwise than by raising what was caught."""
    return ends_of(body, name) == {"reraise"}


def ends_of(body: Sequence[ast.stmt], name: str | None = None) -> set[str]:
    """How control may leave a block: "end", "return", "break", "continue", "raise", or "reraise" of what a handler
    caught as ``name``."""
    found: set[str] = set()
    for node in body:
        here = _ends_of_one(node, name)
        found |= here - {"end"}
        if "end" not in here:
            return found
    return found | {"end"}


def _ends_of_one(node: ast.stmt, name: str | None) -> set[str]:
    if isinstance(node, ast.Raise):
        return {"reraise"} if gives_back(node, name) else {"raise"}
    if isinstance(node, (ast.Return, ast.Break, ast.Continue)):
        return {type(node).__name__.lower()}
    if isinstance(node, ast.If):
        return ends_of(node.body, name) | ends_of(node.orelse, name)
    if isinstance(node, (ast.With, ast.AsyncWith)):
        return ends_of(node.body, name)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
        return _inside_loop(node, name)
    if isinstance(node, ast.Match):
        ends = {"end"}
        for case in node.cases:
            ends |= ends_of(case.body, name)
        return ends
    if hasattr(node, "handlers"):
        finals = ends_of(node.finalbody, name)  # type: ignore[attr-defined]
        if "end" not in finals:
            return finals
        ends = ends_of(node.body, name)  # type: ignore[attr-defined]
        if "end" in ends:
            ends = (ends - {"end"}) | ends_of(node.orelse, name)  # type: ignore[attr-defined]
        for handler in handlers_in(node):
            # inside an inner handler a bare raise gives back the inner exception
            ends |= {"raise" if e == "reraise" else e for e in ends_of(handler.body, None)}
        return ends | (finals - {"end"})
    return {"end"}


def _inside_loop(node: ast.For | ast.AsyncFor | ast.While, name: str | None) -> set[str]:
    inner = ends_of(node.body, name)
    leaves = any(isinstance(n, ast.Return) for n in own_nodes(node))
    return (inner & {"reraise", "raise"}) | ({"return"} if leaves else set()) | {"end"} | ends_of(node.orelse, name)
