"""AL203: the database's path is a literal in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .repository import Candidate, Mutant, Opening, Operator
from .text import Splice

RULE = "AL203"
FILES = ("data/warehouse.duckdb", "warehouse.duckdb", "/var/lib/etl/simulation.duckdb", "db/analytics.db")
NO_CHOICE = {"AL208": "for a function that only reads gets a plain connection, which could be opened for reading"}


@dataclass(frozen=True)
class Way:
    """One way to say a literal path.

    ``expression`` is what stands in ``connect(...)``; ``before`` are lines in front of the opening statement,
    ``module`` is text at module level; ``{file}`` in them is the path.
    """

    name: str
    expression: str
    before: tuple[str, ...] = ()
    module: str = ""


WAYS = (
    Way("literal", '"{file}"'),
    Way("keyword", 'database="{file}", read_only=False'),
    Way(
        "beside_module",
        "str(database_file)",
        ("import pathlib", 'database_file = pathlib.Path(__file__).parent / "{file}"'),
    ),
    Way("path", 'pathlib.Path("{file}")', ("import pathlib",)),
    Way("joined", 'os_path.join("data", "{file}")', ("from os import path as os_path",)),
    Way("variable", "database_file", ('database_file = "{file}"',)),
    Way("f_string", 'f"{{folder}}/{file}"', ('folder = "data"',)),
    Way("constant", "_DATABASE_FILE", module='\n_DATABASE_FILE = "{file}"\n'),
    Way("constant_f_string", 'f"{{_DATABASE_FOLDER}}/{file}"', module='\n_DATABASE_FOLDER = "data"\n'),
    Way("getter", "_database_file()", module='\n\ndef _database_file() -> str:\n    return "{file}"\n'),
)


def _openings(candidate: Candidate) -> Iterator[tuple[Opening, int, str]]:
    text = candidate.text
    for opening in candidate.openings:
        holder = opening.holder
        if text.data[text.line_start(holder.lineno) : text.start(holder)].strip():
            continue
        yield opening, text.line_start(holder.lineno), text.indent(holder)


def _said(way: Way) -> Operator:
    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        file = random.choice(FILES)
        for opening, place, indent in _openings(candidate):
            module, needs = candidate.duckdb(random)
            before = "".join(f"{indent}{line.format(file=file)}\n" for line in way.before)
            splices = [
                Splice(place, place, before),
                Splice(
                    candidate.text.start(opening.call),
                    candidate.text.end(opening.call),
                    f"{module}.connect({way.expression.format(file=file)})",
                ),
                *needs,
            ]
            if way.module:
                splices.append(candidate.at_module_level(way.module.format(file=file)))
            yield candidate.mutant(RULE, way.name, splices, implied={} if opening.raw else NO_CHOICE)

    return operator


def _through_helper(name: str, signature: str, argument: str) -> Operator:
    """A helper that connects to what it is given, or to its default."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        file = random.choice(FILES)
        parameter = signature.format(file=file)
        helper = f"\n\ndef _open_database({parameter}):\n    import duckdb\n\n    return duckdb.connect(path)\n"
        for opening, _, _ in _openings(candidate):
            begin, end = candidate.text.start(opening.call), candidate.text.end(opening.call)
            call = f"_open_database({argument.format(file=file)})"
            splices = [Splice(begin, end, call), candidate.at_module_level(helper)]
            yield candidate.mutant(RULE, name, splices, (candidate.text.path, "_open_database"))

    return operator


def imported_constant(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A constant of another module of the project, from which this one imports already."""
    text, repository = candidate.text, candidate.repository
    imports = [n for n in text.tree.body if isinstance(n, ast.ImportFrom)]
    random.shuffle(imports)
    for node in imports:
        other = repository.resolve(text.path, node)
        if other is None or other is text or not text.stands_alone(node) or other.path.name == "__init__.py":
            continue
        if not other.data.endswith(b"\n"):
            continue
        constant = f'\n_MAIN_DATABASE = "{random.choice(FILES)}"\n'
        place = len(other.data)
        also: dict[Path, bytes] = {other.path: other.spliced([Splice(place, place, constant)])}
        at = text.after_line(node)
        written = f"from {'.' * node.level}{node.module or ''} import _MAIN_DATABASE\n"
        for opening, _, _ in _openings(candidate):
            module, needs = candidate.duckdb(random)
            splices = [
                Splice(text.start(opening.call), text.end(opening.call), f"{module}.connect(_MAIN_DATABASE)"),
                Splice(at, at, written),
                *needs,
            ]
            beside = {} if opening.raw else NO_CHOICE
            yield candidate.mutant(RULE, "imported_constant", splices, also=also, implied=beside)
        return


PATH_OPERATORS: tuple[Operator, ...] = (
    *(_said(way) for way in WAYS),
    _through_helper("handed_to_helper", "path", '"{file}"'),
    _through_helper("default_of_helper", 'path="{file}"', ""),
    imported_constant,
)
