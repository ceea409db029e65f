"""AL601, AL602 and AL604 to AL608: queries that take the data for granted, values in their text, writes that don't
last."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from random import Random

from .blocks import asks_plainly, blocks, counts_the_unnamed, inserted, keeps_to_itself
from .repository import ASSETS, Candidate, Mutant, Operator, Repository
from .text import Splice

ALL_LEAVERS = "SELECT employee_id, name FROM employees WHERE left_on IS NOT NULL"
ONE_NAME = "SELECT name FROM employees WHERE employee_id = 7"
ENDING = re.compile(r"\b(commit|rollback|begin|transaction)\b", re.IGNORECASE)
KNOWN_ROLES = re.compile(r"(Context|Resource|Config|Database|Client|Settings)\W*$")

NAMELESS = re.compile(r"\b(TABLE|EXISTS)\s+\{", re.IGNORECASE)  # a table whose name is known at run time alone
OPAQUE = re.compile(r"\b(dlt|dbt|sling|ibis|subprocess|pipeline|system|run)\b")  # what may make tables unseen

# ---- AL601 -----------------------------------------------------------------------------------------------------------


def _unlooked(name: str, *lines: str) -> Operator:
    """Rows of a new query, which are worked on unseen, in an asset that no check speaks of and no count may be of."""
    operator = inserted("AL601", name, "\n".join(lines), in_assets=True)

    def unchecked(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not _has_check(candidate.repository, candidate.node.name) and not counts_the_unnamed(candidate):
            yield from operator(candidate, random)

    return unchecked


@cache
def _checks(repository: Repository) -> list[bytes]:
    """The files with checks of assets."""
    return [data for data in repository.files.values() if b"asset_check" in data or b"check_specs" in data]


def _has_check(repository: Repository, asset: str) -> bool:
    """Whether a file with checks names the asset: a check may look at what the asset itself does not."""
    return any(asset.encode() in data for data in _checks(repository))


EMPTY_OPERATORS: tuple[Operator, ...] = (
    _unlooked("frame_written", f'leavers = CONN.execute("{ALL_LEAVERS}").df()', 'leavers.to_csv("leavers.csv")'),
    _unlooked("frame_worked_on", f'leavers = CONN.sql("{ALL_LEAVERS}").df()',
              'leavers["label"] = leavers["name"].str.upper()', 'leavers.to_parquet("leavers.parquet")'),
    _unlooked("rows_worked_on", f'leavers = CONN.execute("{ALL_LEAVERS}").fetchall()',
              "labels = [str(name).upper() for _, name in leavers]",
              'with open("leavers.txt", "w") as listing:', '    listing.write("\\n".join(labels))'),
    _unlooked("table_written", "import pyarrow.parquet as leaver_files",
              f'leavers = CONN.sql("{ALL_LEAVERS}").to_arrow_table()',
              'leaver_files.write_table(leavers, "leavers.parquet")'),
)  # fmt: skip

# ---- AL602 -----------------------------------------------------------------------------------------------------------

FIRST_OF_A_TABLE = """
def _first_name(connection, table):
    return connection.execute(f"SELECT name FROM {table} ORDER BY name LIMIT 1").fetchone()[0]
"""
ROW_OPERATORS: tuple[Operator, ...] = (
    inserted("AL602", "row_indexed", f'first_name = CONN.execute("{ONE_NAME}").fetchone()[0]'),
    inserted("AL602", "row_unpacked", f'leaver_id, leaver = CONN.execute("{ALL_LEAVERS} LIMIT 1").fetchone()'),
    inserted("AL602", "first_of_all_rows", f'first_name = CONN.execute("{ONE_NAME}").fetchall()[0][0]'),
    inserted("AL602", "row_indexed_later", f'top = CONN.execute("{ONE_NAME}").fetchone()\nfirst_name = str(top[0])'),
    inserted("AL602", "group_taken_for_granted",
             'most = CONN.execute("SELECT level, count(*) FROM employees GROUP BY level").fetchone()[1]'),
    inserted("AL602", "row_indexed_in_helper", 'first_name = _first_name(CONN, "employees")', FIRST_OF_A_TABLE),
)  # fmt: skip

# ---- AL604 -----------------------------------------------------------------------------------------------------------


def _on_trust(name: str, code: str, helper: str = "") -> Operator:
    """A look into a table that nobody makes, in an asset that depends on nothing."""
    operator = inserted("AL604", name, code, helper, in_assets=True)

    def alone(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if _depends_on_nothing(candidate) and not NAMELESS.search(candidate.text.of(candidate.node)):
            yield from operator(candidate, random)

    return alone


def _depends_on_nothing(candidate: Candidate) -> bool:
    """Whether no argument of its decorators and no parameter names an asset, as far as its text tells."""
    decorators = candidate.node.decorator_list
    keywords = {k.arg for d in decorators for n in ast.walk(d) if isinstance(n, ast.Call) for k in n.keywords}
    if len(decorators) > 1 or keywords & {None, "deps", "ins", "non_argument_deps", "internal_asset_deps", "specs"}:
        return False
    owners = {o.path.partition(".")[0] for o in candidate.openings if not o.raw}
    return all(
        name in {*owners, candidate.context, "config"}
        or (annotation is not None and KNOWN_ROLES.search(candidate.text.of(annotation)))
        for name, annotation in candidate.parameters.items()
    )


def _stands_alone(candidate: Candidate) -> bool:
    """Whether it asks plainly, and uses no other code of the project and nothing that makes tables by itself."""
    text, repository = candidate.text, candidate.repository
    own: set[str] = set()
    for node in ast.walk(text.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            own.add(node.name)
        elif isinstance(node, ast.ImportFrom) and (node.level or repository.resolve(text.path, node) is not None):
            own.update(alias.asname or alias.name for alias in node.names)
    used = {n.id for statement in candidate.node.body for n in ast.walk(statement) if isinstance(n, ast.Name)}
    written = text.of(candidate.node)
    return asks_plainly(candidate) and not used & own and not (OPAQUE.search(written) or NAMELESS.search(written))


BALANCE = """
def _balance(connection):
    return connection.sql("SELECT sum(amount) FROM ledger_of_1987").fetchall()
