from asset_lint.rule import Evidence, Query, Rule, Severity


class ShadowedReplacementScan(Rule):
    """Never read a frame in SQL by a name that a table has, too.

    ## What it does
    Finds queries that read a frame by the name of its variable where the database file has, or gets, a table of that
    name: made by the same statement (an error), or by another query of the project (info).

    ## Why is this bad?
    DuckDB looks for a table first, and for a variable of Python only where there is none. `CREATE OR REPLACE TABLE
    orders AS SELECT * FROM orders` takes the frame on the first run; from the second run on it copies the table onto
    itself, and new rows never arrive. The run is green all the while.

    ## Example
    ```python
    @asset
    def order_table(orders: pd.DataFrame, database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS SELECT * FROM orders")
    ```

    ## Use instead
    ```python
    @asset
    def order_table(orders: pd.DataFrame, database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.register("new_orders", orders)
            conn.execute("CREATE OR REPLACE TABLE orders AS SELECT * FROM new_orders")
    ```

    ## Fix safety
    None is offered: whether the frame or the table is meant, only you know.

    ## Options
    None. Names that the function registers, and tables in memory or temporary ones, are never reported.

    ## References
    - [DuckDB: replacement scans](https://duckdb.org/docs/stable/clients/c/replacement_scans)
    - [DuckDB: SQL on pandas](https://duckdb.org/docs/stable/guides/python/sql_on_pandas)
    """

    code = "AL609"
    message = (
        "`{name}` is a frame here and a table in the database: once the table is there, this query reads it and no "
        'longer the frame. Register the frame under another name: `conn.register("new_{name}", {name})`'
    )
    severity = Severity.INFO
    evidence = Evidence.STALE_ROWS

    def visit_query(self, query: Query) -> None:
        for shadowed in query.shadowed_scans[:1]:
            self.report(
                query.call,
                name=shadowed.name,
                severity=Severity.ERROR if shadowed.by_itself else None,
                because=[] if shadowed.by_itself else [(shadowed.made, "the table is made here")],
                hint=f'`conn.register("new_{shadowed.name}", {shadowed.name})`',
            )
