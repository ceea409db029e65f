from asset_lint.rule import Evidence, Function, Rule


class ValuelessUpstream(Rule):
    """Take no value from an asset that stores none.

    ## What it does
    Finds parameters of assets and asset checks that receive the value of an asset which gives none: it is declared
    `-> None`, or all that it gives is a `MaterializeResult` without a value.

    ## Why is this bad?
    The IO manager stored nothing, and finds nothing to load: `FileNotFoundError` (with the one in memory `KeyError`)
    when the second asset starts, after the first has succeeded.

    ## Example
    ```python
    @asset
    def raw_orders(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE raw_orders AS SELECT 1 AS order_id")


    @asset
    def orders(raw_orders) -> int:
        return len(raw_orders)
    ```

    ## Use instead
    ```python
    @asset
    def raw_orders(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE raw_orders AS SELECT 1 AS order_id")


    @asset(deps=[raw_orders])
    def orders(database: DuckDBResource) -> int:
        with database.get_connection() as conn:
            return len(conn.execute("SELECT order_id FROM raw_orders").fetchall())
    ```

    ## Fix safety
    There is no fix: what is to be read in place of the value, only its author knows.

    ## Options
    None. The rule is silent where another IO manager than Dagster's own is bound, or may be: DuckDB's loads the table.

    ## References
    - [Dagster: asset dependencies](https://docs.dagster.io/guides/build/assets/passing-data-between-assets)
    """

    code = "AL708"
    message = (
        "`{name}` of `{function}` takes the value of an asset that stores none ({promise}): loading it fails. "
        "Name the asset in `deps` and read its table"
    )
    evidence = Evidence.UPSTREAM_WITHOUT_VALUE

    def visit_function(self, function: Function) -> None:
        for upstream in function.valueless_upstreams:
            self.report(
                upstream.parameter,
                name=upstream.name,
                function=function.name,
                promise=upstream.promise,
                because=[(upstream.asset, "it stores nothing")],
                hint=f"write `deps=[{upstream.name}]` and read the table that it wrote",
            )
