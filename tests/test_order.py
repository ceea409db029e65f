"""What is reported stands in the order of the code, and not in one that memory happens to have."""

from __future__ import annotations

from pathlib import Path

import fixture_tools as ft
import pytest

from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.engine import Mode, run

SEVERAL_OPENINGS = """\
import os

import duckdb
from dagster import asset


def connected():
    try:
        conn = duckdb.connect(os.environ["DB"])
    except duckdb.IOException:
        conn = duckdb.connect(os.environ["DB"])
    except Exception:
        conn = duckdb.connect(os.environ["DB"])
    return conn


@asset
def orders(context):
    conn = connected()
    conn.execute("CREATE OR REPLACE TABLE orders AS SELECT 1 AS n")
"""


def test_of_several_openings_of_a_helper_the_first_is_named_every_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("assets.py").write_text(SEVERAL_OPENINGS)
    files = discover(["."], ConfigFiles(flags={"select": ["AL201"]})).files
    named = set()
    for _ in range(20):
        [result] = run(files, ft.registry(), mode=Mode.CHECK, jobs=1)
        [leak] = result.findings
        named.add(next(note.span.line for note in leak.notes if note.message == "opened here"))
    assert named == {9}
