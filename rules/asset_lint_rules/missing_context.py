from asset_lint.rewrite.telling import log_of
from asset_lint.rule import ASSET_CONTEXT, Fix, Function, Rule, Safety, Severity


class MissingContext(Rule):
    """Always take the context, and log by it.

    ## What it does
    Finds assets that touch DuckDB, take no context and log nothing to their run in another way
    (`get_dagster_logger()`, a project function that does).

    ## Why is this bad?
    Without its context an asset can neither log to its run nor add metadata to what it materializes: the run tells that
    the step ended, and nothing of what it read, dropped or wrote.

    ## Example
    ```python
    @asset
    def riders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_riders").df()
        return df
    ```

    ## Use instead
    ```python
    @asset
    def riders(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM raw_riders").df()
        context.log.info(f"Returning {len(df)} rows")
        return df
    ```

    ## Fix safety
    Unsafe, for who calls the function directly, as tests do, has to give it a context from then on. The context becomes
    the first parameter, without a type in a module with `from __future__ import annotations` (Dagster refuses one
    there), and what AL501 would log is logged. No fix where there is nothing plain to log, or another decorator takes
    the function as it is.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too.

    ## References
    - [Dagster: AssetExecutionContext](https://docs.dagster.io/api/dagster/execution#dagster.AssetExecutionContext)
    """

    code = "AL405"
    severity = Severity.WARNING
    duty = True
    message = "`{function}` takes no context, so its run tells nothing of what it did. Take `{parameter}` and log by it"

    def visit_asset(self, asset: Function) -> None:
        if asset.context is None and asset.logs.silent:
            parameter = "context" if asset.module.future_annotations else f"context: {ASSET_CONTEXT}"
            hint = f"make `{parameter}` the first parameter, then write `context.log.info(…)`"
            self.report(asset.name_place, function=asset.name, parameter=parameter, hint=hint, fix=self.taken(asset))

    def taken(self, asset: Function) -> Fix | None:
        rewrite = self.rewrite()
        name = rewrite.free_name("context", near=asset.place)
        if name != "context" or not asset.subjects or asset.prints or asset.giving.altered or asset.definition.owner:
            return None
        annotation = None
        if not asset.module.future_annotations:
            annotation = rewrite.import_name("dagster", ASSET_CONTEXT, near=asset.place)
        rewrite.add_parameter(asset.place, name, annotation, first=True)
        log_of(rewrite, asset.subjects, name)
        return rewrite.fix("Take the context and log by it", Safety.UNSAFE)
