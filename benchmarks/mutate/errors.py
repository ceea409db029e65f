"""AL302 to AL305: errors of DuckDB's that are swallowed, not handled, or answered by trying again by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

from .connections import FROM_ENVIRONMENT
from .handlers import NO_VALUE
from .repository import ASSETS, Candidate, Mutant, Opening, Operator
from .text import Splice

ASKING = frozenset("execute sql query".split())
IDLE = re.compile(
    r"""f?["']+\s*(DROP|SET|PRAGMA|INSTALL|LOAD|USE|ATTACH|DETACH|ROLLBACK|CHECKPOINT)\b""", re.IGNORECASE
)
SEEING = re.compile(r"Exception|(\w+\.)?(Error|\w+Exception)")


def _blocks(candidate: Candidate) -> Iterator[tuple[Opening, ast.With]]:
    """``with`` blocks of the function's own body that ask their connection something, and guard nothing themselves."""
    for opening in candidate.openings:
        block = opening.holder
        if not isinstance(block, ast.With) or block not in candidate.node.body or block.body[0].lineno == block.lineno:
            continue
        inside = list(ast.walk(block))
        asks = any(_asks(node, opening.name, candidate) for node in inside)
        if asks and not any(isinstance(node, (ast.Try, ast.FunctionDef, ast.Lambda)) for node in inside):
            yield opening, block


def _asks(node: ast.AST, name: str, candidate: Candidate) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=[query, *_]):
            return owner == name and method in ASKING and not IDLE.match(candidate.text.of(query))
    return False


def _inside(candidate: Candidate, block: ast.With, lines: list[str]) -> Splice:
    """``lines`` in the place of a block; a line ``…`` stands for the block, indented as that line is."""
    text = candidate.text
    indent = text.indent(block)
    new = ""
    for line in lines:
        if line.strip() == "…":
            depth = indent + line.removesuffix("…")
            new += text.reindented([block], indent, depth)
        else:
            new += f"{indent}{line}\n"
    return Splice(text.line_start(block.lineno), text.after_line(block), new)


def _leaves(block: ast.With) -> bool:
    return isinstance(block.body[-1], ast.Return)


# ---- AL302 -----------------------------------------------------------------------------------------------------------


def _swallowed(name: str, caught: str, handling: str) -> Operator:
    """The block in a ``try`` whose handler says nothing."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if "return" in handling and candidate.is_generator:
            return
        for _, block in _blocks(candidate):
            module, needs = candidate.duckdb(random) if "{" in caught else ("", [])
            lines = ["try:", "    …", f"except {caught.format(module)}:", f"    {handling}"]
            splice = _inside(candidate, block, lines)
            if not any(need.start == splice.start for need in needs):
                yield candidate.mutant("AL302", name, [splice, *needs], implied=NO_VALUE)

    return operator


def swallowed_in_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module that answers with no rows when its query fails."""
    helper = (
        "\n\ndef _rows_or_none(path):\n    import duckdb\n\n    with duckdb.connect(path) as connection:\n"
        '        try:\n            return connection.execute("SELECT * FROM events").fetchall()\n'
        "        except Exception:\n            return []\n"
    )
    yield from _with_helper(candidate, "AL302", "swallowed_in_helper", helper, "_rows_or_none")


def words_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A handler round a query that raised or logged says nothing any more, and sees every error."""
    text = candidate.text
    for node, handler in _handlers(candidate):
        if len(node.handlers) == 1 and text.stands_alone(handler.body[0]):
            begin, end = text.start(handler), text.after_line(handler.body[-1])
            yield candidate.mutant(
                "AL302", "words_dropped", [Splice(begin, end, "except Exception:\n" + _passing(candidate, handler))]
            )


def _passing(candidate: Candidate, handler: ast.ExceptHandler) -> str:
    return f"{candidate.text.indent(handler.body[0])}pass\n"


# ---- AL303 -----------------------------------------------------------------------------------------------------------


def _handlers(candidate: Candidate) -> Iterator[tuple[ast.Try, ast.ExceptHandler]]:
    """Clauses that see DuckDB's errors, of a ``try`` that asks a connection something."""
    names = {opening.name for opening in candidate.openings}
    for node in candidate.nodes:
        if not isinstance(node, ast.Try) or not node.handlers:
            continue
        inside = [inner for statement in node.body for inner in ast.walk(statement)]
        if any(_asks(inner, name, candidate) for inner in inside for name in names):
            for handler in node.handlers:
                if handler.type is not None and SEEING.fullmatch(candidate.text.of(handler.type)):
                    yield node, handler


