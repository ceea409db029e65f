"""The server: imports what is heavy once, then forks a process for each task and keeps it in its bounds.

Tasks come as JSON lines on standard input, outcomes go as JSON lines to standard output. It ends, with all that it
started, when its input ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from .heap import fill_gaps
from .isolation import ProcessSpace, become_root_of_own_users

_EVENTS = 16 << 20  # bytes of events that are kept of one process
_PIPE = 1 << 20  # bytes of events that a process can tell between two looks
_TICK = 0.1  # seconds between two looks at what a process has told, and how many it has become


@dataclass
class _Running:
    """A process at work."""

    name: int
    pid: int
    pipe: int
    handle: int
    space: ProcessSpace
    limits: dict[str, Any]
    began: float
    data: bytearray = field(default_factory=bytearray)
    killed: str = ""
    late: bool = False
    looked: float = field(default_factory=time.monotonic)

    @property
    def deadline(self) -> float:
        """When its time is over."""
        return self.began + float(self.limits["wall"])


class Server:
    """Forks ``workers`` processes at a time; ``run`` is what they do with their task and the end of a pipe."""

    def __init__(self, workers: int, run: Any) -> None:
        self.workers = workers
        self.run = run
        self.waiting: list[dict[str, Any]] = []
        self.running: dict[int, _Running] = {}
        self.selector = selectors.DefaultSelector()
        self.input = bytearray()

    def serve(self) -> None:
        """Until the input ends."""
        self.selector.register(0, selectors.EVENT_READ)
        while True:
            while self.waiting and len(self.running) < self.workers:
                self._start(self.waiting.pop(0))
            for key, _ in self.selector.select(_TICK if self.running else None):
                if key.fd == 0 and not self._read_tasks():
                    for running in list(self.running.values()):
                        self._kill(running, "stopped")
                    return
                if key.data is not None and key.data.name in self.running:
                    self._read(key.data)
            for running in list(self.running.values()):
                self._watch(running)

    def _read_tasks(self) -> bool:
        data = os.read(0, 1 << 16)
        self.input += data
        *lines, rest = self.input.split(b"\n")
        self.input = bytearray(rest)
        self.waiting += [json.loads(line) for line in lines]
        return bool(data)

    def _start(self, task: dict[str, Any]) -> None:
        space = ProcessSpace()
        space.enter()
        read, write = os.pipe()
        try:
            pid = os.fork()
        except OSError as error:
            space.leave()
            space.end()
            os.close(read)
            os.close(write)
            _tell({"name": task["name"], "end": "could not be started", "detail": str(error)})
            return
        if pid == 0:
            space.forget()
            os.close(read)
            self._become_child(task, write, space.enforced)
        if space.enforced:
            space.leave()
        os.close(write)
        os.set_blocking(read, False)
        running = _Running(task["name"], pid, read, _handle(pid), space, task["limits"], time.monotonic())
        self.running[running.name] = running
        if running.handle >= 0 and _widen(read):  # to wake up at each event would cost as much as to fork
            self.selector.register(running.handle, selectors.EVENT_READ, running)
        else:
            self.selector.register(read, selectors.EVENT_READ, running)

    def _become_child(self, task: dict[str, Any], pipe: int, own_space: bool) -> None:
        status = 1
        try:
            os.setsid()
            self.selector.close()
            os.close(_output)
            for other in self.running.values():
                os.close(other.pipe)
                if other.handle >= 0:
                    os.close(other.handle)
                other.space.forget()
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.run(task, pipe, own_space)
            status = 0
        finally:
            os._exit(status)

    def _read(self, running: _Running) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(running.pipe, 1 << 16):
                running.data += data
                if len(running.data) > _EVENTS:
                    self._kill(running, "it reported without end")
                    return
            with contextlib.suppress(KeyError):  # nobody holds the other end; the process may go on
                self.selector.unregister(running.pipe)

    def _watch(self, running: _Running) -> None:
        pid, status = os.waitpid(running.pid, os.WNOHANG)
        if pid:
            self._finish(running, status)
        elif time.monotonic() > running.deadline:
            self._kill(running, f"it did not end within {running.limits['wall']:g} s", late=True)
        elif time.monotonic() > running.looked + _TICK:
            running.looked = time.monotonic()
            self._read(running)
            if running.name not in self.running:
                return
            if running.space.processes() > running.limits["processes"]:
                self._kill(running, f"it had more than {running.limits['processes']} processes")

    def _kill(self, running: _Running, reason: str, *, late: bool = False) -> None:
        running.killed, running.late = reason, late
        running.space.kill()
        _kill_group(running.pid)
        self._finish(running, os.waitpid(running.pid, 0)[1])

    def _finish(self, running: _Running, status: int) -> None:
        running.space.end()
        _kill_group(running.pid)
        with contextlib.suppress(BlockingIOError):
            while len(running.data) <= _EVENTS and (data := os.read(running.pipe, 1 << 16)):
                running.data += data
        for opened in (running.pipe, running.handle):
            if opened >= 0:
                with contextlib.suppress(KeyError):
                    self.selector.unregister(opened)
                os.close(opened)
        del self.running[running.name]
        _tell(_outcome(running, os.waitstatus_to_exitcode(status)))


def _handle(pid: int) -> int:
    """A file descriptor that becomes readable when a process ends; -1 where the system has none."""
    return os.pidfd_open(pid) if sys.platform == "linux" else -1


def _widen(pipe: int) -> bool:
    """Let a pipe hold much; whether it does."""
    try:
        return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE) >= _PIPE
    except (AttributeError, OSError):
        return False


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _outcome(running: _Running, code: int) -> dict[str, Any]:
    events, garbage = [], 0
    for line in bytes(running.data).split(b"\n"):
        if not line:
            continue
        try:
            event = json.loads(line)
            events.append(event if isinstance(event, dict) and "kind" in event else {"kind": "garbage"})
        except ValueError:
            garbage += 1
    finished = bool(events) and events[-1]["kind"] == "end"
    if running.killed:
        end, detail = "timed out" if running.late else "killed by a signal", running.killed
    elif code < 0:
        end, detail = "killed by a signal", _signal(-code)
    elif not finished:
        end, detail = "ended itself before its report", f"exit status {code}"
    else:
        end, detail = "finished", ""
    if garbage:
        detail = f"{detail + '; ' if detail else ''}{garbage} lines of its report cannot be read"
    return {
        "name": running.name,
        "end": end,
        "detail": detail,
        "events": events,
        "seconds": round(time.monotonic() - running.began, 4),
    }


def _signal(number: int) -> str:
    if number == signal.SIGXCPU:
        return "SIGXCPU: it used all its processor time"
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_output = 1


def _tell(outcome: dict[str, Any]) -> None:
    data = json.dumps(outcome).encode() + b"\n"
    view = memoryview(data)
    while view:
        view = view[os.write(_output, view) :]


def main() -> None:
    """Get warm, say so, serve."""
    global _output
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to hear; our input ends then
    _output = os.dup(1)
    os.set_inheritable(_output, False)
    os.dup2(2, 1)  # what is printed while importing must not get between the outcomes
    become_root_of_own_users()
    gc.disable()  # nearly all that is made now stays
    try:
        from .run import run, warm_up

        versions = warm_up()
    except ImportError as error:
        _tell({"missing": error.name or str(error)})
        return
    gc.freeze()
    gc.enable()
    fill_gaps()
    _tell({"ready": versions})
    Server(int(sys.argv[1]), run).serve()
    os._exit(0)  # no thread of a library's is to hold the end up


if __name__ == "__main__":
    main()
