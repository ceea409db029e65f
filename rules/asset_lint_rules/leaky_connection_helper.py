from asset_lint.rewrite import hold
from asset_lint.rule import Connection, Evidence, Fix, Rule, Severity, Way

MESSAGES = {
    Way.LENT: (
        "nothing guards the `yield` of `{function}`: if the `with` block of its user raises, {name} stays open{lock}. "
        "Put the `yield` into a `with` or a `try: … finally:`"
    ),
    Way.KEPT: (
        "`{function}` opens {name} and the resource has no `teardown_after_execution`: it stays open{lock} when the "
        "run is over. Close it there"
    ),
}


class LeakyConnectionHelper(Rule):
    """Never lend a DuckDB connection without seeing to its closing.

    ## What it does
    Finds context managers of the project that open a connection and yield it with no `try … finally` or `with` round
    the `yield`, and resources that open one in `setup_for_execution` and have no `teardown_after_execution`.

    ## Why is this bad?
    What the body of a `with` raises is thrown in at the `yield`: a `close()` behind it is never reached, and every
    failing asset leaves the file locked (`IO Error: Could not set lock on file`) for its own retry and for all others.
    A resource that is never torn down keeps the lock for as long as the process lives.

    ## Example
    ```python
    @contextmanager
    def warehouse():
        conn = duckdb.connect(os.environ["DUCKDB_DATABASE"])
        yield conn
        conn.close()


    @asset
    def order_count() -> int:
        with warehouse() as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Use instead
    ```python
    @contextmanager
    def warehouse():
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            yield conn


    @asset
    def order_count() -> int:
        with warehouse() as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Fix safety
    Safe: what follows the opening, up to the `close()` that becomes idle, goes into a `with`. None is offered for
    resources, and none where the connection is used outside of that block.

    ## Options
    None. In-memory connections are reported as info: they hold no file. Silent: `@resource` functions and
    `yield_for_execution`, which Dagster takes up again whatever the asset raised.

    ## References
    - [contextlib.contextmanager](https://docs.python.org/3/library/contextlib.html#contextlib.contextmanager)
    - [Dagster: resource lifecycle](https://docs.dagster.io/guides/build/external-resources/managing-resource-state)
    """

    code = "AL206"
    message = MESSAGES[Way.LENT]
    evidence = Evidence.CONNECTION_LEFT_OPEN

    def visit_connection(self, connection: Connection) -> None:
        lent = connection.lent
        if lent is None:
            return
        self.report(
            connection.opened,
            message=MESSAGES[lent.way],
            name=f"the connection `{connection.name}`" if connection.name else "the connection",
            function=self.in_function.name,
            lock="" if connection.in_memory else " and its file locked",
            because=[*connection.steps, (lent.node, lent.way.value)],
            severity=Severity.INFO if connection.in_memory else None,
            hint="guard the `yield` with `try: … finally: …close()`"
            if lent.way is Way.LENT
            else "close it in `teardown_after_execution(self, context)`",
            fix=self.held(connection),
        )

    def held(self, connection: Connection) -> Fix | None:
        holding = connection.holding
        if holding is None:
            return None
        rewrite = self.rewrite()
        hold(rewrite, holding)
        return rewrite.fix("Hold it in a `with` block")
