"""Everything that Dagster loads."""

from dagster import (
    AssetSelection,
    Definitions,
    define_asset_job,
    in_process_executor,
    load_asset_checks_from_modules,
    load_assets_from_modules,
)

from bike_share import checks
from bike_share.assets import experiments, reports, stations, trips, weather
from bike_share.resources import database

EXPERIMENTS = AssetSelection.groups("experiments")

defs = Definitions(
    assets=load_assets_from_modules([stations, trips, weather, reports, experiments]),
    asset_checks=load_asset_checks_from_modules([checks]),
    jobs=[
        define_asset_job("refresh", AssetSelection.all() - EXPERIMENTS),
        define_asset_job("experiments", EXPERIMENTS),
    ],
    resources={"database": database},
    executor=in_process_executor,
)
