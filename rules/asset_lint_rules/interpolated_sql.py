from asset_lint.rule import Evidence, Fix, Query, Rule, Safety, Severity


class InterpolatedSql(Rule):
    """Never put a value of the run into SQL as text: bind it.

    ## What it does
    Finds values that only a run can tell (a partition key, configuration, what an upstream asset gave, data read or
    computed) which go into a query by f-string, `%`, `.format` or `+` where a bound parameter can stand.

    ## Why is this bad?
    A quote in the value breaks the query (`O'Brien`), or widens it: `' OR true --` reads every row, and `; DROP TABLE`
    runs too. A bound parameter is never read as SQL.

    ## Example
    ```python
    @asset(partitions_def=DailyPartitionsDefinition("2025-01-01"))
    def orders_of_the_day(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute(f"SELECT * FROM orders WHERE order_date = '{context.partition_key}'").df()
    ```

    ## Use instead
    ```python
    @asset(partitions_def=DailyPartitionsDefinition("2025-01-01"))
    def orders_of_the_day(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM orders WHERE order_date = ?", [context.partition_key]).df()
    ```

    DuckDB binds no names of tables or columns, nothing in `CREATE VIEW` and `ATTACH`, and of several statements in one
    text only the last one's values. `DATE ?` is an error: write `?::DATE`.

    ## Fix safety
    Safe where each value is a whole quoted literal and shown to be a `str`: DuckDB converts a bound text as it does the
    literal. Unsafe where the value's type is not shown. No fix for parts of literals (`'%{word}%'`): put the whole text
    together in Python and bind that.

    ## Options
    None. Numbers are not reported, nor constants, file paths, names, or values whose quotes are doubled.

    ## References
    - [DuckDB: prepared statements](https://duckdb.org/docs/stable/sql/query_syntax/prepared_statements)
    """

    code = "AL605"
    message = "{source} goes into the SQL as text: a quote in it breaks or widens the query. {cure}"
    severity = Severity.WARNING
    evidence = Evidence.QUOTE_BREAKS_QUERY

    def visit_query(self, query: Query) -> None:
        if not query.run_time_values or self.in_function.is_test:
            return
        value = query.run_time_values[0]
        place = value.hole.place
        if place.module is not self.module:
            place = query.argument or query.call
        self.report(
            place,
            source=f"{value.source[0].upper()}{value.source[1:]}",
            cure="Bind it: `?` and a parameter"
            if value.in_last
            else "Ask this statement by itself and bind it: only the last of several takes parameters",
            because=()
            if query.call.span.start <= place.span.start < query.call.span.end
            else [(query.call, "asked here")],
            hint='`execute("… = ?", [value])`; `sql(…, params=[value])`',
            fix=self.bound(query),
        )

    def bound(self, query: Query) -> Fix | None:
        binding = query.binding
        if binding is None:
            return None
        rewrite = self.rewrite()
        rewrite.bind(query.call, binding.texts, binding.values, None if query.method == "execute" else "params")
        return rewrite.fix("Bind it as a parameter", Safety.SAFE if binding.safe else Safety.UNSAFE)
