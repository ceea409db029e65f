import libcst as cst

from asset_lint.rule import (
    Fix,
    Framed,
    Function,
    Place,
    Query,
    Rule,
    Safety,
    Severity,
    frames_of_rows,
    is_description,
)  # fmt: skip


class FetchallToDataframe(Rule):
    """Never make a frame of rows that were fetched one by one: ask for the frame.

    ## What it does
    Finds `pd.DataFrame(conn.execute(...).fetchall(), ...)`.

    ## Why is this bad?
    `fetchall` makes a Python object of every cell and a tuple of every row, and pandas takes them apart again. `df()`
    hands over whole columns: ten times faster on a million rows, with a fifth of the memory. The columns keep their
    names and their types too, also where the result has no row.

    ## Example
    ```python
    @asset
    def orders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return pd.DataFrame(conn.execute("SELECT * FROM raw_orders").fetchall())
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_orders").df()
    ```

    ## Fix safety
    Unsafe: decimals, dates and integers with NULLs get other dtypes, and columns that had no names get those of the
    query. Offered where the frame is made of the rows alone, or with the names of `description`.

    ## Options
    None.

    ## References
    - [DuckDB: result conversion](https://duckdb.org/docs/stable/clients/python/conversion)
    """

    code = "AL902"
    severity = Severity.WARNING
    message = (
        "`{function}` fetches every cell as a Python object to make a frame of them: slow. Ask for it with `.df()`"
    )

    def visit_function(self, function: Function) -> None:
        told: set[Place] = set()  # the rows may be those of several queries
        for query in function.queries:
            for framed in frames_of_rows(query):
                if framed.call not in told:
                    told.add(framed.call)
                    self.said(function, query, framed)

    def said(self, function: Function, query: Query, framed: Framed) -> None:
        self.report(
            framed.call,
            function=function.name,
            because=() if framed.direct else [(framed.fetched, "fetched here")],
            hint="`.df()`, and `.set_axis([…], axis=1)` for other names",
            fix=self.asked(query, framed),
        )

    def asked(self, query: Query, framed: Framed) -> Fix | None:
        named = framed.columns is not None and not is_description(framed.columns)
        if not framed.direct or framed.more or named or not query.is_own:
            return None
        rewrite = self.rewrite()
        fetched = rewrite.node(framed.fetched, cst.Call)
        if not isinstance(fetched.func, cst.Attribute):
            return None
        rewrite.replace(framed.call, fetched.with_changes(func=fetched.func.with_changes(attr=cst.Name("df"))))
        rewrite.drop_import("pandas", None)
        return rewrite.fix("Ask for the frame with `.df()`", Safety.UNSAFE)
