from __future__ import annotations

from asset_lint.rule import Evidence, Retry, Rule, Severity


class RetryReturnsNone(Rule):
    """Raise when the last attempt has failed.

    ## What it does
    Finds loops that try DuckDB again and, once every attempt has failed, come to their end: the function, which gives
    a value otherwise, gives None. Where the last attempt raises, and only a count of no attempts at all leads to a
    `return None`, it is told as advice.

    ## Why is this bad?
    The step goes green. `None` is stored in the place of the rows, and the asset behind it fails, or does not: then
    nobody ever hears of the error.

    ## Example
    ```python
    @asset
    def trips(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        for attempt in range(3):
            try:
                with database.get_connection() as conn:
                    return conn.execute("SELECT * FROM raw_trips").df()
            except duckdb.IOException as error:
                context.log.warning(f"Attempt {attempt} failed: {error}")
                time.sleep(attempt)
    ```

    ## Use instead
    ```python
    @asset
    def trips(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        for attempt in range(3):
            try:
                with database.get_connection() as conn:
                    return conn.execute("SELECT * FROM raw_trips").df()
            except duckdb.IOException as error:
                context.log.warning(f"Attempt {attempt} failed: {error}")
                time.sleep(attempt)
        raise Failure("three attempts to read the trips failed")
    ```

    ## Fix safety
    There is no fix: what to raise is the author's to say.

    ## Options
    None.

    ## References
    - [Dagster: Failure](https://docs.dagster.io/api/dagster/ops#dagster.Failure)
    """

    code = "AL305"
    message = (
        "when the last attempt of this loop fails, `{function}` gives None: the step goes green without its data. "
        "Raise behind the loop"
    )
    evidence = Evidence.NONE_STORED_AFTER_RETRIES
    idle = "with no attempts to make, `{function}` gives None where its callers expect a value. Raise behind the loop"

    def visit_retry(self, retry: Retry) -> None:
        if retry.gives_none is None:
            return
        self.report(
            retry.head,
            function=self.in_function.name,
            message=self.idle if retry.without_turns else None,
            severity=Severity.INFO if retry.without_turns else Severity.ERROR,
            because=[(retry.again, "a failed attempt ends here"), (retry.gives_none, "then this gives None")],
            hint="raise the last error, or a `dagster.Failure`, behind the loop",
        )
