"""What findings say: nothing that is untrue of the code they speak of, no cure that would break it."""

from __future__ import annotations

from pathlib import Path

import fixture_tools as ft
import pytest

from asset_lint.config import build
from asset_lint.config.targets import Target
from asset_lint.engine import Mode, run

HEAD = "import duckdb\nfrom dagster import asset\n\n\n@asset\ndef rows() -> list:\n"


def told(body: str, code: str, **settings: Target) -> str:
    """The message of the one finding of a rule in an asset."""
    text = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    config = build(Path("/nowhere"), None, {"select": (code,), **settings})
    (result,) = run([(Path("/nowhere/assets.py"), config)], ft.registry(), mode=Mode.CHECK, jobs=1, stdin=text.encode())
    assert result.error is None
    (finding,) = result.findings
    return finding.message


@pytest.mark.parametrize(
    "opened, locked",
    [("duckdb.connect()", False), ('duckdb.connect(":memory:")', False), ('duckdb.connect("a")', True)],
)
def test_only_a_connection_to_a_file_locks_one(opened: str, locked: bool) -> None:
    message = told(f'conn = {opened}\nreturn conn.execute("SELECT 1").fetchall()', "AL201")
    assert ("file stays locked" in message) is locked


@pytest.mark.parametrize(
    "used, cure",
    [
        ("return [len(batch) for batch in found.fetch_record_batch()]", "`.to_arrow_table().to_reader()`"),
        ("return found.fetch_record_batch().read_all().to_pylist()", "`.to_arrow_table()`"),
        ("return found.fetch_arrow_table().to_pylist()", "`.to_arrow_table()`"),
        ("return found.pl().to_dicts()", "`.pl()`"),
    ],
)
def test_what_duckdb_2_took_away_is_replaced_by_its_like(used: str, cure: str) -> None:
    assert cure in told(f'with duckdb.connect("a") as conn:\n    found = conn.execute("SELECT 1")\n    {used}', "AL801")


@pytest.mark.parametrize(
    "opened, target, cure",
    [
        ('conn.execute("SELECT 1")', Target((1, 1), (2,)), "`sql(…).to_arrow_table`"),
        ('conn.execute("SELECT 1")', Target((1, 5), (2,)), "`to_arrow_table`"),
        ('conn.sql("SELECT 1")', Target((1, 1), (2,)), "`to_arrow_table`"),
    ],
)
def test_what_is_advised_is_in_every_version_in_use(opened: str, target: Target, cure: str) -> None:
    body = f'with duckdb.connect("a") as conn:\n    return {opened}.fetch_arrow_table().to_pylist()'
    assert cure in told(body, "AL802", target_duckdb=target)
