from __future__ import annotations

import libcst as cst

from asset_lint.rule import Evidence, Fix, Handler, Rule, Safety, WorkKind


class SwallowedError(Rule):
    """Never swallow an error of DuckDB's.

    ## What it does
    Finds handlers of `Exception` or `duckdb.Error` round DuckDB's work that neither raise, log, record nor answer with
    what happened: `pass`, `continue`, a silent default, another source of the data. `except duckdb.CatalogException` as
    a look whether a table is there is left alone, and so is cleaning up (`close`, `DROP`, `ROLLBACK`).

    ## Why is this bad?
    The run succeeds, and the failed query is nowhere in its events: a locked file, a misspelt column and a full disk
    all look like an empty table. (An interrupt that arrives inside a query surfaces as a `RuntimeError`, so that
    `except Exception` turns a cancelled run green, too.)

    ## Example
    ```python
    @asset
    def refunds(context: AssetExecutionContext, database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            try:
                return conn.execute("SELECT * FROM refunds").fetchall()
            except duckdb.Error:
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
    Where a default is meant, say so: log a warning with the error before you give it, or catch the one exception that
    you expect (`duckdb.CatalogException` for a table that may not be there yet).

    ## Fix safety
    Unsafe, for what was swallowed now fails the run: the error is logged and raised again. No fix without a `context`,
    where the handler has several statements or a comment that says why, or where a loop tries the next of several ways.
    A handler that answers `False` to a look whether something is there, or goes on with 0, catches
    `duckdb.CatalogException`.

    ## Options
    None.

    ## References
    - [DuckDB: Python DB API, exceptions](https://duckdb.org/docs/stable/clients/python/dbapi)
    """

    code = "AL302"
    message = (
        "`{clause}` swallows the failure of this DuckDB work: the run goes green, and the error is nowhere in its log. "
        "Log it and raise it again"
    )
    evidence = Evidence.ERROR_SWALLOWED
    hides = ("AL604",)  # a handler that raises again is none for a table that is missing

    def visit_handler(self, handler: Handler) -> None:
        if handler.catches_everything or not handler.sees_all_of_duckdb:
            return  # a bare `except` is another rule's, a chosen exception is a look whether something is there
        idle = (WorkKind.TIDY, WorkKind.PREPARE)
        work = [each for each in handler.work if each.kind not in idle]
        if work and handler.swallows and not handler.tries_again:
            self.report(
                handler.place,
                clause=handler.header,
                because=[(work[0].call, "this may fail")],
                fix=self.cured(handler),
                hint="log it and `raise`; where a default is meant, log a warning, or catch the exception you expect",
            )

    def cured(self, handler: Handler) -> Fix | None:
        asset, only = handler.function, handler.body_places[0]
        if handler.answers_no and handler.type_place is not None:
            rewrite = self.rewrite()
            duckdb = rewrite.import_name("duckdb", None, near=handler.place)
            rewrite.replace(handler.type_place, f"{duckdb}.CatalogException")
            return rewrite.fix("Catch what a missing table raises", Safety.UNSAFE)
        if not asset.context_name or len(handler.body_places) > 1 or handler.goes_on_by_design:
            return None
        rewrite = self.rewrite()
        error = handler.node.name or ("error" if handler.may_bind("error") else rewrite.free_name("error", near=only))
        where = "" if asset.name.startswith("_") else f" in {asset.name}"
        text = rewrite.formatted(f"DuckDB error{where}: {{{error}}}")
        clause = rewrite.node(handler.place, cst.ExceptHandler)
        rewrite.replace(only, cst.Expr(cst.parse_expression(f"{asset.context_name}.log.error({text})")))
        rewrite.insert_after(only, "raise")
        if handler.node.name is None:
            rewrite.replace(clause, clause.with_changes(name=cst.AsName(cst.Name(error))))
        return rewrite.fix("Log the error and raise it again", Safety.UNSAFE)
