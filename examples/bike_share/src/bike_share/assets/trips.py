"""Trips: loaded once, then counted in several ways."""

import os

import duckdb
import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset
from dagster_duckdb import DuckDBResource

from bike_share.assets.stations import stations
from bike_share.resources import data_file

DATABASE = "bike_share.duckdb"


@asset(group_name="trips", deps=[stations])
def trips(context: AssetExecutionContext, database: DuckDBResource) -> MaterializeResult:
    """Every trip that began and ended at a station we know."""
    with database.get_connection() as connection:
        try:
            connection.execute(
                """
                CREATE OR REPLACE TABLE trips AS
                SELECT *, date_diff('minute', started_at, ended_at) AS minutes
                FROM read_parquet(?)
                WHERE from_station IN (SELECT station_id FROM stations)
                  AND to_station IN (SELECT station_id FROM stations)
                """,
                [str(data_file("trips.parquet"))],
            )
            rows = connection.execute("SELECT count(*) FROM trips").fetchall()[0][0]
        except duckdb.Error as error:
            context.log.error(f"The trips could not be loaded: {error}")
            raise
    if rows == 0:
        context.log.warning("There are no trips")
    context.log.info(f"Loaded {rows} trips")
    return MaterializeResult(metadata={"rows": rows})


@asset(group_name="trips", deps=[stations, trips])
def trips_per_station(context: AssetExecutionContext) -> pd.DataFrame:
    """How many trips begin at each station."""
    connection = duckdb.connect(os.environ["BIKE_SHARE_DB"])
    departures = connection.execute(
        """
        SELECT name, count(*) AS trips
        FROM trips JOIN stations ON from_station = station_id
        GROUP BY name
        ORDER BY trips DESC
        """
    ).df()
    context.log.info(f"Trips leave from {len(departures)} stations")
    connection.close()
    return departures


@asset(group_name="trips", deps=[trips])
def busiest_hours(context: AssetExecutionContext) -> pd.DataFrame:
    """When most trips begin."""
    with duckdb.connect(DATABASE) as connection:
        hours = connection.execute(
            "SELECT hour(started_at) AS hour, count(*) AS trips FROM trips GROUP BY hour ORDER BY trips DESC LIMIT 5"
        ).df()
    context.log.info(f"The busiest hour is {hours['hour'].iloc[0]}")
    return hours
