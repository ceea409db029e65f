"""Documents for people, with Python between the words: their blocks as one module, and changed blocks written back.

Each block speaks for itself, but what an earlier one defines or imports holds in later ones. A name of Dagster's,
DuckDB's or pandas' that the document imports nowhere means what every reader takes it for.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from asset_lint.errors import InvalidSyntax
from asset_lint.model.knowledge import DAGSTER_VERSIONS, dagster_names
from asset_lint.model.lowering import parse
from asset_lint.source import Source
from asset_lint.source.nodes import bodies

from .unshown import unshown_connections
from .virtual import MARK, Cell, Document, merged

_BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_SPACE = re.compile(r"[ \t]*")
_DIRECTIVE = re.compile(r"asset-lint[ \t]*:[ \t]*(?P<word>[\w-]+)(?P<rest>[^\r\n]*)")

#: What names mean that a document imports nowhere, beside those of Dagster's own.
_MODULES = {"duckdb": "duckdb", "pd": "pandas", "dg": "dagster", "dagster": "dagster"}
_TYPING = frozenset(
    """Annotated Any Callable Dict Generator Iterable Iterator List Literal Mapping Optional Sequence Set Tuple
    Union""".split()
)
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a document that may be Python: from ``first`` to before ``end`` (counted from 0), behind ``prefix``."""

    first: int
    end: int
    prefix: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A suppression that stands outside of blocks: its line (counted from 0), where it starts there, and its words."""

    line: int
    column: int
    text: str

    @property
    def is_for_next(self) -> bool:
        """Whether it speaks of the next block only."""
        match = _DIRECTIVE.match(self.text)
        return match is not None and match["word"] == "ignore"


Piece = Block | Remark


def remark(line: int, column: int, text: str) -> Iterator[Remark]:
    """What a comment of the document says to us."""
    if match := _DIRECTIVE.match(text):
        yield Remark(line, column, match[0].rstrip())


def lines_of(raw: bytes) -> list[str] | None:
    """The lines of a document with their ends; None where they are no text."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if MARK in text else _LINE.findall(text.removeprefix(_BOM))


def document(path: str, raw: bytes, lines: Sequence[str], pieces: Sequence[Piece]) -> Document:
    """The document whose code stands in those ``pieces``; those that are no Python are passed over."""
    cells: list[Cell] = []
    blocks: dict[int, Block] = {}
    trees: list[ast.Module] = []
    pending: list[Remark] = []
    passed_over = 0
    for piece in pieces:
        if isinstance(piece, Remark):
            if piece.is_for_next:
                pending.append(piece)
            else:
                cells.append(_comment(piece, piece.text))
            continue
        found = _read(piece, lines)
        if found is None:
            passed_over += 1
        else:
            cell, tree = found
            cells += [_comment(each, re.sub(r"\bignore\b", "disable", each.text, count=1)) for each in pending]
            blocks[len(cells) + 1] = piece  # the implied imports will come first
            cells.append(cell)
            trees.append(tree)
            cells += [_comment(each, _end(each)) for each in pending]
        pending.clear()
    bound, stars = _bound(trees)
    implied = implied_in(trees)
    cells.insert(0, Cell(implied, [(1, 0)] * implied.count("\n"), implied=True))
    layout = _Prose(raw.startswith(_BOM.encode()), lines, blocks, cells)
    unknown = () if stars else tuple(unshown_connections(trees, bound | _BUILTINS))
    return Document(path, raw, cells, layout, in_parts=True, unknown=unknown, passed_over=passed_over)


# -- what is read -----------------------------------------------------------------------------------------------------


def _read(block: Block, lines: Sequence[str]) -> tuple[Cell, ast.Module] | None:
    """A block as Python, None where it is none."""
    code: list[str] = []
    rows: list[tuple[int, int]] = []
    for number in range(block.first, block.end):
        line = lines[number].rstrip("\r\n")
        cut = _cut(line, block.prefix)
        if cut is None:
            return None
        code.append(line[cut:])
        rows.append((number + 1, cut))
    prefix = block.prefix
    tree = _parsed(code)
    if tree is None:
        indents = [found[0] for line in code if line.strip() and (found := _SPACE.match(line))]
        common = min(indents, key=len, default="")
        if not common or not all(indent.startswith(common) for indent in indents):
            return None
        rows = [(row, shift + min(len(common), len(line))) for line, (row, shift) in zip(code, rows)]
        code = [line[len(common) :] for line in code]
        prefix += common
        tree = _parsed(code)
    if tree is None or not tree.body:
        return None
    if any(isinstance(each, ast.ImportFrom) and each.module == "__future__" for each in tree.body):
        return None  # it would change the meaning of all the others
    return Cell("".join(f"{line}\n" for line in code), rows, prefix=prefix), tree


