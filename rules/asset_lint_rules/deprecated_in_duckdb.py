from asset_lint.rewrite import rename
from asset_lint.rule import Fix, Member, Rule, Severity


class DeprecatedInDuckdb(Rule):
    """Call nothing that DuckDB has deprecated.

    ## What it does
    Finds names that a DuckDB version in use deprecates: `fetch_arrow_table()`, `fetch_record_batch()` and
    `fetch_arrow_reader()` from 1.5 on, `duckdb.typing` and `duckdb.functional` in 1.4.

    ## Why is this bad?
    Each call raises a `DeprecationWarning`, and the name goes with one of the next versions: `duckdb.typing` was gone
    one release after its warning.

    ## Example
    ```python
    @asset
    def orders(database: DuckDBResource) -> pa.Table:
        with database.get_connection() as conn:
            return conn.table("raw_orders").fetch_arrow_table()
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> pa.Table:
        with database.get_connection() as conn:
            return conn.table("raw_orders").to_arrow_table()
    ```

    ## Fix safety
    Safe: the name that DuckDB itself gives instead. No fix is offered where a version in use lacks that name
    (`to_arrow_reader` came with 1.5): set `target-duckdb`.

    ## Options
    `target-duckdb`: which versions may be in use.

    ## References
    - [DuckDB: export to Arrow](https://duckdb.org/docs/stable/guides/python/export_arrow)
    """

    code = "AL802"
    message = "`{name}` is deprecated{versions} and will go: use `{instead}`"
    severity = Severity.WARNING

    def visit_duckdb_member(self, member: Member) -> None:
        if not member.deprecations or member.removed_in_2 or member.guarded:
            return
        instead = next(iter(member.deprecations.values()))
        lacking = not member.is_everywhere(instead)
        of_relation = lacking and member.receiver == "connection" and instead == "to_arrow_table"
        self.report(
            member.place,
            name=member.name,
            instead=f"sql(…).{instead}" if of_relation else instead,  # relations have it in every version
            versions=self.in_function.on_duckdb(*member.deprecations),
            fix=self.renamed(member, instead),
            hint=f"`{instead}` is not in every DuckDB version in use" if lacking and not of_relation else "",
        )

    def renamed(self, member: Member, instead: str) -> Fix | None:
        if not member.is_everywhere(instead):
            return None
        rewrite = self.rewrite()
        rename(rewrite, member.place, instead)
        return rewrite.fix(f"Use `{instead}`")
