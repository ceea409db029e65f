"""What must be true of the data."""

from dagster import AssetCheckResult, asset_check
from dagster_duckdb import DuckDBResource

from bike_share.assets.stations import stations
from bike_share.assets.trips import trips


@asset_check(asset=stations)
def stations_have_docks(database: DuckDBResource) -> AssetCheckResult:
    """A station without docks is a mistake in the list."""
    with database.get_connection() as connection:
        without = connection.execute("SELECT count(*) FROM stations WHERE docks <= 0").fetchall()[0][0]
    return AssetCheckResult(passed=without == 0, metadata={"without_docks": without})


@asset_check(asset=trips)
def trips_end_after_they_begin(database: DuckDBResource) -> AssetCheckResult:
    """No trip ends before it begins."""
    with database.get_connection() as connection:
        backwards = connection.execute("SELECT count(*) FROM trips WHERE ended_at < started_at").fetchall()[0][0]
    return AssetCheckResult(passed=backwards == 0, metadata={"backwards": backwards})
