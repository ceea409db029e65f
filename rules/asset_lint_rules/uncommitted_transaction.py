from asset_lint.rule import Evidence, Function, Rule


class UncommittedTransaction(Rule):
    """Never begin a transaction that you do not commit.

    ## What it does
    Finds `begin()` and `execute("BEGIN …")` where some path that raises nothing, or whose exception is swallowed, gets
    to the end of the connection without `commit` or `rollback`.

    ## Why is this bad?
    DuckDB rolls an open transaction back when its connection closes: the rows are lost, and the run is green.

    ## Example
    ```python
    @asset
    def orders(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.begin()
            conn.execute("DELETE FROM orders")
            conn.execute("INSERT INTO orders SELECT * FROM raw_orders")
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.begin()
            conn.execute("DELETE FROM orders")
            conn.execute("INSERT INTO orders SELECT * FROM raw_orders")
            conn.commit()
    ```

    An exception that leaves the asset needs no `rollback`: closing the connection is one. A handler that goes on does.

    ## Fix safety
    No automatic fix: where the work is complete only you know.

    ## Options
    None. Connections that someone else opened are not reported, nor are in-memory databases.

    ## References
    - [DuckDB: transactions](https://duckdb.org/docs/stable/sql/statements/transactions)
    """

    code = "AL607"
    evidence = Evidence.ROWS_LOST
    message = (
        "`{function}` begins a transaction here and may end without `commit`: DuckDB rolls it back, the rows are lost "
        "and the run is green. Commit it, or roll back where an error is handled"
    )

    def visit_function(self, function: Function) -> None:
        for lost in function.uncommitted:
            self.report(
                lost.begun,
                function=function.name,
                because=[(lost.exit, "nothing has committed it when this is done")],
                hint="`conn.commit()` behind the last write",
            )
