"""Tables and files for assets that find none: made from what their queries read, where nobody has given a database.

An asset is run; where a query fails for want of a table or a file, that is made, even if the asset makes do without:
with the columns that its queries name and a few rows that are the same each time. Then it is run again, until it fails
for no table more. What such rows can't show is for ``judge`` to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .columns import Column, Name, columns_read, guessed_type, use_of
from .observations import Event, Observations
from .sandbox import Sandbox
from .symptoms import left_with, said
from .task import End, Task

_ROUNDS = 12  # one or more tables, or columns, in each
_ROWS = 3
_VALUES = {
    "BIGINT": ("1", "2", "3"),
    "DOUBLE": ("1.5", "2.5", "3.5"),
    "BOOLEAN": ("true", "false", "true"),
    "DATE": ("DATE '2024-01-01'", "DATE '2024-01-02'", "DATE '2024-01-03'"),
    "TIMESTAMP": tuple(f"TIMESTAMP '2024-01-0{day} 12:00:00'" for day in (1, 2, 3)),
    "VARCHAR": ("'a'", "'b'", "'c'"),
}
_MISSING_TABLE = re.compile(
    r'Table with name (?:"(?P<quoted>[^"]+)"|(?P<bare>\S+)) does not exist'
    r'|Python Object "(?P<asset>\w+)" of type "AssetsDefinition"'  # an asset has the name of its table
)
_MISSING_COLUMN = re.compile(
    r'Referenced column "?(?P<a>[^"]+?)"? not found|does not have a column named "(?P<b>[^"]+)"'
    r'|Column "(?P<c>[^"]+)" does not exist on \w+ side of join'
)
_MISSING_FILE = re.compile(r"""No files found that match the pattern "([^"]+)"|No such file or directory: '([^']+)'""")
_WRITABLE = re.compile(r"(?!/|\w:|\w+://|(?:.*/)?\.\./).+\.(?:parquet|csv|tsv|json|jsonl|ndjson)", re.IGNORECASE)
_AMBIGUOUS_COLUMN = re.compile(r'Ambiguous reference to column name "([^"]+)"')


