"""The module that is typed in while latency is measured: as a team's own, thirty assets of DuckDB in a thousand lines.

Nearly all of it is clean; a few faults are put in, since what is found has to be told.
"""

from __future__ import annotations

from string import Template

ASSETS = 30

HEAD = '''\
"""What is kept of the city's traffic: loaded each night, counted by day, by place and by hour."""

import os
from datetime import date, timedelta

import dagster as dg
import duckdb
import pandas as pd
from dagster_duckdb import DuckDBResource

DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01")
RAW = os.environ["TRAFFIC_FILES"]
LIMIT = 1_000_000


def table_exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether the database has a table of that name."""
    found = connection.execute("SELECT count(*) FROM information_schema.tables WHERE table_name = ?", [table])
    return found.fetchall()[0][0] > 0


def week_of(day: str) -> tuple[str, str]:
    """The first and the last day of the week that ends with a day."""
    last = date.fromisoformat(day)
    return (last - timedelta(days=6)).isoformat(), last.isoformat()


class Bounds(dg.Config):
    """What counts as usual."""

    least: int = 1
    most: int = 1_000_000
    days: int = 7

    def unusual(self, rows: int) -> str | None:
        """What is unusual about so many rows, None where nothing is."""
        if rows < self.least:
            return f"{rows} rows are fewer than {self.least}"
        if rows > self.most:
            return f"{rows} rows are more than {self.most}"
        return None


@dg.asset_check(asset="counts_1")
def counts_are_fresh(context: dg.AssetCheckExecutionContext, database: DuckDBResource) -> dg.AssetCheckResult:
    """Whether the newest count is of this week."""
    with database.get_connection() as connection:
        newest = connection.execute("SELECT max(counted_at)::DATE::VARCHAR FROM counts_1").fetchall()[0][0]
    fresh = newest is not None and date.fromisoformat(newest) > date.today() - timedelta(days=7)
    context.log.info(f"the newest count is of {newest}")
    return dg.AssetCheckResult(passed=fresh, metadata={"newest": str(newest)})
'''

LOADED = '''

@dg.asset(group_name="raw", kinds={"duckdb", "table"})
def ${name}(context: dg.AssetExecutionContext, database: DuckDBResource) -> dg.MaterializeResult:
    """Every row that the city publishes of ${name}, with the hour in which it was counted."""
    with database.get_connection() as connection:
        try:
            connection.execute(
                """
                CREATE OR REPLACE TABLE ${name} AS
                SELECT
                    station_id,
                    counted_at,
                    date_trunc('hour', counted_at) AS hour,
                    coalesce(vehicles, 0) AS vehicles,
                    coalesce(bicycles, 0) AS bicycles
                FROM read_parquet(?)
                WHERE station_id IS NOT NULL
                  AND counted_at >= DATE '2024-01-01'
                """,
                [f"{RAW}/${name}.parquet"],
            )
            rows, first, last = connection.execute(
                "SELECT count(*), min(counted_at)::VARCHAR, max(counted_at)::VARCHAR FROM ${name}"
            ).fetchall()[0]
        except duckdb.Error as error:
            context.log.error(f"${name} could not be loaded: {error}")
            raise
    if rows == 0:
        context.log.warning("${name} has no rows")
    elif rows > LIMIT:
        context.log.warning(f"${name} has {rows} rows, more than ever")
    context.log.info(f"loaded {rows} rows of ${name}, from {first} to {last}")
    return dg.MaterializeResult(metadata={"rows": rows, "first": first, "last": last})
'''

SUMMED = '''

@dg.asset(group_name="daily", deps=[${upstream}])
def ${name}(context: dg.AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
    """What passed each station, by day, and how that compares with the week before."""
    with database.get_connection() as connection:
        try:
            if not table_exists(connection, "${upstream}"):
                raise dg.Failure("${upstream} was never loaded")
            days = connection.execute(
                """
                SELECT station_id, hour::DATE AS day, sum(vehicles) AS vehicles, sum(bicycles) AS bicycles
                FROM ${upstream}
                WHERE vehicles IS NOT NULL
                GROUP BY station_id, day
                ORDER BY station_id, day
                """
            ).df()
        except duckdb.Error as error:
            context.log.error(f"${upstream} could not be summed: {error}")
            raise
    if days.empty:
        context.log.warning("nothing passed any station")
        return days
    days["before"] = days.groupby("station_id")["vehicles"].shift(7)
    days["change"] = (days["vehicles"] - days["before"]) / days["before"].where(days["before"] > 0)
    quiet = days[days["vehicles"] == 0]
    if not quiet.empty:
        context.log.warning(f"{len(quiet)} days without a vehicle")
    context.log.info(f"summed {len(days)} days of {days['station_id'].nunique()} stations")
    context.add_output_metadata({"rows": len(days), "quiet": len(quiet), "columns": list(days.columns)})
    return days
'''

