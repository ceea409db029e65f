"""``--diff-base``: only what touches lines changed since a revision."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import libcst as cst
import pytest
from commands import Cli, Ran, add, asset, enter, runner

import asset_lint.registry
from asset_lint.registry import Registry
from asset_lint.rule import Rule

PLAIN = asset("plain", "fine", "plain", "fine", "plain")  # lines 6, 8 and 10


def git(*arguments: str) -> str:
    names = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    ran = subprocess.run(["git", *names, *arguments], check=True, capture_output=True, text=True)
    return ran.stdout.strip()


def commit(message: str = "x") -> str:
    git("add", "-A")
    git("commit", "-qm", message)
    return git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, on a branch of its own."""
    path = enter(tmp_path, monkeypatch)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (path / ".git").rmdir()
    git("init", "-q")
    add("a.py", PLAIN)
    add("b.py", PLAIN)
    commit()
    git("checkout", "-qb", "topic")
    return path


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    return runner(monkeypatch, capfdbinary)


@pytest.fixture
def check(cli: Cli) -> Cli:
    def run(*arguments: str, base: str = "main", stdin: bytes | None = None) -> Ran:
        return cli("check", "--output-format", "concise", "--diff-base", base, *arguments, stdin=stdin)

    return run


def places(ran: Ran) -> list[str]:
    return [":".join(line.split(":")[:2]) for line in ran.out.splitlines() if ": XE" in line or ": AL" in line]


def edit(path: str, old: str, new: str) -> None:
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def test_nothing_is_reported_where_nothing_has_changed(check: Cli) -> None:
    assert check() == Ran(0, b"All checks passed!\n", "")


@pytest.mark.parametrize("how", ["in the working tree", "staged", "committed"])
def test_only_changed_lines_are_reported(how: str, check: Cli) -> None:
    edit("a.py", "    plain\n    fine\n    plain\n", "    plain\n    other\n    plain, 2\n")
    if how != "in the working tree":
        git("add", "-A")
    if how == "committed":
        commit()
    ran = check()
    assert (ran.status, places(ran)) == (1, ["a.py:8"])


def test_the_branch_is_compared_with_where_it_left(check: Cli) -> None:
    edit("a.py", "plain", "plain, 1")
    commit()
    git("checkout", "-q", "main")
    edit("b.py", "plain", "plain, 1")
    commit()
    git("checkout", "-q", "topic")
    assert places(check()) == ["a.py:6"]
    assert places(check(base="HEAD")) == []
    assert places(check(base="HEAD~1")) == ["a.py:6"]


def test_moved_lines_are_no_changes(check: Cli) -> None:
    edit("a.py", "import dagster as dg\n", "# one\n# two\nimport dagster as dg\n")
    assert places(check()) == []


def test_new_files_count_whole_tracked_or_not(check: Cli) -> None:
    add("c.py", asset("plain"))
    add(".gitignore", "d.py\n")
    add("d.py", asset("plain"))
    assert places(check()) == ["c.py:6"]
    assert places(check("c.py", "d.py")) == ["c.py:6", "d.py:6"]
    git("add", "c.py")
    assert places(check()) == ["c.py:6"]


def test_renames_are_followed(check: Cli) -> None:
    Path("pkg").mkdir()
    git("mv", "a.py", 'pkg/é "b".py')
    edit('pkg/é "b".py', "    fine\n    plain\n    fine", "    fine\n    plain, 1\n    fine")
    ran = check()
    assert [line.rpartition(":")[2] for line in places(ran)] == ["8"]
    assert "pkg/" in ran.out


def test_a_finding_counts_if_any_line_of_its_statement_has_changed(check: Cli) -> None:
    add("a.py", asset("call(", "    plain,", "    1,", ")", "plain"))
    commit()
    base = git("rev-parse", "HEAD")
    edit("a.py", "    1,", "    2,")
    assert places(check(base=base)) == ["a.py:7"]


