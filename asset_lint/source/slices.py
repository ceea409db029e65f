"""Stretches of a module that LibCST parses by themselves, and where each of their nodes stands."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from asset_lint.errors import InvalidSyntax
from asset_lint.finding import Span

from .garbage import uncollected
from .lexing import STRING

if TYPE_CHECKING:
    import libcst as cst

_Node = TypeVar("_Node", bound="cst.CSTNode")

_BRACKET = re.compile(r"\((?:[\s\\]|#[^\r\n]*)*")
# A form feed starts the indentation of a line anew; LibCST's tokenizer loses its way there.
_PAGE = re.compile(rf"((?:{STRING})|#[^\r\n]*)|(?:\A|(?<=[\r\n]))[ \t\f]*\f", re.DOTALL)
_INDENTED = re.compile(r"(?:^|[\r\n])[ \t]+[^\s#]")


class Slice:
    """One top-level statement (or a few that share a line) with the comments and blank lines before it.

    ``start`` and ``end`` are offsets in the file's text, ``text`` is what lies between.
    """

    def __init__(
        self, text: str, start: int, newline: str, indent: Callable[[], str], span: Callable[[int, int], Span]
    ) -> None:
        self.text = text
        self.start = start
        self.end = start + len(text)
        self._newline = newline
        self._indent = indent
        self._span = span
        self._module: cst.Module | None = None
        self._code = ""
        self._forgotten: tuple[list[int], list[int]] = ([], [0])
        self._places: dict[cst.CSTNode, tuple[int, int]] = {}
        self._wholes: dict[cst.CSTNode, tuple[int, int]] = {}
        self._nodes: dict[int, list[cst.CSTNode]] | None = None

    @property
    def is_parsed(self) -> bool:
        """Whether LibCST has been here."""
        return self._module is not None

    @property
    def is_placed(self) -> bool:
        """Whether the places of the nodes are known."""
        return bool(self._places)

    @property
    def module(self) -> cst.Module:
        """The tree of this stretch alone; parsed once.

        Raises InvalidSyntax where LibCST refuses what Python's own parser took.
        """
        if self._module is None:
            self._module = self._parse()
        return self._module

    def _parse(self) -> cst.Module:
        import libcst as cst

        text = _PAGE.sub(lambda match: match[1] or "", self.text) if "\f" in self.text else self.text
        try:
            with uncollected():
                module = cst.parse_module(text)
        except cst.ParserSyntaxError as error:
            at = self._span(self.start, self.start)
            column = error.raw_column + 1 if error.raw_line > 1 else error.raw_column + at.column
            raise InvalidSyntax(error.message, at.line + error.raw_line - 1, column) from error
        # What a rule inserts is to look like the file, not like a slice without a newline or a block of its own.
        if "\n" not in self.text and "\r" not in self.text:
            module = module.with_changes(default_newline=self._newline)
        if not _INDENTED.search(self.text):
            module = module.with_changes(default_indent=self._indent())
        return module

    # -- places -------------------------------------------------------------------------------------------------------

    @property
    def code(self) -> str:
        """What :attr:`module` generates: ``text`` but for what LibCST forgets (a form feed before a statement)."""
        self._placed()
        return self._code

    def extent(self, node: cst.CSTNode) -> tuple[int, int]:
        """Start and end of a node of :attr:`module` in :attr:`code`.

        As LibCST has it: without decorators, without the brackets around an expression. Raises KeyError for a node
        that isn't of this slice (whitespace has no place either).
        """
        return self._placed()[node]

    def whole(self, node: cst.CSTNode) -> tuple[int, int]:
        """:meth:`extent`, for a statement or a block with all that is its own: decorators, the comments and blank lines
        before it, its last newline."""
        self._placed()
        return self._wholes.get(node) or self._places[node]

    def offsets(self, node: cst.CSTNode) -> tuple[int, int]:
        """:meth:`extent` in the file's text."""
        start, end = self.extent(node)
        return self.in_file(start), self.in_file(end)

    def span(self, node: cst.CSTNode) -> Span:
        """:meth:`offsets` with lines and columns."""
        return self._span(*self.offsets(node))

    def in_file(self, offset: int) -> int:
        """The place in the file of an offset in :attr:`code`."""
        places, lengths = self._forgotten
        if not places:
            return self.start + offset
        # LibCST forgets at the start of a line, where the text goes on behind it, and at the end of the file.
        line = max(self._code.rfind("\n", 0, offset), self._code.rfind("\r", 0, offset)) + 1
        find = bisect_left if self._code[line:offset].strip(" \t\f") else bisect_right
        return self.start + offset + lengths[find(places, offset)]

    def __contains__(self, node: cst.CSTNode) -> bool:
        return node in self._placed()

    def _placed(self) -> dict[cst.CSTNode, tuple[int, int]]:
        """Places of all nodes but whitespace, by generating the code once and looking where each node's begins."""
        if not self._places:
            from .placing import PlacingState

            module = self.module
            state = PlacingState(module.default_indent, module.default_newline)
            module._codegen(state)
            self._code = code = "".join(state.tokens)
            if code != self.text:
                self._forgotten = self._forgotten_in(code)
            self._places, self._wholes = state.places, state.wholes
            if state.offset > len(code):  # by the newline that the last statement lacks
                self._wholes = {node: (start, min(end, len(code))) for node, (start, end) in self._wholes.items()}
            self._places[module] = self._wholes[module] = (0, len(code))
        return self._places

    def _forgotten_in(self, code: str) -> tuple[list[int], list[int]]:
        """Offsets in ``code`` where LibCST dropped something, and how much was dropped by then (0 first)."""
        places: list[int] = []
        lengths = [0]
        at = 0
        for offset, character in enumerate((*code, "")):
            before = at
            while at < len(self.text) and self.text[at] != character:
                if self.text[at] not in " \t\f\\\r\n":
                    raise InvalidSyntax("LibCST does not give this text back", self._span(self.start, self.start).line)
                at += 1
            if at > before:
                places.append(offset)
                lengths.append(lengths[-1] + at - before)
            at += 1
        return places, lengths

    def node(self, span: Span, kind: type[_Node] | tuple[type[_Node], ...]) -> _Node:
        """The innermost node of ``kind`` (a class or several) that stands at ``span``; raises LookupError if none does.

        ``span`` may be what ``ast`` says: it counts the brackets of a tuple or a generator expression in, and the star
        and the default of a parameter out.
        """
        for node in self._at(span):
            if isinstance(node, kind):
                return node
        kinds = kind if isinstance(kind, tuple) else (kind,)
        raise LookupError(f"no {' or '.join(item.__name__ for item in kinds)} at {span.line}:{span.column}")

    def _at(self, span: Span) -> Iterator[cst.CSTNode]:
        """All nodes that stand at ``span``, the inner ones first."""
        import libcst as cst

        if self._nodes is None:
            self._nodes = {}
            for node, (start, _) in self._placed().items():
                self._nodes.setdefault(self.in_file(start), []).append(node)
                if type(node) is cst.Param and (name := self._places[node.name][0]) != start:
                    self._nodes.setdefault(self.in_file(name), []).append(node)
        here = self._nodes.get(span.start, [])
        yield from (node for node in here if self.offsets(node)[1] == span.end)
        yield from (node for node in here if isinstance(node, cst.Param))
        if bracket := _BRACKET.match(self.text, span.start - self.start):
            inside = self._nodes.get(self.start + bracket.end(), ())
            bracketed = [node for node in inside if isinstance(node, (cst.Tuple, cst.GeneratorExp))]
            bracketed.sort(key=lambda node: -self.extent(node)[1])
            yield from (node for node in bracketed if self.offsets(node)[1] < span.end)
