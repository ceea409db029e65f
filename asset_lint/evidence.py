"""What a run shows when a rule is right: the symptoms that ``verify`` looks for, and what must be tried to see them.

Plain data, so that rules can name their evidence and the verifier, which knows no rules, can look for it.
"""

from __future__ import annotations

import enum


class Scenario(enum.Enum):
    """The circumstances of a run."""

    NORMAL = "normal"  # the database as it is given
    NO_ROWS = "no rows"  # the same tables, all empty
    NULLS = "nulls"  # the tables and the inputs hold NULLs
    QUOTES = "quotes"  # the texts in tables and inputs hold quotes
    NO_TABLES = "no tables"  # an empty database
    OTHER_DATABASE = "other database"  # another file under another name
    CHANGED = "changed"  # the tables hold each row twice
    FAULT = "fault"  # queries raise
    INTERRUPT = "interrupt"  # the run is cancelled inside a query
    DOWNSTREAM = "downstream in memory"  # values are kept in memory, and another asset reads them
    TWO_PROCESSES = "two processes"  # two assets at once, each in a process of its own
    BESIDE_A_READER = "beside a reader"  # another process reads the database meanwhile
    TWICE = "twice"  # two runs, one after the other, on one database
    THREADS = "threads"  # queries take their time


class Evidence(enum.Enum):
    """A symptom: in words, and the scenarios in which it shows itself.

    Each scenario is tried after the one before it; the first in which the symptom is seen is enough.
    """

    VALUE_NOT_STORED = "the value that leaves cannot be stored", Scenario.NORMAL, Scenario.DOWNSTREAM
    LAZY_VALUE_FAILS = (
        "what leaves is still to be read: storing it fails, or the next connection to the file hangs",
        Scenario.NORMAL, Scenario.DOWNSTREAM, Scenario.TWICE,
    )  # fmt: skip
    READ_AFTER_CLOSE = "a result is read after its connection was closed", Scenario.NORMAL
    UNFINISHED_RESULT = "the connection refuses work: a result is not read to its end", Scenario.NORMAL
    TYPE_REFUSED = "Dagster's check of the output's type fails", Scenario.NORMAL
    METADATA_REFUSED = (
        "Dagster refuses a metadata value",
        Scenario.NORMAL,
        Scenario.NO_ROWS,
        Scenario.NO_TABLES,
        Scenario.FAULT,
    )

    CONNECTION_LEFT_OPEN = (
        "a connection is still open when the asset has ended, and its file locked", Scenario.FAULT, Scenario.NORMAL,
    )  # fmt: skip
    CLOSED_BY_HAND = "a connection is closed by `close()`, not by a `with`", Scenario.NORMAL
    FOREIGN_DATABASE = "the run opens a file other than the database that it was given", Scenario.NORMAL
    SHARED_STATE = "the default connection of the process is left with state", Scenario.NORMAL
    LOCKED_BY_IMPORT = "importing the module locks the database file", Scenario.NORMAL
    WRITERS_COLLIDE = "two assets at once: one cannot lock the file", Scenario.TWO_PROCESSES
    READER_SHUT_OUT = "the run fails beside a reader of the file, though it only reads", Scenario.BESIDE_A_READER
    LOCK_MET_BY_INNER_PROCESS = "another process is started while the file is locked", Scenario.NORMAL
    SHARED_BY_THREADS = "a thread queries a connection whose result another thread has yet to read", Scenario.THREADS
    CONFLICTING_CONNECTION = "a second connection to an open file is refused", Scenario.NORMAL
    LOCK_DROPPED = "the lock is gone while the connection is open", Scenario.NORMAL

    CANCELLATION_SWALLOWED = "a cancelled run goes green", Scenario.INTERRUPT
    ERROR_SWALLOWED = "the run succeeds, and the failed query is nowhere in its events", Scenario.FAULT
    ERROR_UNTOLD = "the failing run's log says nothing of the asset's own", Scenario.FAULT
    RETRIES_UNTOLD = "queries are tried again, and no event tells of it", Scenario.FAULT, Scenario.BESIDE_A_READER
    NONE_STORED_AFTER_RETRIES = "None is materialized after the last attempt", Scenario.FAULT

    CONTEXT_OF_OTHER_TYPE = (
        "a context of another type is received than is declared, or than assets get",
        Scenario.NORMAL,
    )
    CONTEXT_REFUSED = "Dagster refuses the context's type, or the call that hands it on", Scenario.NORMAL
    CONTEXT_UNDECLARED = "the definition declares no type for its context", Scenario.NORMAL
    DEFINITION_REFUSED = "Dagster refuses the definition", Scenario.NORMAL

    NOTHING_LOGGED = "no log event of the asset's own", Scenario.NORMAL
    NO_METADATA = "the materialization has no metadata of the asset's own", Scenario.NORMAL
    PRINTED_ONLY = "the text that is printed is in no event", Scenario.NORMAL, Scenario.FAULT, Scenario.NO_ROWS

    EMPTY_RESULT_UNTOLD = "on empty tables the run is green and tells nothing of it", Scenario.NO_ROWS
    FAILS_ON_NO_ROWS = "TypeError or IndexError on empty tables", Scenario.NO_ROWS
    NULLS_UNTOLD = "with NULLs in its input the run ends and tells the same as without", Scenario.NULLS
    TABLE_MISSING = "CatalogException on an empty database", Scenario.NO_TABLES
    QUOTE_BREAKS_QUERY = "a quote in a value changes the query", Scenario.QUOTES
    ROWS_LOST = "the run is green, and what its transaction wrote is lost", Scenario.NORMAL
    NOT_REPEATABLE = (
        "the second run fails, doubles the rows, or keeps the old ones", Scenario.TWICE, Scenario.CHANGED,
    )  # fmt: skip
    STALE_ROWS = "the second run uses the rows of the first", Scenario.TWICE, Scenario.CHANGED

    DEPENDENCY_TWICE = "one dependency is declared in `deps` and as a parameter", Scenario.NORMAL
    DEPRECATED_CALL = "the call warns that it will go", Scenario.NORMAL
    NONE_STORED = "an IO manager stores None", Scenario.NORMAL
    PARAMETER_TAKEN_FOR_ASSET = "the parameter is taken for an asset of that name", Scenario.NORMAL
    UPSTREAM_WITHOUT_VALUE = "the value of the upstream asset cannot be loaded", Scenario.NORMAL

    def __init__(self, symptom: str, *scenarios: Scenario) -> None:
        self.symptom = symptom
        self.scenarios = scenarios
