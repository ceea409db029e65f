from asset_lint.rule import (
    Function,
    Place,
    Query,
    Rule,
    Severity,
    loop_round,
    rows_given,
    uses_what_the_loop_binds,
    writes_one_row,
)


class RowByRowInsert(Rule):
    """Never write rows to DuckDB one by one.

    ## What it does
    Finds an `INSERT … VALUES` or an `UPDATE` that a Python loop asks for each row of some data, and `executemany` over
    rows that a loop has listed or a frame was taken apart into.

    ## Why is this bad?
    DuckDB stores columns: each statement is parsed, planned and committed by itself, a thousand times the work of the
    row. Ten thousand rows take seconds to minutes, where one statement over a frame takes milliseconds.

    ## Example
    ```python
    @asset
    def readings(context: AssetExecutionContext, database: DuckDBResource, sensor_rows: list) -> None:
        with database.get_connection() as conn:
            for row in sensor_rows:
                conn.execute("INSERT INTO readings VALUES (?, ?)", [row["sensor"], row["value"]])
    ```

    ## Use instead
    ```python
    @asset
    def readings(context: AssetExecutionContext, database: DuckDBResource, sensor_rows: list) -> None:
        frame = pd.DataFrame(sensor_rows, columns=["sensor", "value"])
        with database.get_connection() as conn:
            conn.execute("INSERT INTO readings SELECT sensor, value FROM frame")
    ```

    ## Fix safety
    There is no fix: what becomes of a row that fails in the middle is yours to say.

    ## Options
    None.

    ## References
    - [DuckDB: inserting data](https://duckdb.org/docs/stable/data/insert)
    - [DuckDB: the appender](https://duckdb.org/docs/stable/data/appender)
    """

    code = "AL903"
    severity = Severity.WARNING
    message = "`{function}` writes rows one by one: each is a statement of its own. Write a frame of them at once"

    def visit_function(self, function: Function) -> None:
        told: set[Place] = set()
        for query in function.all_queries:  # those of helpers too: the loop may stand round the call
            cause = self.cause(query)
            if cause is not None and cause[0] not in told:
                told.add(cause[0])
                self.report(
                    query.place,
                    function=function.name,
                    because=[cause],
                    hint="`INSERT INTO … SELECT … FROM frame`, a registered frame, or the appender",
                )

    def cause(self, query: Query) -> tuple[Place, str] | None:
        """Where the rows come from that the query writes one by one."""
        if not writes_one_row(query):
            return None
        if rows := rows_given(query):
            return rows, "the rows are listed here"
        loop = loop_round(query)
        if loop is None or not loop.varies or loop.works_on_each or not uses_what_the_loop_binds(query, loop):
            return None
        return loop.place, "for each turn of this loop"
