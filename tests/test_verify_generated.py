"""Tables and files that ``verify`` makes from what queries read, where no database is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asset_lint.cli import main
from asset_lint.cli.table import Row, table
from asset_lint.evidence import Evidence, Scenario
from asset_lint.verify import Sandbox, Task, Unit, Verdict, Witness, observe, projects
from asset_lint.verify.columns import Column, columns_read
from asset_lint.verify.generated import Tables, may_make
from asset_lint.verify.judge import NEEDS_REAL_DATA

ASSETS = '''\
import dagster as dg
import pandas as pd
from dagster_duckdb import DuckDBResource


@dg.asset
def paid(duck: DuckDBResource) -> dg.MaterializeResult:
    """Reads two tables, one through what it makes of it."""
    with duck.get_connection() as connection:
        connection.execute("CREATE OR REPLACE TABLE kept AS SELECT * FROM shop.orders WHERE status = 'paid'")
        rows = connection.execute("SELECT region, sum(amount) FROM kept JOIN customers USING (customer_id) GROUP BY 1")
        return dg.MaterializeResult(metadata={"rows": len(rows.fetchall())})


@dg.asset
def lazy(context: dg.AssetExecutionContext, duck: DuckDBResource):
    with duck.get_connection() as connection:
        frame = connection.execute("SELECT amount FROM shop.orders").df()
        context.log.info("read")
        return connection.sql("SELECT amount FROM shop.orders")


@dg.asset
def unchecked(context: dg.AssetExecutionContext, duck: DuckDBResource) -> pd.DataFrame:
    with duck.get_connection() as connection:
        frame = connection.execute("SELECT * FROM paid WHERE joined > DATE '2024-01-01'").df()
    context.log.info("read")
    return frame[["of_a_frame"]]  # `paid` is an asset, and its table


@dg.asset
def nested(context: dg.AssetExecutionContext, duck: DuckDBResource) -> pd.DataFrame:
    with duck.get_connection() as connection:
        return connection.execute("SELECT unnest(tags).name FROM things").df()
'''


def test_generated_rows_confirm_only_what_any_row_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "assets.py").write_text(ASSETS)
    report = tmp_path / "report.html"
    options = ["--select", "ALL", "--output-format", "json", "--report", str(report)]
    main(["verify", str(tmp_path), "--trust", "--isolated", "-e", *options])
    findings = json.loads(capsys.readouterr().out)
    verdicts = {(each["function"], each["code"]): each["verdict"] for each in findings}
    assert verdicts["lazy", "AL101"] == "confirmed"
    assert verdicts["unchecked", "AL502"] == "confirmed"
    assert verdicts["unchecked", "AL601"] == "not reached"
    assert ("unchecked", "AL101") not in verdicts  # that a table is missing does not say that a result is spent
    assert verdicts["lazy", "AL502"] == "not reached"  # it is never materialized
    notes = [note["message"] for each in findings for note in each["notes"] if each["function"] == "lazy"]
    assert any(note.startswith("confirmed by a run on generated data: ") for note in notes)
    page = report.read_text()
    assert "on data generated from its queries: customers, shop.orders" in page
    assert "it fails on data generated for it (things): BinderException" in page  # nobody can guess their use


def test_the_table_says_which_tables_are_generated() -> None:
    witness = Witness(
        Unit("assets.py", "paid", 7, Task(("assets",))),
        runs={Scenario.NORMAL: ()},
        generated=("customers", "shop.orders"),
    )
    told = table([Row(("assets.py", "paid"), witness, [("AL303", "confirmed", "it")])], color=False)
    assert "normal; on generated data: customers, shop.orders" in " ".join(told.replace("│", " ").split())


@pytest.mark.parametrize("given", [{"setup": "CREATE TABLE u AS SELECT 1 AS one;"}, {"database": "warehouse.duckdb"}])
def test_a_database_that_is_given_is_all_there_is(given: dict[str, str]) -> None:
    assert may_make(Task(("assets",)))
    assert not may_make(Task(("assets",), **given))  # type: ignore[arg-type]


def test_what_is_about_data_needs_real_data() -> None:
    assert Evidence.EMPTY_RESULT_UNTOLD in NEEDS_REAL_DATA
    assert Evidence.NULLS_UNTOLD in NEEDS_REAL_DATA
    assert Evidence.VALUE_NOT_STORED not in NEEDS_REAL_DATA


@pytest.mark.parametrize(
    "sql, columns",
    [
        ("SELECT a, b::DATE FROM t", {"a": "", "b": "DATE"}),
        ("SELECT x.a FROM main.t AS x JOIN other AS y ON x.k = y.k WHERE y.z > 1", {"a": "", "k": ""}),
        ("WITH c AS (SELECT * FROM t) SELECT sum(amount) AS amount FROM c ORDER BY amount", {"amount": "DOUBLE"}),
        ("INSERT INTO u SELECT lower(n) FROM t WHERE on_sale AND d < DATE '2024-01-01'",
         {"n": "VARCHAR", "on_sale": "BOOLEAN", "d": "DATE"}),
        ("COPY (SELECT date_trunc('month', at) AS m FROM t GROUP BY m) TO 'x.csv'", {"at": "TIMESTAMP"}),
        ("SELECT date_part('hour', x) FROM t", {"x": "TIMESTAMP"}),
        ("SELECT count(*) FROM u WHERE u.k IN (SELECT k FROM t WHERE n BETWEEN 3 AND 5)", {"k": "", "n": "BIGINT"}),
        ("SELECT 1 FROM u", None),
        ("this is FROM t no SQL (", None),
    ],
)  # fmt: skip
def test_columns_and_types_are_told_by_their_use(sql: str, columns: dict[str, str] | None) -> None:
    found = columns_read(sql, ("", "t"))
    assert (found if found is None else {name: each.type for name, each in found.items()}) == columns


def test_rows_fulfil_what_queries_ask_for() -> None:
    found = columns_read("FROM t WHERE kind IN ('a', 'b') AND day > '2024-02-28' AND 0 < size", ("", "t"))
    assert found is not None
    assert {name: each.values for name, each in found.items()} == {
        "kind": ["'a'", "'b'"], "day": ["'2024-02-29'"], "size": ["0 + 1"],
    }  # fmt: skip
    tables = Tables({("raw", "t"): found, ("", "bare"): {}, ("", "u"): {"created_at": Column()}})
    assert tables.names == ("bare", "raw.t", "u")
    assert tables.sql.splitlines() == [
        'CREATE SCHEMA "raw";',
        'CREATE TABLE "bare" ("id" BIGINT);',
        'INSERT INTO "bare" VALUES (1), (2), (3);',
        'CREATE TABLE "u" ("created_at" TIMESTAMP);',
        'INSERT INTO "u" VALUES '
        "(TIMESTAMP '2024-01-01 12:00:00'), (TIMESTAMP '2024-01-02 12:00:00'), (TIMESTAMP '2024-01-03 12:00:00');",
        'CREATE TABLE "raw"."t" ("kind" VARCHAR, "day" DATE, "size" BIGINT);',
        'INSERT INTO "raw"."t" VALUES '
        + ", ".join(
            f"(coalesce(try_cast('{kind}' AS VARCHAR), 'a'), coalesce(try_cast('2024-02-29' AS DATE), DATE "
            "'2024-01-01'), coalesce(try_cast(0 + 1 AS BIGINT), 1))"
            for kind in "aba"
        )
        + ";",
    ]


@pytest.mark.parametrize("source", ["'raw/t.csv'", "read_csv('raw/t.csv', header = true)", "read_csv(['raw/T.csv'])"])
def test_columns_of_files_have_the_types_of_the_table_that_they_go_into(source: str) -> None:
    file = "", "raw/t.csv"
    declaring = "CREATE TABLE kept (id INTEGER, at TIMESTAMP NOT NULL, note VARCHAR)"
    found = columns_read(f"INSERT INTO kept SELECT Number, seen AS at, 'x' FROM {source}", file, [declaring])
    assert found is not None
    assert {name: each.type for name, each in found.items()} == {"number": "BIGINT", "seen": "TIMESTAMP"}
    found = columns_read(f"INSERT INTO kept (note) SELECT said FROM {source}", file, [declaring])
    assert found is not None and found["said"].type == "VARCHAR"


FILES = """\
import dagster as dg
import pandas as pd
from dagster_duckdb import DuckDBResource


