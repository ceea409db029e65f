from asset_lint.rule import Evidence, Fix, NullUse, Query, ResultKind, Rule, Safety, Severity


class NullAggregate(Rule):
    """Never count with the sum or average of a table that may be empty.

    ## What it does
    Finds `float(…)`, `int(…)` and arithmetic on what `AVG`, `SUM`, `MIN` or `MAX` of a table gave, fetched by
    `fetchone()` or `fetchall()`, where nothing looks whether it is None.

    ## Why is this bad?
    An aggregate always gives a row, but of no rows its value is NULL: on an empty table the asset fails with
    `TypeError: float() argument must be a string or a real number, not 'NoneType'`, which names neither the query nor
    the table.

    ## Example
    ```python
    @asset
    def average_amount(database: DuckDBResource) -> float:
        with database.get_connection() as conn:
            average = conn.execute("SELECT avg(amount) FROM orders").fetchone()[0]
        return float(average)
    ```

    ## Use instead
    ```python
    @asset
    def average_amount(database: DuckDBResource) -> float:
        with database.get_connection() as conn:
            average = conn.execute("SELECT avg(amount) FROM orders").fetchone()[0]
            if average is None:
                raise ValueError("no rows for: SELECT avg(amount) FROM orders")
        return float(average)
    ```

    `COALESCE(avg(amount), 0)` in the query, or `or 0` behind it, will do too, where nothing means zero.

    ## Fix safety
    Unsafe: on an empty table the asset raises a `ValueError` that names the query, where it raised a `TypeError`.

    ## Options
    None.

    ## References
    - [DuckDB: aggregate functions](https://duckdb.org/docs/stable/sql/functions/aggregates)
    """

    code = "AL606"
    message = (
        "on an empty table this aggregate is None, and `{function}` counts with it: TypeError. "
        "Look whether it is None, or write COALESCE in the query"
    )
    severity = Severity.WARNING
    evidence = Evidence.FAILS_ON_NO_ROWS

    def visit_query(self, query: Query) -> None:
        if not any(fetch.kind in (ResultKind.ROW, ResultKind.ROWS) for fetch in query.fetches):
            return
        for use in query.null_uses[:1]:
            asked = query.call.span.start < use.place.span.start
            self.report(
                use.place,
                function=self.in_function.name,
                because=[(query.call, "asked here")] if asked else (),
                hint="`if value is None: …`, `COALESCE(…, 0)`, or `or 0`",
                fix=self.guarded(query, use),
            )

    def guarded(self, query: Query, use: NullUse) -> Fix | None:
        rewrite = self.rewrite()
        name = use.name or rewrite.free_name("value", near=use.place)
        guard = (
            f"if {name} is None:\n{rewrite.indent}raise ValueError({rewrite.quoted(f'no rows for: {query.shown}')})\n"
        )
        if use.name:
            rewrite.insert_after(use.value, guard)
        else:
            rewrite.take_out(use.value, name, guard)
        return rewrite.fix("Raise an error that names the query where there are no rows", Safety.UNSAFE)
