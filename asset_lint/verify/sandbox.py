"""The parent's side: starts the processes, gives each run a folder and a database of its own, and clears up.

A run's folder holds ``project`` (the code, where it is not read in place), ``database.duckdb``, ``work`` (the working
directory, with the project's folders), ``home``, ``tmp``, ``dagster``, ``storage`` and ``output.txt``. What is enforced
depends on the system:

=============================  =======================================  =======================
what                           Linux                                    elsewhere
=============================  =======================================  =======================
writing outside the folder     refused (Landlock, from Linux 5.13 on)   possible
the network                    unreachable (a network namespace)        reachable
processes left behind, bombs   killed (a process namespace)             the process group alone
memory, processor time         bounded                                  where the system does
wall-clock time                SIGKILL                                  SIGKILL
=============================  =======================================  =======================

Each run says what was enforced (:attr:`Observations.isolation`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from asset_lint.errors import AssetLintError
from asset_lint.evidence import Scenario

from . import projects
from .helpers import Helper
from .task import End, Outcome, Task

_OUTSIDE = frozenset(("files", "setup", "database", "data"))  # of a task, what its process need not know
_KEPT = 64 << 10  # bytes of a run's output
_BESIDE = 1  # runs beside as many as there are workers, for each of them waits now and then: for the disk, for a lock
_WAITING = 2  # runs that are ready to be begun when one ends
_VARIANTS = {Scenario.NO_ROWS, Scenario.NULLS, Scenario.QUOTES, Scenario.NO_TABLES, Scenario.OTHER_DATABASE,
             Scenario.CHANGED}  # fmt: skip


class VerifyError(AssetLintError):
    """Nothing can be run: what it needs is not installed, or does not start."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that the processes of this package's own have: to start, to make a database or say what is in it, and to
    tell of a run after the time that this had is over. One that needs more hangs, and is replaced."""

    start: float = 180.0
    database: float = 120.0
    answer: float = 30.0


class Sandbox:
    """Runs tasks from ``with`` to its end, as many at a time as keep ``workers`` processors busy.

    ``python`` is the interpreter that runs them.
    """

    def __init__(self, workers: int = 2, *, python: str = sys.executable, patience: Patience | None = None) -> None:
        self.workers = workers
        self.python = python
        self.patience = patience or Patience()
        self.versions: Mapping[str, str] = {}
        self._count = 0
        self._helpers: list[Helper] = []
        self._known_folders: dict[str, list[str]] = {}
        self._templates: dict[tuple[object, ...], tuple[Path, list[str]]] = {}

    def __enter__(self) -> Sandbox:
        self.folder = Path(tempfile.mkdtemp(prefix="asset-lint-verify-")).resolve()
        try:
            self._databases = self._start("databases")
            self._begin()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """The outcomes of ``tasks``, as they come; each task is begun when there is room for it.

        If the process that starts others dies, those under way are begun once more.
        """
        waiting = iter(tasks)
        again: deque[Task] = deque()
        begun_twice: set[int] = set()  # tasks, by identity
        running: dict[int, tuple[Task, Path]] = {}
        while True:
            while len(running) < self.workers + _BESIDE + _WAITING:
                task = again.popleft() if again else next(waiting, None)
                if task is None:
                    break
                self._count += 1
                number = self._count
                folder = self.folder / f"run-{number}"
                try:
                    message = self._prepare(task, folder)
                except _NoDatabase as error:
                    shutil.rmtree(folder, ignore_errors=True)
                    yield Outcome(task, End.NOT_STARTED, detail=str(error))
                    continue
                running[number] = task, folder
                self._server.send({"name": number, **message})
            if not running:
                return
            # at worst each waits for the one before it
            answer = self._server.receive(sum(task.limits.wall for task, _ in running.values()) + self.patience.answer)
            if answer is None:
                for task, folder in running.values():
                    _remove(folder)
                    if id(task) in begun_twice:
                        end = f"the process that starts others {self._server.end}, twice"
                        yield Outcome(task, End.NOT_STARTED, detail=end)
                    else:
                        begun_twice.add(id(task))
                        again.append(task)
                running.clear()
                self._begin()
                continue
            task, folder = running.pop(answer["name"])
            try:
                yield self._outcome(task, folder, answer)
            finally:
                _remove(folder)

    # -- one run ------------------------------------------------------------------------------------------------------

    def _prepare(self, task: Task, folder: Path) -> dict[str, Any]:
        project = folder / "project"
        project.mkdir(parents=True, exist_ok=True)
        if task.copied:
            projects.copy(Path(task.root), project)
        for name, text in task.files.items():
            path = project / name
            if task.root and not task.copied:
                projects.mirror(Path(task.root), project, Path(name).parent)
                path.unlink(missing_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        template, tables = self._template(task)
        _copy_database(template, folder / "database.duckdb")
        shutil.copytree(template.parent, folder / "work", ignore=shutil.ignore_patterns("database.duckdb*"))
        for name in self._folders(task.root) if task.root else ():
            with contextlib.suppress(OSError):  # where the set-up has put a file of that name
                (folder / "work" / name).mkdir(parents=True, exist_ok=True)
        plain = {name: value for name, value in asdict(task).items() if name not in _OUTSIDE}
        return {
            **plain,
            "scenario": task.scenario.value,
            "folder": str(folder),
            "root": "" if task.files or task.copied else task.root,
            "copy": str(template),
            "tables": tables,
        }

    def _folders(self, root: str) -> list[str]:
        if root not in self._known_folders:
            self._known_folders[root] = projects.folders(root)
        return self._known_folders[root]

    def _template(self, task: Task) -> tuple[Path, list[str]]:
        """The database that the scenario starts with; nobody but the process for databases ever opens it."""
        variant = task.scenario.value if task.scenario in _VARIANTS else ""
        key = (task.setup, task.database, variant, *task.data.items())
        if key not in self._templates:
            path = Path(tempfile.mkdtemp(prefix="template-", dir=self.folder)) / "database.duckdb"
            if task.database:
                _copy_database(Path(task.database), path)
            answer = self.ask("build", path=str(path), setup=task.setup, data=task.data, variant=variant)
            self._templates[key] = path, answer["tables"]
        return self._templates[key]

    def _outcome(self, task: Task, folder: Path, answer: Mapping[str, Any]) -> Outcome:
        database = folder / "database.duckdb"
        tables: Mapping[str, Any] = {}
        if task.dump and answer["end"] == End.FINISHED.value and database.exists():
            with contextlib.suppress(_NoDatabase):
                tables = self.ask("dump", path=str(database))["tables"]
        output = b""
        with contextlib.suppress(OSError), open(folder / "output.txt", "rb") as file:
            output = file.read(_KEPT)
        return Outcome(
            task,
            End(answer["end"]),
            events=tuple(answer.get("events", ())),
            detail=answer["detail"],
            tables=tables,
            output=output.decode(errors="replace"),
            seconds=answer.get("seconds", 0.0),
        )

    # -- the processes ------------------------------------------------------------------------------------------------

    def ask(self, what: str, **request: Any) -> Any:
        """Let the process for databases do something; raises VerifyError with its words where that failed."""
        self._databases.send({"do": what, **request})
        answer = self._databases.receive(self.patience.database)
        if answer is None:
            end = self._databases.end
            self._databases = self._start("databases")
            raise _NoDatabase(f"the process that makes databases {end}")
        if "error" in answer:
            raise _NoDatabase(answer["error"])
        return answer

    def _begin(self) -> None:
        self._server = self._start("server", str(self.workers + _BESIDE))
        answer = self._server.receive(self.patience.start)
        if answer is None:
            raise VerifyError(
                f"the process that runs assets does not start, it {self._server.end}:\n{self._server.said()}"
            )
        if "missing" in answer:
            raise VerifyError(
                f"`verify` runs assets and needs what they need: {answer['missing']} is not installed. "
                "Install it with `pip install asset-lint[verify]`"
            )
        self.versions = answer["ready"]

    def _start(self, module: str, *arguments: str) -> Helper:
        helper = Helper(self.python, module, self.folder, *arguments)
        self._helpers.append(helper)
        return helper

    def _clear(self) -> None:
        """End the processes, and with them all that they started; remove what they wrote."""
        for helper in self._helpers:
            helper.close()
        _remove(self.folder)


class _NoDatabase(VerifyError):
    """A database cannot be made or read."""


def _copy_database(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    log = source.with_name(source.name + ".wal")
    if log.exists():
        shutil.copyfile(log, target.with_name(target.name + ".wal"))


def _remove(folder: Path) -> None:
    """Remove a folder, also what was made unremovable in it."""

    def again(function: Any, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(path), 0o700)
            os.chmod(path, 0o700)
            function(path)

    shutil.rmtree(folder, onerror=again)
    if folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
