"""The README is held against what the project really does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASSET_LINT = Path(sys.executable).with_name("asset-lint")
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ASSET_LINT, *arguments], cwd=cwd, capture_output=True, text=True, check=False)


def test_the_ci_runs_the_command_that_the_readme_gives_for_the_tests() -> None:
    first, second = blocks("sh")[:2]
    assert first.strip().endswith("check examples/")
    assert second.strip() in (ROOT / ".ci" / "run").read_text().splitlines()


def test_what_it_says_of_the_examples_is_what_the_readme_shows() -> None:
    concise, full = blocks("text")
    assert run("check", "examples/", "--profile", "errors", "--output-format", "concise").stdout == concise
    assert full.strip() in run("check", "examples/", "--profile", "errors").stdout


def test_it_tells_of_each_family_of_rules_and_of_no_rule_that_does_not_exist() -> None:
    listed = set(re.findall(r"\bAL[1-9]\d\d\b", run("rules").stdout))
    assert set(re.findall(r"^\| (AL\d) ", README, re.MULTILINE)) == {code[:3] for code in listed}
    assert set(re.findall(r"\bAL[1-9]\d\d\b", README)) <= listed


def test_its_configuration_is_valid(tmp_path: Path) -> None:
    (block,) = [block for block in blocks("toml") if "[tool.asset-lint]" in block]
    (tmp_path / "pyproject.toml").write_text(block)
    (tmp_path / "src").mkdir()
    result = run("check", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("line", [line for line in blocks("python")[0].splitlines() if "connect(" in line])
def test_its_suppressions_suppress(line: str, tmp_path: Path) -> None:
    def findings(statement: str) -> str:
        source = f"import dagster as dg\nimport duckdb\n\n\n@dg.asset\ndef trips(path: str) -> None:\n    {statement}\n"
        (tmp_path / "assets.py").write_text(source)
        return run("check", "--profile", "errors", "--output-format", "concise", cwd=tmp_path).stdout

    assert "AL201" in findings(line.partition("#")[0].strip())
    assert "AL" not in findings(line)


def test_its_hooks_exist() -> None:
    offered = re.findall(r"^- id: (.+)$", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE)
    assert sorted(re.findall(r"- id: ([\w-]+)", blocks("yaml")[0])) == sorted(offered)
