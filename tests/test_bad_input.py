"""Input that no linter likes, given to the real command in a process of its own: each has its message and status."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

DEEP = 5_000  # far beyond where LibCST's native parser takes the process down
HEAD = "import duckdb\nfrom dagster import asset, op\n\n\n"
FAULT = HEAD + "@op\ndef totals():\n    return duckdb.sql('SELECT 1')\n"

Lint = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lint:
    """Checks files in an empty directory, which is the working directory; a finding takes a line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "asset_lint", "check", "--isolated", "--output-format", "concise", *arguments]
        ran = subprocess.run(command, capture_output=True, input=stdin, timeout=120)
        return subprocess.CompletedProcess(command, ran.returncode, ran.stdout.decode(), ran.stderr.decode())

    return run


def places(output: str) -> list[str]:
    """Which code was found in which file, in order."""
    found = [line.split(": ") for line in output.splitlines() if ".py:" in line]
    return [f"{place.split(':')[0]} {rest.split()[0]}" for place, rest, *_ in found]


#: All that can nest, or chain into nesting, as text: each of these is refused, and none ends the process.
NESTED = {
    "parentheses": "x = " + "(" * DEEP + "1" + ")" * DEEP,
    "lists": "x = " + "[" * DEEP + "]" * DEEP,
    "dictionaries": "x = " + "{1: " * DEEP + "1" + "}" * DEEP,
    "minus": "x = " + "-" * DEEP + "1",
    "tilde": "x = " + "~ " * DEEP + "1",
    "not": "x = " + "not " * DEEP + "1",
    "attributes": "x = a" + ".b" * DEEP,
    "calls": "x = a" + "()" * DEEP,
    "chained-calls": "x = a" + ".b()" * DEEP,
    "subscripts": "x = a" + "[0]" * DEEP,
    "sums": "x = " + "1 + " * DEEP + "1",
    "powers": "x = " + "1 ** " * DEEP + "1",
    "conditions": "x = " + "1 if a else " * DEEP + "1",
    "lambdas": "x = " + "lambda: " * DEEP + "1",
    "awaits": "async def f():\n    return " + "await " * DEEP + "g()",
    "comprehension": "x = [a " + "for a in b " * DEEP + "]",
    "elif": "if a:\n    pass\n" + "elif b:\n    pass\n" * DEEP,
    "elif-in-a-function": "def f():\n    if a:\n        pass\n" + "    elif b:\n        pass\n" * DEEP,
    "case-sequence": "match x:\n    case " + "[" * DEEP + "]" * DEEP + ":\n        pass",
    "case-group": "match x:\n    case " + "(" * DEEP + "a" + ")" * DEEP + ":\n        pass",
    "case-class": "match x:\n    case " + "A(" * DEEP + ")" * DEEP + ":\n        pass",
    "case-or": "match x:\n    case " + "1 | " * DEEP + "1:\n        pass",
    "case-value": "match x:\n    case a" + ".b" * DEEP + ":\n        pass",
}


class TestNesting:
    def test_is_one_finding_for_each_file_and_the_run_goes_on(self, lint: Lint) -> None:
        for name, text in NESTED.items():
            Path(f"{name}.py").write_text(f"{HEAD}{text}\n")
        Path("z.py").write_text(FAULT)
        ran = lint(".")
        assert (ran.returncode, ran.stderr) == (1, "")
        assert places(ran.stdout) == [*sorted(f"{name}.py AL000" for name in NESTED), "z.py AL101"]
        assert ran.stdout.count("AL000 too deeply nested") == len(NESTED)

    @pytest.mark.parametrize(
        "arguments", [["--stdin-filename", "a.py", "-"], ["--stdin-filename", "a.py", "--fix", "-"]]
    )
    def test_is_found_on_standard_input_too(self, arguments: list[str], lint: Lint) -> None:
        data = f"{HEAD}{NESTED['attributes']}\n".encode()
        ran = lint(*arguments, stdin=data)
        assert ran.returncode == 1
        assert "a.py:5:1004: AL000 too deeply nested" in ran.stdout + ran.stderr
        assert "--fix" not in arguments or ran.stdout.encode() == data

    def test_is_left_alone_by_fixes(self, lint: Lint) -> None:
        text = f"{FAULT}{NESTED['minus']}\n"
        Path("a.py").write_text(text)
        ran = lint("--fix", "--unsafe-fixes", ".")
        assert (ran.returncode, places(ran.stdout)) == (1, ["a.py AL000"])
        assert Path("a.py").read_text() == text

    def test_of_what_is_only_long_is_none(self, lint: Lint) -> None:
        long = ["x = 1; " * DEEP, "@a\n" * DEEP + "def f(): pass", "match x:\n" + "    case 1:\n        pass\n" * DEEP]
        for number, text in enumerate(long):
            Path(f"{number}.py").write_text(f"{HEAD}{text}\n")
        assert lint(".").stdout == "All checks passed!\n"


