from asset_lint.rule import Connection, Evidence, Rule, Severity


class MissingReadOnly(Rule):
    """Open a database that is only read with `read_only=True`.

    ## What it does
    Finds connections that a function opens itself, or by a helper with a parameter `read_only`, to a database file for
    writing, and asks nothing of but queries that read.

    ## Why is this bad?
    A connection that may write locks the file for every other process, whether it writes or not: two assets that merely
    read can't run side by side in different processes. Any number of read-only connections can.

    ## Example
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    ```

    ## Use instead
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"], read_only=True) as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    ```

    ## Fix safety
    None is offered: a read-only connection can't be opened to a file that does not exist yet, nor while the same
    process holds the file open for writing.

    ## Options
    None. Silent where the opener offers no choice, as dagster_duckdb's resource does, and where some text of SQL, or
    what becomes of the connection, can't be seen.

    ## References
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    """

    code = "AL208"
    message = (
        "`{function}` opens {name} for writing and only reads: no other process can use the file meanwhile. "
        "Pass `read_only=True`"
    )
    severity = Severity.INFO
    evidence = Evidence.READER_SHUT_OUT

    def visit_connection(self, connection: Connection) -> None:
        function = self.in_function
        ends_here = not connection.outlived or (function.is_compute and function.refuses_duckdb_objects)
        if connection.needs_no_writing and ends_here:
            self.report(
                connection.opened,
                function=self.in_function.name,
                name=f"the connection `{connection.name}`" if connection.name else "a connection",
                because=[(query.call, "only reads") for query in connection.queries[:3]],
                hint="`read_only=True`, if the file exists and this process holds it open for writing nowhere else",
            )
