"""What one process is to do, and how it ended. Plain data that crosses the pipe as JSON."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asset_lint.evidence import Scenario


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a process: seconds (clock, processor), bytes (memory, each file), processes."""

    wall: float = 60.0
    cpu: int = 60
    memory: int = 4 << 30
    file: int = 1 << 30
    processes: int = 64


@dataclass(frozen=True, slots=True)
class Task:
    """The materialization of some assets, in one scenario.

    ``root`` is a folder that is read in place, ``files`` are laid out in the sandbox instead; where both are given,
    ``files`` lie over what is in ``root``. ``copied``: a copy of ``root`` is used, so that it may be written to.
    ``modules`` are imported from there, in this order (files, relative to
    ``root``, or dotted names), with the folders in ``search`` (relative too) on the path; those in ``definitions_in``
    before them, if they can be, for what their Definitions say. ``only_load``: nothing runs. ``jobs``: the jobs that
    are found run too. Of the assets found in the modules those named in ``assets`` run; all of them where there is
    none. ``setup`` is the SQL that makes the database, ``database`` a file that is copied instead; ``data`` are files
    that stand in the working folder, by their names the SQL that makes a table ``data`` of their rows. ``inputs`` are
    values of upstream assets by name: files. ``config`` is that of ops by their names; ``definitions`` are expressions,
    evaluated in the first module, that give further definitions. ``dump``: the outcome says what the database holds
    afterwards.
    ``at`` counts queries from 1: the one that raises or is interrupted; 0 means each of them.
    ``line`` counts the executed lines of the user's functions: the one where the run is cancelled; 0 means none.
    ``watch_calls`` also observes which contexts the functions of the project receive; that takes time.
    """

    modules: tuple[str, ...]
    scenario: Scenario = Scenario.NORMAL
    files: Mapping[str, str] = field(default_factory=dict)
    root: str = ""
    copied: bool = False
    search: tuple[str, ...] = (".",)
    definitions_in: tuple[str, ...] = ()
    only_load: bool = False
    jobs: bool = True
    assets: tuple[str, ...] = ()
    setup: str = ""
    database: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    definitions: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    at: int = 0
    line: int = 0
    watch_calls: bool = False
    allow_network: bool = False
    dump: bool = True
    limits: Limits = Limits()


class End(enum.Enum):
    """How a process ended."""

    FINISHED = "finished"
    TIMED_OUT = "timed out"  # killed, after all the seconds it had
    KILLED = "killed by a signal"
    EXITED = "ended itself before its report"
    NOT_STARTED = "could not be started"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a task.

    ``events`` are what was seen, in order; they end early where the process did. ``detail`` says in words why it is not
    FINISHED, ``tables`` what the database holds afterwards (by name: columns, number of rows, digest of the rows).
    """

    task: Task
    end: End
    events: tuple[Mapping[str, Any], ...] = ()
    detail: str = ""
    tables: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""  # what it wrote to its standard output and error, as far as it was kept
    seconds: float = 0.0
