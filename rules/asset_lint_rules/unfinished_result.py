from asset_lint.rewrite import fetch_the_row
from asset_lint.rule import BusyUse, Evidence, Fix, Rule


class UnfinishedResult(Rule):
    """Fetch a result of `execute` to its end before the connection does something else.

    ## What it does
    Finds results of `execute` (of SELECT, FROM, DESCRIBE, SHOW …) of which not every row was fetched: by no fetch at
    all, by `fetchone()` even of a single row, by `fetchmany()`. It speaks only where the same connection is then asked
    for what DuckDB 2 refuses it: reading a relation, running DDL by `sql()`, `register`, `append`, `create_function` …

    ## Why is this bad?
    Since DuckDB 2 such a connection is busy: the next call fails with `ResourceInUseException: connection has an
    unfinished result from execute()`. DuckDB 1 closed the result silently: code that ran for years breaks
    by the upgrade.

    ## Example
    ```python
    @asset
    def order_frame(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            count = conn.execute("SELECT count(*) FROM orders").fetchone()[0]
            return conn.sql("SELECT * FROM orders").df() if count else pd.DataFrame()
    ```

    ## Use instead
    ```python
    @asset
    def order_frame(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            count = conn.execute("SELECT count(*) FROM orders").fetchall()[0][0]
            return conn.sql("SELECT * FROM orders").df() if count else pd.DataFrame()
    ```

    ## Fix safety
    Safe where the query always gives one row: `fetchall()[0]` is that row. Else there is a hint only: a `cursor()` of
    its own for the query is not busy, but sees no temporary tables, registered frames or uncommitted rows.

    ## Options
    `target-duckdb`: silent where no version from 2.0 on may be in use.

    ## References
    - [DuckDB: Python DB API](https://duckdb.org/docs/stable/clients/python/dbapi)
    """

    code = "AL105"
    message = (
        "`{function}` leaves a result of `execute` unfinished, and {call} then fails{versions}: the connection is "
        "busy. Fetch all rows, e.g. `.fetchall()`"
    )
    evidence = Evidence.UNFINISHED_RESULT

    def visit_busy_use(self, use: BusyUse) -> None:
        function = self.in_function
        inside = use.result.place.module is function.module and any(
            n is use.result.place.node for n in function.nodes()
        )
        place = use.result.place if inside else use.place
        because = [] if inside else [(use.result.place, "left unfinished here")]
        if place is not use.place:
            because.append((use.place, "the connection is still busy here"))
        self.report(
            place,
            function=function.name,
            call=f"`{use.method}()`",
            versions=function.on_duckdb("2.0"),
            because=[*because, *((step, "called here") for step in use.steps)],
            hint="fetch to the end, or run the query on a `cursor()` of its own",
            fix=self.fetched_whole(use),
        )

    def fetched_whole(self, use: BusyUse) -> Fix | None:
        asked = [query for query in self.in_function.queries if query.call.node is use.result.made.node]
        if use.result.fetched is None or not asked or any(query.can_be_empty is not False for query in asked):
            return None
        rewrite = self.rewrite()
        fetch_the_row(rewrite, use.result.fetched)
        return rewrite.fix("Fetch all rows and take the first")