class Wanted(dg.Config):
    start_date: str


@dg.asset
def loaded(config: Wanted, duck: DuckDBResource) -> dg.MaterializeResult:
    with duck.get_connection() as connection:
        connection.execute("CREATE TABLE trips AS SELECT pickup_at, fare FROM read_parquet('raw/trips/*.parquet')")
        connection.execute("CREATE TABLE zones AS SELECT * FROM 'raw/zones.csv' WHERE borough = 'Queens'")
        connection.execute("CREATE TABLE more AS SELECT kind FROM 'raw/more.json'")
        asked = connection.execute(f"SELECT fare FROM trips WHERE pickup_at > '{config.start_date}'").fetchall()
        zones = connection.execute("SELECT borough FROM zones").fetchall()
    return dg.MaterializeResult(metadata={"trips": len(asked), "zones": len(zones)})


@dg.asset
def framed() -> dg.MaterializeResult:
    frame = pd.read_csv("raw/prices.csv")
    return dg.MaterializeResult(metadata={"total": float(frame["Price"].sum())})


@dg.asset
def elsewhere() -> dg.MaterializeResult:
    return dg.MaterializeResult(metadata={"rows": len(pd.read_csv("../prices.csv"))})
"""


def test_files_that_an_asset_looks_for_are_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "assets.py").write_text(FILES)
    report = tmp_path / "report.html"
    main(["verify", str(tmp_path), "--trust", "--isolated", "-e", "--report", str(report)])
    told = capsys.readouterr().out
    page = report.read_text()
    assert "on data generated from its queries: raw/more.json, raw/trips/*.parquet, raw/zones.csv" in page
    assert "raw/prices.csv" in page
    assert "1 could not be run to the end" in told  # nothing is written outside of the working directory


def test_a_library_is_not_taken_for_a_module_of_the_same_name(sandbox: Sandbox, tmp_path: Path) -> None:
    assets = tmp_path / "flights" / "assets"
    assets.mkdir(parents=True)
    (tmp_path / "flights" / "__init__.py").touch()
    (assets / "__init__.py").touch()
    (assets / "requests.py").write_text("from . import nothing_of_this_name\n")
    (assets / "tables.py").write_text(
        "import dagster as dg\nimport requests\n\n\n@dg.asset\ndef one() -> int:\n    return 1\n"
    )
    search = ("flights/assets", "flights", ".")
    task = Task(("flights.assets.tables",), root=str(tmp_path), search=search)
    [witness] = observe(sandbox, [Unit("flights/assets/tables.py", "one", 6, task)], lambda unit: ())
    assert (witness.problem, witness.keys) == ("", ("one",))


def test_a_project_writes_to_its_folders_in_the_working_directory(sandbox: Sandbox, tmp_path: Path) -> None:
    for name in ("data/raw/2024/deep", ".git/objects"):
        (tmp_path / name).mkdir(parents=True)
    body = (
        "    Path('data/raw/2024/a.csv').write_text('a')\n    return sorted(each.name for each in Path().iterdir())\n"
    )
    (tmp_path / "assets.py").write_text(
        f"import dagster as dg\nfrom pathlib import Path\n\n\n@dg.asset\ndef names() -> list:\n{body}"
    )
    unit = Unit("assets.py", "names", 6, Task(("assets",), root=str(tmp_path)))
    [witness] = observe(sandbox, [unit], lambda unit: ())
    assert witness.failure == ""
    assert not (tmp_path / "data/raw/2024/a.csv").exists()


def test_a_project_that_writes_to_its_own_folder_when_imported_runs_in_a_copy(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(
        "from pathlib import Path\n\nOUTPUT = Path(__file__).resolve().parent / 'output'\nOUTPUT.mkdir(exist_ok=True)\n"
    )
    (tmp_path / "assets.py").write_text(
        "import dagster as dg\nfrom settings import OUTPUT\n\n\n@dg.asset\ndef one() -> int:\n"
        "    return (OUTPUT / 'one.txt').write_text('one')\n"
    )
    unit = Unit("assets.py", "one", 6, Task(("assets",), root=str(tmp_path)))
    [witness] = observe(sandbox, [unit], lambda unit: ())
    assert (witness.problem, witness.failure, witness.copied) == ("", "", True)
    assert not (tmp_path / "output").exists()


def test_the_folders_of_files_that_code_names_are_there(sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "assets.py").write_text(
        "import dagster as dg\nfrom pathlib import Path\n\nPLACE = 'data/staging/a_{}.csv'\n\n\n@dg.asset\n"
        "def one() -> int:\n    return Path(PLACE.format(1)).write_text('a')\n"
    )
    unit = Unit("assets.py", "one", 8, Task(("assets",), root=str(tmp_path)))
    [witness] = observe(sandbox, [unit], lambda unit: ())
    assert witness.failure == ""
    assert projects.folders(str(tmp_path)) == ["data/staging"]


SWALLOWING = """import os

