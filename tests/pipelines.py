"""A small project for the tests of the benchmarks: each way of putting a fault into code finds a place in it."""

from __future__ import annotations

PATHS = """\
import os


def database_file():
    return os.environ["DB"]
"""

EMPLOYEES = '''\
"""Employees."""
import duckdb
from dagster import AssetExecutionContext, asset
from dagster_duckdb import DuckDBResource

from .paths import database_file


def headcount(connection):
    return connection.execute("SELECT count(*) FROM employees").fetchone()[0]


@asset
def employees(context: AssetExecutionContext, database: DuckDBResource) -> None:
    """All of them."""
    try:
        with database.get_connection() as conn:
            conn.execute("""
                CREATE OR REPLACE TABLE employees AS
                SELECT * FROM 'employees.csv'
            """)
            context.log.info("rows: %s", headcount(conn))
    except ValueError as error:
        context.log.error("%s", error)


@asset
def levels(context):
    conn = duckdb.connect(database_file())
    try:
        return conn.execute("SELECT DISTINCT level_id FROM employees").df()
    finally:
        conn.close()
'''

SALARIES = '''\
"""Salaries: guarded queries, metadata, checks and configuration."""
import duckdb
import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    Config,
    MaterializeResult,
    asset,
    asset_check,
)
from dagster_duckdb import DuckDBResource


class Months(Config):
    first: int = 1


def announce(context: AssetExecutionContext, rows: int) -> None:
    context.log.info("rows: %s", rows)


@asset
def raw_salaries(config: Months) -> None:
    print(config.first)


@asset
def salaries(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
    with database.get_connection() as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS salaries (employee_id BIGINT, amount DOUBLE)")
        frame = conn.execute("SELECT * FROM salaries").df()
    context.add_output_metadata({"total": float(frame["amount"].sum())})
    announce(context, len(frame))
    return frame


@asset
def paid(context: AssetExecutionContext, database: DuckDBResource) -> MaterializeResult:
    try:
        with database.get_connection() as conn:
            rows = conn.execute("SELECT count(*) FROM salaries").fetchall()
    except duckdb.Error as error:
        context.log.error("%s", error)
        raise
    return MaterializeResult(metadata={"rows": rows[0][0]})


@asset
def bonuses(database: DuckDBResource) -> None:
    with database.get_connection() as conn:
        conn.execute("CREATE OR REPLACE TABLE bonuses AS SELECT * FROM salaries")


@asset
def raises(database: DuckDBResource) -> list:
    try:
        least = float("0.5")
    except ValueError:
        least = 1.0
    with database.get_connection() as conn:
        return conn.execute("SELECT employee_id FROM salaries WHERE amount > ?", [least]).fetchall()


@asset
def months(context):
    context.log.info("nothing to do")


@asset_check(asset=salaries)
def are_paid(salaries: pd.DataFrame) -> AssetCheckResult:
    return AssetCheckResult(passed=True)
'''

SHIFTS = '''\
"""One asset alone."""
from dagster import AssetExecutionContext, asset
from dagster_duckdb import DuckDBResource


@asset
def shifts(context: AssetExecutionContext, database: DuckDBResource) -> None:
    with database.get_connection() as conn:
        conn.execute("CREATE OR REPLACE TABLE shifts AS SELECT * FROM 'shifts.csv'")
    context.log.info("written")
'''

LEVELS = '''\
"""Levels: what others made is read."""
import duckdb
from dagster import AssetExecutionContext, Config, asset
from dagster_duckdb import DuckDBResource

from .paths import database_file


class Wanted(Config):
    level: str = "senior"


@asset
def level_names() -> list:
    return ["junior", "senior"]


@asset
def level_counts(context: AssetExecutionContext, level_names: list) -> int:
    with duckdb.connect(database_file(), read_only=True) as conn:
        context.log.info("levels: %s", level_names)
        return conn.execute("SELECT count(*) FROM employees").fetchone()[0]


@asset
def level_lengths(context: AssetExecutionContext, level_names: list) -> list:
    lengths = [len(name) for name in level_names]
    context.log.info(f"{len(lengths)} levels")
    return lengths


@asset
def wanted_level(config: Wanted, level: str, database: DuckDBResource) -> int:
    print(config.model_dump())
    with database.get_connection() as conn:
        return conn.execute("SELECT count(*) FROM employees WHERE level = ?", [level]).fetchone()[0]
'''

PROJECT = {
    "paths.py": PATHS,
    "employees.py": EMPLOYEES,
    "salaries.py": SALARIES,
    "shifts.py": SHIFTS,
    "levels.py": LEVELS,
}
