"""CONTRIBUTING.md is followed to the letter in a package of somebody else's, and the rule runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASSET_LINT = Path(sys.executable).with_name("asset-lint")
FENCED = re.compile(r"(?P<before>(?:.+\n)+)\n?```(?P<language>\w+)\n(?P<text>(?:(?!```).*\n|    ```.*\n)+)```\n")


def blocks() -> dict[str, str]:
    """The code blocks of CONTRIBUTING.md by the file name that stands in the paragraph before."""
    found = {}
    for match in FENCED.finditer((ROOT / "CONTRIBUTING.md").read_text()):
        names = re.findall(r"`([\w/]+\.\w+)`", match["before"])
        if names:
            found[names[0]] = match["text"]
    return found


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack's sources, beside them ``site``: where it is installed."""
    folder = tmp_path_factory.mktemp("pack")
    code = blocks()
    package = folder / "acme_asset_rules"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "py.typed").touch()
    rule = code["rules/asset_lint_rules/deprecated_warn.py"].replace("AL504", "ACME504")
    (package / "deprecated_warn.py").write_text(rule)
    (folder / "pyproject.toml").write_text(code["pyproject.toml"])
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", "site", "."]
    subprocess.run(install, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def violation(tmp_path: Path) -> Path:
    path = tmp_path / "violation.py"
    path.write_text(blocks()["tests/fixtures/deprecated_warn/empty_day/violation.py"])
    return path


def asset_lint(pack: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(pack / "site")}
    command: list[str | Path] = [ASSET_LINT, *arguments]
    return subprocess.run(command, cwd=pack, env=environment, capture_output=True, text=True, check=False)


def test_the_rule_finds_what_the_first_fixture_marks(pack: Path, violation: Path) -> None:
    result = asset_lint(pack, "check", "--select", "ACME", "--output-format", "concise", violation)
    assert result.returncode == 1, result.stderr
    (marked,) = [n for n, line in enumerate(violation.read_text().splitlines(), 1) if "# expect: AL504" in line]
    assert f"violation.py:{marked}:17: ACME504" in result.stdout
    assert "`log.warn` is deprecated in `trips`; its name is `warning`" in result.stdout


def test_its_fix_makes_the_second_fixture(pack: Path, violation: Path) -> None:
    marked = "  # expect: AL504"
    violation.write_text(violation.read_text().replace(marked, ""))
    assert asset_lint(pack, "check", "--fix", violation).returncode == 0
    assert violation.read_text() == blocks()["tests/fixtures/deprecated_warn/empty_day/fixed.py"]


def test_its_docstring_is_its_page(pack: Path) -> None:
    result = asset_lint(pack, "rule", "ACME504")
    assert result.returncode == 0, result.stderr
    assert "deprecated-warn" in result.stdout
    assert "Why is this bad?" in result.stdout
    assert asset_lint(pack, "rule", "deprecated-warn").stdout == result.stdout


def test_it_runs_beside_the_rules_that_are_there(pack: Path) -> None:
    codes = asset_lint(pack, "rules").stdout
    assert "ACME504" in codes
    assert "AL201" in codes


def test_the_pack_is_typed(pack: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "acme_asset_rules"]
    result = subprocess.run(command, cwd=pack, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_types_catch_a_wrong_use_of_the_api(pack: Path, tmp_path: Path) -> None:
    rule = (pack / "acme_asset_rules" / "deprecated_warn.py").read_text()
    (tmp_path / "wrong.py").write_text(rule.replace("Safety.SAFE", "True"))
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(tmp_path / "wrong.py")]
    result = subprocess.run(command, cwd=pack, capture_output=True, text=True, check=False)
    assert 'incompatible type "bool"' in result.stdout
