"""``check --fix --interactive``: what is asked, and what becomes of the answers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import engine_rules as er
import pytest
from commands import Cli, add, asset, command, enter, runner

from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.engine import Answer, FileResult, choose, write
from asset_lint.finding import Finding
from asset_lint.registry import Registry
from asset_lint.rule import Rule


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(tmp_path, monkeypatch)


class Run:
    """A run in which questions are answered by the letters of ``answers``."""

    def __init__(self, answers: str, rules: Sequence[type[Rule]] = er.WORDS, *, unsafe: bool = False) -> None:
        self.answers = iter(answers)
        self.asked: list[str] = []
        files = discover(["."], ConfigFiles(flags={"unsafe-fixes": True} if unsafe else {})).files
        self.results = choose(files, Registry(rules), self.ask, write)
        assert next(self.answers, None) is None, f"only asked {self.asked}"

    def ask(self, finding: Finding, change: FileResult) -> Answer:
        assert change.source is not None and change.text != change.source.text
        self.asked.append(f"{finding.path}:{finding.span.line} {finding.code}")
        return Answer(next(self.answers))

    @property
    def left(self) -> list[str]:
        return [f"{each.path}:{each.span.line} {each.code}" for result in self.results for each in result.findings]

    @property
    def fixed(self) -> int:
        return sum(len(result.applied) for result in self.results)


def words(path: str = "a.py") -> list[str]:
    """The lines of the asset in a file."""
    return [line.strip() for line in Path(path).read_text().splitlines()[5:]]


def test_each_fix_is_asked_for_and_those_wanted_are_applied() -> None:
    add("a.py", asset("bad, 1", "bad, 2", "bad, 3"))
    run = Run("yny")
    assert run.asked == ["a.py:6 XE101", "a.py:7 XE101", "a.py:8 XE101"]
    assert words() == ["good, 1", "bad, 2", "good, 3"]
    assert (run.left, run.fixed) == (["a.py:7 XE101"], 2)
    assert run.results[0].findings[0].fix is not None  # it was declined, not found to be bad


@pytest.mark.parametrize(
    ("answers", "one", "two"),
    [
        ("aa", "good good good", "good good"),
        ("nad", "bad good good", "bad bad"),
        ("ydyy", "good bad bad", "good good"),
        ("yq", "good bad bad", "bad bad"),
        ("q", "bad bad bad", "bad bad"),
        ("nnnny", "bad bad bad", "bad good"),
    ],
)
def test_all_and_none_are_of_a_file_and_quitting_is_of_everything(answers: str, one: str, two: str) -> None:
    add("a.py", asset("bad", "bad", "bad"))
    add("b.py", asset("bad", "bad"))
    Run(answers)
    assert (" ".join(words("a.py")), " ".join(words("b.py"))) == (one, two)


def test_nothing_changes_where_nothing_is_wanted() -> None:
    file = add("a.py", asset("bad").replace("\n", "\r\n"))
    before = os.stat(file).st_mtime_ns
    run = Run("n")
    assert (run.left, run.fixed, os.stat(file).st_mtime_ns) == (["a.py:6 XE101"], 0, before)
    assert run.results[0].text is None


def test_every_other_byte_stays() -> None:
    text = "\ufeff" + asset("x = 'ä'\t ", "bad  # why", "bad").replace("\n", "\r\n")
    file = add("a.py", text)
    Run("yn")
    assert file.read_bytes() == text.replace("bad", "good", 1).encode()


def test_unsafe_fixes_are_offered_only_when_they_are_wanted() -> None:
    add("a.py", asset("risky"))
    assert Run("").left == ["a.py:6 XE102"]
    assert Run("n", [er.UnsafeWord], unsafe=True).left == ["a.py:6 XE102"]
    assert Run("y", [er.UnsafeWord], unsafe=True).left == []
    assert words() == ["bad"]


@pytest.mark.parametrize("rule", [er.WorseningWord, er.BreakingWord, er.FlippingWord])
def test_a_fix_that_is_not_good_is_not_offered(rule: type[Rule]) -> None:
    word = {"XE201": "brittle", "XE202": "tricky", "XE203": "ping"}[rule.code]
    add("a.py", asset(word))
    answers = "y" if rule is er.FlippingWord else ""
    run = Run(answers, (*er.WORDS, rule))
    assert words() == (["pong"] if answers else [word])
    assert len(run.left) == 1
    if rule is er.BreakingWord:
        assert "is not offered: " in (run.results[0].error or "")


def test_a_file_that_does_not_parse_has_nothing_to_ask() -> None:
    add("a.py", asset("bad = ("))
    add("b.py", asset("bad"))
    run = Run("y")
    assert run.asked == ["b.py:6 XE101"]
    assert [each.split()[1] for each in run.left] == ["AL000"]
    assert not any(result.error for result in run.results)


class TestOnTheCommandLine:
    @pytest.fixture
    def cli(self, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
        return runner(monkeypatch, capfdbinary)

    def test_it_needs_a_terminal(self, cli: Cli) -> None:
        file = add("a.py", asset("bad"))
        ran = cli("check", "--fix", "-i", stdin=b"y\n")
        assert (ran.status, ran.out) == (2, "")
        assert "must be a terminal" in ran.err
        assert file.read_text() == asset("bad")

    @pytest.mark.parametrize(
        "others", [[], ["--fix", "--diff"], ["--fix", "--verify"], ["--fix", "-"], ["--fix", "--watch"]]
    )
    def test_it_goes_with_nothing_that_contradicts_it(self, others: list[str], cli: Cli) -> None:
        ran = cli("check", "--interactive", *others, stdin=b"")
        assert ran.status == 2
        assert "--interactive" in ran.err

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    @pytest.mark.parametrize(
        ("typed", "status", "left"),
        [
            ("x\ny\nn\n", 1, "good, 1 bad, 2"),
            ("\x04", 1, "bad, 1 bad, 2"),
            ("y\n\x03", 130, "bad, 1 bad, 2"),  # the file was not yet through
        ],
    )
    def test_it_talks_on_a_terminal(self, typed: str, status: int, left: str) -> None:
        import pty

        add("a.py", asset("bad, 1", "bad, 2"))
        ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm"}
        # Who leads a session and opens a terminal owns it from then on, so that Ctrl-C interrupts.
        own = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(theirs)]
        process = subprocess.Popen(
            [*own, *command("check", "--fix", "--interactive")],
            stdin=theirs, stdout=theirs, stderr=theirs, env=environment,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        said, answers = b"", 0
        while True:
            try:
                got = os.read(ours, 65536)
            except OSError:  # Linux says so at the end
                break
            if not got:
                break
            said += got
            if said.count(b"]?\x1b[0m") > answers and typed:
                answers += 1
                now, newline, typed = typed.partition("\n")
                os.write(ours, f"{now}{newline}".encode())
        os.close(ours)
        assert process.wait() == status
        assert " ".join(words()) == left
        text = re.sub(r"\x1b\[[0-9;]*m", "", said.decode())
        assert "a.py:6:5: XE101" in text
        assert "-    bad, 1\r\n+    good, 1\r\n" in text
        assert ("y - apply this fix" in text) == (status == 1 and "good" in left)
