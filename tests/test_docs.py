"""The documentation: it builds, its commands run, its settings are valid, and its examples show what they say."""

from __future__ import annotations

import ast
import builtins
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import fixture_tools as ft
import pytest

from asset_lint.config import read
from asset_lint.config.files import ConfigFiles
from asset_lint.config.toml import load
from asset_lint.discovery import discover
from asset_lint.engine import Mode, run
from asset_lint.registry import INVALID_SYNTAX, UNKNOWN_CODE, UNUSED_SUPPRESSION, Page

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
RULES = [page for page in ft.registry().pages.values() if page.rule]
#: What the examples of the pages leave out, since every asset has it.
IMPORTS = {
    "dg": "import dagster as dg",
    "duckdb": "import duckdb",
    "json": "import json",
    "np": "import numpy as np",
    "os": "import os",
    "pa": "import pyarrow as pa",
    "Path": "from pathlib import Path",
    "pd": "import pandas as pd",
    "pl": "import polars as pl",
    "subprocess": "import subprocess",
    "shutil": "import shutil",
    "time": "import time",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
    "closing": "from contextlib import closing",
    "contextmanager": "from contextlib import contextmanager",
    "dataclass": "from dataclasses import dataclass",
    "TYPE_CHECKING": "from typing import TYPE_CHECKING",
    "BaseModel": "from pydantic import BaseModel",
    "DuckDBResource": "from dagster_duckdb import DuckDBResource",
    "DuckDBPandasIOManager": "from dagster_duckdb_pandas import DuckDBPandasIOManager",
}


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def section(page: Page, title: str) -> str:
    """The code of a section of a rule's page."""
    match = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page.text, re.MULTILINE | re.DOTALL)
    assert match, f"the page of {page.code} has no section `{title}`"
    return "\n".join(blocks(match[1], "python"))


def whole(code: str) -> str:
    """An example with the imports that it leaves out; statements that stand in no function become an asset's."""
    tree = ast.parse(code)
    if not any(isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) for node in ast.walk(tree)):
        code = f"@dg.asset\ndef example(context, path: str) -> None:\n{indent(code, '    ')}"
        tree = ast.parse(code)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    bound |= {
        a.asname or a.name for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)) for a in n.names
    }
    lines = [IMPORTS[name] for name in sorted(names - bound) if name in IMPORTS]
    others = sorted(name for name in names - bound if name in DAGSTER)
    if others:
        lines.append(f"from dagster import {', '.join(others)}")
    future = re.match(r"from __future__ import annotations\n", code)
    head = future[0] if future else ""
    return head + "\n".join(lines) + "\n\n\n" + code.removeprefix(head)


DAGSTER = frozenset(
    """asset multi_asset op asset_check graph_asset job observable_source_asset AssetExecutionContext OpExecutionContext
    AssetCheckExecutionContext AssetCheckResult AssetKey AssetOut AssetIn AssetSpec Backoff Config ConfigurableResource
    DailyPartitionsDefinition Definitions EnvVar Failure MaterializeResult MetadataValue Output RetryPolicy
    get_dagster_logger resource""".split()
)


def codes(code: str, root: Path) -> set[str]:
    """What all rules find in a module."""
    (root / "assets.py").write_text(whole(code))
    found = discover(["."], ConfigFiles(flags={"select": ["ALL"]}))
    return {f.code for result in run(found.files, ft.registry(), mode=Mode.CHECK, jobs=1) for f in result.findings}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stdout + built.stderr) == (0, "")
    for page in ft.registry().pages.values():
        html = (tmp_path / "site" / "rules" / page.name / "index.html").read_text()
        assert page.code in html
        assert "Use instead" in html


@pytest.mark.parametrize("page", RULES, ids=lambda page: page.code)
def test_the_example_of_a_rule_shows_what_it_finds(page: Page, root: Path) -> None:
    assert page.code in codes(section(page, "Example"), root)


@pytest.mark.parametrize("page", RULES, ids=lambda page: page.code)
def test_what_a_rule_says_to_use_instead_is_right(page: Page, root: Path) -> None:
    assert page.code not in codes(section(page, "Use instead"), root)


@pytest.mark.parametrize("page", RULES, ids=lambda page: page.code)
def test_the_examples_of_a_rule_use_no_name_that_nobody_knows(page: Page) -> None:
    for title in ("Example", "Use instead"):
        tree = ast.parse(whole(section(page, title)))
        bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound |= {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
        bound |= {str(n.name) for n in ast.walk(tree) if isinstance(n, ast.ExceptHandler) and n.name}
        imports = (n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom)))
        bound |= {a.asname or a.name for n in imports for a in n.names}
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert used - bound - set(dir(builtins)) == set(), f"{page.code}, {title}"


@pytest.mark.parametrize("code", [INVALID_SYNTAX, UNUSED_SUPPRESSION, UNKNOWN_CODE])
def test_the_examples_of_the_tools_own_findings_are_found(code: str, root: Path) -> None:
    page = ft.registry().pages[code]

    def found(text: str) -> set[str]:
        Path("assets.py").write_text("import dagster as dg\nimport duckdb\n\npath = 'x'\n" + text)
        files = discover(["."], ConfigFiles(flags={"select": ["ALL"]})).files
        return {each.code for result in run(files, ft.registry(), mode=Mode.CHECK, jobs=1) for each in result.findings}

    assert code in found(section(page, "Example"))
    assert code not in found(section(page, "Use instead"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, root: Path) -> None:
    subprocess.run(["git", "init", "-q", "-b", "main"], check=True)
    author = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *author, "commit", "-q", "--allow-empty", "-m", "a beginning"], check=True)
    (root / "src").mkdir()
    (root / "src" / "assets.py").write_text(blocks((ROOT / "docs" / "index.md").read_text(), "python")[0])
    for block in blocks(page.read_text(), "sh"):
        for line in block.splitlines():
            program, *arguments = shlex.split(line)
            if program == "asset-lint":
                command = [sys.executable, "-m", "asset_lint", *arguments]
                ran = subprocess.run(command, capture_output=True, text=True, check=False)
                assert ran.returncode in (0, 1), f"{line}\n{ran.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_settings_on_a_page_are_valid(page: Path) -> None:
    for block in blocks(page.read_text(), "toml"):
        tools = load(block)["tool"]
        if "asset-lint" in tools:
            read(tools["asset-lint"], ROOT, page.name)
        else:
            assert list(tools) == ["ruff"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_on_a_page_is_python(page: Path) -> None:
    for block in blocks(page.read_text(), "python"):
        compile(block, page.name, "exec")


def test_the_first_example_has_the_two_faults_that_the_page_tells_of(root: Path) -> None:
    (example,) = blocks((ROOT / "docs" / "index.md").read_text(), "python")
    assert {"AL102", "AL201"} <= codes(example, root)
