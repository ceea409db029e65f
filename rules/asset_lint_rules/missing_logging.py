from asset_lint.rewrite.telling import log_of, told_of
from asset_lint.rule import Evidence, Fix, Function, Rule, Safety, Severity


class MissingLogging(Rule):
    """Always log what an asset has done.

    ## What it does
    Finds assets that touch DuckDB, take a context and log nothing to their run: neither the asset nor a project
    function that it calls uses `context.log` or `get_dagster_logger()`. The standard library's `logging` writes no
    event of the run, so it does not count.

    ## Why is this bad?
    When a number looks wrong, the run's log is where people look first: how many rows were read, which were dropped,
    what was written. A step that logs nothing tells only that it did not crash; a query that suddenly gives no row
    leaves no trace at all.

    ## Example
    ```python
    @asset
    def drivers(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_drivers").df()
        return df
    ```

    ## Use instead
    ```python
    @asset
    def drivers(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_drivers").df()
        context.log.info(f"Returning {len(df)} rows")
        return df
    ```

    ## Fix safety
    Safe where the asset gives a frame: the number of its rows is logged right before (of each frame in a
    `multi_asset` that returns several). Unsafe where it gives a list or a
    plain value, fills or counts one table (whose rows are then told) or reads a frame that it does not give. No fix
    elsewhere, nor where the asset prints: its `print` is what should be logged.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too.

    ## References
    - [Dagster: logging](https://docs.dagster.io/guides/monitor/logging)
    """

    code = "AL501"
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.NOTHING_LOGGED
    message = "`{function}` logs nothing: its run does not tell what it did. Write `{context}.log.info(…)`"
    hint = "log what was read and written, e.g. how many rows"

    def visit_asset(self, asset: Function) -> None:
        if asset.context is not None and asset.logs.silent:
            where, context = asset.name_place, asset.context.name
            self.report(where, function=asset.name, context=context, hint=self.hint, fix=self.logged(asset))

    def logged(self, asset: Function) -> Fix | None:
        if not asset.context_name or not asset.subjects or asset.prints:
            return None
        rewrite = self.rewrite()
        log_of(rewrite, asset.subjects, asset.context_name)
        is_sure = all(subject.is_sure for subject in told_of(asset.subjects))
        return rewrite.fix("Add a line to the log", Safety.SAFE if is_sure else Safety.UNSAFE)
