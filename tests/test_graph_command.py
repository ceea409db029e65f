"""``asset-lint graph``: assets, the databases that they open, the tables that they make and read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from asset_lint.cli import main

HEAD = "import os\n\nimport dagster as dg\nimport duckdb\nfrom dagster_duckdb import DuckDBResource\n\n\n"
SHOP = HEAD + dedent(
    """\
    @dg.asset(deps=["prices"])
    def orders(warehouse: DuckDBResource) -> None:
        with warehouse.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS FROM 'orders.csv'")


    @dg.asset(deps=[orders])
    def totals() -> None:
        with duckdb.connect(os.environ["WAREHOUSE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE main.totals AS SELECT sum(price) AS total FROM orders")


    @dg.asset(deps=[totals])
    def report() -> None:
        with duckdb.connect("elsewhere.duckdb", read_only=True) as conn:
            conn.execute("SELECT * FROM totals").df().to_csv("report.csv")


    defs = dg.Definitions(
        assets=[orders, totals, report],
        resources={"warehouse": DuckDBResource(database=dg.EnvVar("WAREHOUSE"))},
    )
    """
)
WRITERS = HEAD + dedent(
    """\
    @dg.asset
    def small() -> None:
        with duckdb.connect("w.duckdb") as conn:
            conn.execute("CREATE OR REPLACE TABLE small AS SELECT 1 AS n")


    @dg.asset
    def large() -> None:
        with duckdb.connect("w.duckdb") as conn:
            conn.execute("CREATE OR REPLACE TABLE large AS SELECT 2 AS n")
            with duckdb.connect("w.duckdb", read_only=True) as other:
                other.execute("SELECT * FROM large").fetchall()
    """
)


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    path = tmp_path / "shop"
    path.mkdir()
    (path / ".git").mkdir()
    monkeypatch.chdir(path)
    return path


@pytest.fixture
def graph(project: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command prints of a module."""

    def run(text: str, *arguments: str) -> str:
        (project / "assets.py").write_text(text, encoding="utf-8")
        assert main(["graph", *arguments]) == 0
        return capsys.readouterr().out

    return run


class TestTheTable:
    def test_has_a_line_for_each_asset_and_database(self, graph: Any) -> None:
        assert graph(SHOP) == dedent(
            """\
            ASSET   AFTER               DATABASE                      MAKES   READS
            orders  prices (elsewhere)  $WAREHOUSE                    orders
            totals  orders              $WAREHOUSE                    totals  orders
            report  totals              elsewhere.duckdb (read-only)          totals

            $WAREHOUSE
              orders  made by orders  read by totals
              totals  made by totals

            elsewhere.duckdb
              totals  made by nothing known  read by report

            Resources
              warehouse  dagster_duckdb.DuckDBResource  $WAREHOUSE  assets.py:28
            """
        )

    def test_marks_the_conflicts_that_the_rules_see(self, graph: Any) -> None:
        lines = graph(WRITERS).splitlines()
        assert lines[:4] == [
            "ASSET  DATABASE  MAKES  CONFLICTS",
            "small  w.duckdb  small  AL207",
            "large  w.duckdb  large  AL207",
            "                        AL211",
        ]
        assert lines[-3:] == [
            "Conflicts",
            "  AL207  w.duckdb  small, large  assets.py:10",
            "  AL211  w.duckdb  large         assets.py:18",
        ]

    def test_says_what_cannot_be_read(self, graph: Any) -> None:
        text = HEAD + (
            "from dagster_dbt import dbt_assets, load_assets_from_dbt_project\n"
            "more = load_assets_from_dbt_project('.')\n"
            "@dbt_assets(manifest='m.json')\ndef models(context, dbt):\n    yield from dbt.cli(['build']).stream()\n"
            "@dg.asset(deps=find())\ndef late(path) -> None:\n    duckdb.connect(path).execute(read(path))\n"
        )
        lines = graph(text).splitlines()
        assert [re.sub(" +", " ", line) for line in lines[1:4]] == [
            "models (?) ? ? ? (dbt)",
            "late path (elsewhere) ? ? (SQL)",
            " ?",
        ]
        assert lines[-1] == "This project has further assets, made by a library or by YAML, that can't be read."

    def test_changes_of_rows_are_told_from_making_a_table(self, graph: Any) -> None:
        text = HEAD + (
            "@dg.asset\ndef log() -> None:\n    with duckdb.connect('w.duckdb') as conn:\n"
            "        conn.execute('INSERT INTO audit SELECT now()')\n"
            "        conn.execute('ALTER TABLE old ADD COLUMN n INTEGER')\n"
        )
        out = graph(text)
        assert "audit (writes)" in out
        assert "old (alters)" in out
        assert "audit  made by nothing known  changed by log" in out

    def test_what_stands_in_memory_is_no_asset_s_but_its_own(self, graph: Any) -> None:
        body = "conn = duckdb.connect()\n    conn.execute('CREATE TABLE t AS SELECT 1 AS n')\n    conn.close()\n"
        out = graph(HEAD + "".join(f"@dg.asset\ndef {name}() -> None:\n    {body}" for name in "ab"))
        assert out == "ASSET  DATABASE  MAKES\na      :memory:  t\nb      :memory:  t\n"

    def test_leaves_tests_out(self, graph: Any, project: Path) -> None:
        (project / "tests").mkdir()
        (project / "tests" / "test_it.py").write_text(WRITERS)
        assert "small" not in graph(SHOP)

    def test_of_nothing_is_nothing(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "plain.py").write_text("x = 1\n")
        assert main(["graph"]) == 0
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "warning: No assets found under the given paths\n")

    def test_of_a_path_that_is_not_there_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["graph", "nowhere"]) == 2
        assert "nowhere: no such file" in capsys.readouterr().err


