from __future__ import annotations

from asset_lint.rule import Doing, Evidence, Overlap, Rule

REMOVING = frozenset("os.remove os.unlink unlink".split())
MOVING = frozenset("shutil.move os.rename os.replace rename replace move".split())


class DatabaseFileTouchedWhileOpen(Rule):
    """Never open, copy, move or remove a database file while a connection to it is open.

    ## What it does
    Finds calls like `shutil.copy`, `open`, `read_bytes`, `rename`, `unlink` or `upload_file` with a path of a database
    file to which the same function holds a connection, also inside of functions that it calls.

    ## Why is this bad?
    On Linux and macOS a process loses its lock on a file as soon as it closes *any* handle to it, and `shutil.copy` and
    `open` do: from there on a second process may write to the file beside you, and corrupt it. A copy lacks what
    still stands in the `.wal` file. What is written after a removal or a move is lost, or ends up where nobody looks.

    ## Example
    ```python
    @asset
    def backup() -> None:
        database = os.environ["DUCKDB_DATABASE"]
        with duckdb.connect(database) as conn:
            conn.execute("CREATE OR REPLACE TABLE saved AS SELECT * FROM orders")
            shutil.copy(database, f"{database}.backup")
    ```

    ## Use instead
    ```python
    @asset
    def backup() -> None:
        database = os.environ["DUCKDB_DATABASE"]
        with duckdb.connect(database) as conn:
            conn.execute("CREATE OR REPLACE TABLE saved AS SELECT * FROM orders")
        shutil.copy(database, f"{database}.backup")
    ```

    ## Fix safety
    No fix: move the call behind the `with`, or let DuckDB copy (`ATTACH 'backup.duckdb'; COPY FROM DATABASE … TO …`).

    ## Options
    None.

    ## References
    - [DuckDB: COPY FROM DATABASE](https://duckdb.org/docs/stable/sql/statements/copy#copy-from-database--to)
    - [POSIX advisory locks](https://www.sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_)
    """

    code = "AL212"
    message = "`{function}` calls `{what}` on a database file that {name} holds open: {harm}. {instead}"
    evidence = Evidence.LOCK_DROPPED

    def visit_overlap(self, overlap: Overlap) -> None:
        if overlap.doing is not Doing.TOUCHES:
            return
        what = overlap.event.what
        if what in REMOVING:
            harm, instead = "what is written to it from there on is lost", "Close the connection first"
        elif what in MOVING:
            harm, instead = "its `.wal` stays behind, and its lock may be lost", "Close the connection first"
        else:
            harm = (
                "this drops DuckDB's lock on it, so that a second process may write, and misses what is in the `.wal`"
            )
            instead = "Close the connection first, or `COPY FROM DATABASE`"
        self.report(
            overlap.place,
            function=self.in_function.name,
            name=f"`{overlap.name}`" if overlap.name else "a connection",
            what=what,
            harm=harm,
            instead=instead,
            because=overlap.because,
            hint="`CHECKPOINT` and close the connection before, or `COPY FROM DATABASE` by the connection itself",
        )
