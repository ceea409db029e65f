"""Assets that exercise what most runs need. Dagster must resolve their annotations: no future import here."""

import dagster
import pandas
from dagster_duckdb import DuckDBResource


@dagster.asset
def upstream(context: dagster.AssetExecutionContext, database: DuckDBResource) -> pandas.DataFrame:
    """A frame out of a table, and a line in the log."""
    context.log.info("warm")
    with database.get_connection() as connection:
        connection.execute("CREATE OR REPLACE TABLE warm AS SELECT 1 AS a, 'b' AS b")
        connection.execute("INSERT INTO warm VALUES (?, ?)", [2, "c"])
        connection.execute("SELECT count(*) FROM warm WHERE a > 1 GROUP BY b ORDER BY b").fetchall()
        return connection.execute("SELECT * FROM warm").df()


@dagster.asset
def downstream(context: dagster.AssetExecutionContext, upstream: pandas.DataFrame) -> None:
    """Takes the frame, adds metadata."""
    context.add_output_metadata({"rows": len(upstream)})


@dagster.asset
def failing() -> None:
    """Raises."""
    raise ValueError("warm")
