from __future__ import annotations

from collections.abc import Sequence

from asset_lint.rule import Evidence, Fix, Function, Rule, Severity, Work, WorkKind


class UnhandledDuckdbError(Rule):
    """Always handle DuckDB's exceptions.

    ## What it does
    Finds assets that query a DuckDB file where nothing, neither the asset nor the helpers and resources it calls,
    handles a failing query. Any clause that sees DuckDB's errors counts and does something with them: it logs, records,
    wraps, rolls back, falls back. So does a retry. Assets whose only DuckDB is in memory are left alone.

    ## Why is this bad?
    When the query fails, the run's log holds a traceback of Dagster's and nothing of the asset's own: not what was
    asked, not of which data. What a lock, a missing table and a bad cast have in common is `duckdb.Error`; one clause
    tells them from mistakes in the code.

    ## Example
    ```python
    @asset
    def trips(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM trips").df()
    ```

    ## Use instead
    ```python
    @asset
    def trips(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        try:
            with database.get_connection() as conn:
                return conn.execute("SELECT * FROM trips").df()
        except duckdb.Error as error:
            context.log.error(f"DuckDB error in trips: {error}")
            raise
    ```

    ## Fix safety
    Safe: the error is logged and raised again. A `try` round the queries gets one more clause, or they are held in a
    new one. No fix without a `context`.

    ## Options
    `all-assets`: asks it of every asset, not of those alone that touch DuckDB.

    ## References
    - [DuckDB: Python DB API, exceptions](https://duckdb.org/docs/stable/clients/python/dbapi)
    """

    code = "AL303"
    message = (
        "nothing handles a DuckDB error of this call in `{function}`: the failing run's log has no word of the asset's "
        "own. Catch `duckdb.Error`, log it, raise it again"
    )
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.ERROR_UNTOLD

    def visit_asset(self, asset: Function) -> None:
        queries = [work for work in asset.work if work.kind is WorkKind.QUERY and not work.in_memory]
        # a function that names DuckDB's errors for one of its queries says which it minds
        minding = {q.done_in for q in queries if any(guard.specific and guard.handles for guard in q.guards)}
        unhandled = [query for query in queries if not query.is_handled and query.done_in not in minding]
        if not unhandled:
            return
        first = unhandled[0]
        self.report(
            first.call,
            function=asset.name,
            because=[
                (step, "the query is run here" if step is first.steps[-1] else "by way of") for step in first.steps
            ],
            fix=self.caught(asset, unhandled),
            hint="take a `context`, and log the `duckdb.Error` before you raise it again",
        )

    def caught(self, asset: Function, queries: Sequence[Work]) -> Fix | None:
        at = asset.catching(queries)
        if at is None or not asset.context_name:
            return None
        rewrite = self.rewrite()
        duckdb = rewrite.import_name("duckdb", None, near=at.first)
        error = "error" if asset.may_catch_as("error", at.first) else rewrite.free_name("error", near=at.first)
        where = "" if asset.name.startswith("_") else f" in {asset.name}"
        text = rewrite.formatted(f"DuckDB error{where}: {{{error}}}")
        clause = f"except {duckdb}.Error as {error}:\n    {asset.context_name}.log.error({text})\n    raise"
        if at.attempt is not None:
            rewrite.add_clause(at.attempt, clause)
        else:
            rewrite.hold_in_try(at.first, at.last, clause)
        return rewrite.fix(f"Log `{duckdb}.Error` and raise it again")
