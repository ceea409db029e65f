"""``asset-lint init``: what it writes, what it merges, and what it leaves alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import Cli, Ran, add, enter, runner

from asset_lint.cli.merging import with_external, with_hook, with_table
from asset_lint.config.files import ConfigFiles
from asset_lint.config.toml import load

yaml = pytest.importorskip("yaml")
HOOKS = ".pre-commit-config.yaml"
WORKFLOW = ".github/workflows/asset-lint.yml"
ENTRY = "- repo: local\n  hooks:\n    - id: asset-lint\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(tmp_path, monkeypatch)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    return runner(monkeypatch, capfdbinary)


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def hooks(text: str) -> list[str]:
    return [hook["id"] for repo in yaml.safe_load(text)["repos"] for hook in repo["hooks"]]


class TestInAnEmptyProject:
    def test_everything_is_written(self, cli: Cli, project: Path) -> None:
        ran = cli("init")
        assert (ran.status, ran.err) == (0, "")
        assert ran.out == (
            "created asset-lint.toml: the settings\n"
            "created .pre-commit-config.yaml: a hook that runs asset-lint\n"
            "created .github/workflows/asset-lint.yml: a workflow that runs asset-lint\n"
        )
        assert ConfigFiles().of(project).profile == "checklist"
        assert hooks(Path(HOOKS).read_text()) == ["asset-lint"]
        steps = yaml.safe_load(Path(WORKFLOW).read_text())["jobs"]["asset-lint"]["steps"]
        assert steps[-1]["run"] == "asset-lint check --output-format github"
        assert cli("check").status == 0

    def test_a_second_run_changes_nothing(self, cli: Cli, project: Path) -> None:
        cli("init")
        before = files(project)
        ran = cli("init")
        assert (ran.status, files(project)) == (0, before)
        assert [line.split()[0] for line in ran.out.splitlines()] == ["left"] * 3
        assert cli("init", "--diff") == Ran(0, b"", "")

    def test_parts_can_be_left_out(self, cli: Cli, project: Path) -> None:
        cli("init", "--no-ci", "--no-pre-commit")
        assert list(files(project)) == ["asset-lint.toml"]

    def test_a_dry_run_only_tells(self, cli: Cli, project: Path) -> None:
        ran = cli("init", "--dry-run")
        assert (ran.status, files(project)) == (0, {})
        assert ran.out.startswith("would create asset-lint.toml: the settings\n")

    def test_a_diff_only_shows(self, cli: Cli, project: Path) -> None:
        add("pyproject.toml", '[project]\nname = "x"\n')
        before = files(project)
        ran = cli("init", "--diff")
        assert (ran.status, files(project)) == (1, before)
        assert "--- pyproject.toml\n+++ pyproject.toml\n" in ran.out
        assert "+[tool.asset-lint]\n" in ran.out
        assert "--- /dev/null\n+++ .pre-commit-config.yaml\n" in ran.out


class TestSettings:
    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    @pytest.mark.parametrize("last", ["", "\n"])
    def test_go_into_pyproject_behind_all_else(self, ends: str, last: str, cli: Cli, project: Path) -> None:
        text = f'# mine\n[project]\nname = "ü"  # why\n\n[tool.other]\nx = {{ y = 1 }}{last}'.replace("\n", ends)
        file = add("pyproject.toml", text)
        ran = cli("init", "--no-ci", "--no-pre-commit")
        assert ran.out == "changed pyproject.toml: the settings, in [tool.asset-lint]\n"
        data = file.read_bytes()
        assert data.startswith(text.encode())
        assert data.count(b"\n") == data.count(ends.encode())
        assert ConfigFiles().of(project).file == project / "pyproject.toml"

    @pytest.mark.parametrize("name", ["asset-lint.toml", ".asset-lint.toml", "pyproject.toml"])
    def test_that_are_there_stay(self, name: str, cli: Cli, project: Path) -> None:
        add(name, "[tool.asset-lint]\n" if name == "pyproject.toml" else "")
        before = files(project)
        assert cli("init", "--no-ci", "--no-pre-commit").out.startswith(f"left {name}: has the settings")
        assert files(project) == before

    def test_that_cannot_be_added_are_shown(self, cli: Cli, project: Path) -> None:
        add("pyproject.toml", "tool = { other = 1 }\n")
        before = files(project)
        ran = cli("init", "--no-ci", "--no-pre-commit")
        assert ran.out.startswith("by hand pyproject.toml: add the settings\n    [tool.asset-lint]\n    profile =")
        assert files(project) == before

    def test_of_a_broken_file_are_an_error(self, cli: Cli, project: Path) -> None:
        add("pyproject.toml", "x = \n")
        ran = cli("init")
        assert (ran.status, list(files(project))) == (2, ["pyproject.toml"])
        assert "pyproject.toml: broken TOML" in ran.err


class TestRuff:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", '[lint]\nexternal = ["AL"]\n'),
            ("line-length = 9\n", 'line-length = 9\n\n[lint]\nexternal = ["AL"]\n'),
            ("[lint]\nselect = []\n", '[lint]\nexternal = ["AL"]\nselect = []\n'),
            ("[lint] # x", '[lint] # x\nexternal = ["AL"]\n'),
            ("[lint]\nexternal = []\n", '[lint]\nexternal = ["AL"]\n'),
            ('[lint]\nexternal = ["V"] # x\n', '[lint]\nexternal = ["AL", "V"] # x\n'),
            ('[lint]\nexternal = [\n  "V", # v\n]\n', '[lint]\nexternal = [\n  "AL",\n  "V", # v\n]\n'),
            ('lint.external = ["V"]\n', 'lint.external = ["AL", "V"]\n'),
            ('lint.select = ["E"]\n', 'lint.external = ["AL"]\nlint.select = ["E"]\n'),
            ("[lint.isort]\nx = 1\n", '[lint.isort]\nx = 1\n\n[lint]\nexternal = ["AL"]\n'),
            ("[other]\nexternal = []\n", '[other]\nexternal = []\n\n[lint]\nexternal = ["AL"]\n'),
        ],
    )
    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    def test_is_told_in_its_own_file(self, before: str, after: str, ends: str) -> None:
        expected = after.replace("\n", ends) if "\n" in before else after
        assert with_external(before.replace("\n", ends), "") == expected
        assert with_external(after, "") == after

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("[tool.ruff]\n", '[tool.ruff]\n\n[tool.ruff.lint]\nexternal = ["AL"]\n'),
            ("[tool.ruff.lint]\n", '[tool.ruff.lint]\nexternal = ["AL"]\n'),
            (
                "[tool.ruff]\nline-length = 9\nlint.select = []\n",
                '[tool.ruff]\nlint.external = ["AL"]\nline-length = 9\nlint.select = []\n',
            ),
            ('[tool.ruff.lint]\nexternal = ["A"]\n', '[tool.ruff.lint]\nexternal = ["A"]\n'),
        ],
    )
    def test_is_told_in_pyproject(self, before: str, after: str) -> None:
        assert with_external(before, "tool.ruff") == after

    @pytest.mark.parametrize("text", ["lint = 1\n", "lint = { select = [] }\n", "[lint]\nexternal = 1\n"])
    def test_is_not_told_where_it_cannot_be_done_surely(self, text: str) -> None:
        assert with_external(text, "") is None

    def test_is_told_only_where_it_is_used(self, cli: Cli) -> None:
        file = add("pyproject.toml", "[tool.black]\n")
        cli("init")
        assert "ruff" not in file.read_text()
        add("ruff.toml", "")
        assert 'external = ["AL"] for ruff, in [lint]' in cli("init").out
        assert load(Path("ruff.toml").read_text()) == {"lint": {"external": ["AL"]}}

    def test_and_the_settings_share_a_file(self, cli: Cli) -> None:
        file = add("pyproject.toml", "[tool.ruff]\nline-length = 99\n")
        cli("init")
        tools: dict[str, Any] = load(file.read_text())["tool"]
        assert tools["ruff"] == {"line-length": 99, "lint": {"external": ["AL"]}}
        assert "asset-lint" in tools


class TestPreCommit:
    @pytest.mark.parametrize(
        "text",
        [
            "repos:\n- repo: https://x\n  rev: v1 # why\n  hooks:\n  - id: a\n",
            "repos:\n- repo: https://x\n  hooks:\n  - id: a\n\nci:\n  skip: [a]\n",
            "# head\ndefault_stages: [commit]\nrepos: # these\n  # first\n  - repo: https://x\n    hooks:\n"
            "      # second\n      - id: a\n        args: [--x] # y\n\n  # the other\n  - repo: local\n    hooks:\n"
            "      - id: b\n        entry: |\n          - repo: x\n        # tail\n# end\nfail_fast: true\n",
            "repos:\n  - repo: https://x\n    hooks: [{ id: a }]",
            "---\nrepos:\n  - repo: https://x\n    hooks:\n      - id: a\n\n\n",
        ],
    )
    @pytest.mark.parametrize("ends", ["\n", "\r\n"])
    def test_gets_a_hook_behind_the_others_and_loses_nothing(self, text: str, ends: str) -> None:
        text = text.replace("\n", ends)
        merged = with_hook(text, ENTRY)
        assert merged is not None
        old, new = yaml.safe_load(text), yaml.safe_load(merged)
        assert new["repos"] == [*old["repos"], *yaml.safe_load(ENTRY)]
        assert {**new, "repos": 0} == {**old, "repos": 0}
        lines = iter(merged.splitlines())
        assert all(line in lines for line in text.rstrip().splitlines())  # all that was there, in its order
        assert merged.count("\n") == merged.count(ends)

    @pytest.mark.parametrize(
        "text",
        [
            "repos: []\n",
            "repos: [{repo: local, hooks: [{id: a}]}]\n",
            "repos:\n- &x\n  repo: local\n  hooks: []\n",
            "repos:\n\t- repo: x\n",
            "x: 1\n",
            "repos:\n- repo: x\n  hooks: []\n---\nrepos:\n- repo: x\n",
            "repos:\n- repo: x\n  hooks: []\n...\n",
        ],
    )
    def test_that_is_written_unusually_is_left_and_the_hook_shown(self, text: str, cli: Cli) -> None:
        file = add(HOOKS, text)
        ran = cli("init", "--no-ci")
        assert f"by hand {HOOKS}: add to `repos`\n    - repo: local\n" in ran.out
        assert file.read_text() == text

    @pytest.mark.parametrize("hook", ["asset-lint", "asset-lint-fix", '"asset-lint" # x'])
    def test_that_has_the_hook_stays(self, hook: str, cli: Cli) -> None:
        file = add(HOOKS, text := f"repos:\n- repo: https://x\n  hooks:\n  - id: {hook}\n")
        assert f"left {HOOKS}: runs asset-lint\n" in cli("init").out
        assert file.read_text() == text


class TestCi:
    def test_of_gitlab_is_shown(self, cli: Cli) -> None:
        file = add(".gitlab-ci.yml", "x: 1\n")
        out = cli("init", "--no-pre-commit").out
        assert "by hand .gitlab-ci.yml: add a job\n    asset-lint:\n" in out
        assert (file.read_text(), Path(".github").exists()) == ("x: 1\n", False)
        snippet = out[out.index("    asset-lint:") :].replace("\n    ", "\n")
        assert "asset-lint" in yaml.safe_load(snippet.strip())

    def test_of_github_stays_where_it_is_there(self, cli: Cli, project: Path) -> None:
        for name in (WORKFLOW, ".github/workflows/all.yaml"):
            shutil.rmtree(".github", ignore_errors=True)
            add(name, "run: asset-lint check\n")
            assert f"left {name}: runs asset-lint\n" in cli("init").out
            assert Path(name).read_text() == "run: asset-lint check\n"


def test_a_table_that_is_there_is_not_added() -> None:
    assert with_table("[tool.x]\n", "tool.x", "a = 1\n") is None
