"""The examples in the docstrings of a module: what stands behind ``>>>`` and ``...``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from asset_lint.errors import FixError, InvalidSyntax
from asset_lint.finding import Edit, Finding
from asset_lint.fixing import apply
from asset_lint.model.lowering import parse
from asset_lint.source import Source, differences

from .prose import implied_in
from .virtual import MARK, Cell, Document

_PROMPT = re.compile(r"(?P<indent>[ \t]*)(?P<prompt>>>>|\.\.\.)(?: (?P<code>.*)|[ \t]*)$")
_RAW = re.compile(r"[bBuU]?[rR]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def read(source: Source) -> Document | None:
    """The examples in the docstrings of a module, each docstring for itself; None where there are none.

    Docstrings with backslashes that mean something are left out: what stands there is not what is meant.
    """
    lines = _LINE.findall(source.text)
    cells: list[Cell] = []
    trees: list[ast.Module] = []
    try:
        tree = parse(source)
    except InvalidSyntax:
        return None
    for docstring in _docstrings(tree):
        first, end = docstring.lineno - 1, docstring.end_lineno or docstring.lineno
        text = "".join(lines[first:end])
        raw = _RAW.match(lines[first].encode()[docstring.col_offset :].decode(errors="ignore")) is not None
        if ">>>" not in text or MARK in text or ("\\" in text and not raw):
            continue
        code: list[str] = []
        rows: list[tuple[int, int]] = []
        for number in range(first, end):
            match = _PROMPT.match(lines[number].rstrip("\r\n"))
            if match is not None and (match["prompt"] == ">>>" or (rows and rows[-1][0] == number)):
                code.append(match["code"] or "")
                rows.append((number + 1, len(match["indent"]) + 4))
        example = "".join(f"{line}\n" for line in code)
        try:
            trees.append(parse(Source.of_text(example)))
        except InvalidSyntax:
            continue
        cells.append(Cell(example, rows))
    if not cells:
        return None
    implied = implied_in(trees)
    cells.insert(0, Cell(implied, [(1, 0)] * implied.count("\n"), implied=True))
    return Document(f"{source.path}:docstrings", source.data, cells, _Docstrings(source, lines, cells), in_parts=True)


def in_module(finding: Finding, examples: Document, source: Source) -> Finding:
    """A finding in the examples as one of the module that they stand in."""
    shown = examples.shown(replace(finding, fix=None))
    notes = tuple(replace(note, path=source.path) if note.path == finding.path else note for note in shown.notes)
    fix = finding.fix
    if fix is not None:
        try:
            after = examples.encode(apply(examples.text, [fix])).decode()
        except FixError:
            fix = None
        else:
            changes = differences(source.text, after)
            fix = replace(fix, edits=tuple(Edit(source.span(start, end), text) for start, end, text in changes))
    return replace(shown, path=source.path, notes=notes, fix=fix)


def _docstrings(tree: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                if isinstance(first.value.value, str):
                    yield first.value


class _Docstrings:
    """The layout of a module with examples."""

    def __init__(self, source: Source, lines: Sequence[str], cells: Sequence[Cell]) -> None:
        self._source = source
        self._lines = lines
        self._cells = cells

    def page(self, number: int) -> str:
        """The whole module."""
        return self._source.text

    def in_file(self, number: int, line: int, column: int) -> None:
        """Lines are counted through the file anyway."""

    def write(self, changed: Mapping[int, str]) -> bytes:
        """The module with other examples."""
        lines: list[str] = list(self._lines)
        for index, code in sorted(changed.items(), reverse=True):
            if index:  # what is implied stays so
                self._rewrite(lines, self._cells[index], code)
        return "".join(lines).encode()

    def _rewrite(self, lines: list[str], cell: Cell, code: str) -> None:
        old, new = cell.code.removesuffix("\n").split("\n"), code.removesuffix("\n").split("\n")
        starts = {
            min(part.lineno for part in (each, *getattr(each, "decorator_list", ()))) for each in ast.parse(code).body
        }
        matcher = SequenceMatcher(None, old, new, autojunk=False)
        for tag, first, last, new_first, new_last in reversed(matcher.get_opcodes()):
            if tag == "equal":
                continue
            near = lines[cell.rows[min(first, len(old) - 1)][0] - 1]
            indent = near[: len(near) - len(near.lstrip(" \t"))]
            put = [
                f"{indent}{'>>>' if number + 1 in starts else '...'} {new[number]}".rstrip() + self._source.newline
                for number in range(new_first, new_last)
            ]
            if any(word in line for line in put for word in ('"""', "'''", "\\")):
                raise FixError("the change would end the docstring, or mean something else in it")
            for row, _ in reversed(cell.rows[first:last]):
                del lines[row - 1]
            at = cell.rows[first][0] - 1 if first < len(old) else cell.rows[-1][0]
            if tag == "insert" and first:
                at = cell.rows[first - 1][0]
            lines[at:at] = put
