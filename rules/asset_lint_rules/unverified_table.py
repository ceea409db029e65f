from asset_lint.rewrite.telling import look_for
from asset_lint.rule import Evidence, Fix, Function, Query, Rule, Safety, Severity


class UnverifiedTable(Rule):
    """Never assume that a table exists.

    ## What it does
    Finds tables that the SQL of a DuckDB asset reads and that nothing is seen to make: neither the asset itself, nor a
    helper it calls, nor any asset it depends on, however far upstream. A look into the catalogue
    (`information_schema.tables`, `duckdb_tables()`, `SHOW TABLES`) or a handler of `duckdb.CatalogException` will do.

    ## Why is this bad?
    On a new database, or when the asset runs before whatever makes the table, the run fails with `Catalog Error: Table
    with name orders does not exist!`. Dagster does not know what the asset needs, and can't run it in the right order.

    ## Example
    ```python
    @asset
    def order_count(database: DuckDBResource) -> int:
        with database.get_connection() as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    ```

    ## Use instead
    ```python
    @asset(deps=["orders"])
    def order_count(database: DuckDBResource) -> int:
        with database.get_connection() as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchone()[0]
    ```

    Where another system loads the table, look before you read, and say what is missing:

    ```python
    if not conn.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'orders'").fetchall():
        raise Failure("the table orders is missing")
    ```

    ## Fix safety
    Unsafe: the asset looks for the table and fails with a message of its own. A dependency on what makes the table is
    better where there is one, but only you know it.

    ## Options
    None. Assets that depend on dbt, dlt, external assets or anything else that makes tables of unknown names are never
    reported, nor are tables of in-memory databases.

    ## References
    - [Dagster: asset dependencies](https://docs.dagster.io/guides/build/assets/passing-data-between-assets)
    - [DuckDB: information schema](https://duckdb.org/docs/stable/sql/meta/information_schema)
    """

    code = "AL604"
    message = (
        "`{function}` reads the table `{table}`, which neither it nor anything it depends on is seen to make: the run "
        "fails where it is missing. Declare what makes it in `deps`, or look for it first"
    )
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.TABLE_MISSING

    def visit_asset(self, asset: Function) -> None:
        told: list[Query] = []
        for unknown in asset.unverified_tables:
            if unknown.query in told:
                continue
            told.append(unknown.query)
            self.report(
                unknown.query.place,
                function=asset.name,
                table=unknown.table,
                because=[(step, "called here") for step in unknown.query.steps[1:2]],
                hint="`deps=[…]`, or a look into `information_schema.tables`",
                fix=self.looked_up(asset, unknown.query),
            )

    def looked_up(self, asset: Function, query: Query) -> Fix | None:
        """The look stands before the first query of the asset that reads on trust: one for all tables."""
        first = asset.unverified_tables[0].query
        receiver = first.receiver_name
        if query is not first or not receiver:
            return None
        rewrite = self.rewrite()
        failure = rewrite.import_name("dagster", "Failure", near=first.place)
        code = ""
        for unknown in asset.unverified_tables:
            table = unknown.table
            # The catalogue keeps the case in which a table was made, though queries may write any.
            condition = "{} = '{}'" if unknown.is_lower_case else "lower({}) = '{}'"
            where = [condition.format("table_name", table.name)]
            if table.schema:
                where.append(condition.format("table_schema", table.schema))
            missing = rewrite.quoted(f"the table {table} is missing")
            look = look_for(rewrite, first.place, receiver, where)
            code += f"if {look}:\n{rewrite.indent}raise {failure}({missing})\n"
        rewrite.insert_before(first.place, code)
        return rewrite.fix("Look for the table first", Safety.UNSAFE)
