"""The import block at the top of a module, changed as text: names added where isort would put them, names dropped."""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePath

from asset_lint.source import Source, comments

from .scopes import Import

Absolute = Callable[["str | None", int], str]

FUTURE, STANDARD, THIRD_PARTY, FIRST_PARTY, LOCAL = range(5)
# A project's folder called "dagster" doesn't make dagster its own.
_LIBRARIES = re.compile(r"dagster|duckdb|pandas|polars|pyarrow|numpy")


@dataclass(frozen=True)
class Added:
    """``from module import name as alias``, or ``import module as alias`` without a name."""

    module: str
    name: str | None
    alias: str | None = None

    @property
    def local(self) -> str:
        """What code writes to mean it."""
        return self.alias or self.name or self.module

    @property
    def element(self) -> str:
        """The name as an import lists it."""
        return (self.name or self.module) + (f" as {self.alias}" if self.alias else "")

    @property
    def statement(self) -> str:
        """The whole import."""
        return f"from {self.module} import {self.element}" if self.name else f"import {self.element}"


class Header:
    """The text of a module up to the last of its leading imports, in ``text``; ``length`` is how much of the file that
    was before any change.

    ``limit`` is the 1-based line (of a top-level statement) before which new imports must stand.
    """

    def __init__(self, source: Source, tree: ast.Module, absolute: Absolute, package: str, limit: int) -> None:
        self._source = source
        self._absolute = absolute
        self._package = package
        self._local_roots: dict[str, bool] = {}
        self.length = _header_end(source, tree, limit)
        self.text = source.text[: self.length]
        self._rest = source.text[self.length :]

    def add(self, added: Added) -> None:
        """Import one more name: beside others of its module if there are any, else by a line of its own."""
        source = Source.of_text(self.text)
        tree = ast.parse(self.text)
        if added.name and not added.alias and added.module != "__future__":
            for statement in tree.body:
                if (
                    isinstance(statement, ast.ImportFrom)
                    and self._absolute(statement.module, statement.level) == added.module
                    and any(alias.asname is None and alias.name != "*" for alias in statement.names)
                ):
                    span = source.span_of(statement)
                    merged = _with_name(self.text[span.start : span.end], added.name, self._source.newline)
                    self.text = self.text[: span.start] + merged + self.text[span.end :]
                    return
        self._insert(source, tree, added)

    def drop(self, statement_module: str, name: str | None) -> None:
        """Stop importing a name of a module (None: the module). Nothing happens where a comment hangs on it."""
        source = Source.of_text(self.text)
        for statement in ast.parse(self.text).body:
            for index, alias in enumerate(getattr(statement, "names", ())):
                if (isinstance(statement, ast.Import) and name is None and alias.name == statement_module) or (
                    isinstance(statement, ast.ImportFrom)
                    and name == alias.name
                    and self._absolute(statement.module, statement.level) == statement_module
                ):
                    self.text = without(source, statement, index)
                    return

    # -- where a new line goes ----------------------------------------------------------------------------------------

    def _insert(self, source: Source, tree: ast.Module, added: Added) -> None:
        newline = self._source.newline
        key = (self._section(added.module, 0), added.name is not None, added.module.lower(), added.local)
        imports = _first_block(tree)
        keyed = [(self._key(statement), statement) for statement in imports]
        same = [pair for pair in keyed if pair[0][0] == key[0]]
        lower = [statement for other, statement in keyed if other[0] < key[0]]
        twin = next((one for one in imports if isinstance(one, ast.Import) and _imports_alone(one, added.module)), None)
        if twin is not None and added.name is None:
            self._put_after(twin, source, added.statement + newline)
        elif same:
            in_order = all(one[0] <= other[0] for one, other in pairwise(same))
            following = next((statement for other, statement in same if other > key), None)
            if in_order and following is not None:
                self._put(source.offset(following.lineno, 0), added.statement + newline)
            else:
                alike = [statement for other, statement in same if other[1] is key[1]]
                last = same[-1][1] if in_order or not alike else alike[-1]
                self._put_after(last, source, added.statement + newline)
        elif lower:
            self._put_after(lower[-1], source, newline + added.statement + newline, blank_behind=True)
        elif imports:
            self._put(source.offset(imports[0].lineno, 0), added.statement + newline * 2)
        elif tree.body:  # a docstring
            self._put_after(tree.body[-1], source, newline + added.statement + newline, blank_behind=True)
        else:
            above = newline * ((not self.text.endswith(("\n", "\r"))) + 1) if self.text else ""
            self._put(len(self.text), above + added.statement + newline, blank_behind=True)

    def _put_after(self, statement: ast.stmt, source: Source, text: str, *, blank_behind: bool = False) -> None:
        line = statement.end_lineno or statement.lineno
        while source.line_text(line).endswith("\\"):
            line += 1
        at = source.offset(line + 1, 0)
        if at == len(self.text) and not self.text.endswith(("\n", "\r")):
            self.text = self.text.rstrip(" \t;")  # the file ends here, or another statement shares the line
            at = len(self.text)
            text = self._source.newline + (text if self._rest else text.rstrip("\r\n"))
        self._put(at, text, blank_behind=blank_behind)

    def _put(self, at: int, text: str, *, blank_behind: bool = False) -> None:
        behind = self.text[at:] + self._rest
        if blank_behind and behind and not re.match(r"[ \t\f]*(?:[\r\n]|$)", behind):
            text += self._source.newline * (2 if re.match(r"@|(?:async[ ]+)?def\b|class\b", behind) else 1)
        self.text = self.text[:at] + text + self.text[at:]

    def _key(self, statement: Import) -> tuple[int, bool, str, str]:
        if isinstance(statement, ast.Import):
            alias = statement.names[0]
            return self._section(alias.name, 0), False, alias.name.lower(), alias.asname or ""
        name = statement.module or ""
        alias = statement.names[0]
        return self._section(name, statement.level), True, name.lower(), alias.asname or alias.name

    def _section(self, module: str, level: int) -> int:
        root = module.partition(".")[0]
        if level:
            return LOCAL
        if root == "__future__":
            return FUTURE
        if root in sys.stdlib_module_names:
            return STANDARD
        if _LIBRARIES.fullmatch(root):
            return THIRD_PARTY
        if root not in self._local_roots:
            self._local_roots[root] = root == self._package or _is_beside(self._source.path, root)
        return FIRST_PARTY if self._local_roots[root] else THIRD_PARTY


