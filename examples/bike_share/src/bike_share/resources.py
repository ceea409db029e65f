"""Where the data lie and which database holds them."""

import os
from pathlib import Path

from dagster import EnvVar
from dagster_duckdb import DuckDBResource

database = DuckDBResource(database=EnvVar("BIKE_SHARE_DB"))


def data_file(name: str) -> Path:
    """A file of the city's open data."""
    return Path(os.environ.get("BIKE_SHARE_DATA", "data")) / name
