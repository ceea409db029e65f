"""From paths to files."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover, excluded

Make = Callable[..., None]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that the test runs in."""
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


def make(*paths: str, **texts: str) -> None:
    for path in paths:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(texts.get(file.name.replace(".", "_"), ""))


def ignore(text: str, directory: str = ".", name: str = ".gitignore") -> None:
    file = Path(directory, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def files(*paths: str, **flags: object) -> list[str]:
    flags = {key.replace("_", "-"): value for key, value in flags.items()}
    found = discover(paths or (".",), ConfigFiles(flags=flags))
    assert found.problems == ()
    return [path.as_posix() for path, _ in found.files]


class TestDirectories:
    def test_stand_for_what_include_names(self) -> None:
        make("a.py", "b.pyw", "c.md", "scripts/d", "e.txt", "f.txt", ".gitignore")
        Path(".gitignore").write_text("f.txt\n")
        Path("asset-lint.toml").write_text('include = ["*.py"]\nextend-include = ["*.pyw", "scripts/*", "*.txt"]\n')
        assert files() == ["a.py", "b.pyw", "e.txt", "scripts/d"]

    def test_stand_for_the_python_files_below_them(self) -> None:
        make("a.py", "b/c.py", "b/d.pyi", "b/e.txt", "b/f.pyc", "b/g.ipynb", "b/j.md", "b/k.rst", "h", "b/i.PY")
        assert files() == ["a.py", "b/c.py", "b/g.ipynb", "b/j.md", "b/k.rst"]

    def test_come_out_in_the_order_of_the_paths(self) -> None:
        make("b.py", "a/z.py", "a.py", "a/b/c.py")
        assert files() == sorted(["b.py", "a/z.py", "a.py", "a/b/c.py"])

    @pytest.mark.parametrize("name", [".venv", "venv", "node_modules", ".tox", "dist", "site-packages", ".git"])
    def test_of_others_are_left_out(self, name: str) -> None:
        make("a.py", f"b/{name}/c.py")
        assert files() == ["a.py"]

    def test_called_like_a_module_are_still_directories(self) -> None:
        make("a.py/b.py")
        assert files() == ["a.py/b.py"]
        assert files("a.py") == ["a.py/b.py"]

    def test_that_are_excluded_are_entered_when_named(self) -> None:
        make("venv/a.py")
        assert files("venv") == ["venv/a.py"]


class TestPaths:
    def test_come_out_relative_to_the_working_directory(self, project: Path) -> None:
        make("a/b.py")
        for path in (".", "a", "./a/../a", str(project), str(project / "a" / "b.py")):
            assert files(path) == ["a/b.py"]

    def test_outside_it_come_out_absolute(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make("a/b.py", "c/d.py")
        monkeypatch.chdir(project / "c")
        assert files("../a", ".") == [(project / "a" / "b.py").as_posix(), "d.py"]

    def test_given_twice_are_taken_once(self) -> None:
        make("a/b.py")
        assert files("a", ".", "a/b.py", "./a/b.py") == ["a/b.py"]

    def test_that_are_missing_are_told_and_the_rest_is_taken(self) -> None:
        make("a.py")
        found = discover(("a.py", "b.py", "c"), ConfigFiles())
        assert [str(path) for path, _ in found.files] == ["a.py"]
        assert found.problems == ("b.py: no such file or directory", "c: no such file or directory")

    def test_that_no_file_system_knows_are_told(self) -> None:
        assert discover(("a\0b",), ConfigFiles()).problems == ("a\0b: no file can be called that",)

    @pytest.mark.parametrize("path", ["a.txt", "b", "c.pyi"])
    def test_of_files_named_outright_are_always_taken(self, path: str) -> None:
        make(path)
        assert files(path) == [path]

    def test_of_ignored_and_excluded_files_named_outright_are_taken_too(self) -> None:
        ignore("a.py")
        make("a.py", "venv/b.py")
        assert files("a.py", "venv/b.py", exclude=["a.py", "venv"]) == ["a.py", "venv/b.py"]

    def test_may_hold_anything_but_a_slash(self) -> None:
        names = ["a b.py", "ä.py", "\n.py", "-x.py", "::error::.py"]
        make(*(f"./{name}" for name in names))
        assert files() == sorted(names)


class TestForceExclude:
    def test_leaves_out_excluded_files_even_when_named(self) -> None:
        make("a.py", "old/b.py", "venv/c.py")
        assert files("a.py", "old/b.py", "venv/c.py", extend_exclude=["old"], force_exclude=True) == ["a.py"]

    def test_leaves_out_excluded_directories_even_when_named(self) -> None:
        make("a.py", "old/x/b.py")
        assert files("a.py", "old/x", extend_exclude=["old"], force_exclude=True) == ["a.py"]

    def test_keeps_what_only_git_ignores(self) -> None:
        ignore("a.py")
        make("a.py")
        assert files("a.py", force_exclude=True) == ["a.py"]


class TestExclusions:
    @pytest.mark.parametrize(
        ("pattern", "left"),
        [
            ("old", ["a.py", "b/a.py"]),
            ("b/old", ["a.py", "b/a.py", "old/a.py"]),
            ("b/old/", ["a.py", "b/a.py", "old/a.py"]),
            ("a.py", []),
            ("b/*.py", ["a.py", "old/a.py"]),
            ("*/a.py", ["a.py"]),
            ("{b,old}", ["a.py"]),
        ],
    )
    def test_are_names_or_paths_relative_to_the_configuration(self, pattern: str, left: list[str]) -> None:
        make("a.py", "b/a.py", "old/a.py", "b/old/a.py")
        assert files(extend_exclude=[pattern]) == left

    def test_of_the_command_line_replace_the_default_ones(self) -> None:
        make("a.py", "venv/b.py")
        assert files(exclude=["a.py"]) == ["venv/b.py"]

    def test_of_a_nested_configuration_hold_below_it(self) -> None:
        make("a/old/x.py", "b/old/x.py")
        ignore('extend-exclude = ["old"]', "a", "asset-lint.toml")
        assert files() == ["b/old/x.py"]

    def test_can_be_asked_for_a_path_that_need_not_exist(self) -> None:
        config = ConfigFiles(flags={"extend-exclude": ["old"]}).of(".")
        assert [excluded(path, config) for path in ("old/a/b.py", "new/a.py")] == [True, False]


class TestConfigurations:
    def test_each_file_comes_with_the_nearest(self) -> None:
        make("a/x.py", "b/x.py", "b/c/x.py")
        ignore('profile = "errors"', "a", "asset-lint.toml")
        ignore("[tool.asset-lint]\nprofile = 'all'", "b", "pyproject.toml")
        found = discover((".", "b/c/x.py"), ConfigFiles())
        assert [config.profile for _, config in found.files] == ["errors", "all", "all"]


class TestLinks:
    def test_to_directories_are_not_followed(self) -> None:
        make("a/b.py")
        os.symlink("..", "a/loop")
        os.symlink("a", "other")
        assert files() == ["a/b.py"]
        assert files("other") == ["other/b.py"]

    def test_to_files_are_taken(self) -> None:
        make("a.py")
        os.symlink("a.py", "b.py")
        assert files() == ["a.py", "b.py"]

    def test_that_lead_nowhere_are_passed_over(self) -> None:
        make("a.py")
        os.symlink("user@host.123", ".#a.py")
        os.symlink("x.py", "x.py")
        assert files() == ["a.py"]

    def test_that_lead_nowhere_are_told_when_named(self) -> None:
        os.symlink("nothing", "a.py")
        assert discover(("a.py",), ConfigFiles()).problems == ("a.py: no such file or directory",)

    def test_a_pipe_is_no_file_to_read(self) -> None:
        os.mkfifo("a.py")
        assert files() == []


def test_a_directory_that_cannot_be_entered_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    make("a.py", "b/c.py")
    scandir = os.scandir

    def refusing(path: str) -> os._ScandirIterator[str]:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = discover((".",), ConfigFiles())
    assert [str(path) for path, _ in found.files] == ["a.py"]
    assert found.problems == ("b: permission denied",)


class TestGitignore:
    def test_holds_below_it_and_an_inner_one_has_the_last_word(self) -> None:
        make("a.py", "x/a.py", "x/y/a.py", "z/a.py")
        ignore("a.py\n")
        ignore("!a.py\n", "x")
        assert files() == ["x/a.py", "x/y/a.py"]

    def test_holds_when_only_a_part_is_walked(self) -> None:
        make("x/a.py", "x/b.py", "x/y/a.py")
        ignore("a.py\n")
        ignore("/b.py\n", "x")
        assert files("x/y") == []
        assert files("x") == []

    def test_of_another_repository_above_does_not_hold(self) -> None:
        make("inner/a.py")
        Path("inner/.git").mkdir()
        ignore("a.py\n")
        assert files("inner") == ["inner/a.py"]

    def test_can_be_disregarded(self) -> None:
        make("a.py")
        ignore("a.py\n")
        assert files(respect_gitignore=False) == ["a.py"]

    def test_may_stand_in_dot_git(self) -> None:
        make("a.py", "b.py")
        ignore("a.py\n", ".git/info", "exclude")
        assert files() == ["b.py"]

    def test_gives_way_to_dot_ignore(self) -> None:
        make("a.py", "b.py")
        ignore("a.py\nb.py\n")
        ignore("!a.py\n", name=".ignore")
        assert files() == ["a.py"]

    def test_holds_outside_a_repository_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        monkeypatch.chdir(outside)
        make("a.py", "x/a.py", "x/b.py")
        ignore("a.py\n")
        assert files() == files("x") == ["x/b.py"]

    def test_that_is_no_text_is_read_as_far_as_it_goes(self) -> None:
        make("a.py", "b.py")
        Path(".gitignore").write_bytes(b"\xff\xfe\na.py\n[\n")
        assert files() == ["b.py"]


NAMES = ["a", "b", "c.py", "d.py"]
PATTERNS = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/", "**/", "a/", "a/**/"]),
    st.sampled_from([*NAMES, "*", "*.py", "?", "[ab]", "[!a]", "d.*", "c.p[xy]", "**"]),
    st.sampled_from(["", "", "/", "/**", "/*"]),
)
LISTS = st.lists(PATTERNS, max_size=4).map("\n".join)


@pytest.fixture
def tree(project: Path) -> list[str]:
    """A repository with a file in every place that the patterns can speak of."""
    (project / ".git").rmdir()
    subprocess.run(["git", "init", "-q"], check=True)
    paths = [f"{one}{two}{three}" for one in ("", "a/", "b/") for two in ("", "a/", "b/") for three in NAMES[2:]]
    make(*paths)
    return sorted(set(paths))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)  # fmt: skip
@given(outer=LISTS, inner=LISTS)
def test_gitignore_means_what_git_takes_it_to_mean(outer: str, inner: str, tree: list[str]) -> None:
    ignore(outer)
    ignore(inner, "a")
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], capture_output=True, text=True, check=True
    )
    assert files() == sorted(path for path in listed.stdout.splitlines() if path.endswith(".py"))