def without(source: Source, statement: Import, index: int) -> str:
    """The text of ``source`` where ``statement`` no longer imports its name number ``index``; unchanged where a comment
    would be lost or other statements share the line."""
    text = source.text
    spans = [source.span_of(alias) for alias in statement.names]
    if len(spans) > 1:
        last = index == len(spans) - 1
        start = spans[index - 1].end if last else spans[index].start
        end = spans[index].end if last else spans[index + 1].start
        own_line = last and spans[index - 1].end_line < spans[index].line
        lost = comments(text[start:end]) or (own_line and comments(source.line_text(spans[index].end_line)))
        return text if lost else text[:start] + text[end:]
    span = source.span_of(statement)
    start, end = source.offset(span.line, 0), source.offset(span.end_line + 1, 0)
    if text[start:end].strip() != text[span.start : span.end] or comments(text[start:end]):
        return text
    above, below = source.line_text(span.line - 1), source.line_text(span.end_line + 1)
    if not above.strip() and not below.strip() and span.line > 1:
        end = source.offset(span.end_line + 2, 0)  # two blank lines would meet
    return text[:start] + text[end:]


def _with_name(statement: str, name: str, newline: str) -> str:
    """``from m import a, b`` with one more name, in its place if the others are in order, in their style."""
    source = Source.of_text(statement)
    node = ast.parse(statement).body[0]
    assert isinstance(node, ast.ImportFrom)
    names = [alias.name for alias in node.names]
    spans = [source.span_of(alias) for alias in node.names]
    place = _sorted_place(names, name)
    bracketed = statement.rstrip().endswith(")")

    def starts_line(index: int) -> bool:
        line_start = source.offset(spans[index].line, 0)
        return bracketed and spans[index].line > 1 and not statement[line_start : spans[index].start].strip()

    if place < len(names):
        at = spans[place].start
        alone = place + 1 == len(names) or spans[place + 1].line > spans[place].line
        if starts_line(place) and alone:
            indent = statement[source.offset(spans[place].line, 0) : at]
            return f"{statement[:at]}{name},{newline}{indent}{statement[at:]}"
        return f"{statement[:at]}{name}, {statement[at:]}"
    end = spans[-1].end
    if not starts_line(len(names) - 1) or (len(names) > 1 and spans[-2].end_line == spans[-1].line):
        return f"{statement[:end]}, {name}{statement[end:]}"
    indent = statement[source.offset(spans[-1].line, 0) : spans[-1].start]
    line_end = source.offset(spans[-1].line, 0) + len(source.line_text(spans[-1].line).encode())
    behind = statement[end:line_end]
    comma = behind.lstrip().startswith(",")
    if behind.rstrip().endswith(")") and not comments(behind):
        return f"{statement[:end]},{newline}{indent}{name}{statement[end:]}"
    first = statement[:end] + ("" if comma else ",")
    return f"{first}{behind}{newline}{indent}{name}{',' * comma}{statement[line_end:]}"


