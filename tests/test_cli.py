"""The command line: what is printed where, and what the exit status says."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import engine_rules as er
import libcst as cst
import pytest
from commands import Cli, Ran, add, asset, enter, runner

import asset_lint.registry
from asset_lint import files
from asset_lint.cli import progress
from asset_lint.config import KEYS
from asset_lint.config.schema import schema
from asset_lint.config.toml import load
from asset_lint.errors import RuleError
from asset_lint.registry import Registry
from asset_lint.rule import Rule


class CrashingWord(Rule):
    """Never write ``boom``."""

    code = "XE301"
    message = "this is boom"

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == "boom":
            raise ValueError("it went off")


RULES: tuple[type[Rule], ...] = (*er.WORDS, CrashingWord)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that the test runs in, without what the environment may say."""
    return enter(tmp_path, monkeypatch)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    """Runs a command in this process, with rules that report words."""
    return runner(monkeypatch, capfdbinary, RULES)


@pytest.fixture
def check(cli: Cli) -> Cli:
    """Runs ``check``, which prints its findings a line each."""

    def run(*arguments: str, stdin: bytes | None = None) -> Ran:
        return cli("check", "--output-format", "concise", *arguments, stdin=stdin)

    return run


class TestTheExitStatus:
    def test_is_0_when_nothing_is_found(self, check: Cli) -> None:
        add("a.py", asset("good"))
        assert check() == Ran(0, b"All checks passed!\n", "")

    def test_is_1_when_something_is_found(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        ran = check()
        assert (ran.status, ran.err) == (1, "")
        assert ran.out.startswith("a.py:6:5: XE101 [*] this is bad\nFound 1 finding (1 error).\n")

    @pytest.mark.parametrize(
        ("word", "fail_on", "status"),
        [
            ("bad", "error", 1),
            ("risky", "error", 0),
            ("risky", "warning", 1),
            ("hinted", "warning", 0),
            ("hinted", "info", 1),
        ],
    )
    def test_is_1_only_for_what_is_bad_enough(self, word: str, fail_on: str, status: int, check: Cli) -> None:
        add("a.py", asset(word))
        ran = check("--profile", "all", "--fail-on", fail_on)
        assert (ran.status, len(ran.codes)) == (status, 1)

    def test_asks_the_configuration_of_each_file_what_is_bad_enough(self, check: Cli) -> None:
        add("a/a.py", asset("risky"))
        add("a/asset-lint.toml", 'fail-on = "error"')
        assert check().status == 0
        add("b.py", asset("risky"))
        assert check().status == 1

    def test_is_0_with_exit_zero(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        assert check("--exit-zero").status == check("-e").status == 0

    def test_is_2_when_a_path_is_missing_and_the_rest_is_still_checked(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        ran = check("nowhere", "a.py")
        assert (ran.status, ran.codes) == (2, ["XE101"])
        assert ran.err == "error: nowhere: no such file or directory\n"

    def test_is_2_when_a_rule_raises_and_the_rest_is_still_checked(self, check: Cli) -> None:
        add("a.py", asset("boom"))
        add("b.py", asset("bad"))
        ran = check("--exit-zero")
        assert (ran.status, ran.codes) == (2, ["XE101"])
        assert "XE301" in ran.err
        assert "a.py" in ran.err
        assert "it went off" in ran.err
        assert "Traceback" not in ran.err

    def test_is_2_and_nothing_is_called_clean_when_a_rule_raises(self, check: Cli) -> None:
        add("a.py", asset("boom"))
        assert check().out == ""

    def test_is_2_without_rules(self, check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def none() -> Registry:
            raise RuleError("no rules are installed")

        monkeypatch.setattr(asset_lint.registry, "load", none)
        add("a.py", asset("bad"))
        assert check() == Ran(2, b"", "error: no rules are installed\n")

    def test_is_2_for_an_unknown_rule(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        ran = check("--select", "XE10l")
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("error: `select`: unknown rule selector `XE10l`; did you mean `XE10")

    def test_is_2_for_a_broken_configuration(self, check: Cli, project: Path) -> None:
        add("asset-lint.toml", "selct = []")
        ran = check()
        assert (ran.status, ran.out) == (2, "")
        assert ran.err == f"error: {project}/asset-lint.toml: unknown setting `selct`; did you mean `select`?\n"

    def test_is_2_for_a_broken_configuration_anywhere(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        add("b/c.py", "")
        add("b/asset-lint.toml", "x")
        assert check().status == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--nonsense"],
            ["--jobs", "0"],
            ["--jobs", "many"],
            ["--config"],
            ["--output-format", "xml"],
            ["--fail-on", "no"],
        ],
    )
    def test_is_2_for_a_wrong_option(self, arguments: Sequence[str], cli: Cli) -> None:
        ran = cli("check", *arguments)
        assert (ran.status, ran.out) == (2, "")
        assert "Traceback" not in ran.err
        assert ran.err

    def test_is_2_for_an_unknown_command(self, cli: Cli) -> None:
        assert cli("chekc").status == 2
        assert "Usage: asset-lint" in (cli().out or cli().err)

    def test_is_2_for_a_fault_of_our_own(self, check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken() -> Registry:
            raise ZeroDivisionError("oh")

        monkeypatch.setattr(asset_lint.registry, "load", broken)
        ran = check()
        assert (ran.status, ran.out) == (2, "")
        assert ran.err == "warning: No Python files found under the given paths\n" + (
            "error: ZeroDivisionError: oh (a fault in asset-lint itself; -v shows where)\n"
        )
        assert "Traceback" in check("-v").err

    def test_is_130_when_interrupted(self, check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted() -> Registry:
            raise KeyboardInterrupt

        monkeypatch.setattr(asset_lint.registry, "load", interrupted)
        add("a.py", "")
        assert check() == Ran(130, b"", "")

    def test_is_0_with_a_warning_when_there_is_nothing_to_check(self, check: Cli) -> None:
        ran = check()
        assert ran == Ran(0, b"All checks passed!\n", "warning: No Python files found under the given paths\n")

    def test_is_1_for_a_file_that_does_not_parse_and_the_rest_is_still_checked(self, check: Cli) -> None:
        add("a.py", "import dagster\ndef f(:\n")
        add("b.py", asset("bad"))
        ran = check()
        assert (ran.status, ran.codes) == (1, ["AL000", "XE101"])
        assert ran.out.startswith("a.py:2:7: AL000 ")


class TestRules:
    @pytest.fixture(autouse=True)
    def everything(self) -> None:
        add("a.py", asset("bad", "risky", "hinted", "plain"))

    @pytest.mark.parametrize(
        ("arguments", "codes"),
        [
            ([], ["XE101", "XE102", "XE104"]),
            (["--profile", "errors"], ["XE101", "XE104"]),
            (["--profile", "all"], ["XE101", "XE102", "XE103", "XE104"]),
            (["--select", "XE101,XE103"], ["XE101", "XE103"]),
            (["--select", "XE101", "--select=XE103"], ["XE101", "XE103"]),
            (["--select", " XE101 , XE103,"], ["XE101", "XE103"]),
            (["--select", "XE1"], ["XE101", "XE102", "XE103", "XE104"]),
            (["--select", "ALL"], ["XE101", "XE102", "XE103", "XE104"]),
            (["--select", "bad-word"], ["XE101"]),
            (["--select", "ALL", "--ignore", "XE101,XE102"], ["XE103", "XE104"]),
            (["--ignore", "XE101"], ["XE102", "XE104"]),
            (["--extend-ignore", "XE101"], ["XE102", "XE104"]),
            (["--extend-select", "XE103"], ["XE101", "XE102", "XE103", "XE104"]),
            (["--per-file-ignores", "a.py:XE101,*.py:XE104"], ["XE102"]),
            (["--per-file-ignores", "{b,a}.py:XE101"], ["XE102", "XE104"]),
            (["--config", "select = ['XE101']"], ["XE101"]),
            (["--config", "select = ['XE101']", "--extend-select", "XE102"], ["XE101", "XE102"]),
        ],
    )
    def test_are_selected(self, arguments: Sequence[str], codes: Sequence[str], check: Cli) -> None:
        assert check(*arguments).codes == codes

    @pytest.mark.parametrize(
        "option", ["--select", "--ignore", "--extend-select", "--exclude", "--config", "--fixable"]
    )
    def test_a_list_never_swallows_the_paths_behind_it(self, option: str, check: Cli) -> None:
        add("other.py", asset("bad"))
        value = "isolated.py" if option == "--exclude" else "profile = 'all'" if option == "--config" else "XE101"
        ran = check(option, value, "a.py")
        assert ran.err == ""
        assert "other.py" not in ran.out

    def test_a_file_of_settings_can_be_given(self, check: Cli) -> None:
        add("asset-lint.toml", 'select = ["XE102"]')
        add("other.toml", 'select = ["XE101"]')
        assert check("--config", "other.toml").codes == ["XE101"]
        assert check("--isolated").codes == ["XE101", "XE102", "XE104"]

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--config", "missing.toml"], "--config: there is no file missing.toml"),
            (["--config", "a.toml", "--config", "b.toml"], "more than one configuration file: a.toml and b.toml"),
            (["--config", "a.toml", "--isolated"], "--config a.toml cannot be used together with --isolated"),
            (["--config", "selct = []"], "unknown setting `selct`; did you mean `select`?"),
            (["--config", "nonsense"], "is neither an existing file nor `key = value` in TOML"),
            (["--per-file-ignores", "XE101"], "--per-file-ignores: expected `pattern:rule`, got `XE101`"),
            (["--target-duckdb", "new"], "`target-duckdb`: `new` is no version"),
            (
                ["--profile", "eror"],
                "`profile`: expected one of errors, checklist, all, got `eror`; did you mean `errors`?",
            ),
        ],
    )
    def test_contradictions_are_refused(self, arguments: Sequence[str], message: str, check: Cli) -> None:
        add("a.toml", "")
        add("b.toml", "")
        ran = check(*arguments)
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith("error: ")
        assert message in ran.err

    def test_suppressions_can_be_disregarded(self, check: Cli) -> None:
        add("a.py", asset("bad  # noqa: XE101"))
        assert check().codes == []
        assert check("--ignore-noqa").codes == ["XE101"]


class TestPaths:
    def test_are_reported_in_order_and_relative(self, check: Cli, project: Path) -> None:
        add("b.py", asset("bad"))
        add("a/c.py", asset("bad"))
        ran = check(str(project), "b.py")
        assert [line.split(":")[0] for line in ran.out.splitlines()[:2]] == ["a/c.py", "b.py"]

    def test_can_be_excluded(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        add("b.py", asset("bad"))
        assert check("--exclude", "b.py").codes == ["XE101"]
        assert check("--extend-exclude", "a.py,b.py").codes == []
        assert check("--extend-exclude", "a.py", "a.py").codes == ["XE101"]
        assert check("--extend-exclude", "a.py", "--force-exclude", "a.py").codes == []

    def test_that_git_ignores_are_left_out_unless_wanted(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        add(".gitignore", "a.py\n")
        assert check().codes == []
        assert check("--no-respect-gitignore").codes == ["XE101"]

    def test_are_listed_by_show_files(self, cli: Cli, project: Path) -> None:
        add("b.py", "")
        add("a/c.py", "")
        assert cli("check", "--show-files") == Ran(0, f"{project}/a/c.py\n{project}/b.py\n".encode(), "")

    def test_that_are_no_text_are_listed_as_they_are(self, cli: Cli, project: Path) -> None:
        name = b"\xff.py"
        Path(os.fsdecode(name)).write_bytes(b"")
        assert cli("check", "--show-files").raw == os.fsencode(project) + b"/" + name + b"\n"

    def test_that_are_no_text_can_be_reported(self, check: Cli) -> None:
        Path(os.fsdecode(b"\xff.py")).write_bytes(asset("bad").encode())
        ran = check()
        assert (ran.status, ran.out.splitlines()[0]) == (1, "\ufffd.py:6:5: XE101 [*] this is bad")

    def test_show_settings_tells_what_holds_for_the_first(self, cli: Cli, project: Path) -> None:
        add("a/b.py", "")
        add("asset-lint.toml", 'profile = "errors"\nextend-exclude = ["x"]\n[per-file-ignores]\n"t/*" = ["XE1"]\n')
        ran = cli("check", "--show-settings", "--select", "XE101")
        assert (ran.status, ran.err) == (0, "")
        lines = ran.out.splitlines()
        assert lines[:3] == ["# The settings for a/b.py", f"# root: {project}", f"# file: {project}/asset-lint.toml"]
        for line in ('select = ["XE101"]', 'profile = "errors"', 'extend-exclude = ["x"]', '"t/*" = ["XE1"]'):
            assert line in lines
        assert "# target-duckdb is unset: no lock file or requirement names one" in lines
        assert load(ran.out)["fail-on"] == "warning"

    def test_show_settings_without_files_is_an_error(self, cli: Cli) -> None:
        assert cli("check", "--show-settings").status == 2


class TestTheClosingLines:
    @pytest.mark.parametrize(
        ("words", "arguments", "closing"),
        [
            (["good"], [], "All checks passed!\n"),
            (["plain"], [], "Found 1 finding (1 error).\n"),
            (["plain", "plain"], [], "Found 2 findings (2 errors).\n"),
            (["bad", "bad"], [], "Found 2 findings (2 errors).\n[*] 2 fixable with `--fix`.\n"),
            (
                ["bad", "risky"],
                [],
                "Found 2 findings (1 error, 1 warning).\n"
                "[*] 1 fixable with `--fix` (1 unsafe fix available with `--fix --unsafe-fixes`).\n",
            ),
            (
                ["risky", "risky"],
                [],
                "Found 2 findings (2 warnings).\n2 unsafe fixes available with `--fix --unsafe-fixes`.\n",
            ),
            (["risky"], ["--unsafe-fixes"], "Found 1 finding (1 warning).\n[*] 1 fixable with `--fix`.\n"),
            (["risky"], ["--no-unsafe-fixes"], "Found 1 finding (1 warning).\n"),
            (["hinted"], ["--profile", "all"], "Found 1 finding (1 info).\n"),
            (["bad", "plain"], ["--fix"], "Found 2 findings (1 fixed, 1 remaining).\n"),
            (["bad", "bad"], ["--fix"], "Found 2 findings (2 fixed, 0 remaining).\n"),
            (["good"], ["--fix"], "All checks passed!\n"),
        ],
    )
    def test_count(self, words: Sequence[str], arguments: Sequence[str], closing: str, check: Cli) -> None:
        add("a.py", asset(*words))
        out = check(*arguments).out
        lines = [line for line in out.splitlines(keepends=True) if not line.startswith("a.py:")]
        assert "".join(lines) == closing

    def test_tell_how_to_begin_where_a_lot_is_found(self, check: Cli) -> None:
        for number in range(10):
            add(f"a{number}.py", asset(*["plain"] * 5, name=f"asset_{number}"))
        last = check().out.splitlines()[-1]
        assert last == (
            "50 findings in 10 assets; start with `--profile errors` or a baseline (`asset-lint baseline write`)."
        )

    def test_are_left_out_by_quiet(self, cli: Cli) -> None:
        add("a.py", asset("good"))
        assert cli("check", "-q") == Ran(0, b"", "")
        add("a.py", asset("bad"))
        assert cli("check", "-q", "--output-format", "concise").out == "a.py:6:5: XE101 [*] this is bad\n"


class TestOutput:
    @pytest.fixture(autouse=True)
    def finding(self) -> None:
        add("a.py", asset("bad"))

    def test_is_full_by_default(self, cli: Cli) -> None:
        assert (
            cli("check").out
            == """\
XE101 [*] this is bad
 --> a.py:6:5 (error)
  |
4 | @dg.asset
5 | def numbers(context):
6 |     bad
  |     ^^^
  |
help: rename
  |
5 | def numbers(context):
  -     bad
6 +     good
  |

Found 1 finding (1 error).
[*] 1 fixable with `--fix`.
"""
        )

    def test_of_machines_holds_nothing_else(self, cli: Cli) -> None:
        assert [entry["code"] for entry in json.loads(cli("check", "--output-format", "json").out)] == ["XE101"]
        sarif = json.loads(cli("check", "--output-format", "sarif").out)
        assert sarif["runs"][0]["tool"]["driver"]["rules"][0]["help"]["text"] == "Never write ``bad``; write ``good``."
        assert cli("check", "--output-format", "github").out.splitlines() == [
            "::error title=asset-lint (XE101),file=a.py,line=6,col=5,endLine=6,endColumn=8::"
            "a.py:6:5: XE101 this is bad%0A  help: rename",
            "asset-lint: 1 finding (1 error)",
        ]

    @pytest.mark.parametrize(
        ("output_format", "empty"), [("json", "[]\n"), ("github", ""), ("concise", "All checks passed!\n")]
    )
    def test_without_findings(self, output_format: str, empty: str, cli: Cli) -> None:
        add("a.py", "")
        assert cli("check", "--output-format", output_format).out == empty

    def test_format_may_come_from_the_configuration_or_the_environment(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add("asset-lint.toml", 'output-format = "json"')
        assert cli("check").out.startswith("[")
        monkeypatch.setenv("ASSET_LINT_OUTPUT_FORMAT", "concise")
        assert cli("check").out.startswith("a.py:6:5")
        assert cli("check", "--output-format", "github").out.startswith("::error")

    def test_can_go_to_a_file(self, check: Cli) -> None:
        ran = check("--output-file", "out.txt")
        assert ran == Ran(1, b"", "")
        assert Path("out.txt").read_text().startswith("a.py:6:5: XE101 [*] this is bad\nFound 1 finding")

    def test_replaces_a_file_that_is_there(self, check: Cli) -> None:
        add("out.txt", "old" * 1000)
        os.chmod("out.txt", 0o640)
        check("-o", "out.txt")
        assert Path("out.txt").read_text().startswith("a.py:6:5")
        assert stat.S_IMODE(os.stat("out.txt").st_mode) == 0o640

    def test_that_cannot_be_written_leaves_the_file_as_it_was(
        self, check: Cli, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(path: Path, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        add("out.txt", "old")
        monkeypatch.setattr(files, "replace", full)
        assert check("-o", "out.txt") == Ran(2, b"", "error: cannot write out.txt: No space left on device\n")
        assert Path("out.txt").read_text() == "old"

    def test_cannot_go_to_a_directory_that_is_not_there(self, check: Cli) -> None:
        assert check("-o", "no/where.txt") == Ran(
            2, b"", "error: cannot write no/where.txt: No such file or directory\n"
        )

    def test_has_colours_only_where_they_are_wanted(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "\x1b" not in cli("check").out
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "\x1b" in cli("check").out
        assert "\x1b" not in cli("check", "--output-format", "json").out
        cli("check", "-o", "out.txt")
        assert "\x1b" not in Path("out.txt").read_text()
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in cli("check").out

    def test_tells_more_when_asked(self, check: Cli, project: Path) -> None:
        add("asset-lint.toml", "")
        err = check("-v").err
        assert "checked 1 files in" in err
        assert f"configuration: {project}/asset-lint.toml" in err


class TestStatistics:
    @pytest.fixture(autouse=True)
    def findings(self) -> None:
        add("a.py", asset("bad", "plain", "risky", *["plain"] * 10))

    def test_count_the_findings_of_each_rule(self, cli: Cli) -> None:
        assert cli("check", "--statistics").out == (
            "11\tXE104\t[ ] plain-word\n"
            " 1\tXE101\t[*] bad-word\n"
            " 1\tXE102\t[ ] unsafe-word\n"
            "Found 13 findings (12 errors, 1 warning).\n"
            "[*] 1 fixable with `--fix` (1 unsafe fix available with `--fix --unsafe-fixes`).\n"
        )

    def test_say_nothing_of_fixes_where_there_are_none(self, cli: Cli) -> None:
        assert cli("check", "-q", "--statistics", "--select", "XE104").out == "11\tXE104\tplain-word\n"

    def test_can_be_json(self, cli: Cli) -> None:
        entries = json.loads(cli("check", "--statistics", "--output-format", "json").out)
        assert entries[1] == {
            "code": "XE101", "name": "bad-word", "count": 1, "fixable": True, "fixable_count": 1,
        }  # fmt: skip

    def test_go_with_no_other_format(self, cli: Cli) -> None:
        ran = cli("check", "--statistics", "--output-format", "sarif")
        assert ran == Ran(
            2, b"", "error: --statistics goes with the formats full, concise, grouped and json, not sarif\n"
        )


class TestFixing:
    def test_repairs_and_reports_the_rest(self, check: Cli) -> None:
        file = add("a.py", asset("bad", "plain", "risky"))
        ran = check("--fix")
        assert (ran.status, ran.codes) == (1, ["XE104", "XE102"])
        assert file.read_text() == asset("good", "plain", "risky")

    def test_is_0_when_nothing_is_left(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        assert check("--fix").status == 0

    def test_applies_unsafe_fixes_when_they_are_wanted(self, check: Cli) -> None:
        add("asset-lint.toml", 'extend-unsafe-fixes = ["XE101"]')
        file = add("a.py", asset("bad"))
        assert check("--fix").codes == ["XE101"]
        assert check("--fix", "--unsafe-fixes").status == 0
        assert file.read_text() == asset("good")

    def test_spares_what_is_not_fixable(self, check: Cli) -> None:
        file = add("a.py", asset("bad"))
        assert check("--fix", "--unfixable", "XE101").codes == ["XE101"]
        assert check("--fix", "--fixable", "XE102").codes == ["XE101"]
        assert file.read_text() == asset("bad")

    def test_can_end_with_1_because_something_was_fixed(self, check: Cli) -> None:
        add("a.py", asset("bad"))
        assert check("--fix", "--exit-non-zero-on-fix").status == 1
        assert check("--fix", "--exit-non-zero-on-fix").status == 0

    def test_keeps_the_mode_the_byte_order_mark_and_the_newlines(self, check: Cli) -> None:
        data = b"\xef\xbb\xbf" + asset("bad  # caf\u00e9").replace("\n", "\r\n").encode()
        file = add("a.py", data)
        file.chmod(0o751)
        check("--fix")
        assert file.read_bytes() == data.replace(b"bad", b"good")
        assert stat.S_IMODE(file.stat().st_mode) == 0o751

    def test_that_cannot_be_written_loses_nothing(self, check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        from asset_lint.engine import result

        def full(path: Path, data: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        file = add("a.py", asset("bad"))
        monkeypatch.setattr(result, "replace", full)
        ran = check("--fix")
        assert (ran.status, ran.err) == (2, "error: cannot write a.py: No space left on device\n")
        assert file.read_text() == asset("bad")

    class TestOnly:
        def test_reports_nothing_else(self, cli: Cli) -> None:
            file = add("a.py", asset("bad", "plain", "risky"))
            ran = cli("check", "--fix-only")
            assert ran == Ran(0, b"", "Fixed 1 finding (1 additional fix available with `--unsafe-fixes`).\n")
            assert file.read_text() == asset("good", "plain", "risky")
            assert cli("check", "--fix-only").err == "No findings fixed (1 fix available with `--unsafe-fixes`).\n"

        def test_can_end_with_1_because_something_was_fixed(self, cli: Cli) -> None:
            add("a.py", asset("bad", "plain"))
            assert cli("check", "--fix-only", "--exit-non-zero-on-fix", "-q") == Ran(1, b"", "")
            assert cli("check", "--fix-only", "--exit-non-zero-on-fix", "-q") == Ran(0, b"", "")

    class TestDiff:
        def test_shows_what_would_change_and_changes_nothing(self, cli: Cli) -> None:
            file = add("a.py", asset("bad", "plain"))
            ran = cli("check", "--diff")
            assert (ran.status, ran.err) == (1, "Would fix 1 finding.\n")
            assert ran.out == (
                "--- a.py\n+++ a.py\n@@ -3,5 +3,5 @@\n \n @dg.asset\n def numbers(context):\n"
                "-    bad\n+    good\n     plain\n\n"
            )
            assert file.read_text() == asset("bad", "plain")

        def test_changes_nothing_even_beside_fix(self, cli: Cli) -> None:
            file = add("a.py", asset("bad"))
            assert cli("check", "--diff", "--fix", "--fix-only").status == 1
            assert file.read_text() == asset("bad")

        def test_is_0_without_a_change(self, cli: Cli) -> None:
            add("a.py", asset("plain"))
            assert cli("check", "--diff") == Ran(0, b"", "")

        @pytest.mark.parametrize("ending", ["\n", ""])
        @pytest.mark.parametrize(("encoding", "word"), [("utf-8", "日本"), ("latin-1", "café"), ("utf-8", "a\r")])
        def test_can_be_applied(self, ending: str, encoding: str, word: str, cli: Cli) -> None:
            text = f"# -*- coding: {encoding} -*-\n" + asset(f"'{word.strip()}'", "bad").rstrip("\n") + ending
            if word.endswith("\r"):
                text = text.replace("\n", "\r\n")
            file = add("a.py", text.encode(encoding))
            diff = cli("check", "--diff").raw
            subprocess.run(["git", "apply", "-p0", "-"], input=diff, check=True)
            assert file.read_bytes() == text.replace("bad", "good").encode(encoding)

        def test_is_1_only_unless_exit_zero(self, cli: Cli) -> None:
            add("a.py", asset("bad"))
            assert cli("check", "--diff", "-e").status == 0

    class TestInAWorkflow:
        def test_a_diff_is_guarded_from_being_read_as_commands(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
            monkeypatch.setenv("GITHUB_ACTIONS", "true")
            file = add("a.py", asset("bad", '"""', "::error::injected", '"""'))
            diff = cli("check", "--diff")
            stop, *lines, go = diff.out.splitlines()
            token = stop.removeprefix("::stop-commands::")
            assert (len(token), go) == (32, f"::{token}::")
            assert "     ::error::injected" in lines
            subprocess.run(["git", "apply", "-p0", "-"], input=diff.raw, check=True)
            assert "good" in file.read_text()


class TestStandardInput:
    def test_is_checked_as_a_file_of_the_given_name(self, check: Cli) -> None:
        add("sub/asset-lint.toml", 'select = ["XE104"]')
        text = asset("bad", "plain").encode()
        assert check("-", stdin=text).out.startswith("-:6:5: XE101")
        assert check("--stdin-filename", "sub/x.py", "-", stdin=text).codes == ["XE104"]
        assert check("--stdin-filename", "sub/x.py", stdin=text).out.startswith("sub/x.py:7:5: XE104")

    def test_may_be_called_like_a_file_that_says_something_else(self, check: Cli) -> None:
        file = add("x.py", asset("good"))
        ran = check("--stdin-filename", "x.py", "-", stdin=asset("bad").encode())
        assert ran.codes == ["XE101"]
        assert file.read_text() == asset("good")

    def test_shows_its_own_lines(self, cli: Cli) -> None:
        add("x.py", asset("good"))
        ran = cli("check", "--stdin-filename", "x.py", "-", stdin=asset("bad").encode())
        assert "6 |     bad\n" in ran.out

    def test_leaves_fixed_and_the_report_goes_to_stderr(self, check: Cli) -> None:
        file = add("x.py", asset("good"))
        ran = check("--fix", "--stdin-filename", "x.py", "-", stdin=asset("bad", "plain").encode())
        assert (ran.status, ran.out) == (1, asset("good", "plain"))
        assert ran.err == "x.py:7:5: XE104 this is plain\nFound 2 findings (1 fixed, 1 remaining).\n"
        assert file.read_text() == asset("good")

    @pytest.mark.parametrize("option", ["--fix", "--fix-only"])
    @pytest.mark.parametrize(
        "data", [b"", b"x = 1", b"\xff\xfe", b"import dagster\ndef f(:\r\n", asset("plain").encode()]
    )
    def test_leaves_as_it_came_where_nothing_is_fixed(self, option: str, data: bytes, check: Cli) -> None:
        assert check(option, "-", stdin=data).raw == data

    def test_leaves_as_it_came_where_it_is_excluded(self, check: Cli) -> None:
        text = asset("bad").encode()
        ran = check("--fix", "--force-exclude", "--extend-exclude", "x.py", "--stdin-filename", "x.py", "-", stdin=text)
        assert (ran.status, ran.raw) == (0, text)

    def test_can_be_diffed(self, cli: Cli) -> None:
        ran = cli("check", "--diff", "--stdin-filename", "x.py", "-", stdin=asset("bad").encode())
        assert ran.status == 1
        assert ran.out.startswith("--- x.py\n+++ x.py\n")

    def test_goes_with_no_other_paths(self, check: Cli) -> None:
        assert check("-", "a.py", stdin=b"").status == 2


class TestAddNoqa:
    def test_writes_a_comment_at_everything_found(self, check: Cli) -> None:
        file = add("a.py", asset("bad", "risky  # why"))
        ran = check("--add-noqa")
        assert (ran.status, ran.out, ran.err) == (0, "", "Added 2 noqa comments.\n")
        assert "    bad  # noqa: XE101\n" in file.read_text()
        assert check().status == 0

    def test_takes_a_reason_only_behind_an_equals_sign(self, check: Cli) -> None:
        one, two = add("a.py", asset("bad")), add("b.py", asset("bad"))
        assert check("--add-noqa", "a.py").err == "Added 1 noqa comment.\n"
        assert check("--add-noqa=not our fault", "b.py").status == 0
        assert "bad  # noqa: XE101\n" in one.read_text()
        assert "bad  # noqa: XE101 not our fault\n" in two.read_text()

    @pytest.mark.parametrize("other", ["--fix", "--diff", "--fix-only", "--ignore-noqa", "-"])
    def test_goes_with_nothing_that_contradicts_it(self, other: str, check: Cli) -> None:
        file = add("a.py", asset("bad"))
        ran = check("--add-noqa", other, stdin=b"")
        assert ran.status == 2
        assert "cannot be used" in ran.err
        assert file.read_text() == asset("bad")


class TestBaseline:
    def test_hides_what_was_known(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad"))
        ran = cli("baseline", "write")
        assert ran == Ran(0, b"", "asset-lint-baseline.json: 1 known finding in 1 asset.\n")
        assert check().status == 0
        file = add("a.py", "# moved\n" + asset("bad", "plain"))
        assert check().codes == ["XE104"]
        check("--fix")
        assert file.read_text() == "# moved\n" + asset("bad", "plain")

    def test_lies_where_the_setting_says(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad"))
        add("asset-lint.toml", 'baseline = "known.json"')
        assert check().status == 2  # it is asked for and not there
        assert cli("baseline", "write").err.startswith("known.json: 1 known finding")
        assert check().status == 0

    def test_of_a_nested_configuration_is_its_own(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad"))
        add("b/b.py", asset("bad"))
        add("b/asset-lint.toml", "")
        cli("baseline", "write", "-q")
        assert sorted(path.as_posix() for path in Path().rglob("*.json")) == [
            "asset-lint-baseline.json", "b/asset-lint-baseline.json",
        ]  # fmt: skip
        assert check().status == check("b").status == 0

    def test_update_adds_what_is_found_in_some_files(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad"))
        add("b.py", asset("bad"))
        cli("baseline", "write", "a.py")
        assert cli("baseline", "update", "b.py").err.endswith("2 known findings in 2 assets.\n")
        assert check().status == 0

    def test_write_forgets_what_is_not_found_now(self, cli: Cli) -> None:
        add("a.py", asset("bad"))
        add("b.py", asset("bad"))
        cli("baseline", "write")
        assert cli("baseline", "write", "b.py").err.endswith("1 known finding in 1 asset.\n")

    def test_prune_forgets_what_was_mended_and_learns_nothing(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad", "plain"))
        cli("baseline", "write")
        add("a.py", asset("plain", "risky"))
        assert cli("baseline", "prune").err.endswith("1 known finding in 1 asset.\n")
        assert check().codes == ["XE102"]

    def test_keeps_only_the_rules_that_are_selected(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("bad", "plain"))
        cli("baseline", "write", "--select", "XE101")
        assert check().codes == ["XE104"]

    def test_is_not_written_when_a_file_could_not_be_checked(self, cli: Cli) -> None:
        add("a.py", asset("boom"))
        assert cli("baseline", "write").status == 2
        assert cli("baseline", "write", "nowhere").err == "error: nowhere: no such file or directory\n"
        assert not Path("asset-lint-baseline.json").exists()

    def test_that_is_not_there_cannot_be_pruned(self, cli: Cli, project: Path) -> None:
        add("a.py", "")
        ran = cli("baseline", "prune")
        assert ran == Ran(2, b"", f"error: there is no baseline to prune: {project}/asset-lint-baseline.json\n")

    def test_update_may_be_the_first(self, cli: Cli, check: Cli) -> None:
        add("asset-lint.toml", 'baseline = "known.json"')
        add("a.py", asset("bad"))
        assert cli("baseline", "update").status == 0
        assert check().status == 0

    def test_that_is_broken_is_an_error(self, cli: Cli, check: Cli, project: Path) -> None:
        add("a.py", asset("bad"))
        add("asset-lint-baseline.json", "{")
        ran = check()
        assert (ran.status, ran.out) == (2, "")
        assert ran.err.startswith(f"error: {project}/asset-lint-baseline.json: ")


class TestPages:
    def test_a_rule_prints_its_page(self, cli: Cli) -> None:
        page = "# bad-word (XE101)\n\nSeverity: error.\n\nNever write ``bad``; write ``good``.\n"
        for word in ("XE101", "xe101", "bad-word"):
            assert cli("rule", word) == Ran(0, page.encode(), "")

    def test_a_rule_can_be_json(self, cli: Cli) -> None:
        assert json.loads(cli("rule", "XE102", "--output-format", "json").out) == {
            "code": "XE102",
            "name": "unsafe-word",
            "severity": "warning",
            "summary": "Never write ``risky``; write ``bad``, which another rule mends.",
            "message": "this is risky",
            "explanation": "Never write ``risky``; write ``bad``, which another rule mends.",
            "pack": "engine_rules",
        }

    def test_all_rules_can_be_had_at_once(self, cli: Cli) -> None:
        codes = ["AL000", "AL001", "AL002", "XE101", "XE102", "XE103", "XE104", "XE301"]
        assert [entry["code"] for entry in json.loads(cli("rule", "--all", "--output-format", "json").out)] == codes
        text = cli("rule", "--all").out
        assert [line.split("(")[1][:5] for line in text.splitlines() if line.startswith("# ")] == codes

    def test_an_unknown_rule_gets_a_suggestion(self, cli: Cli) -> None:
        ran = cli("rule", "bad-wrod")
        assert ran == Ran(2, b"", "error: there is no rule `bad-wrod`; did you mean `bad-word`?\n")

    @pytest.mark.parametrize("arguments", [[], ["XE101", "--all"]])
    def test_a_rule_or_all_of_them(self, arguments: Sequence[str], cli: Cli) -> None:
        assert cli("rule", *arguments).status == 2

    def test_rules_are_a_table(self, cli: Cli) -> None:
        lines = cli("rules").out.splitlines()
        assert lines[3] == "XE101  bad-word                     error    Never write ``bad``; write ``good``."
        assert len(lines) == 8

    def test_config_lists_all_settings(self, cli: Cli) -> None:
        assert cli("config").out.split() == list(KEYS)

    @pytest.mark.parametrize("key", KEYS)
    def test_config_explains_each(self, key: str, cli: Cli) -> None:
        out = cli("config", key).out
        assert f"Type: {KEYS[key].kind.type}\nExample usage:\n```toml\n{KEYS[key].example}\n```\n" in out
        assert " ".join(out.split()).startswith(KEYS[key].doc)
        described = json.loads(cli("config", key, "--output-format", "json").out)
        assert (described["doc"], described["value_type"]) == (KEYS[key].doc, KEYS[key].kind.type)

    def test_config_prints_a_default_as_toml(self, cli: Cli) -> None:
        assert 'Default value: "warning"\n' in cli("config", "fail-on").out
        assert "Default value: unset\n" in cli("config", "select").out
        assert "Default value: true\n" in cli("config", "respect-gitignore").out

    def test_config_prints_the_schema(self, cli: Cli) -> None:
        assert json.loads(cli("config", "--output-format", "schema").out) == schema()
        assert cli("config", "select", "--output-format", "schema").status == 2

    def test_config_of_an_unknown_setting_gets_a_suggestion(self, cli: Cli) -> None:
        assert cli("config", "fail_on") == Ran(
            2, b"", "error: there is no setting `fail_on`; did you mean `fail-on`?\n"
        )

    def test_the_version_is_the_installed_one(self, cli: Cli) -> None:
        assert cli("version") == cli("--version") == cli("-V")
        assert cli("version").out.startswith("asset-lint ")

    @pytest.mark.parametrize(
        "command",
        [
            [],
            ["check"],
            ["rule"],
            ["rules"],
            ["config"],
            ["version"],
            ["completion"],
            ["baseline"],
            ["baseline", "write"],
        ],
    )
    def test_help_is_there(self, command: Sequence[str], cli: Cli) -> None:
        ran = cli(*command, "--help")
        assert (ran.status, ran.err) == (0, "")
        assert ran == cli(*command, "-h")
        assert ran.out.startswith(f"Usage: asset-lint {' '.join(command)}".rstrip())

    def test_help_has_examples_that_work(self, cli: Cli) -> None:
        add("src/assets.py", "")
        add("a.py", "")
        for command in ([], ["check"], ["baseline"]):
            out = cli(*command, "--help").out
            examples = [
                line.strip().split("  ")[0].split(" < ")[0]
                for line in out.splitlines()
                if line.startswith("    asset-lint")
            ]
            assert examples
            for example in examples:
                arguments = example.split()[1:]
                known = ["rule", "XE101"] if arguments[0] == "rule" else arguments
                known = ["XE1" if word.startswith("AL") else word for word in known]
                assert cli(*known, stdin=b"").status == 0, example


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_prints_a_script(self, shell: str, cli: Cli) -> None:
        ran = cli("completion", shell)
        assert (ran.status, ran.err) == (0, "")
        assert f"_ASSET_LINT_COMPLETE={shell}_complete" in ran.out

    def test_of_another_shell_is_an_error(self, cli: Cli) -> None:
        assert cli("completion", "csh").status == 2

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("asset-lint ba", {"baseline"}),
            ("asset-lint check --out", {"--output-format", "--output-file"}),
            ("asset-lint rule XE10", {"XE101", "XE102", "XE103", "XE104"}),
            ("asset-lint rule unsafe", {"unsafe-word"}),
            ("asset-lint config target", {"target-duckdb", "target-dagster"}),
            ("asset-lint completion z", {"zsh"}),
            ("asset-lint check --output-format j", {"json", "json-lines", "junit"}),
            ("asset-lint verify --output-format t", {"table"}),
        ],
    )
    def test_completes(self, words: str, found: set[str], cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("_ASSET_LINT_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        ran = cli()
        assert {line.partition(",")[2] for line in ran.out.splitlines()} >= found


def process(*arguments: str, **options: object) -> subprocess.Popen[bytes]:
    """``python -m asset_lint`` as a process of its own."""
    command = [sys.executable, "-m", "asset_lint", *arguments]
    return subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})  # type: ignore[call-overload, no-any-return]


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class TestProgress:
    def told(self, stream: io.StringIO, patience: float, monkeypatch: pytest.MonkeyPatch) -> str:
        """What a run over three files writes to ``stream`` as its stderr."""
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr(progress, "_PATIENCE", patience)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("CI", raising=False)
        with progress.Progress(3, quiet=False) as shown:
            for path in ("a.py", "b.py", "c.py"):
                shown.step(path)
        return stream.getvalue()

    def test_is_shown_when_it_takes_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "3/3" in self.told(Terminal(), -1, monkeypatch)

    def test_is_not_shown_when_it_does_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.told(Terminal(), 3600, monkeypatch) == ""

    def test_is_not_shown_where_nobody_looks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.told(io.StringIO(), -1, monkeypatch) == ""


class TestTheProcess:
    """What only a process of its own can show."""

    def test_a_broken_pipe_is_141_and_silent(self) -> None:
        for arguments in (["rule", "--all"], ["--help"], ["config"]):
            read, write = os.pipe()
            os.close(read)
            with process(*arguments, stdout=write) as run:
                os.close(write)
                assert run.stderr is not None
                err = run.stderr.read()
            assert (run.returncode, err) == (141, b"")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
    def test_a_full_disk_behind_stdout_is_2(self) -> None:
        with open("/dev/full", "wb") as full, process("config", stdout=full) as run:
            assert run.stderr is not None
            err = run.stderr.read()
        assert (run.returncode, err) == (2, b"error: cannot write to standard output: No space left on device\n")

    def test_a_closed_stdout_is_2(self) -> None:
        command = f'exec "{sys.executable}" -m asset_lint config >&-'
        run = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
        assert (run.returncode, run.stderr) == (2, b"error: cannot write to standard output: it is closed\n")

    def test_a_terminal_of_another_encoding_gets_escapes(self) -> None:
        add("a.py", "import dagster\nx = '日本' (\n")
        with process("check", env={**os.environ, "PYTHONIOENCODING": "ascii"}) as run:
            assert run.stdout is not None
            out = run.stdout.read()
        assert run.returncode == 1
        assert rb"\u65e5\u672c" in out

    def test_ctrl_c_is_130_without_a_traceback(self) -> None:
        with process("check", "-", stdin=subprocess.PIPE) as run:
            assert run.stderr is not None
            while run.poll() is None:  # it may not have got as far as waiting for its input
                time.sleep(0.5)
                run.send_signal(signal.SIGINT)
            err = run.stderr.read()
        if run.returncode != -signal.SIGINT:  # the interpreter was still starting
            assert (run.returncode, err) == (130, b"")

    @pytest.mark.parametrize(
        "arguments", [["--version"], ["--help"], ["check", "--help"], ["config", "select"], ["completion", "bash"]]
    )
    def test_answers_quickly_because_little_is_imported(self, arguments: Sequence[str]) -> None:
        code = (
            f"import sys\nfrom asset_lint.cli import main\nmain({arguments!r})\nprint(*sys.modules, file=sys.stderr)\n"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        heavy = {
            "libcst",
            "rich",
            "pathspec",
            "sqlglot",
            "asset_lint.engine",
            "asset_lint.registry",
            "asset_lint.model",
        }
        assert not heavy & set(run.stderr.split())
