"""Assets that misbehave: each is contained and reported, the others run on, and the originals stay as they were."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asset_lint.evidence import Scenario
from asset_lint.verify import End, Limits, Observations, Outcome, Patience, Sandbox, Task, VerifyError
from asset_lint.verify.child.locks import lock_held

HEAD = (
    "import os, signal, socket, sys, threading, time\nimport dagster as dg\nimport duckdb\n\n\n@dg.asset\ndef bad():\n"
)
LIMITS = Limits(wall=60, cpu=2, memory=1 << 30, file=1 << 20, processes=20)
SETUP = "CREATE TABLE trips (id INTEGER); INSERT INTO trips VALUES (1), (2)"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def original(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the user's."""
    path = tmp_path_factory.mktemp("warehouse") / "warehouse.duckdb"
    sandbox.ask("build", path=str(path), setup=SETUP, data={}, variant="")
    return path


def run(sandbox: Sandbox, body: str, original: Path, *, limits: Limits = LIMITS) -> Outcome:
    """What comes of an asset with ``body``, on a copy of a database that is as it was afterwards."""
    before = digest(original)
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    [outcome] = sandbox.run([Task(("assets.py",), files={"assets.py": text}, database=str(original), limits=limits)])
    assert digest(original) == before
    return outcome


def error(outcome: Outcome) -> str:
    """The messages of all that went wrong in a run that came to its end."""
    assert outcome.end is End.FINISHED, outcome.detail
    return "\n".join(f"{each['type']}: {each['message']}" for each in Observations(outcome).errors)


def test_an_endless_loop_runs_out_of_processor_time(sandbox: Sandbox, original: Path) -> None:
    outcome = run(sandbox, "while True:\n    pass", original)
    assert (outcome.end, "processor time" in outcome.detail) == (End.KILLED, True)


def test_a_sleep_runs_out_of_time(sandbox: Sandbox, original: Path) -> None:
    outcome = run(sandbox, "time.sleep(1000)", original, limits=Limits(wall=1.5))
    assert outcome.end is End.TIMED_OUT
    assert outcome.detail == "it did not end within 1.5 s"
    assert Observations(outcome).targets, "what was seen before it was killed is kept"


def test_ten_gigabytes_are_a_memory_error(sandbox: Sandbox, original: Path) -> None:
    assert "MemoryError" in error(run(sandbox, "return len(bytearray(10 << 30))", original))


def test_a_fork_bomb_is_put_out(sandbox: Sandbox, original: Path) -> None:
    outcome = run(sandbox, "while True:\n    os.fork()", original)
    assert outcome.end is End.KILLED
    assert outcome.detail == "it had more than 20 processes" or "processor time" in outcome.detail


def test_children_end_with_their_run(sandbox: Sandbox, original: Path, tmp_path: Path) -> None:
    body = "if os.fork() == 0:\n    os.setsid()\n    os.system('exec -a left-behind sleep 100')"
    run(sandbox, body, original)
    time.sleep(0.1)
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not any(b"left-behind" in command for command in commands)


@pytest.mark.parametrize(
    "body, detail",
    [("os._exit(3)", "exit status 3"), ("os._exit(0)", "exit status 0")],
)
def test_leaving_by_the_back_door_is_told(sandbox: Sandbox, original: Path, body: str, detail: str) -> None:
    outcome = run(sandbox, body, original)
    assert (outcome.end, outcome.detail) == (End.EXITED, detail)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_death_by_signal_is_told(sandbox: Sandbox, original: Path, name: str) -> None:
    outcome = run(sandbox, f"os.kill(os.getpid(), signal.{name})", original)
    assert (outcome.end, outcome.detail) == (End.KILLED, name)


def test_the_original_database_cannot_be_written(sandbox: Sandbox, original: Path) -> None:
    body = f"with duckdb.connect({str(original)!r}) as conn:\n    conn.execute('DROP TABLE trips')"
    assert "IOException" in error(run(sandbox, body, original))


