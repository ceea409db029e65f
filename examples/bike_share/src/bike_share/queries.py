"""Small questions to the database."""

import os

import duckdb


def last_trip_day() -> str:
    """The day of the newest trip, as text."""
    return str(
        duckdb.connect(os.environ["BIKE_SHARE_DB"]).execute("SELECT max(started_at)::DATE FROM trips").fetchone()[0]
    )
