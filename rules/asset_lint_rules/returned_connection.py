from asset_lint.rewrite import Rewrite, convert, is_statement_only, keep_statement, query_as_relation
from asset_lint.rule import Evidence, Fix, Output, ResultKind, Rule


class ReturnedConnection(Rule):
    """Never return a DuckDB connection from an asset; `conn.execute(...)` is one.

    ## What it does
    Finds connections and cursors that leave a compute function, above all `return conn.execute(...)`: what `execute`
    gives is the connection itself, not the rows.

    ## Why is this bad?
    A connection can't be pickled: the run fails with `TypeError: cannot pickle '_duckdb.DuckDBPyConnection' object`
    when Dagster stores the result. As long as somebody holds it the database file stays locked, and with an in-memory
    IO manager the downstream asset reads `Invalid Input Error: No open result set`.

    ## Example
    ```python
    @asset
    def totals(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.execute("SELECT sum(amount) FROM orders")
    ```

    ## Use instead
    ```python
    @asset
    def totals(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.execute("SELECT sum(amount) FROM orders").df()
    ```

    ## Fix safety
    Safe where the result of `execute` leaves: it is fetched as the return annotation asks (`.df()`, `.fetchall()`); for
    polars and Arrow the query is asked with `sql`, whose `.pl()` and `.to_arrow_table()` every DuckDB version has. The
    value of a statement without rows is dropped. A bare connection has no automatic cure.

    ## Options
    None. The rule is silent where the project binds an IO manager that it can't judge.

    ## References
    - [DuckDB: Python DB API](https://duckdb.org/docs/stable/clients/python/dbapi)
    """

    code = "AL102"
    message = "`{function}` gives a DuckDB connection, which can't be stored: the run fails when it is pickled. {cure}"
    evidence = Evidence.VALUE_NOT_STORED
    hides = ("AL601",)  # rows that are fetched at last may be none

    def visit_output(self, output: Output) -> None:
        if ResultKind.CONNECTION not in output.kinds or not self.in_function.refuses_duckdb_objects:
            return
        cure = "Give the rows or a frame instead"
        if output.executed:
            cure = "`execute` gives the connection itself: fetch its rows, e.g. `.df()`"
        self.report(
            output.place, function=self.in_function.name, cure=cure, because=output.made, fix=self.fetched(output)
        )

    def fetched(self, output: Output) -> Fix | None:
        if not (output.executed and output.direct and output.only and output.open and output.settled):
            return None
        rewrite: Rewrite = self.rewrite()
        if is_statement_only(output):
            keep_statement(rewrite, output)
            return rewrite.fix("Keep the statement, drop the `return`")
        method = self.in_function.conversion(whole=output.whole)
        if method is None:
            return None
        if method in ("pl", "to_arrow_table"):
            query_as_relation(rewrite, self.in_function, output.place)
        convert(rewrite, self.in_function, output, method)
        return rewrite.fix(f"Fetch it with `.{method}()`")
