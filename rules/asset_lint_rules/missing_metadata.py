from asset_lint.rewrite.telling import describe
from asset_lint.rule import Evidence, Fix, Function, Rule, Safety, Severity


class MissingMetadata(Rule):
    """Always add metadata to what an asset materializes.

    ## What it does
    Finds assets that touch DuckDB and add no metadata, in none of the ways there are: `add_output_metadata`,
    `add_asset_metadata`, `Output(metadata=…)`, `MaterializeResult(metadata=…)`, `AssetMaterialization(metadata=…)`,
    also by a project function that they call. What stands in the decorator describes the definition, not the run.

    ## Why is this bad?
    Metadata is what Dagster keeps of a materialization: without any, nobody sees in the catalog that yesterday's table
    has half the rows of the day before, nor can a check or an alert ask for it. Logs are read once; metadata is plotted
    over all runs.

    ## Example
    ```python
    @asset
    def stops(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_stops").df()
        context.log.info(f"Returning {len(df)} rows")
        return df
    ```

    ## Use instead
    ```python
    @asset
    def stops(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_stops").df()
        context.log.info(f"Returning {len(df)} rows")
        context.add_output_metadata({"row_count": len(df), "columns": list(df.columns)})
        return df
    ```

    ## Fix safety
    Safe where the asset gives a frame: the number of its rows and its columns are added, in the `Output` or
    `MaterializeResult` that it gives it in if there is one. Unsafe where it gives a list or a plain value, fills or
    counts one table (whose rows are then told) or reads a frame that it does not give (they are `rows_read`).
    No fix elsewhere, nor where the asset takes no context.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too.

    ## References
    - [Dagster: asset metadata](https://docs.dagster.io/guides/build/assets/metadata-and-tags)
    """

    code = "AL502"
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.NO_METADATA
    message = "`{function}` adds no metadata: nobody sees how its data changes from run to run. Add {cure}"

    def visit_asset(self, asset: Function) -> None:
        if asset.adds_no_metadata:
            cure = f"`{asset.context_name or 'context'}.add_output_metadata({{…}})`"
            self.report(
                asset.name_place,
                function=asset.name,
                cure=cure,
                hint="say at least how many rows there are, as an `int`",
                fix=self.described(asset),
            )

    def described(self, asset: Function) -> Fix | None:
        subjects = asset.subjects
        if not subjects or (asset.giving.several and any(s.event is None and not s.output for s in subjects)):
            return None
        rewrite = self.rewrite()
        describe(rewrite, subjects, asset.context_name)
        is_sure = all(subject.is_sure for subject in subjects)
        return rewrite.fix("Add metadata", Safety.SAFE if is_sure else Safety.UNSAFE)
