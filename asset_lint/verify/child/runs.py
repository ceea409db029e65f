"""Dagster's storage of runs in memory, but one that turns to its database only when somebody asks that.

Dagster asks it a dozen times for the one run that it has just made; the SQL of that would cost a fifth of the run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

from dagster import DagsterInstance, RunsFilter
from dagster._core.events import EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.snap.execution_plan_snapshot import create_execution_plan_snapshot_id
from dagster._core.storage.dagster_run import RunRecord
from dagster._core.storage.runs import InMemoryRunStorage


def keep_runs_at_hand(instance: DagsterInstance) -> None:
    """Let an ephemeral instance's storage of runs be such a one, with no runs."""
    storage: Any = instance.run_storage
    storage.__class__ = RunsAtHand
    storage.begin()


class RunsAtHand(InMemoryRunStorage):  # type: ignore[misc]
    """Answers from memory what Dagster asks while it executes a run.

    Whatever else is asked of the database finds there all that has been put off, and is answered by it from then on.
    """

    _records: dict[str, RunRecord]
    _snapshots: set[str]
    _put_off: list[tuple[Any, ...]] | None

    def begin(self) -> None:
        """Put off what is to be written, from now on, and forget what was put off."""
        self._records, self._snapshots, self._put_off = {}, set(), []

    @contextlib.contextmanager
    def connect(self) -> Iterator[Any]:
        """The database, which is asked from now on."""
        put_off, self._put_off = self._put_off or (), None
        for method, *arguments in put_off:
            method(self, *arguments)
        with super().connect() as connection:
            yield connection

    def has_job_snapshot(self, job_snapshot_id: str) -> bool:
        """Whether the snapshot of a job is kept."""
        return (
            super().has_job_snapshot(job_snapshot_id) if self._put_off is None else job_snapshot_id in self._snapshots
        )

    def add_job_snapshot(self, job_snapshot: Any) -> str:
        """Keep the snapshot of a job; its id."""
        if self._put_off is None:
            return str(super().add_job_snapshot(job_snapshot))
        return self._keep(InMemoryRunStorage.add_job_snapshot, job_snapshot, job_snapshot.snapshot_id)

    def has_execution_plan_snapshot(self, execution_plan_snapshot_id: str) -> bool:
        """Whether the snapshot of a plan is kept."""
        if self._put_off is None:
            return bool(super().has_execution_plan_snapshot(execution_plan_snapshot_id))
        return execution_plan_snapshot_id in self._snapshots

    def add_execution_plan_snapshot(self, execution_plan_snapshot: Any) -> str:
        """Keep the snapshot of a plan; its id."""
        if self._put_off is None:
            return str(super().add_execution_plan_snapshot(execution_plan_snapshot))
        identity = create_execution_plan_snapshot_id(execution_plan_snapshot)
        return self._keep(InMemoryRunStorage.add_execution_plan_snapshot, execution_plan_snapshot, identity)

    def _keep(self, method: Any, snapshot: Any, identity: str) -> str:
        assert self._put_off is not None
        self._put_off.append((method, snapshot))
        self._snapshots.add(identity)
        return identity

    def add_run(self, dagster_run: Any) -> Any:
        """Keep a run."""
        if self._put_off is None or dagster_run.run_id in self._records:
            return super().add_run(dagster_run)
        now = datetime.now(timezone.utc)
        self._records[dagster_run.run_id] = RunRecord(
            storage_id=len(self._records) + 1, dagster_run=dagster_run, create_timestamp=now, update_timestamp=now
        )
        self._put_off.append((InMemoryRunStorage.add_run, dagster_run))
        return dagster_run

    def get_run_records(self, filters: RunsFilter | None = None, *arguments: Any, **named: Any) -> Any:
        """The records of runs; those asked for by their ids alone are at hand."""
        if self._put_off is None or filters is None or filters != RunsFilter(run_ids=filters.run_ids):
            return super().get_run_records(filters, *arguments, **named)
        return [self._records[each] for each in filters.run_ids or () if each in self._records]

    def handle_run_event(self, run_id: str, event: Any, *arguments: Any, **named: Any) -> None:
        """Let a run have the status that an event gives it."""
        if self._put_off is None or named or run_id not in self._records:
            super().handle_run_event(run_id, event, *arguments, **named)
        elif (status := EVENT_TYPE_TO_PIPELINE_RUN_STATUS.get(event.event_type)) is not None:
            record = self._records[run_id]
            self._records[run_id] = record._replace(dagster_run=record.dagster_run.with_status(status))
            self._put_off.append((InMemoryRunStorage.handle_run_event, run_id, event, *arguments))