class TestWhatIsRead:
    def assets(self, graph: Any, text: str) -> dict[str, Any]:
        """The assets of the JSON by their names."""
        return {each["asset"]: each for each in json.loads(graph(text, "--output-format", "json"))["assets"]}

    def test_each_spec_of_a_multi_asset_has_its_own_dependencies(self, graph: Any) -> None:
        assets = self.assets(
            graph,
            HEAD + "@dg.multi_asset(specs=[dg.AssetSpec('x', deps=['a']), dg.AssetSpec('y', deps=['x', 'b'])])\n"
            "def both(): ...\n",
        )
        after = {name: [each["asset"] for each in asset["after"]] for name, asset in assets.items()}
        assert after == {"x": ["a"], "y": ["b", "x"]}

    def test_a_dependency_by_the_last_part_of_a_key_means_the_whole_one(self, graph: Any) -> None:
        assets = self.assets(
            graph,
            HEAD + "@dg.asset(key_prefix=['raw', 'eu'])\ndef shops(): ...\n"
            "@dg.asset(ins={'given': dg.AssetIn(key=['raw', 'eu', 'shops'])})\ndef one(given): ...\n"
            "@dg.asset\ndef other(shops): ...\n",
        )
        expected = [{"asset": "raw/eu/shops", "by_value": True, "known": True}]
        assert assets["one"]["after"] == expected
        assert assets["other"]["after"] == expected

    def test_a_resource_of_the_project_opens_the_file_that_definitions_give_it(self, graph: Any) -> None:
        assets = self.assets(
            graph,
            HEAD + "class Store(dg.ConfigurableResource):\n    path: str\n    mode: str = 'rw'\n"
            "    def open(self):\n        return duckdb.connect(self.path)\n"
            "@dg.asset\ndef a(store: Store) -> None:\n    with store.open() as conn:\n"
            "        conn.execute('CREATE OR REPLACE TABLE t AS SELECT 1 AS n')\n"
            "defs = dg.Definitions(assets=[a], resources={'store': Store(path='data/s.duckdb')})\n",
        )
        (use,) = assets["a"]["uses"]
        assert (use["database"], use["read_only"]) == ("data/s.duckdb", False)

    def test_what_a_test_binds_does_not_count_where_definitions_bind_it_too(self, graph: Any, project: Path) -> None:
        (project / "tests").mkdir()
        (project / "tests" / "test_a.py").write_text(
            "import dagster as dg\nfrom dagster_duckdb import DuckDBResource\n"
            "def test_it():\n    dg.materialize([], resources={'warehouse': DuckDBResource(database='test.duckdb')})\n"
        )
        assert self.assets(graph, SHOP)["orders"]["uses"][0]["database"] == "$WAREHOUSE"

    def test_all_of_the_graph_is_there_as_data(self, graph: Any) -> None:
        data = json.loads(graph(WRITERS, "--output-format", "json"))
        assert list(data) == ["assets", "databases", "resources", "conflicts", "unread_locations"]
        (database,) = data["databases"]
        assert database["name"] == "w.duckdb"
        assert database["tables"][0] == {"name": "large", "made_by": ["large"], "changed_by": [], "read_by": ["large"]}
        assert [each["code"] for each in data["conflicts"]] == ["AL207", "AL211"]


class TestTheDrawing:
    def test_has_assets_tables_in_their_databases_and_edges(self, graph: Any) -> None:
        lines = [line.strip() for line in graph(SHOP, "--output-format", "mermaid").splitlines()]
        assert lines[0] == "flowchart LR"
        ids = {match[2]: match[1] for line in lines if (match := re.match(r'([te]\d+)[\[(]+"(.*)"[\])]+$', line))}
        assert 'subgraph d0["$WAREHOUSE"]' in lines
        assert "a0 --> a1" in lines
        assert f"a0 -.->|makes| {ids['orders']}" in lines
        assert f"{ids['orders']} -.->|reads| a1" in lines
        assert f"{ids['prices']} --> a0" in lines

    def test_marks_conflicts(self, graph: Any) -> None:
        lines = [line.strip() for line in graph(WRITERS, "--output-format", "mermaid").splitlines()]
        assert "a0 x--x|AL207| d0" in lines
        assert lines[-1] == "class a0,a1 conflict"

    def test_quotes_what_names_hold(self, graph: Any) -> None:
        text = HEAD + "@dg.asset(key=['a\"]; click #1'])\ndef a(): ...\n"
        assert 'a0["a#quot;]; click #35;1"]' in graph(text, "--output-format", "mermaid")

    def test_can_go_to_a_file(self, graph: Any, project: Path) -> None:
        assert graph(SHOP, "--output-format", "mermaid", "-o", "graph.mmd") == ""
        assert (project / "graph.mmd").read_text().startswith("flowchart LR\n")
