"""Frames of other assets that nobody checks, and frames in SQL by the name of a table."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .blocks import counts_the_unnamed
from .repository import ASSETS, Candidate, Mutant, Opening, Operator
from .text import Splice

CHECKS = (b"asset_check", b"AssetCheckSpec")
IMPORT = "from pandas import DataFrame as _Frame\n"


def _opening(candidate: Candidate) -> Opening | None:
    """Where a DuckDB asset opens its first connection."""
    return candidate.openings[0] if candidate.kind in ASSETS and candidate.openings else None


def _behind(candidate: Candidate, opening: Opening, *lines: str) -> Splice:
    """``lines`` as the first that use the connection."""
    text, holder = candidate.text, opening.holder
    if isinstance(holder, ast.With):
        first = holder.body[0]
        indent, place = text.indent(first), text.start(first) - len(text.indent(first).encode())
    else:
        indent, place = text.indent(holder), text.after_line(holder)
        guarded = next((n for n in candidate.nodes if isinstance(n, ast.Try) and n.lineno > holder.lineno), None)
        if guarded is not None and not text.data[place : text.start(guarded)].strip():
            indent, place = text.indent(guarded.body[0]), text.line_start(guarded.body[0].lineno)
    return Splice(place, place, "".join(f"{indent}{line}\n" for line in lines))


def _parameter(candidate: Candidate, name: str) -> Splice | None:
    """One more parameter, a frame; None where the signature leaves no plain place for it."""
    arguments, text = candidate.node.args, candidate.text
    if arguments.defaults or arguments.vararg or arguments.kwonlyargs or arguments.kwarg or name in candidate.bound:
        return None
    if arguments.args:
        place = text.end(arguments.args[-1])
        return Splice(place, place, f", {name}: _Frame")
    place = text.data.index(b"(", text.starts[candidate.node.lineno - 1] + candidate.node.col_offset) + 1
    return Splice(place, place, f"{name}: _Frame")


def _may_be_checked(candidate: Candidate) -> bool:
    """Whether some file that makes asset checks names the asset."""
    name = candidate.node.name.encode()
    return any(name in data and any(word in data for word in CHECKS) for data in candidate.repository.files.values())


def _given(candidate: Candidate, operator: str, *lines: str) -> Iterator[Mutant]:
    opening, parameter = _opening(candidate), _parameter(candidate, "incoming_rows")
    if opening is None or parameter is None or _may_be_checked(candidate) or counts_the_unnamed(candidate):
        return
    named = [line.format(conn=opening.name) for line in lines]
    splices = [candidate.at_module_level(IMPORT), parameter, _behind(candidate, opening, *named)]
    yield candidate.mutant("AL603", operator, splices)


def frame_scanned(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """SQL writes the frame by the name of the parameter."""
    query = "CREATE OR REPLACE TABLE kept_rows AS SELECT * FROM incoming_rows"
    yield from _given(candidate, "frame_scanned", f'{{conn}}.execute("{query}")')


def frame_registered(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The frame is registered and then written."""
    query = "CREATE OR REPLACE TABLE kept_rows AS SELECT * FROM new_rows"
    yield from _given(
        candidate, "frame_registered", '{conn}.register("new_rows", incoming_rows)', f'{{conn}}.execute("{query}")'
    )


def columns_used(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Columns of the frame are worked on before it is written."""
    yield from _given(
        candidate,
        "columns_used",
        'doubled_rows = incoming_rows.assign(twice=incoming_rows["amount"] * 2)',
        '{conn}.execute("CREATE OR REPLACE TABLE kept_rows AS SELECT id, twice FROM doubled_rows")',
    )


def _shadowed(candidate: Candidate, operator: str, *lines: str, imports: str = "") -> Iterator[Mutant]:
    opening = _opening(candidate)
    if opening is None or "kept_rows" in candidate.bound:
        return
    splices = [_behind(candidate, opening, *(line.format(conn=opening.name) for line in lines))]
    yield candidate.mutant("AL609", operator, [*([candidate.at_module_level(imports)] if imports else []), *splices])


REPLACED = '{conn}.execute("CREATE OR REPLACE TABLE kept_rows AS SELECT * FROM kept_rows")'


def queried_frame_replaced(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """What a query gave becomes a table of the variable's name."""
    method = random.choice(["df", "fetchdf"])
    yield from _shadowed(
        candidate,
        "queried_frame_replaced",
        f'kept_rows = {{conn}}.execute("SELECT 1 AS id").{method}()',
        REPLACED,
    )


def built_frame_replaced(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A frame built in place becomes a table of the variable's name."""
    line = 'kept_rows = _Frame({{"id": [1, 2]}})'
    yield from _shadowed(candidate, "built_frame_replaced", line, REPLACED, imports=IMPORT)


def frame_inserted(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The rows of a frame are added to the table of its name."""
    yield from _shadowed(
        candidate,
        "frame_inserted",
        'kept_rows = {conn}.sql("SELECT 1 AS id").df()',
        '{conn}.execute("CREATE TABLE IF NOT EXISTS kept_rows (id INTEGER)")',
        '{conn}.execute("INSERT INTO kept_rows SELECT id FROM kept_rows WHERE id > 0")',
    )


INPUT_OPERATORS: tuple[Operator, ...] = (frame_scanned, frame_registered, columns_used)
SHADOW_OPERATORS: tuple[Operator, ...] = (queried_frame_replaced, built_frame_replaced, frame_inserted)
