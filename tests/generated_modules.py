"""Strategies for whole Dagster modules, as bytes: every way to open a connection and to lay out a file, put together
at random. What comes out is always Python; what it does need not make sense."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")
Line = tuple[int, str]  # how deep a logical line stands, and its text (with newlines where it is continued)

CREATE = (
    '"CREATE OR REPLACE TABLE t AS SELECT 1 AS a"',
    '"""\n    CREATE TABLE t AS\n\tSELECT 1 AS a -- # no comment\n"""',
    "f'INSERT INTO t VALUES ({1})'",
)
SELECT = (
    '"SELECT a FROM t"',
    '"""SELECT a,\n  b\n\n\t\tFROM t\n   # no comment\n"""',
    "'''\nSELECT a\nFROM t'''",
    'r"SELECT \\d FROM t"',
    'f"SELECT a FROM {table}"',
    "QUERY",
    '(\n  "SELECT a "\n        f"FROM {table}"\n)',
)
PATHS = ('os.environ["DB"]', '"data/warehouse.duckdb"', "DB_PATH", 'f"{DB_PATH}"', '":memory:"', "path", "")
FETCHES = (".fetchall()", ".df()", ".fetchone()[0]", ".pl()", ".arrow()", "\\\n  .df()")
LAZY = (
    "{c}.sql({s})", "{c}.execute({s})", "{c}.table('t')", "{c}.sql({s}).filter('a > 1')", "{c}.execute({n})",
    "{c}.query({s})", "{c}.sql({n})", "{c}", "{c}.cursor()", "{d}.sql({s})", "{c}.execute({s}, [1])", "rel",
    "(\n  {c}.sql({s}){k}\n)", "({c}\n.sql({s})\n  .limit(10))", "{c}.sql({s}) if table else None",
)  # fmt: skip
WRAPPED = (
    "{}", "{}", "{}", "{}.df()", "{}.fetchall()", '{{"a": {}}}', "[{}]", "({}, 1)", "{o}({})", "{o}(value={})",
    "len({})",
    '{{\n  "a": {},{k}\n\t"b": 2,\n}}',
)  # fmt: skip
RETURNS = (
    "",
    "pd.DataFrame",
    "pl.DataFrame",
    "list",
    '"pd.DataFrame"',
    "{d}.DuckDBPyRelation",
    "None",
    "pa.Table",
    "dict",
)
CONTEXTS = (
    "", "context", "context: {m}OpExecutionContext", "context: {m}AssetExecutionContext",
    'context: "{m}OpExecutionContext"', "context: {m}OpExecutionContext | None", "context: {m}OpExecutionContext{k}\n",
)  # fmt: skip
DAGSTER = ("asset", "op", "Output", "asset_check", "multi_asset", "OpExecutionContext", "AssetExecutionContext")
REMARKS = (
    *(
        "# {}",
        "#é {}",
        "#{}    ",
        "# 'quoted {}",
        '# """ {}',
        "# it's {}\t",
        "#: {}",
        "# fmt: skip",
        "# conn.close() {}",
    ),
    *("# noqa: AL201", "# noqa: AL101, AL102 {}"),
)
NEWLINES = (("\n",), ("\r\n",), ("\n", "\r\n"), ("\r\n", "\n"), ("\r",), ("\r", "\n"))
INDENTS = ("    ", "\t", "  ", "        ")
ENCODINGS = (
    ("utf-8", ""), ("utf-8", "\ufeff"), ("latin-1", "# -*- coding: latin-1 -*-\n"),
    ("utf-8", "# coding: utf-8\n"), ("latin-1", "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\n"),
    ("utf-8", "\ufeff# -*- coding: utf-8 -*-\n"),
)  # fmt: skip