"""


def opened_and_read(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A connection of its own, opened first of all to read a table that nobody makes: nothing that the asset calls or
    takes can."""
    names = {"surroundings", "engine", "ledger", "balance"}
    if candidate.kind not in ASSETS or candidate.first is None or names & candidate.bound:
        return
    known = {candidate.context, "config", *(o.path.partition(".")[0] for o in candidate.openings if not o.raw)}
    if set(candidate.parameters) <= known and _depends_on_nothing(candidate) and _stands_alone(candidate):
        lines = candidate.at_start(
            "import os as surroundings",
            "import duckdb as engine",
            'with engine.connect(surroundings.environ["LEDGER_PATH"], read_only=True) as ledger:',
            '    balance = ledger.sql("SELECT sum(amount) FROM ledger_of_1987").fetchall()',
        )
        yield candidate.mutant("AL604", "opened_and_read", [lines])


TRUST_OPERATORS: tuple[Operator, ...] = (
    opened_and_read,
    _on_trust("table_read", 'balance = CONN.execute("SELECT sum(amount) FROM ledger_of_1987").fetchall()'),
    _on_trust("table_joined", 'CONN.execute("""\n    CREATE OR REPLACE TEMP TABLE balances AS\n'
              '    WITH days AS (SELECT 1 AS day)\n    SELECT * FROM days JOIN ledger_of_1987 USING (day)\n""")'),
    _on_trust("table_asked_inside", 'days = CONN.sql("SELECT 1 WHERE 1 IN (SELECT day FROM ledger_of_1987)").df()'),
    _on_trust("table_read_in_helper", "balance = _balance(CONN)", BALANCE),
)  # fmt: skip

# ---- AL605 -----------------------------------------------------------------------------------------------------------

FIND = """
def _find(connection):
    import os

    wanted = os.environ["WANTED"]
    return connection.execute("SELECT * FROM employees WHERE name = '" + wanted + "'").fetchall()
"""
ENVIRONMENT = "import os as surroundings\nwanted = surroundings.environ['WANTED']\n"


