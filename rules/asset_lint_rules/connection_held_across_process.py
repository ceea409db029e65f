from __future__ import annotations

from asset_lint.rule import Doing, Evidence, Overlap, Rule, Severity


class ConnectionHeldAcrossProcess(Rule):
    """Never hold a connection while another process works on the same database file.

    ## What it does
    Finds functions that run dbt, a subprocess or a process pool on a database file while a connection of theirs to it
    is open. That it is the same file must be shown: the command names it, the pool's function opens it, dbt's
    `profiles.yml` says it.

    ## Why is this bad?
    A connection that writes locks its file for its process. The other process ends with `IO Error: Could not set lock
    on file`, dbt after all its retries.

    ## Example
    ```python
    @asset
    def export(database: DuckDBResource) -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE saved AS SELECT * FROM orders")
            subprocess.run(["duckdb", os.environ["DUCKDB_DATABASE"], "EXPORT DATABASE 'saved'"], check=True)
    ```

    ## Use instead
    ```python
    @asset
    def export(database: DuckDBResource) -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE saved AS SELECT * FROM orders")
        subprocess.run(["duckdb", os.environ["DUCKDB_DATABASE"], "EXPORT DATABASE 'saved'"], check=True)
    ```

    ## Fix safety
    No fix: move the call behind the `with`.

    ## Options
    None.

    ## References
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    - [dbt-duckdb: profiles](https://github.com/duckdb/dbt-duckdb#configuring-your-profile)
    """

    code = "AL209"
    message = (
        "`{function}` runs {what} on a database file that {name} holds open: it meets the lock and fails. Close the "
        "connection first"
    )
    severity = Severity.WARNING
    evidence = Evidence.LOCK_MET_BY_INNER_PROCESS

    def visit_overlap(self, overlap: Overlap) -> None:
        if overlap.doing is Doing.RUNS and overlap.configuration.writes:
            self.report(
                overlap.place,
                function=self.in_function.name,
                what=overlap.event.what,
                name=f"`{overlap.name}`" if overlap.name else "a connection",
                because=overlap.because,
                hint="leave the `with` before the other process starts",
            )
