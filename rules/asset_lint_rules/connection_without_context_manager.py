from asset_lint.rewrite import hold
from asset_lint.rule import Connection, Evidence, Fix, Rule, Severity


class ConnectionWithoutContextManager(Rule):
    """Hold every DuckDB connection of an asset in a `with` block.

    ## What it does
    Finds connections of assets that are closed on every way out, but by hand: in a `finally`, in handlers, by a helper.

    ## Why is this bad?
    It is right today, and only as long as everybody who touches the function keeps it so: a statement between the
    opening and the `try`, an early `return` or a new handler is enough to leave the file locked. A `with` can't be
    left without closing, and its reader sees at once how long the file is in use.

    ## Example
    ```python
    @asset
    def order_count() -> int:
        conn = duckdb.connect(os.environ["DUCKDB_DATABASE"])
        try:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
        finally:
            conn.close()
    ```

    ## Use instead
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    ```

    ## Fix safety
    Safe: the `try` and its `finally` become a `with`; handlers stay. Offered only where the `finally` does nothing but
    close and the connection is used in that block alone.

    ## Options
    `all-assets`: speak of ops and checks too. Silent about in-memory connections, and about `closing(...)` and
    `ExitStack`, which are context managers.

    ## References
    - [DuckDB: connection as a context manager](https://duckdb.org/docs/stable/clients/python/dbapi#connection)
    """

    code = "AL202"
    message = "`{function}` closes {name} by hand: the next edit may leave its file locked. Hold it in a `with`"
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.CLOSED_BY_HAND

    def visit_connection(self, connection: Connection) -> None:
        if connection.is_closed_by_hand and not connection.in_memory:
            self.report(
                connection.opened,
                function=self.in_function.name,
                name=f"the connection `{connection.name}`" if connection.name else "the connection",
                because=connection.steps,
                hint=f"write `with … as {connection.name or 'conn'}:`",
                fix=self.held(connection),
            )

    def held(self, connection: Connection) -> Fix | None:
        holding = connection.holding
        if holding is None or not (holding.guard or holding.idle):
            return None  # what closes it by hand would stay
        rewrite = self.rewrite()
        hold(rewrite, holding)
        return rewrite.fix("Hold it in a `with` block")
