"""The weather, and what it does to the trips."""

import duckdb
import pandas as pd
from dagster import AssetExecutionContext, OpExecutionContext, asset
from dagster_duckdb import DuckDBResource

from bike_share.assets.trips import trips
from bike_share.resources import data_file


@asset(group_name="weather")
def weather(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
    """Temperature and rain of each day."""
    try:
        with database.get_connection() as connection:
            days = connection.execute("SELECT * FROM read_csv(?)", [str(data_file("weather.csv"))]).df()
    except:
        context.log.warning("No weather today")
        return pd.DataFrame(columns=["day", "temperature", "rain_mm"])
    context.log.info(f"Loaded the weather of {len(days)} days")
    context.add_output_metadata({"rows": len(days)})
    return days


@asset(group_name="weather", deps=[trips])
def trips_by_weather(context: OpExecutionContext, database: DuckDBResource, weather: pd.DataFrame) -> pd.DataFrame:
    """Trips on dry and on wet days."""
    if weather.empty:
        context.log.warning("There is no weather to compare with")
    with database.get_connection() as connection:
        try:
            compared = connection.execute(
                """
                SELECT if(rain_mm > 1, 'wet', 'dry') AS kind, count(*) AS trips, avg(minutes) AS minutes
                FROM trips JOIN weather ON started_at::DATE = weather.day::DATE
                GROUP BY kind
                ORDER BY kind
                """
            ).df()
        except duckdb.Error as error:
            context.log.error(f"Trips and weather could not be compared: {error}")
            raise
    if compared.empty:
        context.log.warning("No trip falls on a day whose weather is known")
    context.log.info(f"Compared {len(weather)} days")
    context.add_output_metadata({"rows": len(compared)})
    return compared
