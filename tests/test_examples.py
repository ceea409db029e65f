"""The example project: what asset-lint says of it, and that it runs before and after its faults are fixed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASSET_LINT = Path(sys.executable).with_name("asset-lint")
EXAMPLE = ROOT / "examples" / "bike_share"

FAULTS = {
    ("AL101", "long_trips"),
    ("AL102", "round_trips"),
    ("AL201", "last_trip_day"),
    ("AL201", "trips_per_station"),
    ("AL203", "busiest_hours"),
    ("AL301", "weather"),
    ("AL401", "trips_by_weather"),
}

#: what the checklist asks besides: these are told in the example's own README, not counted one by one
DUTIES = "AL202,AL303,AL403,AL405,AL501,AL502,AL601,AL604,AL704"

RUN = """
import sys
from dagster import DagsterInstance
from bike_share.definitions import defs
ran = defs.get_job_def(sys.argv[1]).execute_in_process(instance=DagsterInstance.ephemeral(), raise_on_error=False)
print(sorted(event.step_key for event in ran.all_events if event.is_step_failure))
"""

#: what a user of the example may have installed: the oldest that is supported, one between, the newest
STACKS = {
    "oldest": ["dagster==1.9.*", "dagster-duckdb==0.25.*", "duckdb==1.0.*", "pandas==2.2.*"],
    "before DuckDB 2": ["dagster==1.12.*", "dagster-duckdb==0.28.*", "duckdb==1.4.*"],
    "newest": [],
}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example, to be fixed and run."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "bike_share", ignore=shutil.ignore_patterns("data", "__pycache__")))


@pytest.fixture(scope="module", params=STACKS)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The interpreter of an environment with Dagster and DuckDB."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    install: list[str | Path] = [python, "-m", "pip", "install", "-q", EXAMPLE, *STACKS[request.param]]
    subprocess.run(install, check=True, capture_output=True)
    subprocess.run([python, "-m", "pip", "uninstall", "-q", "-y", "bike-share"], check=True, capture_output=True)
    yield python
    shutil.rmtree(environment)


def lint(where: Path, *options: str) -> list[dict[str, object]]:
    """The findings in a folder, after whatever the options do."""
    command: list[str | Path] = [ASSET_LINT, "check", where, "--output-format", "json", *options]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode in (0, 1), result.stderr
    findings: list[dict[str, object]] = json.loads(result.stdout)
    return findings


def failing_steps(job: str, example: Path, python: Path) -> list[str]:
    """Run a job of the example; the steps that failed."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(example / "src"),
        "BIKE_SHARE_DB": "bike_share.duckdb",
        "PYTHONWARNINGS": "ignore",
    }
    environment.pop("DAGSTER_HOME", None)
    for arguments in (["make_data.py"], ["-c", RUN, job]):
        result = subprocess.run(
            [python, *arguments], cwd=example, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, result.stderr
    failed: list[str] = json.loads(result.stdout.splitlines()[-1].replace("'", '"'))
    return failed


def test_its_faults_are_found_and_nothing_else() -> None:
    findings = lint(EXAMPLE, "--ignore", DUTIES)
    assert len(findings) == len(FAULTS)
    assert {(finding["code"], finding["function"]) for finding in findings} == FAULTS


def test_its_readme_names_every_fault() -> None:
    readme = (EXAMPLE / "README.md").read_text()
    for code, function in FAULTS:
        assert any(f"`{function}`" in line and code in line for line in readme.splitlines())


def test_fixing_leaves_nothing_to_find(example: Path) -> None:
    assert lint(example, "--fix", "--unsafe-fixes", "--ignore", DUTIES) == []


def test_fixing_all_that_is_found_leaves_nothing_that_breaks(example: Path) -> None:
    left = lint(example, "--fix", "--unsafe-fixes")
    assert not {finding["code"] for finding in left} & {code for code, _ in FAULTS}


@pytest.mark.full
def test_it_runs_with_its_faults_except_for_what_cannot_be_stored(example: Path, python: Path) -> None:
    assert failing_steps("refresh", example, python) == []
    assert failing_steps("experiments", example, python) == ["long_trips", "round_trips"]


@pytest.mark.full
def test_all_of_it_runs_once_it_is_fixed(example: Path, python: Path) -> None:
    lint(example, "--fix", "--unsafe-fixes")
    assert failing_steps("refresh", example, python) == []
    assert failing_steps("experiments", example, python) == []