def handler_removed(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Every clause of the function that sees DuckDB's errors sees another one instead."""
    splices = [
        Splice(candidate.text.start(handler.type), candidate.text.end(handler.type), "ZeroDivisionError")
        for node in candidate.nodes
        if isinstance(node, ast.Try)
        for handler in node.handlers
        if handler.type is not None
    ]
    if splices and any(True for _ in _handlers(candidate)) and candidate.kind in ASSETS:
        yield candidate.mutant("AL303", "handler_removed", splices)


def handler_merely_raises(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Every handler of the function raises again, and does nothing else."""
    text = candidate.text
    found = [h for n in candidate.nodes if isinstance(n, ast.Try) for h in n.handlers]
    if not any(True for _ in _handlers(candidate)) or candidate.kind not in ASSETS:
        return
    inner = {id(n) for h in found for n in ast.walk(h) if n is not h}
    splices = [
        Splice(text.line_start(h.body[0].lineno), text.after_line(h.body[-1]), f"{text.indent(h.body[0])}raise\n")
        for h in found
        if id(h) not in inner and h.body[0].lineno > h.lineno
    ]
    yield candidate.mutant("AL303", "handler_merely_raises", splices)


def query_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A query in front of the work of an asset that handles nothing."""
    if (
        candidate.first is None
        or candidate.kind not in ASSETS
        or {"os", "engine"} & candidate.bound
        or _tries(candidate)
    ):
        return
    lines = [
        "import os", "import duckdb as engine", f"with engine.connect({FROM_ENVIRONMENT}) as existing:",
        '    existing.execute("CREATE TABLE IF NOT EXISTS journal (day DATE)")',
    ]  # fmt: skip
    yield candidate.mutant("AL303", "query_added", [candidate.at_start(*lines)])


def query_added_in_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The same, in a helper that the asset calls."""
    helper = (
        "\n\ndef _note_day(path):\n    import duckdb\n\n    with duckdb.connect(path) as connection:\n"
        '        connection.sql("CREATE TABLE IF NOT EXISTS journal (day DATE)")\n'
    )
    if candidate.kind in ASSETS and not _tries(candidate):
        yield from _with_helper(candidate, "AL303", "query_added_in_helper", helper, "_note_day")


def _tries(candidate: Candidate) -> bool:
    return any(isinstance(node, (ast.Try, ast.With)) for node in candidate.nodes)


# ---- AL304 and AL305 -------------------------------------------------------------------------------------------------


def _retried(rule: str, name: str, lines: list[str]) -> Operator:
    """The block in a loop that asks again; ``{leave}`` leaves it once that has worked."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if {"time", "attempt"} & candidate.bound:
            return
        for _, block in _blocks(candidate):
            inside = {type(node) for node in ast.walk(block)}
            if inside & {ast.Break, ast.Continue, ast.Yield} or (rule == "AL305" and not _gives(candidate, block)):
                continue
            module, needs = candidate.duckdb(random)
            written = [line.replace("{duckdb}", module) for line in lines]
            written = [line for line in written if "{leave}" not in line or not _leaves(block)]
            splice = _inside(candidate, block, [line.replace("{leave}", "break") for line in written])
            if not any(need.start == splice.start for need in needs):
                yield candidate.mutant(rule, name, [splice, *needs])

    return operator


def _gives(candidate: Candidate, block: ast.With) -> bool:
    """Whether the block is the function's last statement and returns a value."""
    last = block.body[-1]
    given = isinstance(last, ast.Return) and last.value is not None
    return given and candidate.node.body[-1] is block and not candidate.is_generator


def retried_in_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module that waits for the file."""
    helper = (
        "\n\ndef _count_events(path):\n    import logging\n    import time\n\n    import duckdb\n\n"
        "    for attempt in range(5):\n        try:\n"
        "            with duckdb.connect(path) as connection:\n"
        '                return connection.execute("SELECT * FROM events").fetchall()\n'
        "        except duckdb.IOException as error:\n            logging.warning(error)\n"
        "            time.sleep(2**attempt)\n"
        '    raise RuntimeError("no events")\n'
    )
    yield from _with_helper(candidate, "AL304", "retried_in_helper", helper, "_count_events")


def given_up_in_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module that tries three times, and then comes to its end."""
    ending = random.choice(["", "    return None\n", '    logging.warning("no events")\n'])
    helper = (
        "\n\ndef _events_of(path):\n    import logging\n\n    import duckdb\n\n"
        "    for attempt in range(3):\n        try:\n"
        "            with duckdb.connect(path) as connection:\n"
        '                return connection.execute("SELECT * FROM events").fetchall()\n'
        f"        except duckdb.Error as error:\n            logging.warning(error)\n{ending}"
    )
    yield from _with_helper(candidate, "AL305", "given_up_in_helper", helper, "_events_of")


def _with_helper(candidate: Candidate, rule: str, name: str, helper: str, function: str) -> Iterator[Mutant]:
    """A helper at module level that the function calls first."""
    if candidate.first is None or function in candidate.bound or "os" in candidate.bound:
        return
    lines = ["import os", f"existing = {function}({FROM_ENVIRONMENT})"]
    splices = [candidate.at_module_level(helper), candidate.at_start(*lines)]
    yield candidate.mutant(rule, name, splices, (candidate.text.path, function))


COUNTED = [
    "import logging as _logging", "import time", "for attempt in range(3):", "    try:", "        …", "        {leave}",
    "    except {duckdb}.Error as error:", "        _logging.warning(error)", "        time.sleep(2**attempt)",
    "else:", '    raise RuntimeError("three attempts failed")',
]  # fmt: skip
ENDLESS = [
    "import time", "attempt = 0", "while True:", "    try:", "        …", "        {leave}",
    "    except Exception:", "        attempt += 1", "        if attempt > 3:", "            raise",
    "        time.sleep(1)",
]  # fmt: skip
GIVEN_UP = [
    "import logging as _logging",
    "for attempt in range(3):",
    "    try:",
    "        …",
    "    except {duckdb}.Error as error:",
    "        _logging.warning(error)",
]
BROKEN_OFF = [
    "attempt = 0", "while True:", "    try:", "        …", "    except {duckdb}.IOException:", "        attempt += 1",
    "        if attempt == 3:", "            break", "return None",
]  # fmt: skip

SWALLOWED_OPERATORS: tuple[Operator, ...] = (
    _swallowed("swallowed_by_exception", "Exception", "pass"),
    _swallowed("swallowed_by_error", "{}.Error", "pass"),
    _swallowed("swallowed_by_default", "(KeyError, {}.Error)", "return None"),
    swallowed_in_helper,
    words_dropped,
)
UNHANDLED_OPERATORS: tuple[Operator, ...] = (
    handler_removed,
    handler_merely_raises,
    query_added,
    query_added_in_helper,
)
RETRY_OPERATORS: tuple[Operator, ...] = (
    _retried("AL304", "retried_counted", COUNTED),
    _retried("AL304", "retried_endless", ENDLESS),
    retried_in_helper,
)
NONE_OPERATORS: tuple[Operator, ...] = (
    _retried("AL305", "given_up", GIVEN_UP),
    _retried("AL305", "broken_off", BROKEN_OFF),
    given_up_in_helper,
)
