"""Lay out what is measured: pinned packages from PyPI, and a tree dense with DuckDB assets.

PyPI offers hundreds of assets, but hardly any that touch DuckDB. The dense tree is therefore made here, from this
repository's own fixtures and example: several of them together make one module, their names varied by code, one in five
with its fault.
"""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tokenize
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / ".packages"
PACKAGES = (
    "dagster==1.13.29",
    "dagster-airlift==0.29.27",
    "dagster-aws==0.29.27",
    "dagster-dbt==0.29.27",
    "dagster-dg-cli==1.13.27",
    "dagster-duckdb==0.29.27",
    "dagster-duckdb-pandas==0.29.27",
    "dagster-duckdb-polars==0.29.27",
    "dagster-odp==0.1.4",
    "dagster-polars==0.27.12",
    "dagster-ray==0.4.8",
    "dagster-sling==0.29.27",
    "dagster-snowflake==0.29.27",
    "dagster-sqlmesh==0.22.0",
    "metaxy==0.1.11",
    "catalystcoop.pudl==2025.7.0",
)
# Fixit takes minutes over everything; it gets the packages that hold assets of their own, without dagster itself.
WITH_ASSETS = ("catalystcoop_pudl", "dagster_dbt", "dagster_odp", "dagster_polars", "dagster_ray", "metaxy")
TOOLS = ("fixit==2.2.1", "ruff==0.17.6", "libcst==1.9.0")
CONFIG = "respect-gitignore = false\n"  # the folder itself is ignored by git
FIXIT_CONFIG = """\
[tool.fixit]
root = true
enable = [
    "benchmarks.fixit_rules.results:ReturnedRelation",
    "benchmarks.fixit_rules.results:ReturnedConnection",
    "benchmarks.fixit_rules.connections:UnclosedConnection",
    "benchmarks.fixit_rules.connections:HardcodedPath",
    "benchmarks.fixit_rules.handlers:BareExcept",
]
disable = ["fixit.rules"]
"""


def python() -> Path:
    """A Python with this project, Fixit and ruff installed; made on first use."""
    interpreter = FOLDER / "venv" / "bin" / "python"
    stamp = FOLDER / "venv" / "tools.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(TOOLS):
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv")], check=True)
        subprocess.run([interpreter, "-m", "pip", "install", "-q", "-e", str(ROOT), *TOOLS], check=True)
        stamp.write_text("\n".join(TOOLS))
    return interpreter


def typical() -> Path:
    """The packages of ``PACKAGES``, each a project of its own; downloaded on first use."""
    tree, stamp = FOLDER / "typical", FOLDER / "typical.txt"
    if stamp.exists() and stamp.read_text() == "\n".join(PACKAGES):
        return tree
    wheels = FOLDER / "wheels"
    for folder in (tree, wheels):
        shutil.rmtree(folder, ignore_errors=True)
    wheels.mkdir(parents=True)
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "-d", str(wheels)]
    subprocess.run([python(), "-m", "pip", "download", "-q", *options, *PACKAGES], check=True)
    for wheel in sorted(wheels.glob("*.whl")):
        project = tree / wheel.name.partition("-")[0]
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(project, [n for n in archive.namelist() if n.endswith(".py")])
        (project / "asset-lint.toml").write_text(CONFIG)
    (tree / "fixit.toml").write_text(FIXIT_CONFIG)
    stamp.write_text("\n".join(PACKAGES))
    return tree


def dense(lines: int = 100_000) -> Path:
    """A project of at least ``lines`` lines in which nearly every line belongs to a DuckDB asset; made anew."""
    tree = FOLDER / "dense"
    shutil.rmtree(tree, ignore_errors=True)
    package = tree / "warehouse"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (tree / "asset-lint.toml").write_text(CONFIG)
    (tree / "fixit.toml").write_text(FIXIT_CONFIG)
    for number, text in enumerate(modules(samples(), lines, Random(7))):
        folder = package / f"part_{number // 50:02}"
        if number % 50 == 0:
            folder.mkdir()
            (folder / "__init__.py").touch()
        (folder / f"assets_{number:04}.py").write_text(text, encoding="utf-8")
    return tree


def samples() -> tuple[list[str], list[str]]:
    """The fixtures' and the example's modules that are clean, and those with a fault."""
    fixtures = ROOT / "tests" / "fixtures"
    clean = sorted(fixtures.glob("*/*/fixed.py"))
    clean += sorted((ROOT / "examples").rglob("assets/*.py"))
    faulty = sorted(fixtures.glob("*/*/violation.py"))
    return [t for p in clean if (t := _usable(p))], [t for p in faulty if (t := _usable(p))]


def _usable(path: Path) -> str:
    """Its text, if it is plain enough to stand among others; else nothing."""
    try:
        text = path.read_bytes().decode("utf-8")
        tree = ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return ""
    if "\r" in text or "\f" in text or text.startswith("\ufeff") or "dagster" not in text:
        return ""
    if "io_manager" in text or "IOManager" in text:  # one would decide for every asset of the project
        return ""
    if any(isinstance(n, ast.ImportFrom) and (n.level or n.module == "__future__") for n in ast.walk(tree)):
        return ""
    return text if text.endswith("\n") else text + "\n"


def modules(found: tuple[Sequence[str], Sequence[str]], lines: int, random: Random) -> Iterator[str]:
    """Modules of five samples each until there are ``lines`` lines; four in five samples are clean."""
    clean, faulty = found
    written = number = 0
    while written < lines:
        parts = []
        for _ in range(5):
            number += 1
            sample = random.choice(faulty if number % 5 == 0 else clean)
            parts.append(renamed(sample, f"_{number}"))
        text = "\n\n".join(parts)
        written += text.count("\n")
        yield text


def renamed(text: str, suffix: str) -> str:
    """``text`` with ``suffix`` behind every name that its top level defines (imports keep theirs)."""
    names: set[str] = set()
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(statement.name)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            names.update(t.id for t in targets if isinstance(t, ast.Name))
    lines = text.splitlines(keepends=True)
    previous = ""
    places = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in names and previous != ".":
            places.append(token.end)
        previous = token.string
    for row, column in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + suffix + line[column:]
    return "".join(lines)
