"""Lay out what is measured: pinned packages from PyPI, and a tree dense with DuckDB assets.

PyPI offers hundreds of assets, but hardly any that touch DuckDB. The dense tree is therefore made here, from this
repository's own fixtures and example: those of them that touch DuckDB and are clean, or become so by fixes, as a team's
code is that uses the linter. Several together make one module, their names varied by code; one module in ten has a
fault. That is adverse: real assets are longer, and each of these shows a construct that some rule has to look into.
"""

from __future__ import annotations

import ast
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tokenize
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from asset_lint import registry
from asset_lint.config.files import ConfigFiles
from asset_lint.engine.check import Checker
from asset_lint.engine.fix import repair
from asset_lint.errors import FixError
from asset_lint.registry import Registry

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks" / ".packages"
# Source distributions hold the tests too, and these the assets that the libraries try themselves on.
SOURCES = (
    "dagster==1.13.29",
    "dagster-dbt==0.29.27",
    "dagster-dlt==0.29.27",
    "dagster-duckdb==0.29.27",
    "dagster-duckdb-pandas==0.29.27",
)
WHEELS = (
    "catalystcoop.pudl==2025.7.0",
    "dagster-airlift==0.29.27",
    "dagster-aws==0.29.27",
    "dagster-dg-cli==1.13.27",
    "dagster-duckdb-polars==0.29.27",
    "dagster-odp==0.1.4",
    "dagster-polars==0.27.12",
    "dagster-ray==0.4.8",
    "dagster-sling==0.29.27",
    "dagster-snowflake==0.29.27",
    "dagster-sqlmesh==0.22.0",
    "metaxy==0.1.11",
)
PACKAGES = SOURCES + WHEELS
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
    # As pip does for what it installs, Fixit among it: else each run would compile this project anew.
    sources = [ROOT / "asset_lint", ROOT / "rules"]
    subprocess.run([interpreter, "-m", "compileall", "-q", *sources], check=True)
    return interpreter


def typical() -> Path:
    """The packages of ``PACKAGES``, each a project of its own; downloaded on first use."""
    tree, stamp = FOLDER / "typical", FOLDER / "typical.txt"
    if stamp.exists() and stamp.read_text() == "\n".join(PACKAGES):
        return tree
    downloads = FOLDER / "downloads"
    for folder in (tree, downloads):
        shutil.rmtree(folder, ignore_errors=True)
    downloads.mkdir(parents=True)
    pip = [str(python()), "-m", "pip", "download", "-q", "--no-deps", "-d", str(downloads)]
    subprocess.run([*pip, "--no-binary", ":all:", *SOURCES], check=True)
    subprocess.run([*pip, "--only-binary", ":all:", "--python-version", "3.12", *WHEELS], check=True)
    for archive in sorted(downloads.iterdir()):
        project = tree / archive.name.partition("-")[0]
        for name, data in _python_files(archive):
            file = project / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        (project / "asset-lint.toml").write_text(CONFIG)
    (tree / "fixit.toml").write_text(FIXIT_CONFIG)
    stamp.write_text("\n".join(PACKAGES))
    return tree


def _python_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The Python files of a wheel or a source distribution, the latter's own folder left out."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            yield from ((name, wheel.read(name)) for name in wheel.namelist() if name.endswith(".py"))
        return
    with tarfile.open(archive) as source:
        for member in source:
            name = member.name.partition("/")[2]
            file = source.extractfile(member) if name.endswith(".py") and ".." not in Path(name).parts else None
            if file is not None:
                yield name, file.read()


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


def public(corpus: Sequence[Path]) -> Path:
    """What of the repositories in some folders mentions both Dagster and DuckDB, each a project; made anew."""
    tree = FOLDER / "public"
    shutil.rmtree(tree, ignore_errors=True)
    for repository in sorted(path for folder in corpus for path in folder.iterdir() if path.is_dir()):
        for path in sorted(repository.rglob("*.py")):
            data = path.read_bytes() if path.is_file() else b""
            if b"dagster" in data and b"duckdb" in data.lower():
                file = tree / repository.name / path.relative_to(repository)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
                (tree / repository.name / "asset-lint.toml").write_text(CONFIG)
    (tree / "fixit.toml").write_text(FIXIT_CONFIG)
    return tree


def samples() -> tuple[list[str], list[str]]:
    """The fixtures' and the example's modules that are clean, fixed where they need it, and those with a fault."""
    fixtures = ROOT / "tests" / "fixtures"
    clean = sorted(fixtures.glob("*/*/fixed.py"))
    clean += sorted((ROOT / "examples").rglob("assets/*.py"))
    faulty = sorted(fixtures.glob("*/*/violation.py"))
    rules = registry.load()
    fixed = (_cleaned(text, rules) for path in clean if (text := _usable(path)))
    return [text for text in fixed if text], [text for path in faulty if (text := _usable(path))]


def _cleaned(text: str, rules: Registry) -> str:
    """``text`` after all fixes, if nothing is found in it then; else nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder).resolve() / "assets.py"
        path.write_text(text, encoding="utf-8")
        config = ConfigFiles(isolated=True, flags={"select": ["ALL"], "unsafe-fixes": True}).of(folder)
        try:
            result = repair(Checker(rules), str(path), path.read_bytes(), config)
        except FixError:
            return ""
        return "" if result.findings or result.error else result.text or text


def _usable(path: Path) -> str:
    """Its text, if it is plain enough to stand among others; else nothing."""
    try:
        text = path.read_bytes().decode("utf-8")
        tree = ast.parse(text)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return ""
    if "\r" in text or "\f" in text or text.startswith("\ufeff") or "dagster" not in text or "duckdb" not in text:
        return ""
    if "io_manager" in text or "IOManager" in text:  # one would decide for every asset of the project
        return ""
    if any(isinstance(n, ast.ImportFrom) and (n.level or n.module == "__future__") for n in ast.walk(tree)):
        return ""
    return text if text.endswith("\n") else text + "\n"


def modules(found: tuple[Sequence[str], Sequence[str]], lines: int, random: Random) -> Iterator[str]:
    """Modules of five samples each until there are ``lines`` lines; one sample in fifty has a fault."""
    clean, faulty = found
    written = number = 0
    while written < lines:
        parts = []
        for _ in range(5):
            number += 1
            sample = random.choice(faulty if number % 50 == 0 else clean)
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
