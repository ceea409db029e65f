from asset_lint.rule import Evidence, Function, Rule, Severity


class UnvalidatedInput(Rule):
    """Always validate the data of another asset before you work on it.

    ## What it does
    Finds frames that a DuckDB asset receives from another asset and works on, or writes to DuckDB, where nothing looks
    at them: no test or log of `.empty`, `len`, columns, types or NULLs, no assertion, no schema (pandera, a Dagster
    type), no asset check on either asset.

    ## Why is this bad?
    A column that is gone, or full of NULLs, travels on into the table, and from there into whatever reads it. The run
    is green, its log says the same as ever, and the fault shows itself days later in a report.

    ## Example
    ```python
    @asset
    def order_table(orders: pd.DataFrame, database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE order_table AS SELECT * FROM orders")
    ```

    ## Use instead
    ```python
    @asset
    def order_table(orders: pd.DataFrame, database: DuckDBResource) -> None:
        if orders.empty or orders.isna().any(axis=None):
            raise ValueError("orders is empty, or holds NULLs")
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE order_table AS SELECT * FROM orders")
    ```

    An asset check on the upstream asset, `@asset_check(asset="orders", blocking=True)`, does it for all that read it.

    ## Fix safety
    None is offered: only you know what has to hold.

    ## Options
    `all-assets`: ask it also of assets that touch no DuckDB.

    ## References
    - [Dagster: asset checks](https://docs.dagster.io/guides/test/asset-checks)
    - [Dagster: pandera](https://docs.dagster.io/integrations/libraries/pandera)
    """

    code = "AL603"
    message = (
        "`{function}` uses {frames} as received: a missing column, NULLs or no rows at all go on into its result, and "
        "nothing tells of it. Check the frame first, or put an asset check on its asset"
    )
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.NULLS_UNTOLD

    def visit_asset(self, asset: Function) -> None:
        unseen = [f"`{parameter.name}`" for parameter in asset.unvalidated_inputs]
        if unseen:
            first = asset.unvalidated_inputs[0]
            self.report(
                asset.module.place(first.node),
                function=asset.name,
                frames=unseen[0] if len(unseen) == 1 else f"{', '.join(unseen[:-1])} and {unseen[-1]}",
                hint=f'`if {first.name}.…: raise …`, an assertion, or `@asset_check(asset="{first.name}")`',
            )
