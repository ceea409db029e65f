from __future__ import annotations

from asset_lint.rule import Doing, Evidence, Fix, Overlap, Rule

MESSAGES = {
    Doing.ATTACHES: (
        "`{function}` attaches a database file that {name} holds open: DuckDB refuses it. Query it by that connection, "
        "or close that first"
    ),
    Doing.STORES: (
        "`{function}` yields an output while {name} is open, and its IO manager opens the same file with a `config` of "
        "its own: DuckDB refuses it. Yield after the `with`"
    ),
}


class ConflictingConnection(Rule):
    """Never open a database file a second time with another configuration.

    ## What it does
    Finds a second opening of a file while a connection of the same function to it is open, if DuckDB refuses it:
    read-only beside read-write, another `config`, `duckdb.connect` beside a `DuckDBResource` (whose connections carry a
    user agent of their own), an output yielded to a DuckDB IO manager from inside a `duckdb.connect`, ATTACH of an open
    file.

    ## Why is this bad?
    A process has one instance of a database, with one configuration. The second opening raises `ConnectionException:
    Can't open a connection to same database file with a different configuration than existing connections`, an ATTACH
    `Unique file handle conflict`. It waits for nothing and always fails.

    ## Example
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE counted AS SELECT count(*) AS n FROM orders")
            with duckdb.connect(os.environ["DUCKDB_DATABASE"], read_only=True) as other:
                return other.execute("SELECT n FROM counted").fetchall()[0][0]
    ```

    ## Use instead
    ```python
    @asset
    def order_count() -> int:
        with duckdb.connect(os.environ["DUCKDB_DATABASE"]) as conn:
            conn.execute("CREATE OR REPLACE TABLE counted AS SELECT count(*) AS n FROM orders")
            return conn.execute("SELECT n FROM counted").fetchall()[0][0]
    ```

    ## Fix safety
    Safe, for an output yielded at the end of the `with`: it is yielded behind it. Which of two configurations is meant
    is yours to say, so there is no fix for the others.

    ## Options
    None.

    ## References
    - [DuckDB: concurrency](https://duckdb.org/docs/stable/connect/concurrency)
    """

    code = "AL211"
    message = (
        "`{function}` opens a database file that {name} holds open, {difference}: DuckDB refuses two configurations of "
        "a file in one process. Use one connection, or close the first"
    )
    evidence = Evidence.CONFLICTING_CONNECTION

    def visit_overlap(self, overlap: Overlap) -> None:
        if overlap.doing not in (Doing.OPENS, Doing.ATTACHES, Doing.STORES):
            return
        self.report(
            overlap.place,
            message=MESSAGES.get(overlap.doing),
            function=self.in_function.name,
            name=f"`{overlap.name}`" if overlap.name else "another connection",
            difference=self.difference(overlap),
            because=overlap.because,
            fix=self.yield_behind(overlap),
            hint="take `conn.cursor()` of the open connection, or open the second behind its `with`",
        )

    def yield_behind(self, overlap: Overlap) -> Fix | None:
        """An output that needs nothing of the connection is yielded once that is closed."""
        if overlap.doing is not Doing.STORES or overlap.detached is None:
            return None
        rewrite = self.rewrite()
        rewrite.move_out(overlap.detached)
        return rewrite.fix("Yield the output behind the `with`")

    def difference(self, overlap: Overlap) -> str:
        if overlap.difference == "read_only":
            return "one of the two `read_only`"
        if overlap.with_resource:
            return "one of the two by dagster_duckdb, which passes a `config` of its own"
        return "with another `config`"