def _sorted_place(names: Sequence[str], name: str) -> int:
    for key in (_by_type, str.lower, str):
        keys = [key(other) for other in names]
        if keys == sorted(keys, key=_comparable):
            return sum(_comparable(other) <= _comparable(key(name)) for other in keys)
    return len(names)


def _by_type(name: str) -> tuple[int, str]:
    """isort's order: CONSTANTS, Classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name


def _comparable(key: object) -> tuple[int, str]:
    return key if isinstance(key, tuple) else (0, str(key))


def _imports_alone(statement: ast.Import, module: str) -> bool:
    return [alias.name for alias in statement.names] == [module]


def _header_end(source: Source, tree: ast.Module, limit: int) -> int:
    """Where the leading imports end: behind the last one before the first definition, or behind the docstring.

    The blocks of a document stand in the order of its story: its first imports may come behind a definition.
    """
    end: ast.stmt | None = None
    following: ast.stmt | None = None
    for index, statement in enumerate(tree.body):
        defines = isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        if statement.lineno >= limit or (defines and not (source.parts and end is None)):
            break
        if isinstance(statement, (ast.Import, ast.ImportFrom)) or (index == 0 and _is_docstring(statement)):
            end = statement
            following = tree.body[index + 1] if index + 1 < len(tree.body) else None
    if end is None:
        return _preamble_end(source, tree)
    line = end.end_lineno or end.lineno
    if following is not None and following.lineno == line:
        return source.span_of(following).start
    return source.offset(line + 1, 0)


def _first_block(tree: ast.Module) -> list[Import]:
    """The imports before any other code; what stands further down has its reasons."""
    block: list[Import] = []
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            block.append(statement)
        elif block and not isinstance(statement, (ast.If, ast.Try)):
            break
    return block


def _preamble_end(source: Source, tree: ast.Module) -> int:
    """Behind the comments at the top of a module that starts with neither imports nor a docstring."""
    if not tree.body:
        return len(source.text)
    line = 1
    while source.line_text(line).lstrip(" \t\f").startswith("#"):
        line += 1
    return source.offset(line, 0)


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


@lru_cache(maxsize=1024)
def _is_beside(path: str, root: str) -> bool:
    """Whether a package or module called ``root`` lies beside the file or above it."""
    bases = (os.path.join(folder, base) for folder in [*PurePath(path).parents][:8] for base in ("", "src"))
    roots = (os.path.join(base, root) for base in bases)
    return any(os.path.isdir(each) or os.path.isfile(f"{each}.py") for each in roots)
