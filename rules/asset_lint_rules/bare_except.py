import libcst as cst

from asset_lint.rule import Evidence, Fix, Handler, Rule, Safety


class BareExcept(Rule):
    """Never use a bare `except` in what Dagster runs.

    ## What it does
    Finds `except:` and `except BaseException:` in compute functions and in the project functions that they call, unless
    every path of the handler raises again what it caught.

    ## Why is this bad?
    Dagster cancels a run by raising `DagsterExecutionInterruptedError`, a `BaseException`: swallowed, the cancelled
    step goes green and materialises whatever the handler left behind. So do a misspelt method, a full disk and
    `dagster.Failure`. (An interrupt that arrives inside a DuckDB query surfaces as a `RuntimeError`: `except Exception`
    swallows that one too. Name what you expect.)

    ## Example
    ```python
    @asset
    def refunds(context: AssetExecutionContext, database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            try:
                return conn.execute("SELECT * FROM refunds").fetchall()
            except:
                return []
    ```

    ## Use instead
    ```python
    @asset
    def refunds(context: AssetExecutionContext, database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            try:
                return conn.execute("SELECT * FROM refunds").fetchall()
            except duckdb.Error as error:
                context.log.error(f"DuckDB error in refunds: {error}")
                raise
    ```

    ## Fix safety
    Unsafe, for what was swallowed now fails the run: `except duckdb.Error:` where the `try` holds DuckDB's queries
    alone, else `except Exception:`. No fix where the handler raises another exception.

    ## Options
    None.

    ## References
    - [Python: exception hierarchy](https://docs.python.org/3/library/exceptions.html#exception-hierarchy)
    """

    code = "AL301"
    hides = ("AL302",)
    message = (
        "`{clause}` swallows a cancelled run, and every mistake in the `try`: the step can go green. "
        "Name what you expect, e.g. `{cure}`"
    )
    evidence = Evidence.CANCELLATION_SWALLOWED

    def visit_handler(self, handler: Handler) -> None:
        if not handler.catches_everything or handler.reraises or handler.raises_later:
            return
        clause = "except:" if handler.node.type is None else "except BaseException:"
        cure = "except duckdb.Error:" if handler.guards_queries_alone else "except Exception:"
        self.report(
            handler.place,
            clause=clause,
            cure=cure,
            fix=self.narrowed(handler),
            hint=f"write `{cure}`, or raise again what was caught",
        )

    def narrowed(self, handler: Handler) -> Fix | None:
        if handler.raises_another or not handler.names_one_type:
            return None
        rewrite = self.rewrite()
        caught = "Exception"
        if handler.guards_queries_alone:
            caught = f"{rewrite.import_name('duckdb', None, near=handler.place)}.Error"
        if handler.type_place is not None:
            rewrite.replace(handler.type_place, caught)
        else:
            clause = rewrite.node(handler.place, cst.ExceptHandler)
            named = cst.parse_expression(caught)
            rewrite.replace(clause, clause.with_changes(type=named, whitespace_after_except=cst.SimpleWhitespace(" ")))
        return rewrite.fix(f"Catch `{caught}`", Safety.UNSAFE)