@dataclass
class Author:
    """Writes one module; every decision is drawn."""

    draw: st.DrawFn
    encoding: str
    start: str  # the mark and the comments that say the encoding
    duckdb: str = "duckdb"
    dagster: str = ""  # what stands before Dagster's names: "dg." or nothing
    numbered: int = 0
    parameters: set[str] = field(default_factory=set)  # those that the function at hand asks for

    def pick(self, options: Sequence[T]) -> T:
        return self.draw(st.sampled_from(options))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def comment(self) -> str:
        self.numbered += 1
        return self.pick(REMARKS).format(self.numbered)

    def behind(self) -> str:
        return f"  {self.comment()}" if self.maybe() else ""

    # -- expressions --------------------------------------------------------------------------------------------------

    def select(self) -> str:
        return self.pick(SELECT)

    def path(self) -> str:
        path = self.pick(PATHS)
        if path == "path":
            self.parameters.add("path")
        return path

    def opened(self) -> str:
        """An expression that gives a connection."""
        kind = self.pick(range(10))
        if kind in (7, 8):
            self.parameters.add("database: DuckDBResource")
            return "database.get_connection()"
        if kind == 9:
            return "open_warehouse()"
        path, d = self.path(), self.duckdb
        if kind == 1 and path:
            return f"{d}.connect(\n{path},{self.behind()}\n        read_only=True,{self.behind()}\n  )"
        if kind == 2:
            return f"connect({path})"
        if kind == 3:
            return f"({d}.connect({path}))"
        if kind == 4:
            return f"{d}.connect({path}).cursor()"
        if kind == 5:
            given = f"kwargs={{'database': {path or 'DB_PATH'}}}"
            return f"backoff(fn={d}.connect, retry_on=(RuntimeError,), {given}, max_retries=2)"
        if kind == 6:
            given = f"kwargs={{\n 'database': {path or 'DB_PATH'},{self.behind()}\n}}"
            errors = f"(RuntimeError, {d}.IOException)"
            return f"backoff({self.behind()}\n    fn={d}.connect,\n\tretry_on={errors},\n  {given},\n)"
        return f"{d}.connect({path})"

    def lazy(self, conn: str) -> str:
        return self.pick(LAZY).format(c=conn, s=self.select(), n=self.pick(CREATE), d=self.duckdb, k=self.behind())

    def wrapped(self, value: str) -> str:
        return self.pick(WRAPPED).format(value, o=f"{self.dagster}Output", k=self.behind())

    # -- statements ---------------------------------------------------------------------------------------------------

    def name(self) -> str:
        return self.pick(("conn", "conn", "con", "größe", "connection", "ﬁ" if self.encoding == "utf-8" else "é"))

    def use(self, conn: str, depth: int) -> list[Line]:
        """Something done with an open connection."""
        kind = self.pick(range(20))
        simple = {
            0: f"{conn}.execute({self.pick(CREATE)})",
            1: f"rows = {conn}.execute({self.select()}){self.pick(FETCHES)}",
            2: f"rel = {self.lazy(conn)}",
            3: 'log("done")',
            4: f"rows = {conn}.execute({self.select()}); log(rows)",
            5: f"{conn}.execute(\n      {self.select()},{self.behind()}\n\n   )",
            6: f"helper({conn})",
            7: f'text = """\n  odd\n\todd {{x}}\n# no comment\n{conn}.close()\n"""',
            8: f"assert {conn} is not None, \\\n  'no'",
            9: "rel = rel.filter('a > 1')",
            10: f"frames = [{conn}.execute(q).df() for q in (QUERY, QUERY){self.behind()}\n]",
            11: "context_helper(context)",
        }
        if kind in simple:
            if kind == 11:
                self.parameters.add("context")
            return [(0, simple[kind])]
        if not depth:
            return [(0, f"{conn}.commit()")]
        inner = self.uses(conn, depth - 1)
        if kind == 12:
            return [(0, "if table:"), *deeper(inner), (0, "else:"), *deeper(self.uses(conn, 0))]
        if kind == 13:
            return [(0, f"for row in {conn}.execute({self.select()}).fetchall():"), *deeper(inner)]
        if kind in (14, 15):
            clause = self.pick(
                ("except:", "except BaseException:", "except BaseException as error:", "except Exception:", "except :")
            )
            handler = self.pick(
                ("pass", "log('bad')", "raise", "raise ValueError('x')", "rows = []", f"{conn}.close()")
            )
            last = [(0, "finally:"), (1, f"{conn}.close()")] if self.maybe() else []
            return [(0, "try:"), *deeper(inner), (0, clause), (1, handler), *last]
        if kind == 16:
            return [(0, "def inner():"), *deeper(inner), (0, "inner()")]
        if kind == 17:
            return [(0, "while table:"), *deeper(inner), (1, self.pick(("break", "continue", "return")))]
        if kind == 18:
            return [(0, f"if table: {conn}.execute({self.pick(CREATE)})"), *self.shape(depth - 1)]
        return [(0, "with suppress(ValueError):"), *deeper(inner)]

    def uses(self, conn: str, depth: int) -> list[Line]:
        return [line for _ in range(self.pick((1, 2, 0, 3))) for line in self.use(conn, depth)] or [(0, "pass")]

    def left(self, conn: str) -> list[Line]:
        """How the function ends, perhaps."""
        kind = self.pick(range(7))
        value = self.wrapped(self.lazy(conn))
        ways: dict[int, list[Line]] = {
            0: [(0, f"return {value}")],
            1: [(0, "return None")],
            2: [(0, f"return {value}")],
            3: [(0, f"yield {value}")],
            4: [(0, "if table:"), (1, f"return {value}"), (0, f"return {self.wrapped(self.lazy(conn))}")],
            5: [(0, f"return (\n{value}{self.behind()}\n)")],
        }
        return ways.get(kind, [])

    def shape(self, depth: int) -> list[Line]:
        """A connection opened, used and left in one of many ways."""
        kind = self.pick(range(18))
        conn, opened = self.name(), self.opened()
        body, end = self.uses(conn, depth), self.left(conn)
        close: Line = (0, f"{conn}.close()")
        assign: Line = (0, f"{conn} = {opened}")
        if kind == 0:
            return [assign, *body, close, *end]
        if kind == 1:
            return [assign, *body, *end]
        if kind in (2, 3):
            return [(0, f"with {opened} as {conn}:"), *deeper([*body, *end])]
        if kind == 4:
            return [(0, f"with closing({opened}) as {conn}:"), *deeper(body), *end]
        if kind == 5:
            return [(0, f"rows = {opened}.execute({self.select()}){self.pick(FETCHES)}"), *end]
        if kind == 6:
            return [(0, f"return {self.wrapped(f'{opened}.execute({self.select()})')}")]
        if kind == 7:
            return [assign, (0, "try:"), *deeper([*body, *end]), (0, "finally:"), *deeper([close])]
        if kind == 8:
            return [(0, "try:"), *deeper([assign, *body]), (0, "finally:"), *deeper([close]), *end]
        if kind == 9:
            return [(0, "for table in ('a', 'b'):"), *deeper([assign, *body, close]), *end]
        if kind == 10:
            other = [(0, f"{conn} = {self.opened()}")]
            return [(0, "if table:"), *deeper([assign]), (0, "else:"), *deeper(other), *body, *end]
        if kind == 11:
            annotation = self.pick((f"{self.duckdb}.DuckDBPyConnection", '"Any"'))
            return [(0, f"{conn}: {annotation} = {opened}"), *body, close, *end]
        if kind == 12:
            return [(0, f"if ({conn} := {opened}):"), *deeper([*body, *end])]
        if kind == 13:
            return [(0, f"{conn} = {opened}; {conn}.execute({self.pick(CREATE)})"), *body, close, *end]
        if kind == 14:
            return [assign, (0, "if not table:"), (1, "return"), *body, close, *end]
        if kind == 15:
            return [(0, f"with (\n    {opened} as {conn},{self.behind()}\n  ):"), *deeper(body), *end]
        if kind == 16:
            return [(0, "if table:"), *deeper([assign, *body, close, *end])]
        return [(0, f"{opened}.execute({self.pick(CREATE)})"), *end]

    # -- functions ----------------------------------------------------------------------------------------------------

    def function(self, number: int) -> list[Line]:
        self.parameters = set()
        m, k = self.dagster, self.behind
        body = [line for _ in range(self.pick((1, 1, 2))) for line in self.shape(2)]
        decorators = {
            0: [f"@{m}asset"],
            1: [f"@{m}asset(deps=['a']){k()}"],
            2: [f"@{m}asset(\n  group_name='é',{k()}\n)"],
            3: ["@traced", k().strip(), f"@{m}asset"],
            4: [f"@{m}op"],
            5: [f"@{m}asset_check(asset='a')"],
            6: [],
        }[self.pick((0, 0, 1, 2, 3, 4, 5, 6))]
        context = self.pick(CONTEXTS).format(m=m, k=k())
        if "context" in self.parameters and not context:
            context = "context"
        parameters = [context] if context else []
        parameters += sorted(self.parameters - {"context"})
        if self.maybe():
            parameters.append("table='t'")
        joined = ", ".join(parameters)
        if self.maybe() and parameters:
            joined = "\n    " + ",\n    ".join(parameters) + f",{k()}\n"
        returns = self.pick(RETURNS).format(d=self.duckdb)
        name = self.pick(("orders", "bestände", "report"))
        arrow = f" -> {returns}" if returns else ""
        start = [(0, text) for text in decorators if text]
        start.append((0, f"{self.pick(('def', 'def', 'async def'))} {name}_{number}({joined}){arrow}:{k()}"))
        docstring = self.pick(
            ("", '"""What it does."""', '"""What\n\tit does.\n  """', "import duckdb", f"table = 't'{k()}")
        )
        return [*start, *deeper([(0, docstring)] if docstring else []), *deeper(body)]

    def imports(self) -> list[Line]:
        k = self.behind
        duckdb, self.duckdb = self.pick(
            (("import duckdb", "duckdb"), ("import duckdb as ddb", "ddb"), ("import os, duckdb", "duckdb"))
        )
        ours: list[str] = []
        kind = self.pick(range(6))
        names = [name for name in DAGSTER if kind < 4]
        if kind == 0:
            ours.append(f"from dagster import {', '.join(names)}")
        elif kind == 1:
            ours.append("from dagster import (\n" + "".join(f"    {name},{k()}\n" for name in names) + ")")
        elif kind == 2:
            ours += [f"from dagster import {', '.join(names[:4])}{k()}", f"from dagster import {', '.join(names[4:])}"]
        elif kind == 3:
            ours.append(f"from dagster import {names[0]}, \\\n  {', '.join(names[1:])}")
        else:
            self.dagster = ("dg.", "dagster.")[kind - 4]
            ours.append("import dagster as dg" if kind == 4 else "import dagster")
        lines = [
            *(["'''About\n  this module.'''"] if self.maybe() else []),
            *(["from __future__ import annotations"] if self.maybe() else []),
            *self.pick((("import os",), ("import os; import sys",), ("import os", "import sys"))),
            "from contextlib import closing, suppress",
            *self.pick(((), ("import pandas as pd",), ("import polars as pl",), ("import pyarrow as pa",))),
            f"{duckdb}{k()}",
            *ours,
            "from duckdb import connect",
            f"from dagster_duckdb import {self.pick(('', 'DuckDBIOManager, '))}DuckDBResource",
            "from dagster._utils.backoff import backoff",
        ]  # fmt: skip
        return [(0, line) for line in lines]

    def globals(self) -> list[Line]:
        return [
            (0, "DB_PATH = 'data/warehouse.duckdb'"),
            (0, f'QUERY = """\n  SELECT 1\n"""{self.behind()}'),
            *([(0, "table = 't'; log = print")] if self.maybe() else [(0, "table, log = 't', print")]),
        ]

    def helpers(self) -> list[Line]:
        m = self.dagster
        lines: list[Line] = [(0, "def open_warehouse():"), (1, f"return {self.duckdb}.connect({self.pick(PATHS[:3])})")]
        lines += [(0, "def helper(conn):"), *deeper(self.use("conn", 1))]
        context = self.pick((f"context: {m}OpExecutionContext", "context", f"context: {m}AssetExecutionContext"))
        use = self.pick(("context.log.info('x')", "context.op_config", "assert isinstance(context, object)"))
        return [*lines, (0, f"def context_helper({context}) -> None:"), (1, use)]

    # -- layout -------------------------------------------------------------------------------------------------------

    def lay_out(self, lines: Sequence[Line]) -> bytes:
        """The lines as a file: indentation, blank lines and comments where they can stand, newlines, encoding."""
        noise: dict[int, list[str]] = {}
        for _ in range(self.pick((0, 2, 4, 8, 16))):
            at = self.draw(st.integers(0, len(lines)))
            noise.setdefault(at, []).append(self.pick(("#", "", "\f", "behind", "odd #", "  ", "shallow #", "page")))
        step = self.pick(INDENTS)
        written: list[str] = []
        for index, (depth, text) in enumerate((*lines, (0, ""))):
            indent, end = step * depth, ""
            for kind in noise.get(index, ()):
                if kind == "behind":
                    end = "  " + self.comment() if index < len(lines) and "#" not in text.rpartition("\n")[2] else ""
                elif kind == "page":
                    indent = "\f" + indent
                elif kind == "#":
                    written.append(step * depth + self.comment())
                elif kind == "odd #":
                    written.append(" " + step * depth + self.comment())
                elif kind == "shallow #":
                    written.append(self.comment())
                else:
                    written.append(kind)
            if index < len(lines):
                written.append(indent + text + end)
        text = "\n".join(written) + self.pick(("\n", "", "\n\n"))
        text = self.with_newlines(self.start + text)
        return text.encode(self.encoding)

    def with_newlines(self, text: str) -> str:
        kinds = self.pick(NEWLINES)
        if len(kinds) == 1:
            return text.replace("\n", kinds[0])
        period = self.pick((2, 3, 7))
        count = iter(range(len(text)))
        return re.sub("\n", lambda _: kinds[next(count) % period == period - 1], text)


def deeper(lines: Sequence[Line]) -> list[Line]:
    """The lines of a block."""
    return [(depth + 1, text) for depth, text in lines]


@st.composite
def modules(draw: st.DrawFn) -> bytes:
    """A module with one to three functions."""
    author = Author(draw, *draw(st.sampled_from(ENCODINGS)))
    lines = [*author.imports(), *author.globals()]
    parts = [author.function(number) for number in range(author.pick((1, 1, 2, 3)))]
    parts.insert(author.pick((0, len(parts))), author.helpers())
    data = author.lay_out([*lines, *(line for part in parts for line in part)])
    try:
        ast.parse(data)
    except SyntaxError as error:
        raise AssertionError(f"not Python: {error}\n{data.decode('latin-1')}") from error
    return data
