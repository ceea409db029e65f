"""The command ``graph``: assets, the databases that they open, the tables that they make and read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.report.safe import visible, visible_path, width

from .querying import collected
from .terminal import tell, write, write_file

if TYPE_CHECKING:
    from asset_lint.facts.view import Database, Node, Stored, Use, Used, View

_HEAD = ("ASSET", "AFTER", "DATABASE", "MAKES", "READS", "CONFLICTS")
_UNKNOWN = "?"


def draw(paths: Sequence[str], given: Mapping[str, Any]) -> int:
    """Print the graph of the assets below ``paths``; returns the exit status."""
    from asset_lint.facts.view import view

    problems: list[str] = []
    found = view(collected(paths, given, problems))
    for sentence in problems:
        tell(f"error: {sentence}")
    if not found.nodes and not problems:
        tell("warning: No assets found under the given paths")
    shape = given["shape"]
    text = as_json(found) if shape == "json" else mermaid(found) if shape == "mermaid" else table(found)
    if given["output_file"] is not None:
        write_file(Path(given["output_file"]), text)
    else:
        write(text)
    return 2 if problems else 0


# ---- a table -------------------------------------------------------------------------------------------------------


def table(found: View) -> str:
    """The graph as a table of the assets, and one of the tables of each database."""
    if not found.nodes:
        return ""
    parts = [_columns([_HEAD, *(line for node in found.nodes for line in _lines(node))])]
    for database in found.databases():
        if database.tables or database.unknown_by:
            parts.append(visible(database.name) + "\n" + _columns([_stored(each) for each in _all(database)], "  "))
    if found.resources:
        listed = [
            (each.key, each.kind or _UNKNOWN, each.database or "", f"{visible_path(each.path)}:{each.line}")
            for each in found.resources
        ]
        parts.append("Resources\n" + _columns(listed, "  "))
    if found.conflicts:
        places = [
            (each.code, each.database or _UNKNOWN, _listed(each.assets), f"{visible_path(each.path)}:{each.line}")
            for each in found.conflicts
        ]
        parts.append("Conflicts\n" + _columns(places, "  "))
    parts += [
        f"{'This project' if folder == '.' else visible(folder)} has further assets, made by a library or by YAML, "
        "that can't be read.\n"
        for folder in found.hidden
    ]
    return "\n".join(parts)


def _lines(node: Node) -> Iterator[tuple[str, ...]]:
    """An asset as the lines of a table, what it has several of below each other."""
    after = [_after(each.upstream, each.known) for each in node.after]
    if not node.row.complete:
        after.append(_UNKNOWN)
    right: list[tuple[str, ...]] = []
    for use in node.uses:
        made, read = [_used(each) for each in use.made], [_used(each) for each in use.read]
        for at in range(max(1, len(made), len(read), len(use.conflicts))):
            cells = ([_opened(use)], made, read, use.conflicts)
            right.append(tuple(cell[at] if at < len(cell) else "" for cell in cells))
    for at in range(max(1, len(after), len(right))):
        name, needed = node.name if at == 0 else "", after[at] if at < len(after) else ""
        yield (name, needed, *(right[at] if at < len(right) else ("", "", "", "")))


def _after(upstream: str | None, known: bool) -> str:
    return _UNKNOWN if upstream is None else upstream if known else f"{upstream} (elsewhere)"


def _opened(use: Use) -> str:
    return f"{use.database or _UNKNOWN}{' (read-only)' if use.read_only else ''}"


def _used(used: Used) -> str:
    name = used.name if used.name is not None else f"{_UNKNOWN} ({used.by})"
    return name if used.makes or used.reads else f"{name} ({used.access})"


def _all(database: Database) -> Iterator[Stored]:
    from asset_lint.facts.view import Stored

    yield from database.tables
    for by in database.unknown_by:
        yield Stored(_UNKNOWN, (by,), (), ())


def _stored(stored: Stored) -> tuple[str, ...]:
    made = f"made by {_listed(stored.made_by)}" if stored.made_by else "made by nothing known"
    others = [name for name in stored.read_by if name not in stored.made_by]
    changed = f"changed by {_listed(stored.changed_by)}" if stored.changed_by else ""
    return stored.name, made, changed, f"read by {_listed(others)}" if others else ""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _columns(lines: Sequence[Sequence[str]], indent: str = "") -> str:
    """Lines of cells, aligned; a column that is empty all the way down is left out."""
    cells = [[visible(cell) for cell in line] for line in lines]
    head = cells[0][0] == _HEAD[0]
    kept = [at for at in range(len(cells[0])) if any(line[at] for line in cells[int(head) :])]
    wide = {at: max(width(line[at]) for line in cells) for at in kept}
    return "".join(
        indent + "  ".join(line[at] + " " * (wide[at] - width(line[at])) for at in kept).rstrip() + "\n"
        for line in cells
    )


# ---- data ----------------------------------------------------------------------------------------------------------


def as_json(found: View) -> str:
    """The graph as one JSON object."""
    data = {
        "assets": [_asset(node) for node in found.nodes],
        "databases": [dataclasses.asdict(database) for database in found.databases()],
        "resources": [dataclasses.asdict(each) for each in found.resources],
        "conflicts": [dataclasses.asdict(each) for each in found.conflicts],
        "unread_locations": list(found.hidden),
    }
    return json.dumps(data, indent=2) + "\n"


def _asset(node: Node) -> Mapping[str, object]:
    return {
        **dataclasses.asdict(node.row),
        "after": [
            {"asset": each.upstream, "by_value": each.by_value, "known": each.known} for each in node.after
        ],
        "uses": [
            {
                "database": use.database,
                "read_only": use.read_only,
                "tables": [dataclasses.asdict(each) for each in use.tables],
                "conflicts": use.conflicts,
            }
            for use in node.uses
        ],
    }  # fmt: skip


# ---- a drawing -----------------------------------------------------------------------------------------------------


def mermaid(found: View) -> str:
    """The graph as a flowchart for Mermaid: assets are boxes, databases hold their tables, conflicts are red."""
    return "".join(f"{line}\n" for line in _flowchart(found))


def _flowchart(found: View) -> Iterator[str]:
    assets = {id(node): f"a{at}" for at, node in enumerate(found.nodes)}
    tables: dict[tuple[str, str], str] = {}
    databases: dict[str, str] = {}
    yield "flowchart LR"
    for node in found.nodes:
        yield f"  {assets[id(node)]}[{_quoted(node.name)}]"
    for database in found.databases():
        databases[database.name] = f"d{len(databases)}"
        yield f"  subgraph {databases[database.name]}[{_quoted(database.name)}]"
        for stored in _all(database):
            name = f"{stored.name} ({stored.made_by[0]})" if stored.name == _UNKNOWN else stored.name
            tables[database.name, name] = f"t{len(tables)}"
            yield f"    {tables[database.name, name]}[({_quoted(name)})]"
        if not database.tables and not database.unknown_by:
            yield f'    {databases[database.name]}x[(" ")]'
        yield "  end"
    elsewhere: dict[str, str] = {}
    for node in found.nodes:
        own = assets[id(node)]
        for dependency in node.after:
            upstream = found.upstream(node, dependency)
            if upstream is not None:
                yield f"  {assets[id(upstream)]} --> {own}"
            elif dependency.upstream is not None:
                if dependency.upstream not in elsewhere:
                    elsewhere[dependency.upstream] = f"e{len(elsewhere)}"
                    yield f"  {elsewhere[dependency.upstream]}({_quoted(dependency.upstream)})"
                yield f"  {elsewhere[dependency.upstream]} --> {own}"
        for use in node.uses:
            yield from _edges(use, own, databases, tables)
    struck = [assets[id(node)] for node in found.nodes if any(use.conflicts for use in node.uses)]
    if struck:
        yield "  classDef conflict stroke:#c00,stroke-width:2px"
        yield f"  class {','.join(struck)} conflict"


def _edges(use: Use, own: str, databases: Mapping[str, str], tables: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """What an asset does with one database."""
    if use.database is None:
        return
    joined = False
    for used in (*use.made, *use.read):
        name = used.name if used.name is not None else f"{_UNKNOWN} ({used.by})"
        at = tables.get((use.database, name))
        if at is not None:
            joined = True
            yield f"  {at} -.->|reads| {own}" if used.reads else f"  {own} -.->|{used.access}| {at}"
    if not joined:
        yield f"  {own} -.- {databases[use.database]}"
    for code in use.conflicts:
        yield f"  {own} x--x|{code}| {databases[use.database]}"


def _quoted(text: str) -> str:
    return '"' + visible(text).replace("#", "#35;").replace('"', "#quot;") + '"'
