from asset_lint.rewrite import fetch_eagerly
from asset_lint.rule import Evidence, Fix, Output, ResultKind, Rule, StaleUse

THINGS = {
    ResultKind.READER: ("an Arrow reader", "to_arrow_table"),
    ResultKind.LAZY_POLARS: ("a lazy frame", "pl"),
    ResultKind.ITERATOR: ("an iterator over rows", "fetchall"),
}
OTHERS = frozenset((ResultKind.CONNECTION, ResultKind.RELATION, ResultKind.GROUPED))


class ReturnedLazyResult(Rule):
    """Never let a reader or a lazy frame outlive its DuckDB connection.

    ## What it does
    Finds Arrow readers (`.arrow()` gives one since DuckDB 1.4), polars frames made with `lazy=True`, and `iter_rows()`
    that leave a compute function; and readers that are not read to their end when their connection is closed and the
    same file is opened again. Generators over rows are not followed.

    ## Why is this bad?
    None of them holds the rows, and none can be pickled: the run fails when the result is stored. A reader also keeps
    the closed database alive: the next `connect` to its file in that process hangs at full load, deaf to Ctrl-C and
    to Dagster's cancelling; only SIGKILL ends it.

    ## Example
    ```python
    @asset
    def trips(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.sql("SELECT * FROM raw_trips").arrow()
    ```

    ## Use instead
    ```python
    @asset
    def trips(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.sql("SELECT * FROM raw_trips").to_arrow_table()
    ```

    ## Fix safety
    Safe: the call that fetches all rows, in a spelling that every DuckDB version has, stands instead. An annotation of
    the reader's own type is rewritten too.

    ## Options
    None. The rule is silent where the project binds an IO manager that it can't judge: it may take readers.

    ## References
    - [DuckDB: export to Arrow](https://duckdb.org/docs/stable/guides/python/export_arrow)
    """

    code = "AL103"
    message = (
        "`{function}` gives {thing}{versions}, which holds no rows and can't be stored: the run fails. "
        "Fetch all rows, e.g. `.{cure}()`"
    )
    evidence = Evidence.LAZY_VALUE_FAILS
    outlived = (
        "this reader is not read to its end when its connection is closed: as long as it lives, the next connect to "
        "the file hangs. Use `.to_arrow_table()`"
    )

    def visit_output(self, output: Output) -> None:
        function = self.in_function
        kinds = [kind for kind in THINGS if kind in output.kinds]
        if not kinds or output.kinds & OTHERS or not function.refuses_duckdb_objects:
            return
        thing, cure = THINGS[kinds[0]]
        self.report(
            output.place,
            function=function.name,
            thing=thing,
            cure=cure,
            versions=function.on_duckdb(*output.versions) if output.versions else "",
            because=output.made,
            hint=f"call `.{cure}()` while the connection is open",
            fix=self.fetched(output, kinds[0], cure),
        )

    def visit_stale_use(self, use: StaleUse) -> None:
        if use.kind is ResultKind.READER and use.made is not None and use.made.module is self.module:
            closed = [] if use.closed is None else [(use.closed, "its connection is closed here")]
            self.report(use.made, message=self.outlived, because=[*closed, (use.place, "this connect hangs")])

    def fetched(self, output: Output, kind: ResultKind, method: str) -> Fix | None:
        if not output.direct or not output.open or len(output.kinds) > 1:
            return None
        rewrite = self.rewrite()
        fetch_eagerly(rewrite, self.in_function, output, kind, method)
        return rewrite.fix(f"Fetch all rows with `.{method}()`")
