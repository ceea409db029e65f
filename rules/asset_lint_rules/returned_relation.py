from asset_lint.rewrite import convert, is_statement_only, keep_statement
from asset_lint.rule import Evidence, Fix, Output, ResultKind, Rule

RELATIONS = frozenset((ResultKind.RELATION, ResultKind.GROUPED))


class ReturnedRelation(Rule):
    """Never return a DuckDB relation from an asset: convert it first.

    ## What it does
    Finds relations (`conn.sql(...)`, `conn.table(...)`, `relation.filter(...)` and all that is as lazy) that leave a
    compute function: returned, yielded, wrapped in `Output(...)`, or inside a list, a dict or a dataclass.

    ## Why is this bad?
    A relation is a query that has not run, bound to its connection. Dagster's IO manager has to store what an asset
    gives, and a relation can't be pickled: the run fails with `TypeError: cannot pickle ... object` after all the work.
    With an in-memory IO manager, as in many unit tests, it seems to work, until a downstream asset reads it from a
    closed connection. DuckDB 2 makes a relation of `conn.sql("CREATE ...")` too.

    ## Example
    ```python
    @asset
    def employees(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.sql("SELECT * FROM raw_employees")
    ```

    ## Use instead
    ```python
    @asset
    def employees(database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.sql("SELECT * FROM raw_employees").df()
    ```

    ## Fix safety
    Safe: the conversion that the return annotation asks for is appended (`.df()`, `.pl()`, `.to_arrow_table()`,
    `.fetchall()`); without an annotation, the one of the frame library that the module imports, else `.df()`. No fix
    is offered where the connection is closed by then, or where the value is no relation on some path.

    ## Options
    None. The rule is silent where the project binds an IO manager that it can't judge: it may take relations.

    ## References
    - [DuckDB: relational API](https://duckdb.org/docs/stable/clients/python/relational_api)
    - [Dagster: IO managers](https://docs.dagster.io/guides/build/io-managers)
    """

    code = "AL101"
    message = (
        "`{function}` gives a DuckDB relation, which can't be stored: the run fails when it is pickled. "
        "Convert it, e.g. `{cure}`"
    )
    evidence = Evidence.VALUE_NOT_STORED
    hides = ("AL601", "AL704")  # rows that are fetched at last may be none
    ddl_message = (
        "`{function}` gives what `{statement} …` gave: on DuckDB 2 a relation, which can't be stored. Drop the `return`"
    )

    def visit_output(self, output: Output) -> None:
        if not output.kinds & RELATIONS or not self.in_function.refuses_duckdb_objects:
            return
        method = self.in_function.conversion(whole=output.whole)
        if is_statement_only(output):
            self.report(
                output.place,
                message=self.ddl_message,
                function=self.in_function.name,
                statement=output.statement,
                because=output.made,
                fix=self.dropped(output),
            )
            return
        cure = f".{method or 'df'}()"
        fix = self.converted(output, method) if method else None
        self.report(
            output.place,
            function=self.in_function.name,
            cure=cure,
            because=output.made,
            fix=fix,
            hint=f"call `{cure}` while the connection is open",
        )

    def converted(self, output: Output, method: str) -> Fix | None:
        if not (output.direct and output.only and output.open):
            return None
        rewrite = self.rewrite()
        convert(rewrite, self.in_function, output, method)
        return rewrite.fix(f"Convert it with `.{method}()`")

    def dropped(self, output: Output) -> Fix | None:
        rewrite = self.rewrite()
        keep_statement(rewrite, output)
        return rewrite.fix("Keep the statement, drop the `return`")
