"""Queries as the code asks them: which text, put together how, of whom, and what becomes of the result."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from asset_lint.model.project import Project
from asset_lint.model.queries import Query
from asset_lint.source import Source

HEAD = """\
import duckdb
import pandas as pd
from dagster import asset
from textwrap import dedent
TABLE = "orders"
"""


def queries(body: str, tmp_path: Path) -> list[Query]:
    """All queries of the one asset in a module: its body, behind helpers at the margin."""
    path = tmp_path / "assets.py"
    path.write_text(HEAD + textwrap.dedent(body))
    project = Project(tmp_path)
    module = project.module(str(path), Source(str(path), path.read_bytes()))
    (function,) = [f for f in project.functions(module) if f.is_asset]
    return function.all_queries


def texts(body: str, tmp_path: Path) -> list[str]:
    """What the asset asks, given the lines that make ``sql``; holes as ``<the expression>``."""
    lines = textwrap.indent(textwrap.dedent(body), "    ")
    whole = "@asset\ndef a(context, up, conn: duckdb.DuckDBPyConnection):\n" + lines + "\n    conn.execute(sql)\n"
    (query,) = queries(whole, tmp_path)
    found: list[str] = []
    for variant in query.variants:
        text = variant.render()
        for at, hole in enumerate(variant.holes):
            span = hole.place.span
            text = text.replace(f"hole_{at}_", f"<{hole.place.module.source.text[span.start : span.end]}>")
        found.append(text)
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("sql = 'select 1'", ["select 1"]),
        ("sql = f'from {TABLE} where k = {up!r}'", ["from orders where k = <up>"]),
        ("key = context.partition_key\nsql = f'''where k = '{key[:-3]}' '''", ["where k = '<key[:-3]>' "]),
        ("sql = 'from %s where k = %d%%' % (TABLE, up)", ["from orders where k = <up>%"]),
        ("sql = 'from {} where k = {k}'.format(TABLE, k=up)", ["from orders where k = <up>"]),
        ("sql = 'from ' + TABLE + ' where k = ' + up", ["from orders where k = <up>"]),
        ("sql = 'from ' + TABLE\nsql += ' limit 1'", ["from orders limit 1"]),
        ("sql = ' and '.join(['a = 1', f'b = {up}'])", ["a = 1 and b = <up>"]),
        ("sql = ', '.join('?' for _ in up)", ["?"]),
        ("parts = ['a']\nparts.append('b')\nsql = ' '.join(parts)", ["a b"]),
        ("sql = dedent('''\n  select 1''').strip()", ["select 1"]),
        ("sql = 'from __T__'.replace('__T__', TABLE)", ["from orders"]),
        ("sql = 'select 1' if up else 'select 2'", ["select 1", "select 2"]),
        ("inner = f'k = {up}'\nsql = f'where {inner} or {inner}'", ["where k = <up> or k = <up>"]),
        ("sql = up", []),
    ],
)
def test_a_text_is_read_in_parts(body: str, expected: list[str], tmp_path: Path) -> None:
    assert texts(body, tmp_path) == expected


def test_a_loop_asks_each_of_its_texts(tmp_path: Path) -> None:
    (query,) = queries(
        """
        @asset
        def a(conn: duckdb.DuckDBPyConnection):
            for table in ("x", "y"):
                conn.execute(f"drop table {table}")
        """,
        tmp_path,
    )
    assert [v.render() for v in query.variants] == ["drop table x", "drop table y"]
    assert query.complete


def test_queries_of_helpers_have_the_text_that_they_are_handed(tmp_path: Path) -> None:
    found = queries(
        """
        def count(conn, table):
            return conn.execute(f"select count(*) from {table}").fetchone()[0]

        @asset
        def a():
            with duckdb.connect("x.db") as conn:
                conn.execute("create table t (a int)")
                return count(conn, "t")
        """,
        tmp_path,
    )
    assert [(v.render(), q.is_own) for q in found for v in q.variants] == [
        ("create table t (a int)", True),
        ("select count(*) from t", False),
    ]
    inner = found[1]
    assert inner.place.span.line == inner.call.span.line + 6
    assert inner.can_be_empty is False


def test_what_becomes_of_a_result(tmp_path: Path) -> None:
    frame, row, read, default = queries(
        """
        @asset
        def a():
            with duckdb.connect("x.db") as conn:
                df = conn.sql("from t").filter("a > 1").df()
                row = conn.execute("select a from t where b = ?", [1]).fetchone()
                other = pd.read_sql("from u", conn)
            duckdb.sql("create table z (a int)")
            return {"all": df}
        """,
        tmp_path,
    )
    assert [(f.method, f.kind.name) for f in frame.fetches] == [("df", "FRAME_PANDAS")]
    assert frame.leaves and not row.leaves
    assert row.parameter_count == 1
    assert [(f.method, f.kind.name) for f in row.fetches] == [("fetchone", "ROW")]
    assert read.fetches[0].kind.name == "FRAME_PANDAS"
    assert default.on_default_connection and not frame.on_default_connection
