from asset_lint.rule import Evidence, Fetch, Fix, Query, ResultKind, Rule, Severity

EMPTY = {
    ResultKind.FRAME_PANDAS: "{}.empty",
    ResultKind.FRAME_POLARS: "{}.is_empty()",
    ResultKind.ARROW_TABLE: "{}.num_rows == 0",
    ResultKind.ROWS: "not {}",
    ResultKind.DICTS: "not {}",
}
NAMES = {ResultKind.ARROW_TABLE: "table", ResultKind.ROWS: "rows", ResultKind.DICTS: "rows"}


class UncheckedEmptyResult(Rule):
    """Never ignore an empty result: say so in the log.

    ## What it does
    Finds frames and lists of rows that a DuckDB asset reads by a query that may give none, and then returns or works
    on, where nothing looks at how many there are: no `.empty`, `len`, `if not rows`, `.shape`, `num_rows`, no count in
    the log or the metadata, no asset check on the asset.

    ## Why is this bad?
    A filter that matches nothing, or a table that was not loaded, gives an empty frame: the run is green, the report is
    blank, and nobody learns why. The log is where one looks first.

    ## Example
    ```python
    @asset
    def open_orders(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM orders WHERE status = 'open'").df()
        return df.drop(columns="status")
    ```

    ## Use instead
    ```python
    @asset
    def open_orders(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            df = conn.execute("SELECT * FROM orders WHERE status = 'open'").df()
            if df.empty:
                context.log.warning("No rows from orders")
        return df.drop(columns="status")
    ```

    ## Fix safety
    Safe: a warning is logged, the result stays the same. Offered where the asset takes a context.

    ## Options
    `all-assets`: ask it also of assets that touch no DuckDB.

    ## References
    - [Dagster: logging](https://docs.dagster.io/guides/monitor/logging)
    - [Dagster: asset checks](https://docs.dagster.io/guides/test/asset-checks)
    """

    code = "AL601"
    message = (
        "`{function}` never looks whether this query gave any rows: on an empty result the run is green and silent. "
        "Log a warning where it is empty"
    )
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.EMPTY_RESULT_UNTOLD

    def visit_query(self, query: Query) -> None:
        fetch = next((fetch for fetch in query.fetches if fetch.kind in EMPTY), None)
        if fetch is None or not query.can_be_empty or query.reads_catalogue:
            return
        if not query.is_used or query.is_looked_at or self.in_function.has_asset_check:
            return
        self.report(
            fetch.call,
            function=self.in_function.name,
            hint=f"`if {EMPTY[fetch.kind].format(NAMES.get(fetch.kind, 'df'))}: context.log.warning(…)`",
            fix=self.logged(query, fetch),
        )

    def logged(self, query: Query, fetch: Fetch) -> Fix | None:
        context = self.in_function.context
        if context is None or len(query.fetches) > 1:
            return None
        rewrite = self.rewrite()
        name = query.assigned_name or rewrite.free_name(NAMES.get(fetch.kind, "df"), near=fetch.call)
        if query.source_variable:
            told = rewrite.formatted(f"No rows from {{{query.source_variable}}}")
        else:
            known = f"No rows from {query.sources}" if query.sources else f"{name} is empty: the query gave no rows"
            told = rewrite.quoted(known)
        warning = f"{context.name}.log.warning({told})"
        guard = f"if {EMPTY[fetch.kind].format(name)}:\n{rewrite.indent}{warning}\n"
        if query.assignment is not None:
            rewrite.insert_after(query.assignment, guard)
        else:
            rewrite.take_out(fetch.call, name, guard)
        return rewrite.fix("Log a warning where the result is empty")
