"""AL901 to AL903: pages by OFFSET, frames made of rows, rows written one by one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .blocks import blocks, inserted
from .queries import ALL_LEAVERS
from .repository import Candidate, Mutant, Operator
from .text import Splice

PAGE = """
def _page_of(connection, size, begin):
    return connection.execute("SELECT * FROM employees ORDER BY 1 LIMIT ? OFFSET ?", [size, begin]).fetchall()
"""
PAGING_OPERATORS: tuple[Operator, ...] = (
    inserted("AL901", "paged_while", """
        begin = 0
        while True:
            page = CONN.execute(f"SELECT * FROM employees ORDER BY 1 LIMIT 1000 OFFSET {begin}").fetchall()
            if not page:
                break
            begin += len(page)
        """),
    inserted("AL901", "paged_for", """
        pages = []
        for begin in range(0, 1_000_000, 5000):
            pages += CONN.execute("SELECT * FROM employees ORDER BY 1 LIMIT 5000 OFFSET ?", [begin]).fetchall()
        """),
    inserted("AL901", "paged_by_format", """
        begin, page = 0, [1]
        while page:
            page = CONN.sql("SELECT * FROM employees ORDER BY 1 LIMIT {} OFFSET {}".format(500, begin)).fetchall()
            begin += 500
        """),
    inserted("AL901", "paged_in_helper", """
        begin = 0
        while page := _page_of(CONN, 100, begin):
            begin += len(page)
        """, PAGE),
)  # fmt: skip


def frame_of_rows(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``.df()`` of a query becomes a frame made of its rows."""
    text = candidate.text
    for opening, block, _ in blocks(candidate):
        for node in ast.walk(block):
            match node:
                case ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="execute")) as asked,
                        attr="df" | "fetchdf",
                    ),
                    args=[],
                ) if owner == opening.name:
                    new = f"_pandas.DataFrame({text.of(asked)}.fetchall())"
                    splices = [Splice(text.start(node), text.end(node), new),
                               candidate.at_module_level("import pandas as _pandas\n")]  # fmt: skip
                    yield candidate.mutant("AL902", "frame_of_rows", splices)


FRAME_OPERATORS: tuple[Operator, ...] = (
    frame_of_rows,
    inserted("AL902", "frame_of_rows_added", f"""
        import pandas as frames
        leavers = frames.DataFrame(CONN.execute("{ALL_LEAVERS}").fetchall(), columns=["employee_id", "name"])
        """),
    inserted("AL902", "rows_first", f"""
        from pandas import DataFrame as Leavers
        listed = CONN.sql("{ALL_LEAVERS}").fetchall()
        leavers = Leavers(listed, columns=["employee_id", "name"])
        """),
)  # fmt: skip

JOURNAL = 'CONN.execute("CREATE OR REPLACE TABLE journal (day INTEGER, note VARCHAR)")'
NOTE = """
def _note(connection, day, note):
    connection.execute("INSERT INTO journal VALUES (?, ?)", [day, note])
"""
ROW_BY_ROW_OPERATORS: tuple[Operator, ...] = (
    inserted("AL903", "inserted_in_a_loop", f"""
        import csv as notes
        {JOURNAL}
        with open("notes.csv") as content:
            for note in notes.reader(content):
                CONN.execute("INSERT INTO journal VALUES (?, ?)", note)
        """),
    inserted("AL903", "inserted_from_a_frame", f"""
        import pandas as frames
        {JOURNAL}
        for _, note in frames.read_csv("notes.csv").iterrows():
            CONN.execute("INSERT INTO journal VALUES (?, ?)", [note["day"], note["note"]])
        """),
    inserted("AL903", "listed_from_a_frame", f"""
        import pandas as frames
        {JOURNAL}
        notes = frames.read_csv("notes.csv")
        CONN.executemany("INSERT INTO journal VALUES (?, ?)", notes.values.tolist())
        """),
    inserted("AL903", "inserted_in_helper", f"""
        import json as notes
        {JOURNAL}
        with open("notes.json") as content:
            listed = notes.load(content)
        for each in listed:
            _note(CONN, each["day"], each["note"])
        """, NOTE),
    inserted("AL903", "updated_in_a_loop", """
        import pandas as frames
        for raised in frames.read_csv("raises.csv").itertuples():
            CONN.execute("UPDATE salaries SET amount = ? WHERE employee_id = ?", [raised.amount, raised.employee_id])
        """),
)  # fmt: skip
