from asset_lint.rule import Evidence, Fix, ResultKind, Rule, StaleUse

THINGS = {
    ResultKind.RELATION: "a relation",
    ResultKind.LAZY_POLARS: "a lazy frame",
    ResultKind.ITERATOR: "an iterator over rows",
}


class ResultUsedAfterClose(Rule):
    """Read a DuckDB result while its connection is open.

    ## What it does
    Finds relations, results of `execute`, lazy frames and `iter_rows()` that are read, and connections and cursors that
    are used, after the connection was closed or its `with` was left: in the function itself, or because a helper closed
    the connection of what it gave.

    ## Why is this bad?
    Such a result holds no rows: it asks its connection for them. The run fails with `ConnectionException: Connection
    has already been closed` or `InvalidInputException: No open result set`.

    ## Example
    ```python
    @asset
    def paid_orders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            paid = conn.sql("SELECT * FROM orders WHERE paid")
        return paid.df()
    ```

    ## Use instead
    ```python
    @asset
    def paid_orders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            paid = conn.sql("SELECT * FROM orders WHERE paid").df()
        return paid
    ```

    ## Fix safety
    Safe: the one read of a variable moves to where the variable is bound. No fix is offered where it is read more than
    once, or where something else is asked of DuckDB in between.

    ## Options
    None.

    ## References
    - [DuckDB: Python DB API](https://duckdb.org/docs/stable/clients/python/dbapi)
    - [DuckDB: relational API](https://duckdb.org/docs/stable/clients/python/relational_api)
    """

    code = "AL104"
    message = "`{function}` {verb} {thing} whose connection is closed by then: it fails. {cure} while it is open"
    evidence = Evidence.READ_AFTER_CLOSE

    def visit_stale_use(self, use: StaleUse) -> None:
        if use.kind is ResultKind.READER:
            return
        thing = THINGS.get(use.kind, "a result of `execute`" if use.executed else "a connection")
        because = [(use.made, "made here")] if use.made is not None else []
        because += [(use.closed, "closed here")] if use.closed is not None else []
        is_bare = use.made is None
        self.report(
            use.place,
            function=self.in_function.name,
            verb="uses" if is_bare else "reads",
            thing="a connection" if is_bare else thing,
            cure="Do this" if is_bare else "Fetch its rows",
            because=[*because, *((step, "used here") for step in use.steps)],
            hint="move it into the `with` block, or before the `close()`",
            fix=self.fetched_early(use),
        )

    def fetched_early(self, use: StaleUse) -> Fix | None:
        early = self.in_function.early_fetch(use)
        if early is None:
            return None
        rewrite = self.rewrite()
        rewrite.call_method(early.made, early.method)
        rewrite.replace(early.read, early.name)
        return rewrite.fix(f"Call `.{early.method}()` while the connection is open")