import dagster as dg
import duckdb


@dg.asset
def one(context: dg.AssetExecutionContext) -> None:
    with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
        try:
            key = conn.execute("SELECT name FROM {} LIMIT 1").fetchone()
            conn.execute(f"SELECT * FROM orders WHERE name = '{{key[0]}}'").fetchall()
        except Exception as error:
            context.log.error(str(error))
"""


@pytest.mark.parametrize(
    "name, generated, seen",
    [
        ("orders", ("orders",), "only real data can show it: give some with `--database` or `--setup`"),
        ("nowhere.orders()", (), "a query of it fails by itself: "),
    ],
)
def test_an_asset_that_makes_do_without_its_tables_refutes_nothing(
    sandbox: Sandbox, tmp_path: Path, name: str, generated: tuple[str, ...], seen: str
) -> None:
    (tmp_path / "assets.py").write_text(SWALLOWING.format(name))
    unit = Unit("assets.py", "one", 8, Task(("assets",), root=str(tmp_path)))
    [witness] = observe(sandbox, [unit], lambda unit: (Scenario.QUOTES,))
    judgement = witness.judge(Evidence.QUOTE_BREAKS_QUERY)
    assert (witness.generated, judgement.verdict) == (generated, Verdict.NOT_REACHED)
    assert judgement.seen.startswith(seen)
