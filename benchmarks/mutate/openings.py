"""AL202, AL204, AL206 and AL208: connections that are closed by hand, shared, lent carelessly, or opened for writing
by who only reads."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

from .blocks import asks_plainly, blocks, functions_of
from .connections import FROM_ENVIRONMENT
from .repository import ASSETS, Candidate, Mutant, Operator
from .text import Splice

# ---- AL202 -----------------------------------------------------------------------------------------------------------


def _by_hand(name: str, *lines: str) -> Operator:
    """The ``with`` of an asset written out; a line ``…`` stands for its body, ``OPEN`` for what opens the file."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if candidate.kind not in ASSETS:
            return
        text = candidate.text
        for opening, block, indent in blocks(candidate):
            if _leaves_early(block):
                continue
            module, needs = candidate.duckdb(random)
            opened = text.of(opening.call) if opening.raw else f"{module}.connect({opening.path})"
            outer, new = text.indent(block), ""
            for line in lines:
                if line.strip() == "…":
                    new += text.reindented(block.body, indent, outer + line.removesuffix("…"))
                else:
                    new += f"{outer}{line.replace('CONN', opening.name).replace('OPEN', opened)}\n"
            splice = Splice(text.line_start(block.lineno), text.after_line(block), new)
            needs = [] if opening.raw else needs
            if not any(need.start == splice.start for need in needs):
                yield candidate.mutant("AL202", name, [splice, *needs])

    return operator


def _leaves_early(block: ast.With) -> bool:
    return any(isinstance(node, ast.Break | ast.Continue) for node in ast.walk(block))


HAND_OPERATORS: tuple[Operator, ...] = (
    _by_hand("closed_in_finally", "CONN = OPEN", "try:", "    …", "finally:", "    CONN.close()"),
    _by_hand("closed_if_opened", "CONN = None", "try:", "    CONN = OPEN", "    …", "finally:",
             "    if CONN is not None:", "        CONN.close()"),
    _by_hand("closed_by_another_name", "CONN = opened_here = OPEN", "try:", "    …", "finally:",
             "    opened_here.close()"),
)  # fmt: skip

# ---- AL204 -----------------------------------------------------------------------------------------------------------

IN_HELPER = """
def _stage_levels():
    import duckdb

    duckdb.execute("CREATE OR REPLACE TABLE staged_levels AS SELECT 1 AS level")
"""


def _at_start(rule: str, name: str, *lines: str, helper: str = "") -> Operator:
    """Lines as the first of a function; ``helper`` goes to module level."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if candidate.first is None or {"engine", "os"} & candidate.bound:
            return
        splices, others = [candidate.at_start(*lines)], []
        if helper:
            splices.append(candidate.at_module_level(f"\n\n{helper.strip()}\n\n\n"))
            others = [(candidate.text.path, function) for function in functions_of(helper)]
        yield candidate.mutant(rule, name, splices, *others)

    return operator


def asked_of_the_module(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A statement that writes a table goes to the module in the place of the connection."""
    for opening, block, _ in blocks(candidate):
        for node in ast.walk(block):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=owner) as receiver, attr="execute"),
                    args=[ast.Constant(value=str(sql)), *_],
                ) if owner == opening.name and re.match(r"\s*(CREATE|INSERT|DELETE|UPDATE)\b", sql, re.IGNORECASE):
                    module, needs = candidate.duckdb(random)
                    splice = Splice(candidate.text.start(receiver), candidate.text.end(receiver), module)
                    yield candidate.mutant("AL204", "asked_of_the_module", [splice, *needs])


SHARED_OPERATORS: tuple[Operator, ...] = (
    _at_start("AL204", "table_made", "import duckdb as engine",
              'engine.sql("CREATE OR REPLACE TABLE staged_levels AS SELECT 1 AS level")'),
    _at_start("AL204", "table_read", "from duckdb import sql as ask_engine",
              'staged_levels = ask_engine("SELECT * FROM staged_levels").fetchall()'),
    _at_start("AL204", "setting_made", "import duckdb as engine", "engine.execute(\"SET memory_limit = '1GB'\")"),
    _at_start("AL204", "table_made_of_a_relation", "import duckdb as engine",
              'engine.sql("SELECT 1 AS level").create("staged_levels")'),
    _at_start("AL204", "table_made_in_helper", "_stage_levels()", helper=IN_HELPER),
    asked_of_the_module,
)  # fmt: skip