KEPT = '''

@dg.asset(group_name="weekly", deps=[${upstream}], partitions_def=DAYS)
def ${name}(context: dg.AssetExecutionContext, database: DuckDBResource) -> dg.MaterializeResult:
    """The week that ends with the day, once: what was written of it before is taken back."""
    first, last = week_of(context.partition_key)
    with database.get_connection() as connection:
        try:
            connection.execute("BEGIN")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS ${name} (station_id INTEGER, last DATE, vehicles BIGINT, busiest INTEGER)"
            )
            connection.execute("DELETE FROM ${name} WHERE last = ?", [last])
            connection.execute(
                """
                INSERT INTO ${name}
                SELECT station_id, ?::DATE, sum(vehicles), arg_max(date_part('hour', hour), vehicles)
                FROM ${upstream}
                WHERE hour::DATE BETWEEN ?::DATE AND ?::DATE
                GROUP BY station_id
                """,
                [last, first, last],
            )
            connection.execute("COMMIT")
            rows = connection.execute("SELECT count(*) FROM ${name} WHERE last = ?", [last]).fetchall()[0][0]
        except duckdb.Error as error:
            context.log.error(f"the week from {first} to {last} could not be kept: {error}")
            raise
    if not rows:
        context.log.warning(f"nothing was counted from {first} to {last}")
    context.log.info(f"kept {rows} stations")
    return dg.MaterializeResult(metadata={"rows": rows, "week": f"{first} to {last}"})
'''

RANKED = '''

@dg.asset(group_name="reports", deps=[${upstream}])
def ${name}(context: dg.AssetExecutionContext) -> list[dict[str, object]]:
    """The stations that most people pass, with their share of all."""
    with duckdb.connect(os.environ["TRAFFIC_DB"], read_only=True) as connection:
        try:
            rows = connection.execute(
                """
                WITH total AS (SELECT sum(vehicles) AS vehicles FROM ${upstream})
                SELECT station_id, sum(each.vehicles) AS passed, passed / any_value(total.vehicles) AS share
                FROM ${upstream} AS each, total
                GROUP BY station_id
                ORDER BY passed DESC, station_id
                LIMIT 20
                """
            ).fetchall()
        except duckdb.CatalogException:
            context.log.error("${upstream} was never loaded")
            raise
    if not rows:
        context.log.warning("no station was passed")
    ranked = [
        {"station": station, "passed": int(passed), "share": round(float(share), 4)} for station, passed, share in rows
    ]
    for place, row in enumerate(ranked[:3], 1):
        context.log.info(f"{place}. {row['station']}: {row['passed']}")
    context.add_output_metadata({"rows": len(ranked), "first": str(ranked[0]["station"]) if ranked else ""})
    return ranked
'''

#: The kinds of assets: what their names begin with, and their text. Each reads what the first one loads.
KINDS = (("counts", LOADED), ("days", SUMMED), ("weeks", KEPT), ("busiest", RANKED))
#: In which asset which text is replaced by what, for a fault.
FAULTS = (
    ("busiest_2", 'os.environ["TRAFFIC_DB"], read_only=True', '"traffic.duckdb"'),
    ("weeks_1", "    context.log.info(f", "    print(f"),
    (
        "busiest_5",
        "    if not rows:",
        '    duckdb.connect(os.environ["TRAFFIC_DB"]).execute("CHECKPOINT")\n    if not rows:',
    ),
)


def module(assets: int = ASSETS) -> str:
    """The text of the module, with so many of its assets."""
    parts = [HEAD]
    for number in range(assets):
        round_, kind = divmod(number, len(KINDS))
        name, template = KINDS[kind]
        text = Template(template).substitute(name=f"{name}_{round_ + 1}", upstream=f"counts_{round_ + 1}")
        for asset, old, new in FAULTS:
            if asset == f"{name}_{round_ + 1}":
                if old not in text:
                    raise ValueError(f"{asset} does not hold {old!r}")
                text = text.replace(old, new)
        parts.append(text)
    return "".join(parts)
