"""One file as text and tree, and changes of it as splices of the text."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


class Splice(NamedTuple):
    """Replace the bytes from ``start`` to ``end`` by ``text``; an empty stretch inserts."""

    start: int
    end: int
    text: str


class Text:
    """A UTF-8 file. Places are byte offsets, as ``ast`` counts its columns."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data.removeprefix(b"\xef\xbb\xbf")
        self.bom = data[: len(data) - len(self.data)]
        self.data.decode("utf-8")
        self.newline = "\r\n" if b"\r\n" in self.data else "\n"
        self.tree = ast.parse(self.data)
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):  # of bytes: at \n, \r and \r\n alone, as Python's tokenizer
            self.starts.append(self.starts[-1] + len(line))

    def start(self, node: ast.AST) -> int:
        """Where ``node`` begins; a function or class begins at its first decorator's line."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        if decorators:
            return self.line_start(decorators[0].lineno)
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined,no-any-return]

    def end(self, node: ast.AST) -> int:
        """Where ``node`` ends."""
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined,no-any-return]

    def line_start(self, line: int) -> int:
        """Where the 1-based ``line`` begins."""
        return self.starts[line - 1]

    def after_line(self, node: ast.AST) -> int:
        """Where the line after ``node``'s last begins."""
        return self.starts[node.end_lineno]  # type: ignore[attr-defined]

    def of(self, node: ast.AST) -> str:
        """The text of ``node``."""
        return self.data[self.start(node) : self.end(node)].decode()

    def indent(self, node: ast.stmt) -> str:
        """The white space before ``node`` on its line."""
        begin = self.line_start(node.lineno)
        return self.data[begin : begin + node.col_offset].decode()

    def stands_alone(self, node: ast.stmt) -> bool:
        """Whether no other statement shares ``node``'s lines."""
        before = self.data[self.line_start(node.lineno) : self.start(node)]
        after = self.data[self.end(node) : self.after_line(node)].strip()
        return not before.strip() and (not after or after.startswith(b"#"))

    def protected_lines(self, nodes: Iterable[ast.AST]) -> set[int]:
        """Lines that begin inside a string; they are never indented otherwise."""
        lines: set[int] = set()
        for node in nodes:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Constant | ast.JoinedStr) and not isinstance(
                    getattr(inner, "value", ""), int | float | complex | None
                ):
                    lines.update(range(inner.lineno + 1, (inner.end_lineno or inner.lineno) + 1))
        return lines

    def reindented(self, body: list[ast.stmt], old: str, new: str) -> str:
        """The lines of ``body``, its indentation ``old`` replaced by ``new``; strings keep theirs."""
        first = min([body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", []))])
        protected = self.protected_lines(body)
        lines = []
        for number in range(first, (body[-1].end_lineno or 0) + 1):
            line = self.data[self.starts[number - 1] : self.starts[number]].decode()
            if number not in protected and line.startswith(old):
                line = new + line[len(old) :]
            lines.append(line)
        if not lines[-1].endswith("\n"):
            lines[-1] += self.newline
        return "".join(lines)

    def spliced(self, splices: Iterable[Splice]) -> bytes:
        """The file with ``splices`` carried out; insertions stand before what is replaced at their place."""
        out, at = [self.bom], 0
        for start, end, text in sorted(splices, key=lambda s: (s.start, s.end)):
            if start < at:
                raise ValueError("splices overlap")
            out += [
                self.data[at:start],
                text.replace("\n", self.newline).encode() if "\r" not in text else text.encode(),
            ]
            at = end
        return b"".join([*out, self.data[at:]])


def own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's own body, nested functions and classes left out."""
    stack: list[ast.AST] = list(reversed(function.body))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


def module_nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported; what is there for a type checker alone is left out."""
    stack: list[ast.AST] = list(reversed(tree.body))
    while stack:
        node = stack.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        stack.extend(reversed(list(ast.iter_child_nodes(node))))


def first_statement(function: FunctionNode) -> ast.stmt | None:
    """The first statement behind the docstring; None if there is none."""
    body = function.body
    is_doc = (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )
    return body[1] if is_doc and len(body) > 1 else None if is_doc else body[0]