def test_a_finding_counts_if_code_was_removed_from_its_function(check: Cli) -> None:
    text = asset("plain", "close()") + "\n\ndef other():\n    plain\n    close()\n"
    add("a.py", text)
    base = commit()
    edit("a.py", "    plain\n    close()\n\n", "    plain\n\n")
    assert places(check(base=base)) == ["a.py:6"]


def test_removing_a_comment_or_another_function_touches_nothing(check: Cli) -> None:
    other = "\n\ndef other():\n    pass\n"
    add("a.py", asset("plain", "# why") + other)
    base = commit()
    add("a.py", asset("plain"))
    assert places(check(base=base)) == []


class CausedWord(Rule):
    """Never do anything if ``plain``."""

    code = "XE901"
    message = "this is caused"

    def visit_If(self, node: cst.If) -> None:
        self.report(node.test, because=[(node.body.body[0], "by this")])


def test_a_finding_counts_if_a_related_place_has_changed(check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asset_lint.registry, "load", lambda: Registry([CausedWord]))
    add("a.py", asset("if one:", "    x = 1", "if two:", "    y = 1"))
    base = commit()
    edit("a.py", "y = 1", "y = 2")
    assert places(check(base=base)) == ["a.py:8"]


def test_broken_syntax_counts_wherever_it_shows(check: Cli) -> None:
    edit("a.py", "    plain\n    fine", "    (plain\n    fine")
    ran = check()
    assert ran.status == 1
    assert ran.codes == ["AL000"]


def test_directories_below_the_root_are_understood(check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("pkg").mkdir()
    monkeypatch.chdir("pkg")
    edit("../a.py", "plain", "plain, 1")
    assert [place.rpartition("/")[2] for place in places(check(".."))] == ["a.py:6"]


def test_the_users_settings_of_diffs_change_nothing(check: Cli) -> None:
    for key, value in {
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "color.ui": "always",
        "diff.interHunkContext": "9",
        "diff.external": "false",
        "diff.renames": "false",
        "core.quotePath": "true",
    }.items():
        git("config", key, value)
    git("mv", "a.py", "ä.py")
    edit("ä.py", "plain", "plain, 1")
    edit("ä.py", "    fine\n    plain\n", "    other\n    plain\n")
    assert places(check()) == ["ä.py:6"]


def test_files_without_a_last_newline_are_understood(check: Cli) -> None:
    add("a.py", asset("fine", "plain", "plain").rstrip("\n"))
    base = commit()
    add("a.py", asset("fine", "plain", "plain, 1").rstrip("\n"))
    add("b.py", PLAIN.replace("plain", "plain, 1", 1))
    assert places(check(base=base)) == ["a.py:8", "b.py:6"]


@pytest.mark.parametrize(
    ("base", "message"), [("nowhere", "no revision `nowhere`"), ("--help", "no revision `--help`")]
)
def test_an_unknown_revision_is_an_error(base: str, message: str, cli: Cli) -> None:
    ran = cli("check", f"--diff-base={base}")
    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err


def test_histories_with_nothing_in_common_are_an_error(check: Cli) -> None:
    git("checkout", "-q", "--orphan", "new")
    commit("another beginning")
    ran = check()
    assert ran.status == 2
    assert "no commit in common" in ran.err


def test_outside_of_a_repository_it_is_an_error(check: Cli) -> None:
    shutil.rmtree(".git")
    ran = check()
    assert ran.status == 2
    assert "--diff-base needs a git repository" in ran.err


def test_without_git_it_is_an_error(check: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    ran = check()
    assert (ran.status, ran.err) == (2, "error: --diff-base needs git, which is not installed\n")


@pytest.mark.parametrize("other", ["--fix", "--diff", "--fix-only", "--add-noqa", "--add-ignore", "-"])
def test_it_goes_with_nothing_that_contradicts_it(other: str, check: Cli) -> None:
    ran = check(other, stdin=b"")
    assert ran.status == 2
    assert "--diff-base" in ran.err
