"""Work spread over processes."""

from __future__ import annotations

import faulthandler
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from asset_lint.engine.workers import spread
from asset_lint.errors import RuleError

Answers = list[tuple[int, object]]


def crashed(piece: int, how: str) -> str:
    return f"{piece} crashed: {how}"


def run(work: Callable[[int], object], count: int, jobs: int = 2) -> Answers:
    return sorted(spread(work, range(count), jobs, crashed))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_piece_is_answered_once() -> None:
    assert run(lambda piece: piece * piece, 100, 3) == [(piece, piece * piece) for piece in range(100)]


def test_there_may_be_more_processes_than_pieces_and_no_pieces_at_all() -> None:
    assert run(str, 1, 8) == [(0, "0")]
    assert run(str, 0, 8) == []


def test_the_work_is_done_in_other_processes_and_in_as_many_as_wanted() -> None:
    def work(piece: int) -> int:
        time.sleep(0.01)
        return os.getpid()

    pids = {pid for _, pid in run(work, 30, 3)}
    assert len(pids) == 3
    assert os.getpid() not in pids


@pytest.mark.parametrize(
    ("death", "how"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "SIGSEGV"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (lambda: os._exit(3), "exit status 3"),
    ],
)
def test_a_process_that_dies_costs_its_piece_and_nothing_else(death: Callable[[], None], how: str) -> None:
    def work(piece: int) -> str:
        if piece in (0, 5, 6, 19):
            faulthandler.disable()  # pytest's would write to this process's stderr
            death()
        return "done"

    expected = [f"{piece} crashed: {how}" if piece in (0, 5, 6, 19) else "done" for piece in range(20)]
    assert run(work, 20) == list(enumerate(expected))


def test_a_piece_is_tried_again_when_its_process_was_killed_by_somebody_else(tmp_path: Path) -> None:
    def work(piece: int) -> str:
        mark = tmp_path / str(piece)
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return "done"

    assert run(work, 4) == [(piece, "done") for piece in range(4)]


def test_an_error_of_ours_is_raised_here() -> None:
    def work(piece: int) -> None:
        raise RuleError(f"piece {piece}")

    with pytest.raises(RuleError, match="piece 0"):
        run(work, 3, 1)


def test_closing_ends_the_processes_at_once() -> None:
    def work(piece: int) -> int:
        if piece > 1:
            time.sleep(600)
        return os.getpid()

    answers = spread(work, range(4), 2, crashed)
    pids = [pid for _, pid in (next(answers), next(answers))]
    answers.close()  # type: ignore[attr-defined]
    assert not any(isinstance(pid, int) and alive(pid) for pid in pids)


PROGRAM = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from asset_lint.engine.workers import spread

def work(piece):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece, for two processes share the pipe
    time.sleep(600)

try:
    list(spread(work, range(8), 2, None))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize("to_the_group", [True, False])
def test_ctrl_c_ends_everything_quickly_and_quietly(to_the_group: bool) -> None:
    root = str(Path(__file__).parents[1])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, root],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    pids = [int(process.stdout.readline()) for _ in range(2)]
    if to_the_group:
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "")
    assert not any(alive(pid) for pid in pids)


def test_processes_end_when_their_parent_is_killed() -> None:
    root = str(Path(__file__).parents[1])
    program = PROGRAM.replace("time.sleep(600)", "time.sleep(0.2)")
    process = subprocess.Popen([sys.executable, "-c", program, root], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)]
    process.kill()
    process.communicate(timeout=30)  # comes back when nobody holds the pipe any more


def test_where_nothing_can_be_forked_processes_are_started_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert run(functools.partial(pow, 2), 5) == [(piece, 2**piece) for piece in range(5)]
