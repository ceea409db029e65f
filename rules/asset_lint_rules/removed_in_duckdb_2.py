from asset_lint.rewrite import migrate
from asset_lint.rule import Fix, Member, Rule


class RemovedInDuckdb2(Rule):
    """Call nothing that DuckDB 2 took away.

    ## What it does
    Finds methods that DuckDB 2 no longer has: `fetchone`, `fetchmany`, `fetch_df_chunk` and `execute` of relations;
    `pl`, `arrow`, `fetch_arrow_table` and `fetch_record_batch` of connections, that is of the results of `execute`.
    What the value is decides, not the method's name: `conn.execute(...).fetchone()` stays right.

    ## Why is this bad?
    The call raises an `AttributeError` as soon as DuckDB 2 is installed, behind the query that cost the time.

    ## Example
    ```python
    @asset
    def orders(database: DuckDBResource) -> pl.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_orders").pl()
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> pl.DataFrame:
        with database.get_connection() as conn:
            return conn.sql("SELECT * FROM raw_orders").pl()
    ```

    ## Fix safety
    Safe: the query is asked with `sql`, whose `.pl()` and `.to_arrow_table()` all DuckDB versions have; `fetchmany(n)`
    of a relation becomes `limit(n).fetchall()`. There is only a hint where the result is kept in a variable,
    and where a reader is used otherwise than by `read_all()`.

    ## Options
    `target-duckdb`: silent where no version from 2.0 on may be in use. Code that asks `hasattr`, or catches the
    `AttributeError`, is left alone.

    ## References
    - [DuckDB: Python API](https://duckdb.org/docs/stable/clients/python/overview)
    """

    code = "AL801"
    message = "{thing} has no `{name}`{versions}: the call raises AttributeError. {cure}"

    def visit_duckdb_member(self, member: Member) -> None:
        if not member.removed_in_2 or member.guarded:
            return
        things = {"relation": "a relation", "connection": "a connection", "module": "`duckdb`"}
        relation = "pl" if member.name == "pl" else "to_arrow_table"
        if member.name == "fetch_record_batch" and member.read_out is None and not member.takes_either:
            relation += "().to_reader"  # who goes through batches can't go through a table in the same way
        cure = f"Use `{member.removal}`" if member.removal else f"Ask with `sql(...)` and call `.{relation}()`"
        self.report(
            member.place,
            thing=things[member.receiver],
            name=f"{member.name}()" if member.call is not None else member.name,
            versions=self.in_function.on_duckdb("2.0"),
            cure=cure,
            fix=self.migrated(member),
        )

    def migrated(self, member: Member) -> Fix | None:
        rewrite = self.rewrite()
        migrate(rewrite, self.in_function, member)
        return rewrite.fix("Write what DuckDB 1 and 2 have")
