"""AL201: a connection that some way out of the function leaves open."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .repository import Candidate, Mutant, Opening, Operator
from .text import Splice

RULE = "AL201"
FROM_ENVIRONMENT = 'os.environ["DUCKDB_PATH"]'
ONLY_READ = {"AL208": "for the new connection is opened for writing and only reads"}
TWO_KINDS = {"AL211": "for a plain connection stands beside that of a resource, to one file in one process"}


def _blocks(candidate: Candidate) -> Iterator[tuple[Opening, ast.With, str, str]]:
    """``with`` blocks that hold a connection, with their indentation and that of their body."""
    for opening in candidate.openings:
        holder = opening.holder
        if isinstance(holder, ast.With) and holder.body[0].lineno > holder.lineno:
            yield opening, holder, candidate.text.indent(holder), candidate.text.indent(holder.body[0])


def _connect(candidate: Candidate, random: Random, opening: Opening) -> tuple[str, list[Splice]]:
    """The text that opens the connection with ``duckdb.connect``, and what it needs."""
    if opening.raw:
        return candidate.text.of(opening.call), []
    module, splices = candidate.duckdb(random)
    return f"{module}.connect({opening.path})", splices


def _replaced(candidate: Candidate, block: ast.With, new: str) -> Splice:
    return Splice(candidate.text.line_start(block.lineno), candidate.text.after_line(block), new)


def _leaves(block: ast.With) -> bool:
    """Whether the block's last statement leaves the function or the loop around it."""
    return isinstance(block.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break)


def with_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``with X.get_connection() as c:`` becomes ``c = X.get_connection()``; the body is dedented."""
    for opening, block, outer, inner in _blocks(candidate):
        body = candidate.text.reindented(block.body, inner, outer)
        new = f"{outer}{opening.name} = {candidate.text.of(opening.call)}\n{body}"
        yield candidate.mutant(RULE, "with_dropped", [_replaced(candidate, block, new)])


def raw_connect(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``with resource.get_connection() as c:`` becomes ``c = duckdb.connect(resource.database)``, never closed."""
    for opening, block, outer, inner in _blocks(candidate):
        if opening.raw:
            continue
        call, needs = _connect(candidate, random, opening)
        body = candidate.text.reindented(block.body, inner, outer)
        new = f"{outer}{opening.name} = {call}\n{body}"
        yield candidate.mutant(RULE, "raw_connect", [_replaced(candidate, block, new), *needs])


def closed_on_success(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The ``with`` dropped, a ``close()`` behind its body: an error leaves the connection open."""
    for opening, block, outer, inner in _blocks(candidate):
        if _leaves(block):
            continue
        call, needs = _connect(candidate, random, opening)
        body = candidate.text.reindented(block.body, inner, outer)
        new = f"{outer}{opening.name} = {call}\n{body}{outer}{opening.name}.close()\n"
        yield candidate.mutant(RULE, "closed_on_success", [_replaced(candidate, block, new), *needs])


def closed_in_try(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``try: …; c.close()`` with a handler of one error alone."""
    for opening, block, outer, inner in _blocks(candidate):
        if _leaves(block):
            continue
        call, needs = _connect(candidate, random, opening)
        body = candidate.text.reindented(block.body, inner, outer + "    ")
        new = (
            f"{outer}{opening.name} = {call}\n{outer}try:\n{body}{outer}    {opening.name}.close()\n"
            f'{outer}except ValueError as error:\n{outer}    raise RuntimeError("bad value") from error\n'
        )
        yield candidate.mutant(RULE, "closed_in_try", [_replaced(candidate, block, new), *needs])


def closed_in_else(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A handler that returns before the ``close()``."""
    for opening, block, outer, inner in _blocks(candidate):
        if _leaves(block) or candidate.is_generator or block not in candidate.node.body:
            continue
        call, needs = _connect(candidate, random, opening)
        body = candidate.text.reindented(block.body, inner, outer + "    ")
        new = (
            f"{outer}{opening.name} = {call}\n{outer}try:\n{body}"
            f"{outer}except Exception as error:\n{outer}    import logging as _logging\n"
            f"{outer}    _logging.error(error)\n{outer}    return None\n{outer}{opening.name}.close()\n"
        )
        yield candidate.mutant(RULE, "closed_in_else", [_replaced(candidate, block, new), *needs])


def opened_before_with(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A first connection of the same name, hidden by the ``with`` that rebinds it."""
    for opening, block, outer, _ in _blocks(candidate):
        call, needs = _connect(candidate, random, opening)
        place = candidate.text.line_start(block.lineno)
        if any(n.start == place for n in needs):
            continue
        new = f'{outer}{opening.name} = {call}\n{outer}{opening.name}.execute("SET threads = 2")\n'
        beside = {} if opening.raw else TWO_KINDS
        yield candidate.mutant(RULE, "opened_before_with", [Splice(place, place, new), *needs], implied=beside)


def one_liner(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``connect(...).execute(...).fetchone()`` before the function's work."""
    if candidate.first is None or (not candidate.openings and b"duckdb" not in candidate.text.data):
        return
    path, lines = FROM_ENVIRONMENT, ["import os"]
    if candidate.openings and not candidate.openings[0].raw:
        path, lines = candidate.openings[0].path, []
    elif "os" in candidate.bound:
        return
    module, needs = candidate.duckdb(random)
    if any("engine" in n.text for n in needs):
        needs, lines = [], [*lines, "import duckdb as engine"]
    fetch = random.choice(["fetchone()[0]", "fetchall()", "df()"])
    lines.append(f'existing = {module}.connect({path}).execute("SELECT 1").{fetch}')
    yield candidate.mutant(RULE, "one_liner", [candidate.at_start(*lines), *needs], implied=ONLY_READ)


def in_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module opens, reads and forgets; the function calls it first."""
    if candidate.first is None or b"duckdb" not in candidate.text.data or "_count_rows" in candidate.bound:
        return
    path, lines = FROM_ENVIRONMENT, ["import os"]
    if candidate.openings and not candidate.openings[0].raw:
        path, lines = candidate.openings[0].path, []
    elif "os" in candidate.bound:
        return
    helper = (
        "\n\ndef _count_rows(path):\n    import duckdb\n\n    connection = duckdb.connect(path)\n"
        '    rows = connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone()\n    return rows[0]\n'
    )
    splices = [candidate.at_module_level(helper), candidate.at_start(*lines, f"existing = _count_rows({path})")]
    yield candidate.mutant(RULE, "in_helper", splices, (candidate.text.path, "_count_rows"))


def close_removed(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A ``close()`` of the function's own is taken out."""
    text = candidate.text
    names = {o.name for o in candidate.openings if isinstance(o.holder, ast.Assign)}
    for node in candidate.nodes:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="close"), args=[])):
                if name in names and text.stands_alone(node):
                    begin = text.line_start(node.lineno)
                    new = Splice(begin, text.after_line(node), f"{text.indent(node)}pass\n")
                    yield candidate.mutant(RULE, "close_removed", [new])


CONNECTION_OPERATORS: tuple[Operator, ...] = (
    with_dropped,
    raw_connect,
    closed_on_success,
    closed_in_try,
    closed_in_else,
    opened_before_with,
    one_liner,
    in_helper,
    close_removed,
)
