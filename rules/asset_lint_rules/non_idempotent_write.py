from asset_lint.rule import Evidence, Fix, Function, Repeat, RepeatedWrite, Rule, Safety, Severity

HINTS = {
    Repeat.FAILS: "`CREATE OR REPLACE TABLE`",
    Repeat.STALE: "`CREATE OR REPLACE TABLE`, or DELETE and INSERT",
    Repeat.DOUBLES: "DELETE what the run replaces first, or `INSERT OR REPLACE`, `ON CONFLICT`",
}


class NonIdempotentWrite(Rule):
    """Never write what a second run does not bear.

    ## What it does
    Finds assets that append (an `INSERT` or a `COPY … FROM` beside which nothing is deleted, replaced, left out or kept
    apart by a partition), that `CREATE TABLE` without `OR REPLACE`, or that fill a table by `CREATE TABLE IF NOT EXISTS
    … AS SELECT` and never again.

    ## Why is this bad?
    Assets are run again: after a failure, for a backfill, because somebody clicks. Then the run fails with `Catalog
    Error: Table with name orders already exists!`, or all rows stand there twice, or the table stays as it was.

    ## Example
    ```python
    @asset
    def totals(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE TABLE totals AS SELECT status, sum(amount) FROM orders GROUP BY status")
    ```

    ## Use instead
    ```python
    @asset
    def totals(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE totals AS SELECT status, sum(amount) FROM orders GROUP BY status")
    ```

    ## Fix safety
    Unsafe: `CREATE OR REPLACE TABLE` drops what is in the table. For rows that are added there is no fix: whether to
    delete, to replace or to leave out what is there already, only you know.

    ## Options
    None. Temporary tables, in-memory databases, tables whose names say that they grow (logs, audits, history), and
    assets that ask what there is before they write are not reported.

    ## References
    - [DuckDB: CREATE TABLE](https://duckdb.org/docs/stable/sql/statements/create_table)
    - [DuckDB: INSERT](https://duckdb.org/docs/stable/sql/statements/insert)
    """

    code = "AL608"
    evidence = Evidence.NOT_REPEATABLE
    message = "`{function}` can't be run again as it is: {repeat}. Replace the table, or delete first"
    severity = Severity.WARNING

    def visit_asset(self, asset: Function) -> None:
        if not asset.is_checklist_asset:
            return
        for write in asset.repeated_writes:
            self.report(
                write.query.place,
                function=asset.name,
                repeat=write.repeat.value.format(table=write.table),
                because=[(step, "called here") for step in write.query.steps[1:2]],
                hint=HINTS[write.repeat],
                fix=self.replacing(write),
            )

    def replacing(self, write: RepeatedWrite) -> Fix | None:
        text = write.query.text_place
        if write.repeat is Repeat.DOUBLES or text is None:
            return None
        rewrite = self.rewrite()
        lower = "create table" in " ".join(write.statement.text.split())
        new = "CREATE OR REPLACE TABLE "
        rewrite.change_text(text, r"\bCREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?", new.lower() if lower else new)
        return rewrite.fix("Write `CREATE OR REPLACE TABLE`", Safety.UNSAFE)
