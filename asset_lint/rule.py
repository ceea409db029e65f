"""The whole API of a rule author: subclass :class:`Rule`, override ``visit_…``, call :meth:`Rule.report`.

Nodes of the domain are visited like nodes of syntax. For every *function in reach* of Dagster (a compute function, or
a function of the project that one leads to and that works near DuckDB, takes a context or catches everything) the
engine calls, in this order:

``visit_function(function)``       each function in reach
``visit_asset(function)``          those whose body Dagster runs as an asset (``asset``, ``multi_asset`` and their like)
``visit_connection(connection)``   each DuckDB connection that the function opens
``visit_query(query)``             each call by which the function asks SQL of DuckDB
``visit_contention(contention)``   each database file that the asset and others of the project may write to at once
``visit_overlap(overlap)``         each thing that happens to a database file while a connection to it is open
``visit_sharing(sharing)``         each connection that the function lets several threads use at the same time
``visit_output(output)``           each value of DuckDB's own that leaves a compute function
``visit_retry(retry)``             each loop of the function that asks DuckDB again when it failed
``visit_handler(handler)``         each ``except`` clause of the function
``visit_metadata(call)``           each call that adds metadata: on the context, in a result, a check, a materialization
``visit_stale_use(use)``           each use of a result, or a connection, after the connection was closed
``visit_busy_use(use)``            each use that DuckDB 2 refuses, for an earlier result on the connection is unfinished
``visit_duckdb_member(member)``    each name that it reads of the module ``duckdb``, of a connection, of a relation
``visit_<LibCST class>(node)``     each LibCST node of that class in the function's own body

Before them, and for modules without functions too, it calls what is asked of a module that Dagster imports:

``visit_import_time_connection(connection)``  each connection to a file that the import opens, and that stays open

Docstrings of rules are their pages: sections *What it does*, *Why is this bad?*, *Example*, *Use instead*,
*Fix safety*, *Options*, *References*.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from .evidence import Evidence
from .finding import Finding, Fix, Note, Safety, Severity, Span
from .model.accepted import ContextFault
from .model.analysis import HandedContext
from .model.assets import Function, Parameter
from .model.bulk import (
    Framed,
    Loop,
    frames_of_rows,
    is_description,
    loop_round,
    pages_by_offset,
    rows_given,
    uses_what_the_loop_binds,
    writes_one_row,
)
from .model.connections import Connection, Leak, Way
from .model.contention import Contention, Writer
from .model.contexts import ASSET_CONTEXT, OP_CONTEXT, use_of
from .model.decorators import Kind
from .model.dependencies import DeclaredTwice
from .model.effects import Doing
from .model.fetching import TakenRow
from .model.handlers import Handler
from .model.importing import ImportTimeConnection
from .model.index import Module, Place
from .model.knowledge import ResultKind
from .model.logs import LogCall, Logs
from .model.members import Member
from .model.metadata import MetadataCall, MetadataEntry, MetadataWay
from .model.models import DeprecatedCall
from .model.nulls import NullUse
from .model.outputs import Output
from .model.overlaps import Overlap
from .model.promises import Breach, Mismatch
from .model.pykinds import PyKind
from .model.queries import Fetch, Query
from .model.repeats import Repeat, RepeatedWrite
from .model.resolving import Cause, Unresolved
from .model.retries import Retry
from .model.sharing import Sharing
from .model.special import Misnamed, Misnaming, WrongConfig
from .model.uses import BusyUse, StaleUse
from .model.values import Data, LoggedBy, Origin
from .model.work import Guard, Work, WorkKind
from .rewrite import Rewrite

if TYPE_CHECKING:
    import libcst as cst

    from .config import Config

__all__ = [
    "ASSET_CONTEXT",
    "OP_CONTEXT",
    "Breach",
    "BusyUse",
    "Cause",
    "Connection",
    "Contention",
    "ContextFault",
    "Data",
    "DeclaredTwice",
    "DeprecatedCall",
    "Doing",
    "Evidence",
    "Fetch",
    "Finding",
    "Fix",
    "Framed",
    "Function",
    "Guard",
    "HandedContext",
    "Handler",
    "ImportTimeConnection",
    "Kind",
    "Leak",
    "LogCall",
    "LoggedBy",
    "Logs",
    "Loop",
    "Member",
    "MetadataCall",
    "MetadataEntry",
    "MetadataWay",
    "Mismatch",
    "Misnamed",
    "Misnaming",
    "Module",
    "NullUse",
    "Origin",
    "Output",
    "Overlap",
    "Parameter",
    "Place",
    "PyKind",
    "Query",
    "Repeat",
    "RepeatedWrite",
    "ResultKind",
    "Retry",
    "Rewrite",
    "Rule",
    "Safety",
    "Severity",
    "Sharing",
    "Span",
    "StaleUse",
    "TakenRow",
    "Unresolved",
    "Way",
    "Work",
    "WorkKind",
    "Writer",
    "WrongConfig",
    "frames_of_rows",
    "is_description",
    "loop_round",
    "pages_by_offset",
    "rows_given",
    "use_of",
    "uses_what_the_loop_binds",
    "writes_one_row",
]  # fmt: skip


class Rule:
    """One thing that must not be. One instance lives for one file.

    Class attributes: ``code`` (``AL201``), ``message`` (a format string for :meth:`report`'s words), ``severity``,
    ``duty``: the rule asks of an asset what the checklist asks of each that touches DuckDB; its ``visit_…`` methods are
    called in such assets alone (in every asset, where the configuration says ``all-assets``), ``evidence``: what a run
    of the code shows when the rule is right, None where nothing would, ``hides``: the codes of rules that keep silent
    where this one speaks, and may speak once its fix is applied, ``words``: a function whose text holds none of them is
    not shown to the rule's ``visit_<LibCST class>`` methods (LibCST's parser is what costs most).
    The rule's name is its class name in kebab case: ``UnclosedConnection`` is ``unclosed-connection``.
    """

    code: ClassVar[str]
    message: ClassVar[str]
    severity: ClassVar[Severity] = Severity.ERROR
    duty: ClassVar[bool] = False
    hides: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[tuple[str, ...]] = ()
    evidence: ClassVar[Evidence | None] = None
    name: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", "-", cls.__name__).lower()

    def __init__(self, module: Module, config: Config) -> None:
        self.module = module
        self.config = config
        self.function: Function | None = None  # where the walk stands; set by the engine
        self.findings: list[Finding] = []

    def visit_import_time_connection(self, connection: ImportTimeConnection) -> None:
        """A connection to a database file that importing the module opens, for writing, and leaves open."""

    def visit_function(self, function: Function) -> None:
        """A function in reach of Dagster: a compute function, or a project function that one leads to."""

    def visit_asset(self, asset: Function) -> None:
        """A function whose body Dagster runs as an ``asset``, a ``multi_asset`` or a library's like of them."""

    def visit_connection(self, connection: Connection) -> None:
        """A DuckDB connection that the function opens or is given by what it calls."""

    def visit_query(self, query: Query) -> None:
        """A call of the function's own that asks SQL of DuckDB."""

    def visit_contention(self, contention: Contention) -> None:
        """A database file that this asset and others may write to at the same time; visited at one of them."""

    def visit_overlap(self, overlap: Overlap) -> None:
        """Something that happens to a database file while the function holds a connection to it."""

    def visit_sharing(self, sharing: Sharing) -> None:
        """A connection that the function lets several threads use at the same time."""

    def visit_output(self, output: Output) -> None:
        """A value of DuckDB's own that leaves a compute function."""

    def visit_retry(self, retry: Retry) -> None:
        """A loop of the function that asks DuckDB again when it failed."""

    def visit_handler(self, handler: Handler) -> None:
        """An ``except`` clause of the function."""

    def visit_stale_use(self, use: StaleUse) -> None:
        """Something that lives by its connection, used after that was closed."""

    def visit_duckdb_member(self, member: Member) -> None:
        """A name that it reads of the module ``duckdb``, of a connection or of a relation."""

    def visit_busy_use(self, use: BusyUse) -> None:
        """Work on a connection that still has rows to give."""

    def visit_metadata(self, call: MetadataCall) -> None:
        """A call by which the function adds metadata."""

    def report(
        self,
        where: Place | cst.CSTNode,
        *,
        because: Sequence[tuple[Place | cst.CSTNode, str]] = (),
        fix: Fix | None = None,
        hint: str = "",
        severity: Severity | None = None,
        message: str | None = None,
        **words: object,
    ) -> None:
        """Say that something is wrong at ``where``.

        ``message`` overrides the class's; either is formatted with ``words``. ``because`` lists the steps of the
        reasoning as (place, what happens there). ``hint`` says what to write instead where no fix can.
        """
        span = self.span(where)
        self.findings.append(
            Finding(
                code=self.code,
                name=self.name,
                message=(message or self.message).format(**words),
                severity=self.severity if severity is None else severity,
                path=self.module.path,
                span=span,
                noqa_line=self.module.source.noqa_line(span),
                function=self.function.qualified_name if self.function else "",
                hint=hint,
                notes=tuple(self._note(place, text) for place, text in because),
                fix=fix,
            )
        )

    @property
    def in_function(self) -> Function:
        """The function in reach in which the walk stands."""
        assert self.function is not None, "only while functions are visited"
        return self.function

    def rewrite(self) -> Rewrite:
        """A fresh change of this file, to be filled and turned into a :class:`Fix`."""
        return Rewrite(self.module)

    def span(self, where: Place | cst.CSTNode) -> Span:
        """Where a place or a LibCST node of this file stands."""
        if isinstance(where, Place):
            return where.span
        return self.module.source.span_of_cst(where)

    def _note(self, where: Place | cst.CSTNode, text: str) -> Note:
        path = where.module.path if isinstance(where, Place) else self.module.path
        return Note(path, self.span(where), text)
