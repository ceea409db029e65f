from difflib import get_close_matches

from asset_lint.rewrite import leave_out
from asset_lint.rule import Fix, Member, Rule


class UnknownDuckdbName(Rule):
    """Name nothing that DuckDB does not have.

    ## What it does
    Finds attributes of the module `duckdb` and of connections that no DuckDB version in use has, in handlers too, and
    `duckdb.duckdb`, the inner module that DuckDB 1.4 renamed.

    ## Why is this bad?
    Python looks a name up when it is needed: `except duckdb.duckdb.CatalogException` does nothing until the query
    fails, and then raises an `AttributeError` instead of handling the failure.

    ## Example
    ```python
    @asset
    def orders(context: AssetExecutionContext, database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            try:
                return conn.execute("SELECT * FROM raw_orders").fetchall()
            except duckdb.duckdb.CatalogException:
                context.log.warning("there are no orders yet")
                return []
    ```

    ## Use instead
    ```python
    @asset
    def orders(context: AssetExecutionContext, database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            try:
                return conn.execute("SELECT * FROM raw_orders").fetchall()
            except duckdb.CatalogException:
                context.log.warning("there are no orders yet")
                return []
    ```

    ## Fix safety
    Safe for `duckdb.duckdb`: every version has the same name in `duckdb`. For other names there is a hint.

    ## Options
    `target-duckdb`: which versions may be in use.

    ## References
    - [DuckDB: Python API](https://duckdb.org/docs/stable/clients/python/overview)
    """

    code = "AL803"
    message = "DuckDB has no `{name}`{versions}: it raises AttributeError when it is needed. {cure}"

    def visit_duckdb_member(self, member: Member) -> None:
        if member.guarded or member.removed_in_2:
            return
        if member.receiver == "module" and member.name == "duckdb":
            lacking = [version for version in member.targets if version not in member.holding]
            if lacking:
                self.report(
                    member.place,
                    name="duckdb.duckdb",
                    versions=self.in_function.on_duckdb(*lacking),
                    cure="Take the name from `duckdb` itself",
                    fix=self.shortened(member),
                )
        elif member.is_missing:
            close = get_close_matches(member.name, member.siblings, 1)
            cure = f"Did you mean `{close[0]}`?" if close else "Look it up in the documentation of your version"
            self.report(member.place, name=member.name, versions="", cure=cure)

    def shortened(self, member: Member) -> Fix | None:
        rewrite = self.rewrite()
        leave_out(rewrite, member.place)
        return rewrite.fix("Take the name from `duckdb`")
