from asset_lint.rewrite import hold
from asset_lint.rule import Connection, Evidence, Fix, Rule, Severity, Way

MESSAGES = {
    Way.NEVER_ENTERED: (
        "`{function}` calls what gives a context manager without `with`: {name} is never opened. "
        "Write `with … as {variable}:`"
    ),
    Way.STORED: (
        "`{function}` keeps {name} on its object, and nothing in the class closes it. "
        "Give the class a `close`, or use `with`"
    ),
}


class UnclosedConnection(Rule):
    """Never leave a DuckDB connection open on any way out.

    ## What it does
    Finds connections that some path through a function, one by an exception above all, leaves neither closed nor handed
    on: never closed, closed on success only, bound again while open, opened in passing
    (`duckdb.connect(path).execute(...)`), or a context manager called without `with`.

    ## Why is this bad?
    An open connection locks its file: until the exception that passed it is freed, the next step, a retry or a second
    process fails with `IO Error: Could not set lock on file`. With another configuration even the same process fails.

    ## Example
    ```python
    @asset
    def order_count() -> int:
        conn = duckdb.connect(os.environ["DUCKDB_DATABASE"])
        count = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
        conn.close()
        return count
    ```

    ## Use instead
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            count = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
        return count
    ```

    ## Fix safety
    Safe: what follows, up to the `close()` that becomes idle or to the last statement that may need the connection,
    goes into a `with`. Offered only where it is used in that block alone and nothing that needs it open leaves it.

    ## Options
    `known-connections`: functions that give connections which the code itself can't show to be any. In-memory
    connections are reported as info: they hold no file.

    ## References
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    """

    code = "AL201"
    message = "{name} of `{function}` is not closed on every way out: its file stays locked. Hold it in a `with`"
    in_memory = "{name} of `{function}` is not closed on every way out: its memory stays taken. Hold it in a `with`"
    evidence = Evidence.CONNECTION_LEFT_OPEN
    hides = ("AL303", "AL601", "AL604")  # what is held in a `with` is known to be a connection

    def visit_connection(self, connection: Connection) -> None:
        usual = self.in_memory if connection.in_memory else self.message
        for leak in connection.leaks[:1]:
            name = f"the connection `{connection.name}`" if connection.name else "the connection"
            self.report(
                connection.opened,
                message=MESSAGES.get(leak.way, usual),
                name=name,
                variable=connection.name or "conn",
                function=self.in_function.name,
                because=[*connection.steps, (leak.node, leak.way.value)],
                severity=Severity.INFO if connection.in_memory else None,
                hint="use `with`, or `try: … finally: …close()` right behind the opening",
                fix=self.held(connection),
            )

    def held(self, connection: Connection) -> Fix | None:
        holding = connection.holding
        if holding is None:
            return None
        rewrite = self.rewrite()
        hold(rewrite, holding)
        return rewrite.fix("Hold it in a `with` block")
