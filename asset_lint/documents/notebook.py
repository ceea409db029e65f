"""Jupyter notebooks: the Python of their cells, and changed cells written back.

Of the JSON only the sources of changed cells are written anew, and of these only the lines that changed: the file's
indentation, order of keys, way of escaping and last newline are what they were.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from asset_lint.errors import InvalidSyntax
from asset_lint.model.lowering import parse
from asset_lint.source import Source

from .magics import Aside, is_foreign, set_aside
from .virtual import MARK, Cell, Document, merged

_BOM = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\r\n]*")
_NEWLINE = re.compile(r"\r\n?|\n")
_CHARACTER = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.")
_ESCAPED = re.compile(r"(?<!\\)(?:\\\\)*\\u(?:00[89a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])")
_DECODER = json.JSONDecoder()
_string: Callable[[str, int, bool], tuple[str, int]] = json.decoder.scanstring  # type: ignore[attr-defined]

Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Source:
    """The source of a cell: its stretch of the file, and that of each of its strings with the text that it means."""

    stretch: Stretch
    strings: Sequence[tuple[int, int, str]]
    listed: bool

    @property
    def text(self) -> str:
        return "".join(text for _, _, text in self.strings)


def read(path: str, raw: bytes) -> Document:
    """The notebook with the content ``raw``. One in another language than Python has no code.

    Raises InvalidSyntax where it is no notebook.
    """
    text = _decoded(raw)
    try:
        top, sources = _scan(text)
    except (ValueError, IndexError, RecursionError) as error:
        at = getattr(error, "pos", 0)
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        raise InvalidSyntax(f"this is no notebook: {getattr(error, 'msg', error)}", line, column) from error
    cells: list[Cell] = []
    asides: list[Aside] = []
    indents: list[str] = []
    kept: list[_Source] = []
    faults: list[tuple[int, InvalidSyntax]] = []
    for number, source in enumerate(sources if _is_python(top) else (), 1):
        if source is None or not source.text.strip() or is_foreign(source.text) or MARK in source.text:
            continue
        aside, indent, fault = _read_cell(source.text)
        if fault is not None:
            faults.append((len(cells), fault))
        rows = [(row, _shift(line, indent)) for row, line in enumerate(_normal(source.text), 1)]
        cells.append(Cell(aside.code, rows, number, prefix=indent, fixed=fault is not None))
        asides.append(aside)
        indents.append(indent)
        kept.append(source)
    numbers = [cell.number for cell in cells]
    return Document(
        path, raw, cells, _Notebook(text, raw.startswith(_BOM), numbers, kept, asides, indents), faults=faults
    )


def _decoded(raw: bytes) -> str:
    try:
        return raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise InvalidSyntax(f"cannot decode byte 0x{error.object[error.start]:02x} as utf-8") from error


def _read_cell(text: str) -> tuple[Aside, str, InvalidSyntax | None]:
    """A cell as Python, and the indentation that its lines lose for it, as IPython takes that of the first from all.

    Where it is no Python: lines of comment as long as its own, and what is wrong.
    """
    lines = _normal(text)
    code = "".join(lines)
    blank = Aside(re.sub(r"[^\n]", "#", code))
    try:
        code.encode()
        parse(Source.of_text(code))
    except UnicodeEncodeError:
        return blank, "", InvalidSyntax("lone surrogates are no text")
    except InvalidSyntax:
        indent = next((line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()), "")
        aside = set_aside("".join(line[_shift(line, indent) :] for line in lines))
        try:
            parse(Source.of_text(aside.code))
        except InvalidSyntax as error:
            shift = _shift(lines[error.line - 1], indent) if error.line <= len(lines) else 0
            return blank, "", InvalidSyntax(error.message, error.line, error.column + shift)
        return aside, indent, None
    return Aside(code), "", None


def _normal(text: str) -> list[str]:
    """The lines of a cell, each with ``\\n`` at its end."""
    code = _NEWLINE.sub("\n", text)
    return _lines(code if code.endswith("\n") else f"{code}\n")


def _shift(line: str, indent: str) -> int:
    """How much of a line is the cell's indentation."""
    return len(indent) if line.startswith(indent) else 0


