"""What the city council reads."""

from typing import Any

import pandas as pd
from dagster import AssetExecutionContext, MetadataValue, asset

from bike_share.assets.trips import trips
from bike_share.queries import last_trip_day


@asset(group_name="reports", deps=[trips])
def monthly_report(
    context: AssetExecutionContext,
    docks_per_district: pd.DataFrame,
    trips_per_station: pd.DataFrame,
    trips_by_weather: pd.DataFrame,
) -> dict[str, Any]:
    """The month in a few figures."""
    if trips_per_station.empty or docks_per_district.empty:
        raise ValueError("a month without stations or trips has no report")
    report = {
        "until": last_trip_day(),
        "docks": int(docks_per_district["docks"].sum()),
        "trips": int(trips_per_station["trips"].sum()),
        "busiest_station": str(trips_per_station["name"].iloc[0]),
        "by_weather": trips_by_weather.to_dict("records"),
    }
    context.log.info(f"{report['trips']} trips until {report['until']}")
    context.add_output_metadata({"trips": report["trips"], "until": MetadataValue.text(report["until"])})
    return report