@dataclass
class Tables:
    """The tables that are made for an asset so far, by schema and name, and the ``files`` among them as they are
    spelt."""

    columns: dict[Name, dict[str, Column]] = field(default_factory=dict)
    files: dict[Name, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What they are called, in order."""
        return tuple(sorted(self.files.get(table) or ".".join(filter(None, table)) for table in self.columns))

    @property
    def sql(self) -> str:
        """What makes those in the database."""
        tables = sorted(table for table in self.columns if table not in self.files)
        statements = [f'CREATE SCHEMA "{schema}";\n' for schema in sorted({schema for schema, _ in tables} - {""})]
        statements += [self._sql(table, ".".join(f'"{part}"' for part in table if part)) for table in tables]
        return "".join(statements)

    @property
    def data(self) -> Mapping[str, str]:
        """What makes the files: the table ``data`` of each."""
        return {re.sub(r"\*+", "generated", path): self._sql(table, "data") for table, path in self.files.items()}

    def _sql(self, table: Name, called: str) -> str:
        known = {column: replace(facts, type=_type(column, facts)) for column, facts in self.columns[table].items()}
        known = known or {"id": Column("BIGINT")}
        declared = ", ".join(f'"{column}" {facts.type}' for column, facts in known.items())
        rows = ", ".join("(" + ", ".join(_value(facts, row) for facts in known.values()) + ")" for row in range(_ROWS))
        return f"CREATE TABLE {called} ({declared});\nINSERT INTO {called} VALUES {rows};\n"

    def learn(self, run: Observations) -> bool:
        """Make what a run failed for want of; whether there was something to make."""
        texts = [query["sql"] for query in run.queries]
        changed = False
        for failed in run.query_errors:
            message = str(failed["error"]["message"])
            if match := _MISSING_TABLE.search(message):
                changed |= self._learn_table(match["quoted"] or match["bare"] or match["asset"], failed, texts)
            elif match := _MISSING_FILE.search(message):
                changed |= self._learn_file(match[1] or match[2], texts)
            elif match := _AMBIGUOUS_COLUMN.search(message):
                mine = [columns for table, columns in self.columns.items() if match[1].lower() in columns]
                changed |= len(mine) > 1 and mine[0].pop(match[1].lower()) is not None
            elif match := _MISSING_COLUMN.search(message):
                column = match["a"] or match["b"] or match["c"]
                changed |= self._learn_column(column.lower(), failed["sql"])
        for error in () if changed else left_with(run):
            if error["type"] in ("KeyError", "ColumnNotFoundError"):  # of a frame that a star has filled
                asked = re.findall(r"""["'](\w+)["']""", str(error["message"]))
                for name in asked:
                    changed |= self._learn_column(name, "")
            elif match := _MISSING_FILE.search(str(error["message"])):
                changed |= self._learn_file(match[1] or match[2], texts)
        return changed

    def _learn_file(self, path: str, texts: Sequence[str]) -> bool:
        """A file that a query, or the code itself, looks for in the folder where it runs."""
        table = "", path.lower()
        if table in self.files or not _WRITABLE.fullmatch(path):
            return False
        self.files[table] = path
        columns = self.columns[table] = {}
        for read in (columns_read(text, table, texts) for text in texts):
            for column, facts in (read or {}).items():
                columns.setdefault(column, Column()).learn(facts)
        return True

    def _learn_table(self, name: str, failed: Event, texts: Sequence[str]) -> bool:
        bare = name.rpartition(".")[2].strip('"').lower()
        found = False
        for table in [each for each in _spelt(bare, failed["sql"]) if each not in self.columns]:
            read = [columns for text in texts if (columns := columns_read(text, table, texts)) is not None]
            if not read and failed["method"] != "table":
                continue  # it is written to, or is no table
            self.columns[table] = {}
            found = True
            for columns in read:
                for column, facts in columns.items():
                    self.columns[table].setdefault(column, Column()).learn(facts)
        return found

    def _learn_column(self, column: str, sql: str) -> bool:
        """A column that is read in a way that no query's text shows, as through a view or of a frame."""
        named = [columns for table, columns in self.columns.items() if table[1] in sql.lower()]
        for columns in [*named, *self.columns.values()]:
            if column not in columns:
                columns[column] = use_of(sql, column)
                return True
        return False


def _type(name: str, facts: Column) -> str:
    return facts.type or guessed_type(name)


def _value(facts: Column, row: int) -> str:
    plain = _VALUES[facts.type]
    # what a column is compared with need not be of its type: a setting that was made up, say
    values = [f"coalesce(try_cast({value} AS {facts.type}), {plain[0]})" for value in facts.values] or plain
    return values[row % len(values)]


def _spelt(bare: str, sql: str) -> Iterator[Name]:
    """The tables of a name that a query can mean: with the schema that it names."""
    schemas = re.findall(rf'(?:"?(\w+)"?\s*\.\s*)?"?\b{re.escape(bare)}\b"?', sql.lower())
    yield from dict.fromkeys(("" if schema == "main" else schema, bare) for schema in schemas)


@dataclass(frozen=True)
class Made:
    """The tables made for a task (its ``setup`` makes them), and the normal run on them.

    ``names`` is empty where none were made; then ``problem`` says why, if the run failed for want of some.
    """

    task: Task
    names: tuple[str, ...]
    normal: Observations
    problem: str = ""


def make(sandbox: Sandbox, tasks: Mapping[int, Task]) -> dict[int, Made]:
    """Run tasks normally, and make the tables that those which have no database fail for want of."""
    first: dict[int, Made] = {}
    tables = {number: Tables() for number in tasks}
    waiting = dict(tasks)
    done: dict[int, Made] = {}
    for _ in range(_ROUNDS):
        again: dict[int, Task] = {}
        numbers = {id(task): number for number, task in waiting.items()}
        for outcome in sandbox.run(list(waiting.values())):
            number, run = numbers[id(outcome.task)], Observations(outcome)
            made = done[number] = Made(outcome.task, tables[number].names, run)
            first.setdefault(number, made)
            if run.finished and may_make(tasks[number]) and tables[number].learn(run):
                again[number] = replace(tasks[number], setup=tables[number].sql, data=tables[number].data)
        waiting = again
        if not waiting:
            break
    return {number: _settled(first[number], made) for number, made in done.items()}


def may_make(task: Task) -> bool:
    """Whether tables may be made for a task: nobody has said what the database holds."""
    return not task.database and not task.setup


def _settled(first: Made, last: Made) -> Made:
    """What is gone on with: the tables that were made, unless the asset fails by them."""
    if not last.names or last.normal.succeeded:
        return last
    if first.normal.succeeded:  # it does without
        return first
    names = ", ".join(last.names)
    if last.normal.outcome.end is End.NOT_STARTED:
        return replace(first, problem=f"no data can be generated for it ({names}): {last.normal.outcome.detail}")
    for failed in last.normal.query_errors:
        if not failed["injected"]:
            return replace(first, problem=f"it fails on data generated for it ({names}): {said(failed['error'])}")
    return last
