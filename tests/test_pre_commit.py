"""The hooks, run by the real pre-commit from a git repository of this project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ASSET_LINT = Path(sys.executable).with_name("asset-lint")
SHIPPED = ["asset_lint", "rules", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"]

HELPER = """\
import duckdb


def open_database(path):
    return duckdb.connect(path)
"""

VIOLATION = """\
import pandas as pd
from dagster import AssetExecutionContext, asset
from dagster_duckdb import DuckDBResource


@asset
def long_trips(context: AssetExecutionContext, warehouse: DuckDBResource) -> pd.DataFrame:
    with warehouse.get_connection() as connection:
        return connection.sql("SELECT * FROM trips WHERE minutes > 60")
"""

THROUGH_A_HELPER = """\
from dagster import Config, asset

from database import open_database


class Where(Config):
    path: str


@asset
def trips(config: Where) -> int:
    connection = open_database(config.path)
    return len(connection.execute("SELECT * FROM trips").fetchall())
"""


class Repository:
    """A user's git repository whose pre-commit runs hooks of this project."""

    def __init__(self, path: Path, hooks: Path, store: Path) -> None:
        self.path = path
        self.hooks = hooks
        self.environment = {**os.environ, "PRE_COMMIT_HOME": str(store), "GIT_CONFIG_GLOBAL": os.devnull}
        for variable in [name for name in self.environment if name.startswith("GIT_") and name != "GIT_CONFIG_GLOBAL"]:
            del self.environment[variable]
        path.mkdir()
        self.run("git", "init", "-q", ".")
        self.run("git", "config", "user.name", "Ada")
        self.run("git", "config", "user.email", "ada@example.org")
        (path / "asset-lint.toml").write_text('profile = "errors"\n')  # the duties of the checklist are not its subject

    def run(self, *command: str | Path, ok: bool = True) -> subprocess.CompletedProcess[str]:
        """A command in the repository; ``ok`` says whether it must succeed."""
        result = subprocess.run(
            command, cwd=self.path, env=self.environment, capture_output=True, text=True, check=False
        )
        assert (result.returncode == 0) is ok, result.stdout + result.stderr
        return result

    def configure(self, revision: str, hook: str) -> None:
        """Let pre-commit run one hook."""
        (self.path / ".pre-commit-config.yaml").write_text(
            f"repos:\n- repo: {self.hooks.as_uri()}\n  rev: {revision}\n  hooks:\n  - id: {hook}\n"
        )

    def write(self, **files: str) -> None:
        """Write modules and stage everything."""
        for name, text in files.items():
            (self.path / f"{name}.py").write_text(text)
        self.run("git", "add", "-A")

    def commit(self, ok: bool = True) -> str:
        """``git commit`` with the hooks that pre-commit installed; what they said."""
        result = self.run("git", "commit", "-q", "-m", "work", ok=ok)
        return result.stdout + result.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """This project as a git repository, and the revision to pin."""
    path = tmp_path_factory.mktemp("hooks") / "asset-lint"
    path.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, path / name)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "-q", "."], ["add", "-A"], ["commit", "-q", "-m", "release"]):
        subprocess.run([*git, *command], cwd=path, check=True, capture_output=True)
    revision = subprocess.run([*git, "rev-parse", "HEAD"], cwd=path, check=True, capture_output=True, text=True)
    return path, revision.stdout.strip()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps its environments; shared, as building one takes a while."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def repository(tmp_path: Path, project: tuple[Path, str], store: Path) -> Repository:
    hooks, revision = project
    repository = Repository(tmp_path / "shop", hooks, store)
    repository.configure(revision, "asset-lint")
    repository.run(sys.executable, "-m", "pre_commit", "install", "--install-hooks")
    return repository


def test_a_commit_with_a_fault_is_refused_then_fixed_then_accepted(
    repository: Repository, project: tuple[Path, str]
) -> None:
    repository.write(trips=VIOLATION)
    assert "AL101" in repository.commit(ok=False)

    repository.configure(project[1], "asset-lint-fix")
    repository.run("git", "add", "-A")
    assert "files were modified by this hook" in repository.commit(ok=False)
    assert (repository.path / "trips.py").read_text() == VIOLATION.replace('60")', '60").df()')

    repository.configure(project[1], "asset-lint")
    repository.run("git", "add", "-A")
    repository.commit()


def test_a_changed_file_is_checked_against_helpers_that_did_not_change(repository: Repository) -> None:
    repository.write(database=HELPER)
    repository.commit()
    repository.write(trips=THROUGH_A_HELPER)
    said = repository.commit(ok=False)
    assert "AL201" in said
    assert "trips.py:12" in said


def test_a_changed_helper_alone_does_not_bring_its_users_back(repository: Repository) -> None:
    fixed = "with open_database(config.path) as connection:\n        return len"
    users = THROUGH_A_HELPER.replace("connection = open_database(config.path)\n    return len", fixed)
    plain = HELPER.replace("duckdb.connect(path)", "open(path)")
    repository.write(database=plain, trips=THROUGH_A_HELPER, other=users)
    repository.commit()
    repository.write(database=HELPER)
    repository.commit()
    said = repository.run(sys.executable, "-m", "pre_commit", "run", "--all-files", ok=False).stdout
    assert "AL201" in said


def test_excluded_files_stay_excluded_although_pre_commit_names_them(repository: Repository) -> None:
    (repository.path / "asset-lint.toml").write_text('exclude = ["generated"]\n')
    (repository.path / "generated").mkdir()
    (repository.path / "generated" / "trips.py").write_text(VIOLATION)
    repository.write()
    repository.commit()


def test_the_environment_of_the_hooks_holds_neither_dagster_nor_duckdb(repository: Repository, store: Path) -> None:
    (python,) = store.glob("repo*/py_env-*/bin/python")
    names = ("asset_lint", "dagster", "duckdb", "pandas")
    code = f"from importlib.util import find_spec; print([name for name in {names} if find_spec(name)])"
    assert repository.run(str(python), "-c", code).stdout.strip() == "['asset_lint']"


def test_naming_a_file_says_of_it_what_checking_everything_says(repository: Repository) -> None:
    repository.write(database=HELPER, trips=THROUGH_A_HELPER, long=VIOLATION)

    def check(path: str) -> list[str]:
        said = repository.run(ASSET_LINT, "check", path, "--output-format", "concise", ok=False)
        return [line for line in said.stdout.splitlines() if line.startswith("trips.py")]

    assert check("trips.py") == check(".") != []
