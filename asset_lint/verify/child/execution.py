"""Materializes the targets and tells what Dagster's own log says of it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster
import duckdb
from dagster._core.storage.fs_io_manager import PickledObjectFilesystemIOManager
from dagster._serdes import serialize_value

from asset_lint.evidence import Scenario

from . import calls, observe, together
from .loading import Loaded, Target
from .record import Recorder, error_facts, shortened
from .resources import config_for, made, redirected, resources_for, upstreams_for
from .values import facts_of

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_OWN = {
    "PIPELINE_START", "PIPELINE_SUCCESS", "ENGINE_EVENT", "RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS",
    "LOGS_CAPTURED", "STEP_START", "STEP_SUCCESS", "ASSET_MATERIALIZATION_PLANNED",
}  # fmt: skip


class Execution:
    """The runs of one process: each kind of partitions of the assets, then the jobs."""

    def __init__(
        self, task: dict[str, Any], recorder: Recorder, loaded: Loaded, scenario: Scenario, instance: Any
    ) -> None:
        self.task = task
        self.recorder = recorder
        self.loaded = loaded
        self.scenario = scenario
        self.instance = instance
        self.stored: list[Any] = []
        instance.event_log_storage.store_event = self._store
        self.storage = str(Path(task["folder"]) / "storage")
        wanted = set(task["assets"])
        self.targets = [each for each in loaded.targets if not wanted or wanted & set(each.facts()["keys"])]

    def _store(self, entry: Any) -> None:
        """What Dagster's storage does with an event, without the database, which would cost a fifth of the run.

        Events that hold nothing of the user's can be written in any case.
        """
        if entry.dagster_event is None or entry.dagster_event.event_type_value not in _OWN:
            serialize_value(entry)
        self.stored.append(entry)

    def run(self) -> None:
        """Run all there is to run."""
        with self._traced():
            if self.scenario is Scenario.TWO_PROCESSES:
                self._run_at_once()
            elif self.scenario is Scenario.BESIDE_A_READER:
                with together.reader(self.recorder.database):
                    self._materialize()
            else:
                self._materialize()
            if self.scenario is Scenario.TWICE:
                self._double_the_rows()
                self.recorder.tell("again")
                self._materialize()
            if self.task["jobs"]:
                for job in [*self.loaded.jobs, *self._jobs_of_ops()]:
                    self._run_job(job)

    def _run_at_once(self) -> None:
        """Two assets that nothing keeps apart, at once; all in turn where there are none."""
        pair = together.unordered(self.targets)
        if pair is None:
            self._materialize()
        else:
            one, other = ([target] for target in pair)
            together.both(
                self.recorder,
                Path(self.task["folder"]),
                lambda: self._materialize_together(one),
                lambda: self._materialize_together(other),
            )

    def _traced(self) -> contextlib.AbstractContextManager[None]:
        if self.task["line"]:
            return calls.interrupted(self.recorder, self.task["line"])
        return calls.watched(self.recorder) if self.task["watch_calls"] else contextlib.nullcontext()

    def _jobs_of_ops(self) -> Iterator[Any]:
        """A job for each op that nothing else runs."""
        for op in [] if self.loaded.jobs or self.loaded.targets else self.loaded.ops:
            if not op.ins:
                keys = [key for key in op.required_resource_keys if key != "io_manager"]
                resources = {key: made(None, self.recorder.database) for key in keys}
                yield dagster.GraphDefinition(name=f"{op.name}_alone", node_defs=[op]).to_job(resource_defs=resources)

    def _materialize(self) -> None:
        groups: dict[str, list[Target]] = {}
        for target in self.targets:
            if target.kind != "source":
                groups.setdefault(repr(getattr(target.definition, "partitions_def", None)), []).append(target)
        for group in groups.values():
            self._materialize_together(group)
        sources = [target.definition for target in self.targets if target.kind == "source"]
        if sources:
            resources = self._resources([])
            self._attempt(lambda: dagster.observe(sources, resources=resources, instance=self.instance,
                                                  raise_on_error=False), [])  # fmt: skip

    def _materialize_together(self, group: list[Target]) -> None:
        others = [each.definition for each in self.targets if each not in group and each.kind == "asset"]
        upstreams = upstreams_for(self.targets, self.loaded, self.task, self.scenario)
        definitions = [each.definition for each in group]
        partitions = definitions[0].partitions_def if group[0].kind == "asset" else None
        key = None
        if partitions is not None:
            keys = partitions.get_partition_keys()
            key = keys[-1 if self.scenario is Scenario.QUOTES else 0] if keys else None
        config = {}
        for target in group:
            given = self.task["config"].get(target.definition.node_def.name, {})
            if values := config_for(target, given, self.recorder.database, self.scenario):
                config[target.definition.node_def.name] = {"config": values}
        consumers = self._consumers(group) if self.scenario is Scenario.DOWNSTREAM else []
        checks = [each for each in definitions if isinstance(each, dagster.AssetChecksDefinition)]
        chosen = None
        if others:
            chosen = dagster.AssetSelection.assets(
                *[key for each in [*definitions, *upstreams, *consumers] for key in each.keys]
            )
            for check in checks:
                chosen = chosen | dagster.AssetSelection.checks(check)
        resources = self._resources(self.targets)
        self._attempt(
            lambda: dagster.materialize(
                [*definitions, *upstreams, *consumers, *others, *self.loaded.sources],
                selection=chosen,
                resources=resources,
                instance=self.instance,
                run_config={**_QUIET, "ops": config} if config else _QUIET,
                partition_key=key,
                raise_on_error=False,
            ),
            group,
        )  # fmt: skip

    def _run_job(self, job: Any) -> None:
        resources = self._resources(self.targets)
        for key in getattr(job, "required_resource_keys", ()):
            resources.setdefault(key, made(None, self.recorder.database))
        self._attempt(
            lambda: job.execute_in_process(instance=self.instance, resources=resources, raise_on_error=False),
            [],
        )

    def _resources(self, targets: list[Target]) -> dict[str, Any]:
        resources = {key: redirected(each, self.recorder.database) for key, each in self.loaded.resources.items()}
        for target in targets:
            resources |= resources_for(target, self.loaded, self.recorder.database, self.scenario)
        if "io_manager" not in resources or self.scenario is Scenario.DOWNSTREAM:
            resources["io_manager"] = (
                dagster.mem_io_manager
                if self.scenario is Scenario.DOWNSTREAM
                else PickledObjectFilesystemIOManager(base_dir=self.storage)
            )
        return resources

    def _attempt(self, work: Any, group: list[Target]) -> None:
        self.recorder.tell("run_begins", assets=[name for each in group for name in each.facts()["keys"]])
        logging.getLogger("dagster").handlers.clear()
        try:
            result = work()
        except BaseException as error:
            self.recorder.tell(
                "run", success=False, error=error_facts(error), cancelled=not isinstance(error, Exception)
            )
            return
        self._tell_events(result)
        for target in group:
            self._tell_values(result, target)
        self.recorder.tell("run", success=result.success, error=None, cancelled=False)

    # -- what is told --------------------------------------------------------------------------------------------------

    def _tell_events(self, result: Any) -> None:
        stored: set[str | None] = set()
        handled: dict[str | None, set[str]] = {}
        for entry in [each for each in self.stored if each.run_id == result.run_id]:
            event = entry.dagster_event
            if event is None:
                level, own = logging.getLevelName(entry.level), entry.step_key not in stored
                message = shortened(entry.user_message)
                self.recorder.tell("log", level=level, message=message, step=entry.step_key, own=own)
                continue
            facts: dict[str, Any] = {"type": event.event_type_value, "step": event.step_key}
            data = event.event_specific_data
            if event.event_type_value == "STEP_OUTPUT":
                stored.add(event.step_key)
            elif event.event_type_value == "HANDLED_OUTPUT":
                handled.setdefault(event.step_key, set()).update(data.metadata)
                facts["none"] = data.output_name
            elif event.event_type_value == "ASSET_MATERIALIZATION":
                metadata = data.materialization.metadata
                facts["asset"] = data.materialization.asset_key.to_user_string()
                facts["metadata"] = {name: shortened(getattr(each, "value", each)) for name, each in metadata.items()}
            elif event.event_type_value == "ASSET_CHECK_EVALUATION":
                facts["passed"] = data.passed
            elif getattr(data, "error", None) is not None:
                facts["errors"] = _chain(data.error)
            self.recorder.tell("event", **facts)
        self.recorder.tell("handled", metadata={str(step): sorted(names) for step, names in handled.items()})

    def _tell_values(self, result: Any, target: Target) -> None:
        node = target.definition.node_def
        for name in getattr(node, "output_dict", {}):
            with contextlib.suppress(Exception):
                value = result.output_for_node(node.name, name)
                self.recorder.tell("value", op=node.name, output=name, **facts_of(value))

    def _consumers(self, group: list[Target]) -> list[Any]:
        return [_consumer(key) for target in group if target.kind == "asset" for key in target.definition.keys]

    def _double_the_rows(self) -> None:
        """Let the second run meet new rows; not possible where the first has left the file open."""
        if observe.open_files():
            return
        with observe.unseen(), duckdb.connect(self.recorder.database) as connection:
            for table in self.task["tables"]:
                with contextlib.suppress(duckdb.Error):
                    connection.execute(f'INSERT INTO "{table}" SELECT * FROM "{table}"')


def _consumer(key: Any) -> Any:
    @dagster.asset(name="_reads_" + "_".join(key.path), ins={"value": dagster.AssetIn(key)})
    def consumer(value: Any) -> None:
        for read in ("fetchall", "read_all", "df"):
            if hasattr(value, read):
                getattr(value, read)()
                return
        if hasattr(value, "__next__"):
            list(value)

    return consumer


def _chain(error: Any) -> list[dict[str, str]]:
    """An error of an event and what it came of, the outermost first."""
    chain: list[dict[str, str]] = []
    while error is not None and len(chain) < 10:
        chain.append({"type": error.cls_name or "", "message": shortened(error.message)})
        error = error.cause or error.context
    return chain
