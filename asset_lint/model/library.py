"""What is known of libraries beside DuckDB: who merely uses a connection, what never raises, where paths come from."""

from __future__ import annotations

import re

from .databases import joined, parent
from .paths import file_of, file_of_variable
from .values import Alternatives, Const, Origin, Text, Value, origin_of

BORROWING = frozenset(
    "pandas polars pyarrow numpy json builtins sqlglot tabulate logging time datetime math re".split()
)
"""Packages whose functions use a connection that they are given and neither keep nor close it."""

WRAPPERS = {
    "dagster._utils.backoff.backoff": 0,
    "functools.partial": 0,
    "asyncio.to_thread": 0,
    "asyncio.run": 0,
    "anyio.to_thread.run_sync": 0,
}
"""Functions that call what they are given, with the position of it."""

HARMLESS_FUNCTIONS = frozenset(
    """time.time time.perf_counter time.monotonic time.sleep datetime.datetime.now datetime.datetime.utcnow
    datetime.date.today datetime.datetime.today logging.getLogger dagster.get_dagster_logger uuid.uuid4
    pandas.Timestamp.now pandas.Timestamp.utcnow textwrap.dedent os.getpid""".split()
)
"""Functions that do not raise in practice; a leak that only they could cause is not worth a word."""

HARMLESS_METHODS = frozenset(
    """info debug warning error exception critical append add strip lower upper format join split replace startswith
    endswith isoformat strftime add_output_metadata add_asset_metadata items keys values copy is_dir exists is_file
    as_posix absolute resolve""".split()
)

TEXT_METHODS = frozenset(
    "as_posix resolve absolute expanduser joinpath with_suffix with_name format strip __str__ lstrip rstrip".split()
)
"""Methods of a text or path whose result comes from where the text came from."""

FILE_FUNCTIONS = frozenset(
    """pathlib.Path pathlib.PurePath pathlib.PosixPath os.path.join os.path.abspath os.path.dirname os.path.realpath
    os.path.expanduser os.path.normpath os.fspath dagster.file_relative_path posixpath.join os.fsdecode
    textwrap.dedent pathlib.Path.home pathlib.Path.cwd os.getcwd""".split()
)
ENVIRONMENT = re.compile(r"(^os\.getenv$|^os\.environ|\bEnvVar\b|^decouple\.|^environs\.|^dotenv\.|^starlette\.config)")
TEMPORARY = re.compile(r"^tempfile\.")
_RESOURCE = re.compile(r"^dagster_duckdb(\.\w+)*\.DuckDBResource$|^dagster_duckdb\.DuckDBResource\b")
_COMMENT = re.compile(r"^(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*", re.DOTALL)


def is_duckdb_resource(name: str) -> bool:
    """Whether a library's class is dagster_duckdb's resource."""
    return _RESOURCE.match(name) is not None


def origin_of_path(name: str, positional: tuple[Alternatives, ...], named: dict[str, Alternatives]) -> Value | None:
    """The result of a library's function of paths and settings, None if ``name`` is no such function."""
    if ENVIRONMENT.search(name):
        return Text(Origin.ENVIRONMENT, file=file_of_variable(positional, named))
    if TEMPORARY.match(name):
        return Text(Origin.TEMPORARY)
    if name not in FILE_FUNCTIONS:
        return None
    worst, text, handed = Origin.LITERAL, "", False
    for values in (*positional, *named.values()):
        origin, known, given = origin_of(values)
        worst = origin if origin.value > worst.value else worst
        text, handed = text or known, handed or given
    return Text(worst, text, handed, file=_file_of_path(name, positional))


def _file_of_path(name: str, positional: tuple[Alternatives, ...]) -> str:
    """Which file a library's function of paths gives."""
    tail = name.rpartition(".")[2]
    files = [file_of(values) for values in positional]
    if tail in ("dirname", "file_relative_path") and files:
        files[0] = parent(files[0])
    return "" if tail in ("home", "cwd", "getcwd") else joined(files, "/")


def first_keyword(sql: Alternatives | None) -> str:
    """The first keyword of a SQL text, upper case; "" where its beginning is not constant."""
    found: set[str] = set()
    for value in sql or ():
        text = value.value if isinstance(value, Const) else value.text if isinstance(value, Text) else ""
        if not isinstance(text, str):
            return ""
        start = _COMMENT.match(text)
        word = re.match(r"[A-Za-z_]+", text[start.end() if start else 0 :])
        returning = " RETURNING " in f" {text.upper()} "  # rows come of it
        found.add(word.group().upper() if word and not returning else "")
    return found.pop() if len(found) == 1 else ""
