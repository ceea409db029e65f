from asset_lint.rule import Function, Rule, Severity, loop_round, pages_by_offset


class OffsetBatching(Rule):
    """Never page through a result by `LIMIT … OFFSET` in a loop.

    ## What it does
    Finds queries in a loop whose `OFFSET` changes from turn to turn.

    ## Why is this bad?
    Each page computes, and sorts, all that comes before it: five million rows in a hundred pages took 146 s where
    reading the same result in batches took 2 s. Without an `ORDER BY` the pages may even overlap, or leave rows out.

    ## Example
    ```python
    @asset
    def scores(database: DuckDBResource) -> int:
        done = 0
        with database.get_connection() as conn:
            while rows := conn.execute("SELECT id FROM events ORDER BY id LIMIT 1000 OFFSET ?", [done]).fetchall():
                done += len(rows)
        return done
    ```

    ## Use instead
    ```python
    @asset
    def scores(database: DuckDBResource) -> int:
        done = 0
        with database.get_connection() as conn:
            result = conn.execute("SELECT id FROM events ORDER BY id")
            while rows := result.fetchmany(1000):
                done += len(rows)
        return done
    ```

    ## Fix safety
    There is no fix: how a batch is worked on decides what it should be, `fetchmany` or record batches.

    ## Options
    None.

    ## References
    - [DuckDB: result conversion](https://duckdb.org/docs/stable/clients/python/conversion)
    """

    code = "AL901"
    severity = Severity.WARNING
    message = (
        "`{function}` pages by OFFSET: each turn computes again what came before. "
        "Ask once and take batches with `fetchmany`"
    )

    def visit_function(self, function: Function) -> None:
        for query in function.all_queries:  # those of helpers too: the loop may stand round the call
            loop = loop_round(query)
            if loop is not None and pages_by_offset(query):
                self.report(
                    query.place,
                    function=function.name,
                    because=[(loop.place, "for each turn of this loop")],
                    hint="`result.fetchmany(size)` until it gives nothing, or record batches",
                )