def test_a_line_of_five_megabytes_is_a_line(lint: Lint) -> None:
    Path("a.py").write_text(FAULT.replace("SELECT 1", "SELECT " + "1" * 5_000_000))
    ran = lint("a.py")
    assert (ran.returncode, places(ran.stdout)) == (1, ["a.py AL101"])
    shown = lint("--output-format", "full", "a.py")  # the last one holds
    assert shown.returncode == 1
    assert max(map(len, shown.stdout.splitlines())) < 1_000


class TestWhatIsNoText:
    @pytest.mark.parametrize(
        ("data", "line"),
        [
            (HEAD.encode() + b"def f(:\n", "a.py:5:7: AL000 invalid syntax"),
            (b"# coding: klingon\n" + HEAD.encode(), "a.py:1:1: AL000 unknown encoding: klingon"),
            (HEAD.encode() + b"x = '\xff'\n", "a.py:5:6: AL000 cannot decode byte 0xff as utf-8"),
            (HEAD.encode() + b"x = 1\0\n", "a.py:5:6: AL000 source contains a NUL byte"),
        ],
    )
    def test_is_a_finding_with_its_place_and_the_rest_goes_on(self, data: bytes, line: str, lint: Lint) -> None:
        Path("a.py").write_bytes(data)
        Path("z.py").write_text(FAULT)
        ran = lint(".")
        assert (ran.returncode, ran.stderr) == (1, "")
        assert places(ran.stdout) == ["a.py AL000", "z.py AL101"]
        assert ran.stdout.splitlines()[0].startswith(line)

    @pytest.mark.parametrize("output_format", ["full", "concise", "json", "github", "sarif"])
    def test_can_be_reported_in_every_format(self, output_format: str, lint: Lint) -> None:
        Path("a.py").write_bytes(b"# coding: klingon\n" + HEAD.encode())
        ran = lint("--output-format", output_format, "a.py")
        assert (ran.returncode, ran.stderr) == (1, "")
        assert "unknown encoding: klingon" in ran.stdout


def test_syntax_newer_than_this_python_is_no_error(lint: Lint) -> None:
    newer = "type Rows = list[int]\n\n\ndef first[T](rows: T) -> T:\n    try:\n        return rows[0]\n"
    newer += "    except KeyError, IndexError:\n        return t'{rows}'\n"
    Path("a.py").write_text(f"{HEAD}{newer}\n\n{FAULT[len(HEAD) :]}")
    ran = lint("a.py")
    assert (ran.returncode, places(ran.stdout)) == (1, ["a.py AL101"])


class TestLinks:
    def test_in_a_circle_are_passed_over(self, lint: Lint) -> None:
        Path("a").mkdir()
        Path("a/a.py").write_text(FAULT)
        Path("a/up").symlink_to("../a")
        Path("self").symlink_to("self")
        Path("self.py").symlink_to("self.py")
        ran = lint(".")
        assert (ran.returncode, ran.stderr, places(ran.stdout)) == (1, "", ["a/a.py AL101"])

    def test_in_a_circle_are_told_when_named(self, lint: Lint) -> None:
        Path("self.py").symlink_to("self.py")
        ran = lint("self.py")
        assert (ran.returncode, ran.stdout) == (2, "")
        assert ran.stderr.startswith("error: self.py: ")


class TestPaths:
    @pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="needs a file that not even root can read")
    def test_that_cannot_be_read_are_told_and_the_rest_goes_on(self, lint: Lint) -> None:
        Path("a.py").symlink_to("/proc/self/mem")
        Path("b.py").write_text(FAULT)
        ran = lint("a.py", "b.py")
        assert (ran.returncode, places(ran.stdout)) == (2, ["b.py AL101"])
        assert ran.stderr == "error: cannot read a.py: Input/output error\n"

    def test_that_are_missing_are_told_and_the_rest_goes_on(self, lint: Lint) -> None:
        Path("b.py").write_text(FAULT)
        ran = lint("a.py", "b.py")
        assert (ran.returncode, places(ran.stdout)) == (2, ["b.py AL101"])
        assert ran.stderr == "error: a.py: no such file or directory\n"

    def test_that_are_empty_are_not_the_working_directory(self, lint: Lint) -> None:
        Path("b.py").write_text(FAULT)
        ran = lint("")
        assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "error: '': no such file or directory\n")