def parameter_written_out(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A parameter of a query, bound until now, is written into its text."""
    text = candidate.text
    for node in candidate.nodes:
        match node:
            case ast.Call(
                func=ast.Attribute(attr="execute"),
                args=[ast.Constant(value=str(sql)), ast.List(elts=[ast.Name(id=value)])],
                keywords=[],
            ):
                place, given = node.args
                written = text.of(place)
                if sql.count("?") == 1 and "{" not in sql and written[:1] in "\"'" and value in candidate.parameters:
                    new = "f" + written.replace("?", f"'{{{value}}}'" if '"' in written[:1] else f'"{{{value}}}"')
                    yield candidate.mutant("AL605", "parameter_written_out",
                                           [Splice(text.start(place), text.end(given), new)])  # fmt: skip


TEXT_OPERATORS: tuple[Operator, ...] = (
    inserted("AL605", "value_formatted", ENVIRONMENT
             + "CONN.execute(f\"SELECT * FROM employees WHERE name = '{wanted}'\").fetchall()"),
    inserted("AL605", "value_added", ENVIRONMENT
             + "found = CONN.execute(\"SELECT * FROM employees WHERE name = '\" + wanted + \"'\").fetchall()"),
    inserted("AL605", "value_by_percent", ENVIRONMENT
             + "statement = \"DELETE FROM employees WHERE name = '%s'\" % wanted\nCONN.execute(statement)"),
    inserted("AL605", "value_by_format", ENVIRONMENT
             + "CONN.execute(\"UPDATE employees SET name = '{}' WHERE employee_id = 1\".format(wanted))"),
    inserted("AL605", "value_of_a_row", """
        for (leaver,) in CONN.execute("SELECT name FROM leavers").fetchall():
            CONN.execute(f"DELETE FROM employees WHERE name = '{leaver}'")
        """),
    inserted("AL605", "value_in_helper", "_find(CONN)", FIND),
    parameter_written_out,
)  # fmt: skip

# ---- AL606 -----------------------------------------------------------------------------------------------------------

MEAN = """
def _mean_of(connection):
    (mean,) = connection.execute("SELECT avg(amount) FROM salaries").fetchone()
    return round(mean, 2)
"""
NULL_OPERATORS: tuple[Operator, ...] = (
    inserted("AL606", "mean_converted",
             'mean_pay = float(CONN.execute("SELECT avg(amount) FROM salaries").fetchone()[0])'),
    inserted("AL606", "sum_counted_with", """
        paid = CONN.execute("SELECT sum(amount), count(*) FROM salaries").fetchone()
        with_taxes = paid[0] * 1.2
        """),
    inserted("AL606", "ends_subtracted", """
        lowest, highest = CONN.execute("SELECT min(amount), max(amount) FROM salaries").fetchone()
        spread = highest - lowest
        """),
    inserted("AL606", "next_number", """
        highest_id = CONN.sql("SELECT max(employee_id) FROM employees").fetchall()[0][0]
        following_id = highest_id + 1
        """),
    inserted("AL606", "mean_converted_in_helper", "mean_pay = _mean_of(CONN)", MEAN),
)  # fmt: skip


# ---- AL607 -----------------------------------------------------------------------------------------------------------


def _left_open(name: str, code: str, helper: str = "") -> Operator:
    """A transaction begun in a ``with`` of a function that never speaks of one, on a connection that no other code gets
    hold of: it may end it."""
    operator = inserted("AL607", name, code, helper)

    def alone(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if not ENDING.search(candidate.text.of(candidate.node)) and asks_plainly(candidate):
            if keeps_to_itself(candidate):
                yield from operator(candidate, random)

    return alone


NOTED = """
def _note_down(connection):
    connection.execute("BEGIN")
    connection.execute("DELETE FROM journal")
    connection.execute("INSERT INTO journal VALUES (1)")
"""
WRITTEN = ['CONN.execute("DELETE FROM journal")', 'CONN.execute("INSERT INTO journal VALUES (1)")']
TRANSACTION_OPERATORS: tuple[Operator, ...] = (
    _left_open("begun_by_method", "\n".join(["CONN.begin()", *WRITTEN])),
    _left_open("begun_by_statement", "\n".join(['CONN.execute("BEGIN TRANSACTION")', *WRITTEN])),
    _left_open("committed_on_one_way", "\n".join(["CONN.begin()", *WRITTEN, "if len(__name__) > 500:",
                                                 "    CONN.commit()"])),
    _left_open("begun_in_helper", "_note_down(CONN)", NOTED),
    _left_open("not_committed_again", "\n".join(["CONN.begin()", *WRITTEN, "CONN.commit()", "CONN.begin()",
                                                'CONN.execute("UPDATE journal SET day = 2")'])),
)  # fmt: skip

# ---- AL608 -----------------------------------------------------------------------------------------------------------

APPENDED = """
def _append_note(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS notebook (day INTEGER)")
    connection.execute("INSERT INTO notebook VALUES (1)")
"""


def replace_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``CREATE OR REPLACE TABLE`` in a text of the asset loses its second and third word."""
    text = candidate.text
    if candidate.kind not in ASSETS or re.search(r"\bDROP\b|\bexists\b", text.of(candidate.node), re.IGNORECASE):
        return
    for opening, block, _ in blocks(candidate):
        for node in ast.walk(block):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=owner), attr="execute"), args=[ast.Constant() as sql, *_]
                ) if owner == opening.name:
                    written = text.of(sql)
                    changed = re.sub(r"\bOR\s+REPLACE\s+(?=TABLE\b)", "", written, count=1, flags=re.IGNORECASE)
                    if changed != written:
                        splice = Splice(text.start(sql), text.end(sql), changed)
                        yield candidate.mutant("AL608", "replace_dropped", [splice])


def _once_only(name: str, code: str, helper: str = "") -> Operator:
    """What can't be done twice, in an asset whose other queries are seen to let it be, and that isn't run once a
    partition, adding what belongs to that."""
    operator = inserted("AL608", name, code, helper, in_assets=True)

    def plain(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if asks_plainly(candidate) and "partition" not in candidate.text.of(candidate.node):
            yield from operator(candidate, random)

    return plain


REPEAT_OPERATORS: tuple[Operator, ...] = (
    _once_only("rows_added", """
        CONN.execute("CREATE TABLE IF NOT EXISTS notebook (day INTEGER)")
        CONN.execute("INSERT INTO notebook VALUES (1)")
        """),
    _once_only("table_made_once_more", 'CONN.execute("CREATE TABLE notebook AS SELECT 1 AS day")'),
    _once_only("table_never_refreshed",
               "CONN.sql(\"CREATE TABLE IF NOT EXISTS notebook AS SELECT * FROM 'notes.csv'\")"),
    _once_only("rows_added_in_helper", "_append_note(CONN)", APPENDED),
    replace_dropped,
)  # fmt: skip