def _is_python(top: Mapping[str, Any]) -> bool:
    """Whether the notebook's language is Python, as far as it says."""
    metadata = top.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(key)
        if isinstance(value, dict) and isinstance(value.get(name), str):
            return "python" in value[name].lower()
    return True


# -- the JSON ---------------------------------------------------------------------------------------------------------


def _scan(text: str) -> tuple[dict[str, Any], list[_Source | None]]:
    """What stands at the top but for the cells, and for each cell its source, None where it is no Python code."""
    top: dict[str, Any] = {}
    cells: list[_Source | None] | None = None
    for key, at in (entries := _Entries(text, _after_space(text, 0))):
        if key == "cells" and text[at : at + 1] == "[":
            cells = []
            at = _after_space(text, at + 1)
            while text[at : at + 1] != "]":
                cell, at = _cell(text, at)
                cells.append(cell)
                at = _after_space(text, at)
                if text[at : at + 1] == ",":
                    at = _after_space(text, at + 1)
                elif text[at : at + 1] != "]":
                    raise json.JSONDecodeError("expected , or ]", text, at)
            entries.at = at + 1
        else:
            top[key], entries.at = _DECODER.raw_decode(text, at)
    if cells is None:
        raise ValueError("it has no cells")
    return top, cells


def _cell(text: str, at: int) -> tuple[_Source | None, int]:
    source: _Source | None = None
    kind, language = "", "python"
    for key, start in (entries := _Entries(text, at)):
        if key == "source":
            source, entries.at = _source(text, start)
            continue
        value, entries.at = _DECODER.raw_decode(text, start)
        if key == "cell_type":
            kind = value
        elif key == "metadata" and isinstance(value, dict) and isinstance(value.get("vscode"), dict):
            language = value["vscode"].get("languageId", language)
    return (source if kind == "code" and language == "python" else None), entries.at


def _source(text: str, at: int) -> tuple[_Source, int]:
    if text[at] == '"':
        value, end = _string(text, at + 1, True)
        return _Source((at, end), [(at, end, value)], listed=False), end
    if text[at] != "[":
        raise json.JSONDecodeError("expected a source", text, at)
    strings: list[tuple[int, int, str]] = []
    position = _after_space(text, at + 1)
    while text[position] != "]":
        if text[position] != '"':
            raise json.JSONDecodeError("expected a string", text, position)
        value, end = _string(text, position + 1, True)
        strings.append((position, end, value))
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)
    return _Source((at, position + 1), strings, listed=True), position + 1


class _Entries:
    """The keys of an object and where their values start; whoever reads a value tells its end in ``at``."""

    def __init__(self, text: str, at: int) -> None:
        if text[at : at + 1] != "{":
            raise json.JSONDecodeError("expected an object", text, at)
        self._text = text
        self.at = at + 1

    def __iter__(self) -> Iterator[tuple[str, int]]:
        text, first = self._text, True
        while True:
            at = _after_space(text, self.at)
            if text[at : at + 1] == "}":
                self.at = at + 1
                return
            if not first:
                if text[at : at + 1] != ",":
                    raise json.JSONDecodeError("expected , or }", text, at)
                at = _after_space(text, at + 1)
            if text[at : at + 1] != '"':
                raise json.JSONDecodeError("expected a key", text, at)
            key, at = _string(text, at + 1, True)
            at = _after_space(text, at)
            if text[at : at + 1] != ":":
                raise json.JSONDecodeError("expected :", text, at)
            first = False
            self.at = _after_space(text, at + 1)
            yield key, self.at


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()


