"""Calls that log: by which logger, and in which function of the project.

``context.log`` and ``get_dagster_logger()`` write events of the run; other loggers (``logging``, ``loguru``,
``structlog``) write elsewhere, unless the instance is configured to take them over.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Place
from .values import Context, LoggedBy, Logger, Value

if TYPE_CHECKING:
    from .assets import Function

LEVELS = frozenset("debug info success warning warn error exception critical fatal log".split())
_OTHERS = ("logging.", "loguru.", "structlog.")
_LOOKS = re.compile(r"(.*_)?(log|logger|logging)_?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LogCall:
    """One call that logs. ``call`` stands in the function at hand: where a helper logs, it is the helper's call, and
    ``steps`` lead from there to the one that logs."""

    call: Place
    by: LoggedBy
    level: str
    steps: tuple[Place, ...] = ()

    def seen_from(self, call: Place) -> LogCall:
        """The same, for the caller of the function that logs."""
        return LogCall(call, self.by, self.level, (self.call, *self.steps))


@dataclass(frozen=True, slots=True)
class Logs:
    """What a function logs, with the project functions that it calls.

    ``given_away``: its context or logger also goes to code that isn't seen, and that may log by it.
    """

    calls: tuple[LogCall, ...] = ()
    given_away: bool = False

    @property
    def to_run(self) -> tuple[LogCall, ...]:
        """The calls whose text is an event of the run."""
        return tuple(call for call in self.calls if call.by.reaches_run)

    @property
    def silent(self) -> bool:
        """Whether it is shown that no event of the run comes of it."""
        return not self.given_away and not any(
            call.by.reaches_run or call.by is LoggedBy.UNCLEAR for call in self.calls
        )


def logs_of(function: Function) -> Logs:
    """What the data flow saw, and what only the syntax shows: calls in functions that are nested in it, say."""
    run = function.run
    seen = {call.call.node for call in run.logged}
    context = function.context
    nested = [
        LogCall(Place(function.module, node), LoggedBy.CONTEXT, node.func.attr)
        for node in (function.definition.every_node_of(ast.Call) if context is not None else ())
        if isinstance(node.func, ast.Attribute) and node not in seen
        if context is not None and _is_log_of(node.func, context.name)
    ]
    calls = sorted((*run.logged, *nested), key=lambda logged: logged.call.span.start)
    return Logs(tuple(calls), run.logger_given_away)


def library_logger(name: str) -> Logger | None:
    """The logger that a library's function of that dotted name gives."""
    tail = name.rpartition(".")[2]
    if name.startswith("dagster.") and tail == "get_dagster_logger":
        return Logger(LoggedBy.DAGSTER)
    if name in ("logging.getLogger", "structlog.get_logger", "structlog.getLogger"):
        return Logger(LoggedBy.OTHER)
    return None


def library_level(name: str) -> str:
    """The level at which a library's function of that dotted name logs, "" if it doesn't."""
    tail = name.rpartition(".")[2]
    return tail if name.startswith(_OTHERS) and tail in LEVELS else ""


def looks_like_logging(function: ast.expr) -> str:
    """The level at which a call of ``function`` logs by its looks: ``self.log.info``, ``logger.error``; else ""."""
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return ""
    owner = function.value
    if isinstance(owner, ast.Call):  # `self.logger().info`
        owner = owner.func
    name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
    return function.attr if _LOOKS.fullmatch(name) else ""


def gives_logger_away(values: Iterable[Value]) -> bool:
    """Whether whoever gets ``values`` can log to the run."""
    return any(isinstance(value, Context) or (isinstance(value, Logger) and value.by.reaches_run) for value in values)


def _is_log_of(function: ast.Attribute, context: str) -> bool:
    match function:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=name), attr="log"), attr=level):
            return name == context and level in LEVELS
    return False
