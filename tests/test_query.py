"""``asset-lint query``: the facts of a project as tables, what is printed of them, what SQL may not do."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asset_lint.cli import main
from asset_lint.facts.rows import TABLES, columns

ASSETS = """\
import os

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from app.helpers import newest


@dg.asset(group_name="raw", pool="duckdb")
def trips(warehouse: DuckDBResource) -> None:
    with warehouse.get_connection() as conn:
        conn.execute("CREATE OR REPLACE TABLE trips AS FROM 'trips.csv'")


@dg.asset(deps=[trips, dg.AssetKey(["geo", "zones"])])
def busy(context: dg.AssetExecutionContext, weather) -> list[tuple]:
    conn = duckdb.connect(os.environ["WAREHOUSE"], read_only=True)
    frame = conn.execute("SELECT day, count(*) FROM trips JOIN weather USING (day) GROUP BY day").df()
    return frame, newest()
"""
HELPERS = """\
import duckdb


def newest():
    with duckdb.connect("data/other.duckdb") as conn:
        return conn.execute("SELECT max(day) FROM main.days").fetchall()
"""
DEFINITIONS = """\
import dagster as dg
from dagster_duckdb import DuckDBResource

from app import assets

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([assets]),
    resources={"warehouse": DuckDBResource(database=dg.EnvVar("WAREHOUSE"))},
)
"""
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two assets, a helper and Definitions; it is the working directory."""
    (tmp_path / ".git").mkdir()
    add(tmp_path, **{"app/__init__": "", "app/assets": ASSETS, "app/helpers": HELPERS, "app/definitions": DEFINITIONS})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(root: Path, **modules: str) -> None:
    """Modules by their paths without the ending."""
    for name, text in modules.items():
        path = root / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Ask:
    """The rows that a statement gives, as tuples."""

    def run(sql: str, *paths: str) -> list[tuple[Any, ...]]:
        assert main(["query", sql, *paths, "--output-format", "json"]) == 0
        return [
            tuple(tuple(value) if isinstance(value, list) else value for value in row.values())
            for row in json.loads(capsys.readouterr().out)
        ]

    return run


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said of a command that can't be carried out."""
    assert main(["query", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


class TestTheFacts:
    def test_assets_have_their_keys_and_options_and_place(self, ask: Ask) -> None:
        assert ask("SELECT asset, kind, group_name, pool, path, line, a.column FROM assets a ORDER BY line") == [
            ("trips", "asset", "raw", "duckdb", "app/assets.py", 11, 5),
            ("busy", "asset", None, None, "app/assets.py", 17, 5),
        ]

    def test_dependencies_say_whether_something_makes_them(self, ask: Ask) -> None:
        assert ask("SELECT asset, upstream, by_value, known FROM dependencies ORDER BY upstream") == [
            ("busy", "geo/zones", False, False),
            ("busy", "trips", False, True),
            ("busy", "weather", True, False),
        ]

    def test_resources_say_which_file_they_open(self, ask: Ask) -> None:
        sql = "SELECT key, kind, database, path, line FROM resources"
        assert ask(sql) == [
            ("warehouse", "dagster_duckdb.DuckDBResource", "$WAREHOUSE", "app/definitions.py", 8),
        ]

    def test_connections_are_told_apart_by_their_database(self, ask: Ask) -> None:
        sql = (
            "SELECT function, database, path_from, read_only, by_resource, leaks IS NULL FROM connections ORDER BY ALL"
        )
        assert ask(sql) == [
            ("busy", "$WAREHOUSE", "environment", True, False, False),
            ("newest", "data/other.duckdb", "literal", False, False, True),
            ("trips", "$WAREHOUSE", "field", False, True, True),
        ]

    def test_queries_of_helpers_count_for_the_asset_that_calls_them(self, ask: Ask) -> None:
        sql = "SELECT assets, function, reads, writes, is_own, asked_path FROM queries ORDER BY function, is_own"
        assert ask(sql) == [
            (("busy",), "busy", ("main.days",), (), False, "app/helpers.py"),
            (("busy",), "busy", ("trips",), (), True, "app/assets.py"),
            ((), "newest", ("main.days",), (), True, "app/helpers.py"),
            (("trips",), "trips", (), ("trips",), True, "app/assets.py"),
        ]

    def test_a_frame_in_a_parameter_is_no_table(self, ask: Ask) -> None:
        assert ask("SELECT database, table_name, access FROM tables WHERE asset = 'busy' ORDER BY ALL") == [
            ("$WAREHOUSE", "trips", "reads"),
            ("data/other.duckdb", "main.days", "reads"),
        ]

    def test_findings_are_those_of_a_check(self, ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
        main(["check", "--output-format", "json", "--exit-zero"])
        checked = {(each["code"], each["location"]["row"]) for each in json.loads(capsys.readouterr().out)}
        assert ("AL201", 18) in checked
        assert set(ask("SELECT code, line FROM findings")) == checked

    def test_only_the_files_that_are_named_are_told_of(self, ask: Ask) -> None:
        assert ask("SELECT DISTINCT function FROM queries", "app/helpers.py") == [("newest",)]

    def test_tables_can_be_joined_by_asset_function_and_path(self, ask: Ask) -> None:
        sql = """
            SELECT DISTINCT d.asset, t.table_name FROM dependencies d
            JOIN tables t ON t.asset = d.upstream AND t.access = 'makes'
        """
        assert ask(sql) == [("busy", "trips")]

    def test_a_file_that_does_not_parse_is_left_to_the_check(self, ask: Ask, project: Path) -> None:
        add(project, **{"app/broken": "import dagster as dg\ndef f(:\n"})
        assert ask("SELECT count(*) FROM assets") == [(2,)]
        assert ask("SELECT path, line FROM findings WHERE code = 'AL000'") == [("app/broken.py", 2)]


class TestTablesAndTheirDatabases:
    def tables(self, ask: Ask, root: Path, body: str, head: str = "", signature: str = "def a() -> None:") -> set[Any]:
        """What an asset does with tables: database, table, access."""
        for name in ("assets", "definitions", "helpers"):
            (root / "app" / f"{name}.py").unlink(missing_ok=True)
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        text = f"import dagster as dg\nimport duckdb\nimport pandas as pd\n{head}\n@dg.asset\n{signature}\n{lines}"
        add(root, **{"app/assets": text})
        return set(ask("SELECT database, table_name, access FROM tables"))

    def test_a_table_of_an_attached_database_is_that_ones(self, ask: Ask, project: Path) -> None:
        body = (
            "with duckdb.connect('a.duckdb') as conn:\n"
            "    conn.execute(\"ATTACH 'b.duckdb' AS other (READ_ONLY)\")\n"
            "    conn.execute('CREATE OR REPLACE TABLE t AS SELECT * FROM other.orders JOIN other.eu.shops USING (id)')"
        )
        assert self.tables(ask, project, body) == {
            ("a.duckdb", "t", "makes"),
            ("b.duckdb", "orders", "reads"),
            ("b.duckdb", "eu.shops", "reads"),
        }

    def test_what_a_variable_gets_from_a_table_of_its_name_was_read_from_the_table(
        self, ask: Ask, project: Path
    ) -> None:
        body = (
            "with duckdb.connect('a.duckdb') as conn:\n"
            "    orders = conn.execute('SELECT * FROM orders').df()\n"
            "    conn.execute('INSERT INTO kept SELECT * FROM orders')"
        )
        assert self.tables(ask, project, body) == {("a.duckdb", "orders", "reads"), ("a.duckdb", "kept", "writes")}

    def test_methods_make_and_read_tables_too(self, ask: Ask, project: Path) -> None:
        body = (
            "conn = duckdb.connect('a.duckdb')\n"
            "conn.register('frame', pd.DataFrame())\n"
            "conn.sql('SELECT * FROM frame').create('made')\n"
            "view = f'{os.getpid()}_view'\n"
            "conn.register(view, pd.DataFrame())\n"
            "conn.execute('INSERT INTO made SELECT * FROM it_view')\n"
            "conn.table('main.known').df().to_sql('copied', conn)\n"
            "conn.close()"
        )
        assert self.tables(ask, project, body, head="import os") == {
            ("a.duckdb", "made", "makes"),
            ("a.duckdb", "made", "writes"),
            ("a.duckdb", "main.known", "reads"),
            ("a.duckdb", "copied", "makes"),
        }

    def test_a_factory_fills_the_names_of_tables(self, ask: Ask, project: Path) -> None:
        (project / "app" / "assets.py").write_text(
            "import dagster as dg\nimport duckdb\n"
            "def build(table):\n"
            "    @dg.asset(name=f'load_{table}')\n"
            "    def made() -> None:\n"
            "        with duckdb.connect('a.duckdb') as conn:\n"
            "            conn.execute(f'CREATE OR REPLACE TABLE raw.{table} AS FROM staged_{table}')\n"
            "    return made\n"
            "assets = [build(name) for name in ('orders', 'items')]\n"
        )
        assert ask("SELECT asset, table_name, access FROM tables WHERE asset IS NOT NULL ORDER BY ALL") == [
            ("load_items", "raw.items", "makes"),
            ("load_items", "staged_items", "reads"),
            ("load_orders", "raw.orders", "makes"),
            ("load_orders", "staged_orders", "reads"),
        ]

    def test_dbt_and_dlt_and_unread_sql_make_tables_of_unknown_names(self, ask: Ask, project: Path) -> None:
        (project / "app" / "assets.py").write_text(
            "import subprocess\nimport dagster as dg\nimport duckdb\n"
            "from dagster_dbt import dbt_assets, DbtCliResource\nfrom dagster_dlt import dlt_assets\n"
            "@dbt_assets(manifest='m.json')\ndef models(context, dbt: DbtCliResource):\n    yield from dbt.cli([])\n"
            "@dlt_assets(dlt_source=s, dlt_pipeline=p)\ndef loads(context, dlt):\n    yield from dlt.run()\n"
            "@dg.asset\ndef other() -> None:\n    subprocess.run(['make'])\n"
            "@dg.asset\ndef told(path) -> None:\n"
            "    with duckdb.connect('a.duckdb') as conn:\n        conn.execute(open(path).read())\n"
        )
        sql = "SELECT function, table_name, access, unknown_by FROM tables WHERE access = 'makes' ORDER BY function"
        assert ask(sql) == [
            ("loads", None, "makes", "dlt"),
            ("models", None, "makes", "dbt"),
            ("other", None, "makes", "subprocess"),
            ("told", None, "makes", "SQL"),
        ]

    def test_an_io_manager_of_dagster_duckdb_stores_and_loads_tables(self, ask: Ask, project: Path) -> None:
        (project / "app" / "assets.py").write_text(
            "import dagster as dg\nimport pandas as pd\nfrom dagster_duckdb_pandas import DuckDBPandasIOManager\n"
            "@dg.asset(key_prefix='shop')\ndef orders() -> pd.DataFrame:\n    return pd.DataFrame()\n"
            "@dg.asset\ndef total(orders: pd.DataFrame) -> None: ...\n"
            "defs = dg.Definitions(resources={'io_manager': DuckDBPandasIOManager(database='w.duckdb')})\n"
        )
        (project / "app" / "definitions.py").unlink()
        assert ask("SELECT asset, database, table_name, access FROM tables ORDER BY ALL") == [
            ("shop/orders", "w.duckdb", "shop.orders", "stores"),
            ("total", "w.duckdb", "shop.orders", "loads"),
        ]

    @pytest.mark.parametrize(
        ("manager", "option", "table"),
        [
            ("", "", "public.orders"),
            (", schema='Shop'", "", "shop.orders"),
            (", schema='shop'", "metadata={'schema': 'eu'}", "eu.orders"),
            (", schema=SCHEMA", "", "orders"),
        ],
    )
    def test_the_schema_of_what_is_stored_is_the_io_managers(
        self, manager: str, option: str, table: str, ask: Ask, project: Path
    ) -> None:
        (project / "app" / "assets.py").write_text(
            "import os\nimport dagster as dg\nimport pandas as pd\n"
            "from dagster_duckdb_pandas import DuckDBPandasIOManager\nSCHEMA = os.environ['SCHEMA']\n"
            f"@dg.asset({option})\ndef orders() -> pd.DataFrame:\n    return pd.DataFrame()\n"
            "manager = DuckDBPandasIOManager(database='w.duckdb'" + manager + ")\n"
            "defs = dg.Definitions(resources={'io_manager': manager})\n"
        )
        (project / "app" / "definitions.py").unlink()
        assert ask("SELECT database, table_name, access FROM tables WHERE asset = 'orders'") == [
            ("w.duckdb", table, "stores")
        ]

    def test_a_path_of_this_machine_is_told_from_where_the_command_runs(self, ask: Ask, project: Path) -> None:
        (project / "app" / "assets.py").write_text(
            "from pathlib import Path\nimport dagster as dg\nimport duckdb\n"
            "FILE = Path(__file__).parent.parent / 'data' / 'w.duckdb'\n"
            "@dg.asset\ndef a() -> None:\n    duckdb.connect(str(FILE)).close()\n"
        )
        assert ask("SELECT database FROM connections WHERE function = 'a'") == [("data/w.duckdb",)]


class TestWhatIsPrinted:
    def test_without_a_statement_the_tables_and_columns_are_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query"]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line for line in lines if line and not line.startswith(" ")] == list(TABLES)
        for row in TABLES.values():
            assert {column.name for column in columns(row)} <= {line.split()[0] for line in lines if line}

    def test_the_list_can_be_data(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query", "--output-format", "json"]) == 0
        listed = json.loads(capsys.readouterr().out)
        assert {each["table"] for each in listed} == set(TABLES)

    def test_a_table_is_aligned_and_shows_nothing_that_moves_the_cursor(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["query", "SELECT 'a' || chr(27) || chr(10) || 'b' AS text, 12 AS n, NULL AS gone"]) == 0
        assert capsys.readouterr().out == "text   n  gone\n----  --  ----\na␛ b  12  NULL\n"

    def test_csv_keeps_what_cells_hold(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query", "SELECT 'a\n\"b\",' AS x, NULL AS y, ['p', 'q'] AS z", "--output-format", "csv"]) == 0
        assert list(csv.reader(io.StringIO(capsys.readouterr().out))) == [["x", "y", "z"], ['a\n"b",', "", "p, q"]]

    def test_markdown_escapes_its_own_bars(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query", "SELECT 'a|b' AS x, 1 AS n", "--output-format", "markdown"]) == 0
        assert capsys.readouterr().out == "| x | n |\n| --- | ---: |\n| a\\|b | 1 |\n"

    def test_rows_can_go_to_a_file(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query", "SELECT 1 AS n", "--output-format", "csv", "-o", "rows.csv"]) == 0
        assert capsys.readouterr().out == ""
        assert (project / "rows.csv").read_text() == "n\n1\n"

    def test_a_statement_may_come_on_standard_input(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"SELECT count(*) AS n FROM assets")))
        assert main(["query", "-", "--output-format", "csv"]) == 0
        assert capsys.readouterr().out == "n\n2\n"


class TestWhatIsRefused:
    def test_sql_that_is_wrong_with_its_place(self, capsys: pytest.CaptureFixture[str]) -> None:
        said = refused(capsys, "SELECT asset,\n  gruop_name FROM assets")
        assert "in the statement, line 2, column 3: Binder Error" in said
        assert "gruop_name FROM assets\n    ^" in said

    def test_more_or_less_than_one_statement(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert "expected one statement, got 2" in refused(capsys, "SELECT 1; SELECT 2")
        assert "there is no statement" in refused(capsys, "/* nothing */")

    @pytest.mark.parametrize(
        "sql",
        [
            "FROM read_csv('secret.csv')",
            "FROM 'secret.csv'",
            "COPY assets TO 'stolen.csv'",
            "ATTACH 'stolen.duckdb'",
            "INSTALL httpfs",
            "LOAD httpfs",
            "SET enable_external_access = true",
            "SET threads = 1",
            "FROM rows",
        ],
    )
    def test_whatever_leaves_the_database(self, sql: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "secret.csv").write_text("a\n1\n")
        refused(capsys, sql)
        assert not list(project.glob("stolen*"))

    def test_a_path_that_is_not_there(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["query", "FROM assets", "nowhere"]) == 2
        assert "nowhere: no such file" in capsys.readouterr().err

    def test_everything_where_duckdb_is_not_installed(self, tmp_path: Path) -> None:
        code = (
            "import sys\n"
            "sys.modules['duckdb'] = None\n"
            "from asset_lint.cli import main\n"
            "sys.exit(main(['query', 'FROM assets']))\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (2, "")
        assert 'error: `asset-lint query` needs duckdb: pip install "asset-lint[query]"' in ran.stderr
