"""Log lines and metadata as a colleague would write them, of what there is to tell of an asset."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Sequence, Set

from asset_lint.model.index import Place
from asset_lint.model.pykinds import PyKind
from asset_lint.model.telling import Subject, Told

from .rewriting import Rewrite

SHORT, LONG = 88, 120
"""Between these a line may be as long as the file's longest; a longer call is written over several."""


def log_of(rewrite: Rewrite, subjects: Sequence[Subject], context: str) -> None:
    """Log by ``context`` how much there is of each of several outputs, else of the last of ``subjects``."""
    taken: set[str] = set()
    for subject in told_of(subjects):
        name, before = _named(rewrite, subject, taken)
        taken.add(name)
        which = subject.output if subject.output.isidentifier() else ""
        text = {
            Told.FRAME: f"{subject.verb} {{len({name})}} rows" + (which and f" of {which}"),
            Told.ROWS: f"{subject.verb} {{len({name})}} rows" + (which and f" of {which}"),
            Told.VALUE: f"{subject.verb} {{{name}}}" + (which and f" as {which}"),
            Told.TABLE: f"Wrote {{{name}}} rows to {subject.table}",
            Told.COUNT: f"{subject.table} has {{{name}}} rows",
        }[subject.kind]
        _write(rewrite, subject, name, [*before, f"{context}.log.info({rewrite.formatted(text)})"])


def told_of(subjects: Sequence[Subject]) -> Sequence[Subject]:
    """What a log tells of: every one of several outputs, else the last thing."""
    return subjects if all(subject.output for subject in subjects) else subjects[-1:]


def describe(rewrite: Rewrite, subjects: Sequence[Subject], context: str) -> None:
    """Add as metadata how many rows there are of each of ``subjects``, and which columns it has."""
    taken: set[str] = set()
    for subject in subjects:
        name, before = _named(rewrite, subject, taken)
        taken.add(name)
        entries = [f"{rewrite.quoted(key)}: {value}" for key, value in _entries(rewrite, subject, name)]
        if subject.event is not None:
            begun = subject.event.span
            length = begun.column + (begun.end - begun.start) * (begun.end_line == begun.line)
            assert isinstance(subject.event.node, ast.Call)
            is_there = any(given.arg == "metadata" for given in subject.event.node.keywords)
            mapping = _mapping(rewrite, entries, length + (-len("{}") if is_there else len(", metadata=")), 0)
            rewrite.add_argument(subject.event, f"metadata={mapping}")
            if not subject.name:
                rewrite.take_out(subject.value, name)
            continue
        if not context:
            rewrite.give_up()
            return
        output = f", output_name={rewrite.quoted(subject.output)}" if subject.output else ""
        call = f"{context}.add_output_metadata("
        mapping = _mapping(rewrite, entries, subject.statement.span.column + len(call) + len(output), 1)
        if "\n" in mapping:
            step = rewrite.indent
            lines = f"{step}{mapping}" + (f",\n{step}{output[2:]},\n" if output else "\n")
            call += f"\n{lines})"
        else:
            call += f"{mapping}{output})"
        _write(rewrite, subject, name, [*before, call])


def look_for(rewrite: Rewrite, before: Place, receiver: str, where: Sequence[str]) -> str:
    """The condition that no table of the catalogue, asked by ``receiver`` above ``before``, is as ``where`` says."""
    texts = ["SELECT 1 FROM information_schema.tables ", f"WHERE {' AND '.join(where)}"]
    plain = f"not {receiver}.execute({rewrite.quoted(''.join(texts))}).fetchall()"
    line = before.module.source.text.splitlines()[before.span.line - 1]
    room = rewrite.width(SHORT, LONG) - (len(line) - len(line.lstrip()))
    if len(f"if {plain}:") <= room:
        return plain
    step = rewrite.indent
    whole = rewrite.quoted("".join(texts))
    lines = [whole] if len(f"{step}{whole}") <= room else [rewrite.quoted(text) for text in texts]
    return f"not {receiver}.execute(\n" + "".join(f"{step}{line}\n" for line in lines) + ").fetchall()"


def _mapping(rewrite: Rewrite, entries: Sequence[str], column: int, depth: int) -> str:
    """A dict of ``entries`` that begins at a column: on one line if there is room, else with a line for each."""
    plain = f"{{{', '.join(entries)}}}"
    if column + len(plain) <= rewrite.width(SHORT, LONG):
        return plain
    step = rewrite.indent
    return "{\n" + "".join(f"{step * (depth + 1)}{entry},\n" for entry in entries) + f"{step * depth}}}"


def _named(rewrite: Rewrite, subject: Subject, taken: Set[str] = frozenset()) -> tuple[str, list[str]]:
    """The variable that holds what is told, and the statements that make it."""
    if subject.counted:
        return subject.counted, []
    if subject.kind is Told.TABLE:
        name = rewrite.free_name("row_count", near=subject.statement)
        query = rewrite.quoted(f"SELECT count(*) FROM {subject.table}")
        return name, [f"{name} = {subject.name}.execute({query}).fetchone()[0]"]
    if subject.name:
        return subject.name, []
    wanted = {PyKind.ARROW_TABLE: "table", None: "rows" if subject.kind is Told.ROWS else "result"}
    name = rewrite.free_name(wanted.get(subject.frame, "df"), near=subject.value)
    output = _output_of(subject)
    if _may_name(output) and rewrite.free_name(output, near=subject.value) == output:
        name = output
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free, []


def _output_of(subject: Subject) -> str:
    """The name of the output, as a multi_asset has several."""
    event = subject.event.node if subject.event is not None else None
    for given in event.keywords if isinstance(event, ast.Call) else ():
        if given.arg == "output_name" and isinstance(given.value, ast.Constant):
            return str(given.value.value)
    return subject.output


def _may_name(output: str) -> bool:
    """Whether a variable may be called as an output is."""
    return output.isidentifier() and not keyword.iskeyword(output) and not hasattr(builtins, output)


def _write(rewrite: Rewrite, subject: Subject, name: str, lines: Sequence[str]) -> None:
    code = "\n".join(lines)
    if not subject.given:
        rewrite.insert_after(subject.statement, code)
    elif subject.name:
        rewrite.insert_before(subject.statement, code)
    else:
        rewrite.take_out(subject.value, name, code)


def _entries(rewrite: Rewrite, subject: Subject, name: str) -> list[tuple[str, str]]:
    if subject.kind is Told.VALUE:
        return [(name, name)]
    if subject.kind in (Told.TABLE, Told.COUNT):
        return [("table", rewrite.quoted(subject.table)), ("row_count", name)]
    if not subject.given:
        return [("rows_read", f"len({name})")]  # what is materialized may have others, and other columns
    entries = [("row_count", f"len({name})")]
    if subject.frame is PyKind.FRAME:
        listed = f"list({name}.columns)" if subject.columns_are_texts else f"[str(column) for column in {name}.columns]"
        entries.append(("columns", listed))
    elif subject.frame is not None:
        entries.append(
            ("columns", f"{name}.columns" if subject.frame is PyKind.POLARS_FRAME else f"{name}.column_names")
        )
    return entries
