"""Two assets that exercise what most runs need. Dagster must resolve their annotations: no future import here."""

import dagster
import pandas


@dagster.asset
def upstream(context: dagster.AssetExecutionContext) -> pandas.DataFrame:
    """A frame, and a line in the log."""
    context.log.info("warm")
    return pandas.DataFrame({"a": [1]})


@dagster.asset
def downstream(context: dagster.AssetExecutionContext, upstream: pandas.DataFrame) -> None:
    """Takes the frame, adds metadata."""
    context.add_output_metadata({"rows": len(upstream)})