class _Notebook:
    """The layout of a notebook."""

    def __init__(
        self,
        text: str,
        bom: bool,
        numbers: Sequence[int],
        sources: Sequence[_Source],
        asides: Sequence[Aside],
        indents: Sequence[str],
    ) -> None:
        self._text = text
        self._bom = bom
        self._sources = sources
        self._asides = asides
        self._indents = indents
        self._indices = {number: index for index, number in enumerate(numbers)}

    @cached_property
    def _escapes(self) -> bool:
        """Whether the file is in ASCII because what is not was escaped."""
        return self._text.isascii() and _ESCAPED.search(self._text) is not None

    def page(self, number: int) -> str:
        """A cell's own text."""
        return self._sources[self._indices[number]].text if number in self._indices else self._text

    def write(self, changed: Mapping[int, str]) -> bytes:
        """The notebook with other code in some cells."""
        out: list[str] = []
        at = 0
        for index, code in sorted(changed.items()):
            source = self._sources[index]
            out += (self._text[at : source.stretch[0]], self._value(source, self._written(index, code)))
            at = source.stretch[1]
        out.append(self._text[at:])
        return _BOM * self._bom + "".join(out).encode()

    def _written(self, index: int, code: str) -> str:
        """Changed code with what IPython alone knows in its place: lines of its own, and the cell's indentation."""
        code = self._asides[index].back(code)
        indent = self._indents[index]
        if not indent:
            return code
        old = _normal(self._sources[index].text)
        plain = [line[_shift(line, indent) :] for line in old]
        return "".join(
            old[at] if at >= 0 else f"{indent}{line}" if line.strip() else line
            for at, line in merged(plain, _lines(code))
        )

    def _value(self, source: _Source, code: str) -> str:
        """The JSON of a source after a change."""
        old = source.text
        newline = match[0] if (match := _NEWLINE.search(old)) else "\n"
        before = _lines(old)
        plain = [_NEWLINE.sub("\n", line) for line in before]
        if not old.endswith(("\n", "\r")):
            code = code.removesuffix("\n")
        now = [
            before[index] if index >= 0 else line.replace("\n", newline) for index, line in merged(plain, _lines(code))
        ]
        if not source.listed:
            return self._dumped("".join(now))
        raw = {text: self._text[start:end] for start, end, text in source.strings}
        first, separator, last = self._spacing(source)
        return f"[{first}{separator.join(raw.get(line) or self._dumped(line) for line in now)}{last}]"

    def _dumped(self, text: str) -> str:
        return json.dumps(text, ensure_ascii=self._escapes)

    def _spacing(self, source: _Source) -> tuple[str, str, str]:
        """What stands before the first string of a list, between two, and behind the last."""
        strings, (start, end) = source.strings, source.stretch
        first = self._text[start + 1 : strings[0][0]]
        last = self._text[strings[-1][1] : end - 1]
        between = self._text[strings[0][1] : strings[1][0]] if len(strings) > 1 else f",{first or ' '}"
        return first, between, last

    def in_file(self, number: int, line: int, column: int) -> tuple[int, int]:
        """The place in the file at which a place of a cell stands."""
        source = self._sources[self._indices[number]]
        starts = [0, *(match.end() for match in _NEWLINE.finditer(source.text))]
        offset = starts[line - 1] + column - 1 if line <= len(starts) else len(source.text)
        at = source.strings[-1][1] - 1
        for start, end, text in source.strings:
            if offset < len(text) or (offset == len(text) and end == source.strings[-1][1]):
                at = start + 1
                for _ in range(offset):
                    found = _CHARACTER.match(self._text, at)
                    at = found.end() if found is not None else at
                break
            offset -= len(text)
        return self._text.count("\n", 0, at) + 1, at - self._text.rfind("\n", 0, at)


def _lines(text: str) -> list[str]:
    """The lines with their ends."""
    starts = [0, *(match.end() for match in _NEWLINE.finditer(text)), len(text)]
    return [text[start:end] for start, end in pairwise(starts) if end > start]
