"""``check --watch``: what counts as a change, and that a run follows it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Cli, add, asset, command, enter, runner

from asset_lint.cli.watching import Snapshot, snapshot, wait
from asset_lint.config.files import ConfigFiles


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(tmp_path, monkeypatch)


def look() -> Snapshot:
    return snapshot(["src"], ConfigFiles)


@pytest.mark.parametrize(
    "path", ["src/a.py", "src/new.py", "lib/helper.py", "pyproject.toml", "src/asset-lint.toml", ".gitignore",
             "asset-lint-baseline.json"],
)  # fmt: skip
def test_a_change_is_seen(path: str) -> None:
    add("src/a.py", asset("bad"))
    before = look()
    add(path, "# " if path.endswith(".py") else "" if path != "asset-lint-baseline.json" else "{}")
    assert look() != before


@pytest.mark.parametrize("path", ["src/data.csv", ".venv/x.py", "src/__pycache__/a.pyc"])
def test_what_changes_nothing_is_not_seen(path: str) -> None:
    add("src/a.py", asset("bad"))
    before = look()
    add(path, "x = 1")
    assert look() == before


def test_a_removed_file_and_a_broken_configuration_are_seen() -> None:
    file = add("src/a.py", asset("bad"))
    before = look()
    file.unlink()
    without = look()
    assert without != before
    add("asset-lint.toml", "x = ")
    assert look() != without


def test_changes_that_follow_each_other_are_one() -> None:
    states: Iterator[Snapshot] = iter(
        [{"a": (0, 0, 0)}, {"a": (1, 0, 0)}, {"a": (2, 0, 0), "b": (1, 0, 0)}, {"a": (2, 0, 0), "b": (1, 0, 0)}]
    )
    slept: list[float] = []
    assert wait({"a": (0, 0, 0)}, lambda: next(states), slept.append) == os.path.relpath("a")
    assert len(slept) == 3
    assert next(states, None) is None


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_it_runs_again_until_it_is_interrupted() -> None:
    file = add("src/a.py", asset("bad"))
    arguments = ("check", "src", "--watch", "--output-format", "concise")
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")

        def said() -> str:
            return "".join(iter(lambda: next(lines), "Watching for changes (Ctrl-C ends it) …\n"))

        assert said().startswith("src/a.py:6:5: XE101")
        file.write_text(asset("good"))
        assert said() == "src/a.py has changed.\nAll checks passed!\n"
        add("asset-lint.toml", "x = 1\n")
        assert "error: " in said()
        add("asset-lint.toml", "profile = 'all'\n")
        assert said().endswith("All checks passed!\n")
        process.send_signal(signal.SIGINT)
        rest = "".join(lines)
    assert (process.returncode, rest) == (130, "")


@pytest.mark.parametrize("other", ["--diff", "--add-noqa", "--add-ignore", "--show-files", "-"])
def test_it_goes_with_nothing_that_contradicts_it(
    other: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    cli: Cli = runner(monkeypatch, capfdbinary)
    ran = cli("check", "--watch", other, stdin=b"")
    assert ran.status == 2
    assert "--watch" in ran.err
