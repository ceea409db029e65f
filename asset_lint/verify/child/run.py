"""What a forked process does with its task: shuts itself in, loads the assets, materializes them, tells of it."""

from __future__ import annotations

import gc
import logging
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import dagster
import dagster_duckdb
import duckdb
import pandas

from asset_lint.evidence import Scenario

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

from . import observe
from .effects import Effects
from .execution import Execution
from .isolation import Network, own_shared_memory, writing_only_below
from .loading import Loaded, load, op_facts
from .locks import lock_held
from .record import Recorder, error_facts
from .runs import keep_runs_at_hand
from .surroundings import (
    keep_contexts_that_are_never_entered,
    keep_declared_dependencies,
    keep_printing_and_warnings,
    keep_starting_processes,
    shorten_sleep,
    shorten_waiting,
)

_instance: Any = None
_network: Network
_shared: Path | None = None


def warm_up() -> dict[str, str]:
    """Import and do once what would otherwise cost every process its time; returns the versions of what is tested.

    No connection of DuckDB's may be left open here: one that a forked process inherits is not its own.
    """
    global _instance, _network, _shared
    _network, _shared = Network(), own_shared_memory()
    if int(duckdb.__version__.partition(".")[0]) < 2:  # it opens the default connection as it is imported
        duckdb.execute("SET threads = 1")  # ends the others: a process that forks is to have one
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:  # builds the grammar of SQL, once
        connection.execute("SELECT 1").fetchall()
    observe.install()
    shorten_waiting()
    _instance = dagster.DagsterInstance.ephemeral()
    keep_runs_at_hand(_instance)
    logging.getLogger("dagster").handlers.clear()

    with tempfile.TemporaryDirectory() as folder:
        _rehearse(Path(folder))
    keep_runs_at_hand(_instance)  # those of tasks alone
    modules = {"dagster": dagster, "dagster-duckdb": dagster_duckdb, "duckdb": duckdb, "pandas": pandas}
    versions = {name: module.__version__ for name, module in modules.items()}
    return {"python": sys.version.split()[0], **versions}


def _rehearse(folder: Path) -> None:
    """Do in this process, with assets of our own, what a forked one does; nothing of it is told."""
    task = {"modules": [f"{__package__}.warm"], "definitions_in": [], "definitions": [], "assets": [], "jobs": True,
            "folder": str(folder), "tables": [], "inputs": {}, "config": {}, "line": 0,
            "watch_calls": False}  # fmt: skip
    with open(os.devnull, "wb") as nothing:
        recorder = Recorder(nothing.fileno(), str(folder), str(folder / "database.duckdb"))
        observe.watch(recorder, Effects(Scenario.NORMAL, 0, folder, None))
        loaded = load(task)
        _tell_loaded(recorder, loaded)
        Execution(task, recorder, loaded, Scenario.NORMAL, _instance).run()
        _tell_locks(recorder, "ran")
        observe.watch_no_more()


def run(task: dict[str, Any], pipe: int, own_space: bool) -> None:
    """Do ``task`` in this process, telling ``pipe``."""
    folder = Path(task["folder"])
    project = task["root"] or str(folder / "project")
    _settle(task, folder)
    recorder = Recorder(pipe, project, str(folder / "database.duckdb"))
    network = bool(task["allow_network"])
    if network:
        _network.come_back()
    _network.forget()
    recorder.tell(
        "isolated",
        network=network or _network.left,
        files=writing_only_below([folder, *([_shared] if _shared else [])], network=network),
        processes=own_space,
        database=recorder.database,
    )
    gc.disable()  # a traceback that keeps a connection alive is not to be cleared away by chance
    _search(project, task)
    scenario = Scenario(task["scenario"])
    effects = Effects(scenario, task["at"], folder, Path(task["copy"]) if task["copy"] else None)
    keep_printing_and_warnings(recorder)
    keep_starting_processes(recorder)
    keep_declared_dependencies(recorder)
    if scenario in (Scenario.FAULT, Scenario.BESIDE_A_READER):
        shorten_sleep()
    tell_never_entered = keep_contexts_that_are_never_entered(recorder)
    observe.watch(recorder, effects)
    try:
        loaded = load(task)
    except BaseException as error:
        recorder.tell("load_failed", error=error_facts(error), trace=traceback.format_exc()[-4000:])
        recorder.tell("end")
        return
    _tell_locks(recorder, "imported")
    _tell_loaded(recorder, loaded)
    if not task["only_load"]:
        try:
            Execution(task, recorder, loaded, scenario, _instance).run()
        except Exception as error:
            recorder.tell("run", success=False, error=error_facts(error), cancelled=False)
        _tell_locks(recorder, "ran")
        observe.tell_default_state()
        tell_never_entered()
    recorder.tell("end")


def _search(project: str, task: dict[str, Any]) -> None:
    """Put the project's folders on the path: in front the one that its module is below, as it would be where it is
    deployed; the others behind the libraries, for a module in one of them may have a library's name."""
    folders = [os.path.normpath(os.path.join(project, each)) for each in task["search"]]
    for name in task["modules"][:1]:
        path = name.removesuffix(".py") if name.endswith(".py") else name.replace(".", "/")
        own = [each for each in folders if os.path.exists(f"{each}/{path}.py") or os.path.exists(f"{each}/{path}")]
        sys.path[:0] = own[:1]
    sys.path += [each for each in folders if each not in sys.path]


def _settle(task: dict[str, Any], folder: Path) -> None:
    """A folder, an environment and bounds of this process's own."""
    work = folder / "work"
    for path in (work, folder / "home", folder / "tmp", folder / "dagster", folder / "storage"):
        path.mkdir(exist_ok=True)
    output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(work)
    os.environ.update(
        {
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "DAGSTER_HOME": str(folder / "dagster"),
            "DUCKDB_DATABASE": str(folder / "database.duckdb"),
            **task["environment"],
        }
    )
    tempfile.tempdir = None
    _bound(task["limits"])


def _bound(limits: dict[str, Any]) -> None:
    if resource is None:
        return
    used = 0
    if sys.platform == "linux":
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    bounds = {
        resource.RLIMIT_CPU: limits["cpu"],
        resource.RLIMIT_AS: limits["memory"] + used,
        resource.RLIMIT_FSIZE: limits["file"],
        resource.RLIMIT_CORE: 0,
    }
    for which, most in bounds.items():
        hard = resource.getrlimit(which)[1]
        hard = sys.maxsize if hard == resource.RLIM_INFINITY else hard
        most = min(most, hard)
        try:
            # at the hard bound of processor time the kernel sends SIGKILL, which would not say why
            resource.setrlimit(which, (most, most + 1 if which == resource.RLIMIT_CPU and most < hard else most))
        except (OSError, ValueError):  # macOS bounds no memory
            continue


def _tell_locks(recorder: Recorder, when: str) -> None:
    """Which database files could no other process open for writing now?"""
    for path in sorted({recorder.database, *observe.open_files()}):
        held = lock_held(path)
        if held is not None:
            recorder.tell("lock", path=path, held=held, when=when)


def _tell_loaded(recorder: Recorder, loaded: Loaded) -> None:
    recorder.tell(
        "loaded",
        assets=[*(each.facts() for each in loaded.targets), *map(op_facts, loaded.ops)],
        jobs=[job.name for job in loaded.jobs],
    )
