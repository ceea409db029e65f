from asset_lint.rule import Evidence, Fix, Query, ResultKind, Rule, Safety


class UnguardedFetchone(Rule):
    """Never take it for granted that a query gives a row.

    ## What it does
    Finds `fetchone()[0]`, the unpacking of what `fetchone()` gives, and `fetchall()[0]`, where the query may give no
    row and nothing looks at whether it did.

    ## Why is this bad?
    On an empty table the asset fails with `TypeError: 'NoneType' object is not subscriptable`, which says neither which
    query nor which table was empty. Aggregates without `GROUP BY` always give a row; a `WHERE`, a `LIMIT 1` or an
    `ORDER BY` don't.

    ## Example
    ```python
    @asset
    def latest_order(database: DuckDBResource) -> str:
        with database.get_connection() as conn:
            return conn.execute("SELECT status FROM orders ORDER BY ordered_at DESC LIMIT 1").fetchone()[0]
    ```

    ## Use instead
    ```python
    @asset
    def latest_order(database: DuckDBResource) -> str:
        with database.get_connection() as conn:
            row = conn.execute("SELECT status FROM orders ORDER BY ordered_at DESC LIMIT 1").fetchone()
            if row is None:
                raise ValueError("no row: SELECT status FROM orders ORDER BY ordered_at DESC LIMIT 1")
            return row[0]
    ```

    ## Fix safety
    Unsafe: without a row the asset raises a `ValueError` that names the query, where it raised a `TypeError`. You may
    want a default instead.

    ## Options
    None.

    ## References
    - [DuckDB: Python DB API](https://duckdb.org/docs/stable/clients/python/dbapi)
    """

    code = "AL602"
    message = (
        "this query may give no row, and `{function}` takes one for granted: {error} on an empty table. "
        "Look at what `{method}` gives first"
    )
    evidence = Evidence.FAILS_ON_NO_ROWS

    def visit_query(self, query: Query) -> None:
        if not any(fetch.kind in (ResultKind.ROW, ResultKind.ROWS) for fetch in query.fetches):
            return
        if not query.can_be_empty or not query.taken_rows:
            return
        taken = query.taken_rows[0]
        methods = [f.method for f in query.fetches if f.kind is taken.kind]
        self.report(
            taken.place,
            function=self.in_function.name,
            error=taken.error,
            method=f"{methods[0]}()",
            because=[(query.call, "asked here")] if query.call.span.start < taken.place.span.start else (),
            hint="`if row is None: raise …`, or a default",
            fix=self.guarded(query),
        )

    def guarded(self, query: Query) -> Fix | None:
        (taken, *others) = query.taken_rows
        rewrite = self.rewrite()
        name = query.assigned_name or rewrite.free_name(
            "row" if taken.kind is ResultKind.ROW else "rows", near=taken.place
        )
        test = f"{name} is None" if taken.kind is ResultKind.ROW else f"not {name}"
        guard = f"if {test}:\n{rewrite.indent}raise ValueError({rewrite.quoted(f'no row: {query.shown}')})\n"
        if query.assignment is not None:
            rewrite.insert_after(query.assignment, guard)
        elif not others:
            rewrite.take_out(taken.fetched, name, guard)
        return rewrite.fix("Raise an error that names the query where it gives no row", Safety.UNSAFE)