def _cut(line: str, prefix: str) -> int | None:
    """How much of a line stands before its code; None where it is no line of the block."""
    if line.startswith(prefix):
        return len(prefix)
    if not line.strip() or line.strip() == prefix.strip():
        return len(line)
    space = _SPACE.match(line)
    return None if prefix.strip() or space is None else min(len(space[0]), len(prefix))


def _parsed(code: Sequence[str]) -> ast.Module | None:
    try:
        return parse(Source.of_text("".join(f"{line}\n" for line in code)))
    except InvalidSyntax:
        return None


def _comment(remark: Remark, words: str) -> Cell:
    return Cell(f"# {words}\n", [(remark.line + 1, remark.column)], fixed=True)


def _end(remark: Remark) -> str:
    """What ends the stretch that a remark on one block begins."""
    codes = re.match(r"asset-lint[ \t]*:[ \t]*ignore(?P<codes>[ \t]*\[[^\]]*\])?", remark.text)
    return f"asset-lint: enable{(codes and codes['codes']) or ''}"


def _bound(trees: Sequence[ast.Module]) -> tuple[frozenset[str], bool]:
    """What the blocks bind outside of functions or import anywhere, and whether anything may come with a star."""
    names: set[str] = set()
    stars = False
    for tree in trees:
        waiting: list[ast.stmt] = list(tree.body)
        while waiting:
            statement = waiting.pop()
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                names.add(statement.name)
                continue
            names.update(
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            )
            waiting += [inner for body in bodies(statement) for inner in body]
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for alias in node.names:
                    stars = stars or alias.name == "*"
                    names.add(alias.asname or alias.name.partition(".")[0])
    return frozenset(names), stars


def implied_in(trees: Sequence[ast.Module]) -> str:
    """The imports that some blocks leave to their reader."""
    bound, stars = _bound(trees)
    if stars:
        return ""
    read = {
        node.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    statements = []
    for name in sorted(read - bound - _BUILTINS):
        statement = _meaning(name)
        if statement:
            statements.append(f"{statement}\n")
    return "".join(statements)


def _meaning(name: str) -> str:
    """The import that a name stands for by itself, "" where it may be anything."""
    if module := _MODULES.get(name):
        return f"import {module}" if name == module else f"import {module} as {name}"
    if name in _TYPING:
        return f"from typing import {name}"
    if name == "DuckDBResource":
        return f"from dagster_duckdb import {name}"
    return f"from dagster import {name}" if name in dagster_names(DAGSTER_VERSIONS[-1]) else ""


# -- what is written --------------------------------------------------------------------------------------------------


class _Prose:
    """The layout of a document in plain text. ``blocks`` are those of the cells that are code, by their indices."""

    def __init__(self, bom: bool, lines: Sequence[str], blocks: Mapping[int, Block], cells: Sequence[Cell]) -> None:
        self._bom = bom
        self._lines = lines
        self._blocks = blocks
        self._cells = cells
        self._newline = next((line[len(line.rstrip("\r\n")) :] for line in lines if line.endswith(("\n", "\r"))), "\n")

    def page(self, number: int) -> str:
        """The whole document."""
        return "".join(self._lines)

    def in_file(self, number: int, line: int, column: int) -> None:
        """Lines are counted through the file anyway."""

    def write(self, changed: Mapping[int, str]) -> bytes:
        """The document with other code in some blocks."""
        codes = dict(changed)
        if 0 in codes:  # imports that a fix adds to those that are left to the reader
            new = "".join(_unusual(codes.pop(0)))
            first = min(self._blocks)
            if new:
                codes[first] = new + codes.get(first, self._cells[first].code)
        out: list[str] = []
        at = 0
        for index, code in sorted(codes.items()):
            block, prefix = self._blocks[index], self._cells[index].prefix
            out += self._lines[at : block.first]
            for line_index, line in merged(_split(self._cells[index].code), _split(code)):
                if line_index >= 0:
                    out.append(self._lines[block.first + line_index])
                else:
                    out.append(f"{prefix}{line}".rstrip(" \t") if not line.strip() else f"{prefix}{line}")
                    out[-1] += self._newline
            at = block.end
        out += self._lines[at:]
        return (_BOM * self._bom + "".join(out)).encode()


def _unusual(code: str) -> Iterator[str]:
    """Those of some imports that a reader would miss, as lines."""
    for statement in ast.parse(code).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names = [alias for alias in statement.names if not _meaning(alias.asname or alias.name)]
            for alias in names:
                yield (
                    ast.unparse(
                        ast.Import([alias])
                        if isinstance(statement, ast.Import)
                        else ast.ImportFrom(statement.module, [alias], statement.level)
                    )
                    + "\n"
                )


def _split(code: str) -> list[str]:
    return code.removesuffix("\n").split("\n")


def trimmed(lines: Sequence[str], first: int, end: int) -> int:
    """The end of a block without the blank lines that close it."""
    return end - len(list(takewhile(lambda line: not line.strip(), reversed(lines[first:end]))))
