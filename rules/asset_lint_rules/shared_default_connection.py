from asset_lint.rule import Function, Rule, Severity

ASKS = (
    "`{function}` asks DuckDB's default connection, which all code of the process shares. Open one for it: "
    "`with duckdb.connect() as conn:`"
)


class SharedDefaultConnection(Rule):
    """Never keep state on DuckDB's default connection.

    ## What it does
    Finds functions that make, alter or read a table, a view or a setting by the functions of the module
    (`duckdb.sql(...)`, `duckdb.execute(...)`, `duckdb.register(...)`): they work on one connection that the whole
    process shares. Queries that only read files and frames are reported as info.

    ## Why is this bad?
    What one asset leaves on the default connection, every other asset of the process finds, a second run too; in
    another process it is missing (`Catalog Error: Table with name … does not exist!`). So it works while all assets run
    in one process, and fails in production, or mixes two runs.

    ## Example
    ```python
    @asset
    def order_count() -> int:
        duckdb.sql("CREATE OR REPLACE TABLE orders AS FROM 'orders.parquet'")
        return duckdb.sql("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Use instead
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect() as conn:
            conn.sql("CREATE OR REPLACE TABLE orders AS FROM 'orders.parquet'")
            return conn.sql("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Fix safety
    None is offered: other code may count on what is left there.

    ## Options
    None. A parameter or a variable called `duckdb` is not the module.

    ## References
    - [DuckDB: default connection](https://duckdb.org/docs/stable/clients/python/dbapi#default-connection)
    """

    code = "AL204"
    message = (
        "`{function}` {what} on DuckDB's default connection, which all assets of a process share and no other one "
        "sees. Open one for it: `with duckdb.connect() as conn:`"
    )

    def visit_function(self, function: Function) -> None:
        if function.is_test:
            return
        uses = function.shared_uses
        keeping = [use for use in uses if use.keeps]
        for use in (keeping or uses)[:1]:
            self.report(
                use.call,
                message=None if use.keeps else ASKS,
                severity=None if use.keeps else Severity.INFO,
                function=function.name,
                what=use.what,
                because=[(other.call, other.what) for other in keeping[1:4]],
                hint="open a connection of the function's own",
            )
