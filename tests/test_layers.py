"""Who may import whom, and what a run must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RULES = ROOT / "rules" / "asset_lint_rules"
MODULES = sorted([*(ROOT / "asset_lint").rglob("*.py"), *RULES.rglob("*.py")])
SLOW = {"libcst.matchers", "libcst.codemod"}
ALLOWED_IN_RULES = {"asset_lint.rule", "asset_lint.rewrite", "libcst"}
HEAVY = [
    "libcst", "rich.console", "sqlglot", "asset_lint_rules", "asset_lint.engine", "asset_lint.model.index",
]  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    """The dotted names of the modules that a file imports; of ``from m import n`` both m and m.n."""
    package = path.relative_to(RULES.parent if path.is_relative_to(RULES) else ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def loaded(arguments: list[str], cwd: Path) -> set[str]:
    """The modules in memory when ``asset-lint <arguments>`` ends."""
    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: open('loaded.txt', 'w').write('\\n'.join(sys.modules)))\n"
        f"sys.argv = {['asset-lint', *arguments]!r}\n"
        "from asset_lint.cli import main\n"
        "main()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, check=False)
    return set((cwd / "loaded.txt").read_text().splitlines())


def test_the_contracts_hold() -> None:
    lint_imports = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint_imports, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", sorted(RULES.rglob("*.py")), ids=lambda path: path.stem)
def test_a_rule_imports_only_the_rule_api_libcst_and_the_standard_library(path: Path) -> None:
    for name in imports(path):
        known = any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED_IN_RULES)
        assert known or name.partition(".")[0] in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_the_slow_parts_of_libcst(path: Path) -> None:
    assert SLOW.isdisjoint(imports(path))


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["--help"]])
def test_saying_who_it_is_loads_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    modules = loaded(arguments, tmp_path)
    assert "asset_lint.cli" in modules
    assert modules.isdisjoint(HEAVY)


def test_checking_files_without_assets_loads_no_libcst(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text("def add(a: int, b: int) -> int:\n    return a + b\n")
    modules = loaded(["check", "."], tmp_path)
    assert "asset_lint.engine" in modules
    assert "libcst" not in modules


def test_checking_assets_loads_neither_dagster_nor_duckdb_nor_the_slow_parts_of_libcst(tmp_path: Path) -> None:
    (tmp_path / "assets.py").write_text(
        "import dagster as dg\nimport duckdb\n\n\n@dg.asset\ndef numbers():\n    return duckdb.sql('SELECT 1')\n"
    )
    modules = loaded(["check", "."], tmp_path)
    assert "libcst" in modules
    assert modules.isdisjoint(SLOW | {"dagster", "duckdb", "pandas"})
