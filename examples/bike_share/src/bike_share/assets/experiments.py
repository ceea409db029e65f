"""Questions of one afternoon. Both assets here break their run: what they return cannot be stored."""

import pandas as pd
from dagster import AssetExecutionContext, asset
from dagster_duckdb import DuckDBResource

from bike_share.assets.trips import trips


@asset(group_name="experiments", deps=[trips])
def long_trips(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
    """Trips of more than an hour."""
    with database.get_connection() as connection:
        found = connection.sql("SELECT * FROM trips WHERE minutes > 60")
        context.log.info("Looked for long trips")
        return found


@asset(group_name="experiments", deps=[trips])
def round_trips(context: AssetExecutionContext, database: DuckDBResource):
    """Trips that end where they began."""
    with database.get_connection() as connection:
        context.log.info("Looked for round trips")
        return connection.execute("SELECT * FROM trips WHERE from_station = to_station")
