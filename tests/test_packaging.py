"""What is shipped, and that it works where it is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHIPPED = {".py", ".json", ".typed", ".css"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", folder, ROOT], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(next(built.glob("*.whl")))


def sources(package: Path) -> set[str]:
    """The files of a package that must be shipped, relative to the folder that holds it."""
    return {str(path.relative_to(package.parent)) for path in package.rglob("*") if path.suffix in SHIPPED}


def test_the_wheel_holds_both_packages_with_their_data_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == sources(ROOT / "asset_lint") | sources(ROOT / "rules" / "asset_lint_rules")
    assert {"asset_lint/py.typed", "asset_lint_rules/py.typed"} <= shipped
    assert any(name.startswith("asset_lint/model/knowledge/") and name.endswith(".json") for name in shipped)


def test_installing_brings_a_few_light_packages(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())
    plain = {line.partition(">")[0] for line in metadata.get_all("Requires-Dist") or () if "extra ==" not in line}
    assert plain == {"click", "libcst", "pathspec", "rich", "sqlglot", "tomli"}
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "Apache-2.0"


def test_the_sdist_holds_what_is_needed_to_test_it(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", ".pre-commit-hooks.yaml", "pyproject.toml"}
    wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    wanted |= {str(path.relative_to(ROOT)) for path in (ROOT / "examples").rglob("*.py")}
    assert wanted <= names


def test_an_installed_wheel_finds_its_rules_by_their_entry_point(built: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        site,
        next(built.glob("*.whl")),
    ]
    subprocess.run(install, check=True, capture_output=True)
    result = subprocess.run(
        [sys.executable, site / "bin" / "asset-lint", "rule", "AL201"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "unclosed-connection" in result.stdout