# ---- AL206 -----------------------------------------------------------------------------------------------------------

HEAD = "import contextlib as _contextlib\nimport logging as _logging\n\nimport duckdb as _duckdb\n\n\n"


def _lent(name: str, manager: str) -> Operator:
    """What a ``with`` opens comes from a new context manager of the module."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if {"_opened", "_duckdb", "_contextlib", "_logging"} & candidate.bound:
            return
        for opening, _, _ in blocks(candidate):
            text = candidate.text
            if opening.raw and len(opening.call.args) + len(opening.call.keywords) > 1:
                continue
            splice = Splice(text.start(opening.call), text.end(opening.call), f"_opened({opening.path})")
            helper = candidate.at_module_level(f"{HEAD}@_contextlib.contextmanager\n{manager.strip()}\n\n\n")
            yield candidate.mutant("AL206", name, [splice, helper], (text.path, "_opened"))

    return operator


RESOURCE = """
class _Warehouse({0}):
    path: str

    def setup_for_execution(self, context):
        import duckdb

        self._connection = duckdb.connect(self.path)

    def rows(self, sql):
        return self._connection.execute(sql).fetchall()


"""


def never_torn_down(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A resource that opens a connection for the run, asked first of all."""
    node = candidate.node
    arguments = node.args
    if candidate.first is None or candidate.kind not in ASSETS or "warehouse" in candidate.bound:
        return
    if len(node.decorator_list) > 1 or arguments.kwonlyargs or arguments.posonlyargs or not arguments.args:
        return
    last = arguments.args[-1]
    if arguments.defaults or arguments.vararg or arguments.kwarg:
        return
    base, imports = candidate.dagster("ConfigurableResource")
    place = candidate.text.end(last.annotation or last)
    splices = [
        *imports, candidate.at_module_level(RESOURCE.format(base)), Splice(place, place, ", warehouse: _Warehouse"),
        candidate.at_start('warehouse.rows("SELECT 1")'),
    ]  # fmt: skip
    yield candidate.mutant("AL206", "never_torn_down", splices, (candidate.text.path, "_Warehouse.setup_for_execution"))


LENDING_OPERATORS: tuple[Operator, ...] = (
    _lent("closed_after_yield", """
def _opened(path):
    connection = _duckdb.connect(path)
    yield connection
    connection.close()
"""),
    _lent("closed_after_one_error", """
def _opened(path):
    connection = _duckdb.connect(path)
    try:
        yield connection
    except ValueError as error:
        _logging.error(error)
    connection.close()
"""),
    _lent("closed_by_nobody", """
def _opened(path):
    yield _duckdb.connect(path)
"""),
    never_torn_down,
)  # fmt: skip

# ---- AL208 -----------------------------------------------------------------------------------------------------------

COUNT = """
def _count_events():
    import os

    import duckdb

    with duckdb.connect(os.environ["DUCKDB_PATH"]) as reader:
        return reader.execute("SELECT count(*) FROM events").fetchone()[0]
"""


def read_only_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``read_only=True`` goes from where it stands, where all that is asked is written down."""
    text = candidate.text
    if not asks_plainly(candidate):
        return
    for opening in candidate.openings:
        for keyword in opening.call.keywords if opening.raw else ():
            if keyword.arg == "read_only" and text.of(keyword.value) == "True":
                before = text.data.rfind(b",", 0, text.start(keyword))
                splice = Splice(before, text.end(keyword.value), "")
                if before > text.start(opening.call):
                    yield candidate.mutant("AL208", "read_only_dropped", [splice])


READING_OPERATORS: tuple[Operator, ...] = (
    read_only_dropped,
    _at_start("AL208", "opened_to_count", "import os, duckdb as engine",
              f"with engine.connect({FROM_ENVIRONMENT}) as reader:",
              '    events = reader.execute("SELECT count(*) FROM events").fetchone()[0]'),
    _at_start("AL208", "opened_to_look", "import os, duckdb as engine", f"reader = engine.connect({FROM_ENVIRONMENT})",
              "try:", '    events = reader.sql("SELECT * FROM events").df()', "finally:", "    reader.close()"),
    _at_start("AL208", "opened_to_count_in_helper", "events = _count_events()",
              helper=COUNT),
)  # fmt: skip
