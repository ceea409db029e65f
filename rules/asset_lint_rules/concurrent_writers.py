from __future__ import annotations

from asset_lint.rule import Contention, Evidence, Rule, Severity, Writer

SHOWN = 3


class ConcurrentWriters(Rule):
    """Never let assets that may run at the same time write to one database file.

    ## What it does
    Looks over the whole project for a database file that several assets open for writing, while neither their
    dependencies, nor a `pool=`, a `dagster/concurrency_key` or an executor keeps them from running at the same time.
    The finding stands at one of them.

    ## Why is this bad?
    Dagster runs assets that don't depend on each other in several processes at once, and DuckDB lets one process write:
    the others fail with `IO Error: Could not set lock on file`, when they happen to meet. dagster_duckdb's resource
    tries again for 102 seconds, and a `retry_policy` starts the asset again; either helps the asset that has it, and
    not the one beside it, which fails at once on the lock that such an asset holds.

    ## Example
    ```python
    @asset
    def orders() -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS FROM 'orders.csv'")


    @asset
    def customers() -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE customers AS FROM 'customers.csv'")
    ```

    ## Use instead
    ```python
    @asset(pool="duckdb")
    def orders() -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS FROM 'orders.csv'")


    @asset(pool="duckdb")
    def customers() -> None:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE customers AS FROM 'customers.csv'")
    ```

    ## Fix safety
    No fix: give all of them one pool and set its limit to 1 (`dagster instance concurrency set duckdb 1`), let one
    asset depend on the other, let all take the database from a `DuckDBResource`, or open it `read_only` where it is
    only read.

    ## Options
    None.

    ## References
    - [Dagster: managing concurrency](https://docs.dagster.io/guides/operate/managing-concurrency)
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    """

    code = "AL207"
    message = (
        "`{function}` and {others} open {file} for writing, and nothing orders or limits them: in one run, one fails "
        "on the other's lock{waiting}. Give them one `pool=`"
    )
    severity = Severity.WARNING
    duty = True  # it asks something of assets that are each right by themselves
    evidence = Evidence.WRITERS_COLLIDE

    def visit_contention(self, contention: Contention) -> None:
        first, others = contention.first, contention.others
        named = [f"`{writer.node.name}`" for writer in others[:SHOWN]]
        if len(others) > SHOWN:
            named.append(f"{len(others) - SHOWN} more")
        elsewhere = [(writer.place, f"`{writer.node.name}` opens it here") for writer in others[:SHOWN]]
        waits = next((writer for writer in others if writer.waits), None)
        self.report(
            first.place,
            function=first.node.name,
            others=named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}",
            file=f"`{contention.file}`" if contention.file else "the same database file",
            waiting=f" ({waiting(waits)})" if waits else "",
            because=[*first.steps, *elsewhere],
            hint="one `pool=` with a limit of 1, `deps=`, a `DuckDBResource` in all, or `read_only=True` for reading",
        )


def waiting(writer: Writer) -> str:
    """How long a writer waits for the other's lock."""
    if writer.configuration.by_resource:
        return f"`{writer.node.name}`, by dagster_duckdb, tries again for 102 s"
    if not writer.configuration.waits:
        return f"`{writer.node.name}` is started again by its `retry_policy`"
    return f"`{writer.node.name}` tries again for a while"
