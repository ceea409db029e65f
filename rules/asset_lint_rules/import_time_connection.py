from asset_lint.rule import Evidence, Rule
from asset_lint.rule import ImportTimeConnection as Opened


class ImportTimeConnection(Rule):
    """Never open a database file while a module is imported.

    ## What it does
    Finds connections for writing that a module of the definitions opens at its top level, in the body of a class, as a
    default argument or by a helper that it calls there, and that nothing closes before the import is over.

    ## Why is this bad?
    DuckDB lets one process write to a file. Each process that imports the module wants the lock: the code server holds
    it from its start on, and the process that Dagster starts for a step, even of a run of one asset, fails with `IO
    Error: Could not set lock on file`. So do `dagster definitions validate`, a second run, and your shell.

    ## Example
    ```python
    conn = duckdb.connect(os.environ["DUCKDB_DATABASE"])


    @asset
    def order_count() -> int:
        return conn.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Use instead
    ```python
    @asset
    def order_count(database: DuckDBResource) -> int:
        with database.get_connection() as conn:
            return conn.execute("SELECT count(*) FROM orders").fetchall()[0][0]
    ```

    ## Fix safety
    None is offered: each asset that uses the connection has to take a resource, or to open one of its own.

    ## Options
    None. Connections in memory, to temporary files or with `read_only=True` take no lock that others need; what stands
    under `if __name__ == "__main__"`, in tests and in scripts that no definitions import is left alone.

    ## References
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    - [Dagster: resources](https://docs.dagster.io/guides/build/external-resources)
    """

    code = "AL205"
    message = (
        "importing this module opens {file} for writing and keeps its lock: the process of a step imports it again, "
        "and fails on that lock. Open it in the asset: `with duckdb.connect(…) as conn:`"
    )
    evidence = Evidence.LOCKED_BY_IMPORT

    def visit_import_time_connection(self, connection: Opened) -> None:
        self.report(
            connection.opened,
            file=f"`{connection.file}`" if connection.file else "a database file",
            because=connection.steps,
            hint="a `DuckDBResource` parameter and `with database.get_connection() as conn:`",
        )
