"""How each symptom shows itself in what was observed."""

from __future__ import annotations

from asset_lint.evidence import Evidence

from ..judge import Probe
from .connections import (
    closed_by_hand,
    foreign_database,
    left_open,
    lock_dropped,
    lock_met_inside,
    locked_by_import,
    opened_by_user,
    rows_lost,
    shared_by_threads,
    shared_state,
)
from .data import fails_unlike_normal, not_repeatable, query_varies, table_missing, untold
from .errors import came_to_end, either, error_with, hangs, left_with, normal_succeeded, not_stored, said, was_injected
from .faults import cancellation_swallowed, error_swallowed, error_untold, none_after_retries, retries_untold
from .telling import (
    context_undeclared,
    dependency_twice,
    deprecated_call,
    materialized,
    no_metadata,
    none_stored,
    nothing_logged,
    other_context,
    parameter_for_asset,
    printed_only,
)

__all__ = ["PROBES", "left_with", "said"]

_SPENT = "closed|open result"  # what a connection or a result that is gone says

PROBES: dict[Evidence, Probe] = {
    Evidence.VALUE_NOT_STORED: Probe(
        either(not_stored, error_with("ConnectionException", "InvalidInputException")), came_to_end
    ),
    Evidence.LAZY_VALUE_FAILS: Probe(
        either(
            not_stored,
            hangs,
            error_with("ConnectionException", "InvalidInputException", text=_SPENT),
            error_with("ResourceInUseException"),
        ),
        reached=lambda run, runs: True,
    ),
    Evidence.READ_AFTER_CLOSE: Probe(
        either(
            error_with("ConnectionException", "InvalidInputException", text=_SPENT),
            error_with("ComputeError", text="clos|open result|invalid"),
        ),
        came_to_end,
    ),
    Evidence.UNFINISHED_RESULT: Probe(error_with("ResourceInUseException", text="unfinished|result"), came_to_end),
    Evidence.TYPE_REFUSED: Probe(
        either(
            error_with(
                "DagsterTypeCheck", "DagsterInvariantViolationError", "DagsterInvalidDefinitionError", text="type"
            ),
            error_with("ParameterCheckError", "CheckError"),
        ),
        came_to_end,
    ),
    Evidence.METADATA_REFUSED: Probe(
        error_with("DagsterInvalidMetadata", "SerializationError", "CheckError", "ParameterCheckError", "TypeError"),
        came_to_end,
    ),
    Evidence.CONNECTION_LEFT_OPEN: Probe(left_open, opened_by_user),
    Evidence.CLOSED_BY_HAND: Probe(closed_by_hand, opened_by_user),
    Evidence.FOREIGN_DATABASE: Probe(foreign_database),
    Evidence.SHARED_STATE: Probe(shared_state),
    Evidence.LOCKED_BY_IMPORT: Probe(locked_by_import),
    Evidence.WRITERS_COLLIDE: Probe(error_with("IOException", text="lock")),
    Evidence.READER_SHUT_OUT: Probe(error_with("IOException", text="lock")),
    Evidence.LOCK_MET_BY_INNER_PROCESS: Probe(lock_met_inside),
    Evidence.SHARED_BY_THREADS: Probe(shared_by_threads),
    Evidence.CONFLICTING_CONNECTION: Probe(
        error_with("ConnectionException", "ResourceInUseException", "BinderException", text="configuration|file handle")
    ),
    Evidence.LOCK_DROPPED: Probe(lock_dropped, opened_by_user),
    Evidence.CANCELLATION_SWALLOWED: Probe(cancellation_swallowed, lambda run, runs: bool(run.cancelled_at)),
    Evidence.ERROR_SWALLOWED: Probe(error_swallowed, was_injected),
    Evidence.ERROR_UNTOLD: Probe(error_untold, was_injected),
    Evidence.RETRIES_UNTOLD: Probe(retries_untold, was_injected),
    Evidence.NONE_STORED_AFTER_RETRIES: Probe(none_after_retries, was_injected),
    Evidence.CONTEXT_OF_OTHER_TYPE: Probe(other_context),
    Evidence.CONTEXT_REFUSED: Probe(error_with("DagsterInvalidDefinitionError", "DagsterInvalidInvocationError")),
    Evidence.CONTEXT_UNDECLARED: Probe(context_undeclared),
    Evidence.DEFINITION_REFUSED: Probe(error_with("DagsterInvalid")),
    Evidence.NOTHING_LOGGED: Probe(nothing_logged, came_to_end),
    Evidence.NO_METADATA: Probe(no_metadata, materialized),
    Evidence.PRINTED_ONLY: Probe(printed_only, lambda run, runs: any(run.of("printed")) or run.succeeded),
    Evidence.EMPTY_RESULT_UNTOLD: Probe(untold("no rows", metadata=True), normal_succeeded),
    Evidence.FAILS_ON_NO_ROWS: Probe(fails_unlike_normal("TypeError", "IndexError"), normal_succeeded),
    Evidence.NULLS_UNTOLD: Probe(untold("NULLs", metadata=False), normal_succeeded),
    Evidence.TABLE_MISSING: Probe(table_missing),
    Evidence.QUOTE_BREAKS_QUERY: Probe(
        either(fails_unlike_normal("ParserException", "BinderException", "CatalogException"), query_varies),
        normal_succeeded,
    ),
    Evidence.ROWS_LOST: Probe(rows_lost),
    Evidence.NOT_REPEATABLE: Probe(not_repeatable, lambda run, runs: any(each["success"] for each in run.runs)),
    Evidence.STALE_ROWS: Probe(not_repeatable, lambda run, runs: any(each["success"] for each in run.runs)),
    Evidence.DEPENDENCY_TWICE: Probe(dependency_twice),
    Evidence.DEPRECATED_CALL: Probe(deprecated_call),
    Evidence.NONE_STORED: Probe(none_stored, came_to_end),
    Evidence.PARAMETER_TAKEN_FOR_ASSET: Probe(parameter_for_asset),
    Evidence.UPSTREAM_WITHOUT_VALUE: Probe(error_with("DagsterExecutionLoadInputError", "FileNotFoundError")),
}
