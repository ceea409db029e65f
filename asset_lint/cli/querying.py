"""The command ``query``: SQL over the facts of a project."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.discovery import discover
from asset_lint.documents import is_document
from asset_lint.errors import UsageError
from asset_lint.report.safe import visible, width

from . import known
from .options import config_files
from .progress import Progress
from .terminal import processors, read_stdin, tell, write, write_file

if TYPE_CHECKING:
    from asset_lint.facts.collect import Facts
    from asset_lint.facts.database import Answer, SqlError
    from asset_lint.finding import Finding
    from asset_lint.registry import Registry

_SHOWN = 100  # characters of a line of SQL shown with an error


def answer(statement: str | None, paths: Sequence[str], given: Mapping[str, Any]) -> int:
    """Ask, print, and return the exit status. Raises UsageError for SQL that DuckDB refuses."""
    if statement is None:
        _put(listing(given["shape"]), given)
        return 0
    from asset_lint.facts.database import FactsDatabase, SqlError

    sql = read_stdin().decode("utf-8-sig", "replace") if statement == "-" else statement
    problems: list[str] = []
    facts = collected(paths, given, problems)
    with FactsDatabase(facts.table, "`asset-lint query`") as database:
        try:
            found = database.ask(sql)
        except SqlError as error:
            raise UsageError(_told(error, sql)) from None
    for sentence in problems:
        tell(f"error: {sentence}")
    _put(render(given["shape"], found), given)
    return 2 if problems else 0


def collected(paths: Sequence[str], given: Mapping[str, Any], problems: list[str]) -> Facts:
    """The facts of the files below ``paths``; what could not be read is added to ``problems``."""
    from asset_lint.engine.check import Checker
    from asset_lint.facts.collect import Facts
    from asset_lint.registry import load

    found = discover(paths or (".",), config_files(given))
    problems += found.problems
    if not found.files and not problems:
        tell("warning: No Python files found under the given paths")
    registry = load()

    def findings() -> Iterator[Finding]:
        return _findings(found.files, registry, given, problems)

    files = [(path, config) for path, config in found.files if not is_document(str(path))]
    return Facts(files, Checker(registry), named, findings)


def named(absolute: str) -> str:
    """A file as other commands name it: relative to the working directory where it lies in it."""
    inside = os.getcwd().rstrip(os.sep) + os.sep
    return absolute.removeprefix(inside)


def _findings(
    files: known.Files, registry: Registry, given: Mapping[str, Any], problems: list[str]
) -> Iterator[Finding]:
    from asset_lint.engine import Mode, run

    jobs = given["jobs"] or processors()
    with Progress(len(files), quiet=bool(given["quiet"])) as progress:
        for group in known.alike(files):
            baseline = known.load(group)
            for result in run(group, registry, mode=Mode.CHECK, jobs=jobs, baseline=baseline, on_file=progress.step):
                yield from result.shown
                if result.error is not None:
                    problems.append(result.error)


def _told(error: SqlError, sql: str) -> str:
    """An error with the line that it is about."""
    message = error.message.expandtabs(2).rstrip()
    if error.line is None or error.column is None:
        return f"in the statement: {message}"
    lines = [f"in the statement, line {error.line}, column {error.column}: {message}"]
    text = (sql.split("\n") + [""] * error.line)[error.line - 1]
    if len(text) <= _SHOWN and text.isprintable():
        lines += [f"  {text}", f"  {' ' * width(text[: error.column - 1])}^"]
    return "\n".join(lines)


def _put(text: str, given: Mapping[str, Any]) -> None:
    if given["output_file"] is not None:
        write_file(Path(given["output_file"]), text)
    else:
        write(text)


# ---- what there is -------------------------------------------------------------------------------------------------


def listing(output_format: str) -> str:
    """The tables of facts and their columns."""
    from asset_lint.facts.database import Answer
    from asset_lint.facts.rows import TABLES, columns

    if output_format != "table":
        listed = [(name, c.name, c.type, c.nullable, c.doc) for name, row in TABLES.items() for c in columns(row)]
        return render(output_format, Answer(("table", "column", "type", "nullable", "description"), listed))
    lines: list[str] = []
    for name, row in TABLES.items():
        lines += [*([""] if lines else []), name, f"  {' '.join((row.__doc__ or '').split())}"]
        wide = max(len(column.name) for column in columns(row))
        for column in columns(row):
            lines.append(f"  {column.name:<{wide}}  {column.type:<9}  {column.doc}")
    return "".join(f"{line}\n" for line in lines)


# ---- formats -------------------------------------------------------------------------------------------------------


def render(output_format: str, found: Answer) -> str:
    """Rows in one of the formats."""
    formats: Mapping[str, Callable[[Answer], str]] = {"table": _table, "csv": _csv, "markdown": _markdown}
    return formats.get(output_format, _json)(found)


def _json(found: Answer) -> str:
    listed = [dict(zip(found.columns, map(_plain, row), strict=True)) for row in found.rows]
    return json.dumps(listed, indent=2, ensure_ascii=False) + "\n"


def _csv(found: Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found.columns)
    writer.writerows(["" if value is None else _text(value) for value in row] for row in found.rows)
    return text.getvalue()


def _markdown(found: Answer) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"

    marks = ["---:" if right else "---" for right in _to_the_right(found)]
    cells = [[_shown(value) for value in row] for row in found.rows]
    return line(found.columns) + line(marks) + "".join(map(line, cells))


def _table(found: Answer) -> str:
    cells = [[visible(name) for name in found.columns], *([_shown(value) for value in row] for row in found.rows)]
    wide = [max(width(row[at]) for row in cells) for at in range(len(found.columns))]
    right = _to_the_right(found)

    def line(row: Sequence[str]) -> str:
        padded = [
            f"{' ' * (wide[at] - width(cell))}{cell}" if right[at] else f"{cell}{' ' * (wide[at] - width(cell))}"
            for at, cell in enumerate(row)
        ]
        return "  ".join(padded).rstrip() + "\n"

    return line(cells[0]) + line(["-" * each for each in wide]) + "".join(map(line, cells[1:]))


def _to_the_right(found: Answer) -> list[bool]:
    """Which columns hold numbers."""
    numbers = [[row[at] for row in found.rows if row[at] is not None] for at in range(len(found.columns))]
    return [
        bool(values) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
        for values in numbers
    ]


def _plain(value: object) -> object:
    """A value as JSON's data."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, dict) else str(value)


def _shown(value: object) -> str:
    """A value on one line, fit for a terminal."""
    return "NULL" if value is None else visible(" ".join(_text(value).split()))
