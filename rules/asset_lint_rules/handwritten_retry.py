from __future__ import annotations

from asset_lint.rule import Evidence, Retry, Rule, Severity


class HandwrittenRetry(Rule):
    """Leave it to Dagster to try again.

    ## What it does
    Finds loops that ask DuckDB, sleep when it failed, and ask again: in compute functions and in what they call.
    Libraries that try again (`tenacity`, Dagster's own `backoff`) are left alone.

    ## Why is this bad?
    The attempts are in no event of the run: a step that took three of them looks like one that took long. The loop
    tries again whatever went wrong, a missing table as well as a locked file, and holds its process while it sleeps.
    `RetryPolicy` shows each attempt, frees the process, and can be set for a whole job.

    ## Example
    ```python
    @asset
    def trips(context: AssetExecutionContext, database: DuckDBResource) -> list:
        for attempt in range(3):
            try:
                with database.get_connection() as conn:
                    return conn.execute("SELECT * FROM trips").fetchall()
            except duckdb.IOException as error:
                context.log.warning(f"Attempt {attempt} failed: {error}")
                time.sleep(2**attempt)
        raise Failure("the trips cannot be read")
    ```

    ## Use instead
    ```python
    @asset(retry_policy=RetryPolicy(max_retries=3, delay=1, backoff=Backoff.EXPONENTIAL))
    def trips(database: DuckDBResource) -> list:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM trips").fetchall()
    ```
    To try again after some errors only, catch those and `raise RetryRequested(max_retries=3) from error`.

    ## Fix safety
    There is no fix: a policy runs the whole asset again, not the query alone.

    ## Options
    None.

    ## References
    - [Dagster: retries](https://docs.dagster.io/guides/build/ops/op-retries)
    - [Dagster: RetryPolicy](https://docs.dagster.io/api/dagster/ops#dagster.RetryPolicy)
    """

    code = "AL304"
    message = (
        "this loop tries DuckDB again by hand: Dagster neither shows nor counts its attempts. "
        "Let Dagster do it: `retry_policy=RetryPolicy(...)`"
    )
    severity = Severity.WARNING
    evidence = Evidence.RETRIES_UNTOLD

    def visit_retry(self, retry: Retry) -> None:
        if retry.sleep is not None and not retry.gives_up:  # Dagster's retry needs an error that gets out
            self.report(
                retry.head,
                because=[
                    (retry.again, "the error is caught here"),
                    (retry.sleep, "and this waits for the next attempt"),
                ],
                hint="give the asset `retry_policy=RetryPolicy(max_retries=..., delay=...)` and let the error out; for "
                "some errors only, `raise RetryRequested(max_retries=...) from error`",
            )
