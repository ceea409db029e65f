"""Stations and their docks."""

import duckdb
import pandas as pd
from dagster import AssetExecutionContext, MaterializeResult, asset
from dagster_duckdb import DuckDBResource

from bike_share.resources import data_file


@asset(group_name="stations")
def stations(context: AssetExecutionContext, database: DuckDBResource) -> MaterializeResult:
    """Every station, as the city publishes them."""
    with database.get_connection() as connection:
        try:
            connection.execute(
                "CREATE OR REPLACE TABLE stations AS SELECT * FROM read_csv(?)", [str(data_file("stations.csv"))]
            )
            rows = connection.execute("SELECT count(*) FROM stations").fetchall()[0][0]
        except duckdb.Error as error:
            context.log.error(f"The stations could not be loaded: {error}")
            raise
    if rows == 0:
        context.log.warning("The city lists no stations")
    context.log.info(f"Loaded {rows} stations")
    return MaterializeResult(metadata={"rows": rows})


@asset(group_name="stations", deps=[stations])
def docks_per_district(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
    """How many docks each district has."""
    with database.get_connection() as connection:
        try:
            docks = connection.execute(
                "SELECT district, sum(docks)::INTEGER AS docks FROM stations GROUP BY district ORDER BY district"
            ).df()
        except duckdb.Error as error:
            context.log.error(f"The docks could not be counted: {error}")
            raise
    if docks.empty:
        context.log.warning("There are no stations")
    context.log.info(f"Counted the docks of {len(docks)} districts")
    context.add_output_metadata({"rows": len(docks), "columns": list(docks.columns)})
    return docks