@pytest.mark.parametrize(
    "call", ["open({0!r}, 'w')", "os.unlink({0!r})", "os.rename({0!r}, 'mine')", "os.truncate({0!r}, 0)"]
)
def test_nothing_outside_the_folder_can_be_changed(sandbox: Sandbox, original: Path, call: str) -> None:
    assert "Error" in error(run(sandbox, call.format(str(original)), original))


def test_the_other_processes_are_out_of_reach(sandbox: Sandbox, original: Path) -> None:
    assert "Error" in error(run(sandbox, f"os.kill({os.getpid()}, signal.SIGTERM)", original))


def test_an_asset_may_delete_its_own_folder(sandbox: Sandbox, original: Path) -> None:
    outcome = run(sandbox, "import shutil\nshutil.rmtree('..', ignore_errors=True)", original)
    assert outcome.end in (End.FINISHED, End.EXITED)


def test_a_folder_that_resists_is_removed(sandbox: Sandbox, original: Path) -> None:
    run(sandbox, "os.makedirs('a/b')\nopen('a/b/c', 'w').close()\nos.chmod('a/b', 0)\nos.chmod('a', 0)", original)
    assert not list(sandbox.folder.glob("run-*"))


def test_printing_without_end_is_cut(sandbox: Sandbox, original: Path) -> None:
    outcome = run(sandbox, "for _ in range(1024):\n    os.write(1, b'x' * (1 << 20))", original)
    assert "OSError" in error(outcome)
    assert len(outcome.output) <= 64 << 10


def test_a_thread_that_never_ends_holds_nothing_up(sandbox: Sandbox, original: Path) -> None:
    body = "threading.Thread(target=time.sleep, args=(1000,)).start()\nreturn 1"
    outcome = run(sandbox, body, original)
    assert outcome.end is End.FINISHED
    assert Observations(outcome).succeeded


def test_changing_duckdb_itself_changes_nothing_for_the_next_run(sandbox: Sandbox, original: Path) -> None:
    run(sandbox, "duckdb.connect = None\nduckdb.DuckDBPyConnection.close = None", original)
    outcome = run(sandbox, "with duckdb.connect(os.environ['DUCKDB_DATABASE']) as conn:\n    return 1", original)
    assert [each.closed for each in Observations(outcome).connections] == ["with"]


def test_the_network_is_out_of_reach(sandbox: Sandbox, original: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        body = f"socket.create_connection(('127.0.0.1', {port}), timeout=2)"
        assert "Error" in error(run(sandbox, body, original))


def test_garbage_on_the_pipe_is_told_and_does_not_hide_the_rest(sandbox: Sandbox, original: Path) -> None:
    body = "for number in range(3, 64):\n    try: os.write(number, b'garbage\\n')\n    except OSError: pass"
    outcome = run(sandbox, body, original)
    assert outcome.end is End.FINISHED
    assert "cannot be read" in outcome.detail
    assert Observations(outcome).succeeded


def test_reporting_without_end_is_stopped(sandbox: Sandbox, original: Path) -> None:
    body = "while True:\n    with duckdb.connect() as conn:\n        conn.execute('SELECT ' + repr('x' * 100_000))"
    assert run(sandbox, body, original, limits=Limits(wall=20)).end in (End.KILLED, End.TIMED_OUT)


def test_a_module_that_cannot_be_imported_is_told(sandbox: Sandbox) -> None:
    [outcome] = sandbox.run([Task(("assets.py",), files={"assets.py": "import nowhere\n"})])
    load_error = Observations(outcome).load_error
    assert load_error is not None and load_error["type"] == "ModuleNotFoundError"


def test_setup_that_fails_is_told(sandbox: Sandbox) -> None:
    [outcome] = sandbox.run([Task(("assets.py",), files={"assets.py": ""}, setup="CREATE TABEL t (a INTEGER)")])
    assert outcome.end is End.NOT_STARTED
    assert "ParserException" in outcome.detail


def test_when_the_server_dies_what_was_under_way_is_run_again_once(
    original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(1) as sandbox:
        sandbox._server.process.kill()
        assert run(sandbox, "return 1", original).end is End.FINISHED

        begin, deaths = sandbox._begin, iter((True, False))

        def begin_and_die() -> None:
            begin()
            if next(deaths):
                sandbox._server.process.kill()

        monkeypatch.setattr(sandbox, "_begin", begin_and_die)
        sandbox._server.process.kill()
        outcome = run(sandbox, "return 1", original)
        assert (outcome.end, outcome.detail) == (End.NOT_STARTED, "the process that starts others has died, twice")


def test_a_process_that_hangs_is_replaced(original: Path) -> None:
    with Sandbox(1, patience=Patience(database=1.0, answer=1.0)) as sandbox:
        sandbox._databases.process.send_signal(signal.SIGSTOP)
        with pytest.raises(VerifyError, match="the process that makes databases has not answered within 1 s"):
            sandbox.ask("build", path=str(original), setup="", data={}, variant="")
        sandbox.patience = Patience(answer=1.0)
        sandbox.ask("dump", path=str(original))
        sandbox._server.process.send_signal(signal.SIGSTOP)
        assert run(sandbox, "return 1", original, limits=Limits(wall=10)).end is End.FINISHED


def test_one_that_does_not_start_is_not_waited_for() -> None:
    with pytest.raises(VerifyError, match=r"does not start, it has not answered within 0\.01 s"):
        Sandbox(1, patience=Patience(start=0.01)).__enter__()


def test_the_time_before_a_retry_is_not_waited_for(sandbox: Sandbox) -> None:
    text = HEAD.replace("@dg.asset", "@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=100))")
    text += "    with duckdb.connect() as conn:\n        conn.execute('SELECT 1')\n"
    [outcome] = sandbox.run([Task(("a.py",), scenario=Scenario.FAULT, files={"a.py": text}, limits=LIMITS)])
    assert "Exceeded max_retries of 3" in error(outcome)
    assert outcome.seconds < 30


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_whether_a_file_is_locked_is_seen_at_each_of_its_descriptors(tmp_path: Path) -> None:
    import fcntl

    path = tmp_path / "database"
    path.touch()
    assert lock_held(str(tmp_path / "none")) is None
    with open(path, "rb+") as file:
        assert lock_held(str(path)) is False
        fcntl.lockf(file, fcntl.LOCK_EX)
        assert lock_held(str(path)) is True
        again = os.dup(file.fileno())
        assert lock_held(str(path)) is True
        os.close(again)  # and with it goes the lock
        assert lock_held(str(path)) is False


def test_what_is_allocated_stays_as_it_is_when_the_gaps_of_the_heap_are_filled() -> None:
    code = (
        "from asset_lint.verify.child.heap import fill_gaps\n"
        "kept = [bytes([n % 256]) * (n % 3000) for n in range(30000)][::3]\n"
        "fill_gaps()\n"
        "more = [bytes(n % 3000) for n in range(30000)]\n"
        "assert kept == [bytes([n % 256]) * (n % 3000) for n in range(0, 30000, 3)]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_that_forks_has_one_thread(sandbox: Sandbox) -> None:
    assert len(os.listdir(f"/proc/{sandbox._server.process.pid}/task")) == 1


def test_nothing_is_left_when_all_is_done(original: Path) -> None:
    with Sandbox(1) as sandbox:
        run(sandbox, "return 1", original)
        folder = sandbox.folder
        assert folder.exists()
    assert not folder.exists()


def test_ctrl_c_leaves_nothing(original: Path) -> None:
    folder = Path()
    with pytest.raises(KeyboardInterrupt), Sandbox(1) as sandbox:
        folder = sandbox.folder
        for _ in sandbox.run([Task(("a.py",), files={"a.py": HEAD + "    return 1\n"}, database=str(original))]):
            raise KeyboardInterrupt
    assert not folder.exists()
