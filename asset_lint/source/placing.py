"""LibCST's code generator, watched: imported only once a slice has been parsed."""

from __future__ import annotations

import libcst as cst
from libcst._nodes.internal import CodegenState

# Looked up by exact class: isinstance of LibCST's abstract classes costs more than the rest.
_SPACE: frozenset[type[cst.CSTNode]] = frozenset(
    {
        cst.SimpleWhitespace,
        cst.Newline,
        cst.Comment,
        cst.TrailingWhitespace,
        cst.EmptyLine,
        cst.ParenthesizedWhitespace,
    }
)
_STATEMENTS: frozenset[type[cst.CSTNode]] = frozenset(
    {
        cst.SimpleStatementLine,
        cst.FunctionDef,
        cst.ClassDef,
        cst.If,
        cst.For,
        cst.While,
        cst.Try,
        cst.TryStar,
        cst.With,
        cst.Match,
        cst.IndentedBlock,
        cst.SimpleStatementSuite,
    }
)


class PlacingState(CodegenState):
    """Notes where each node's code starts and ends, in ``places``; whitespace nodes are left out.

    The same places as ``libcst.metadata.PositionProvider``'s, but offsets, and without a wrapper or a copy.
    ``wholes`` has statements and blocks with the whitespace, comments and decorators that belong to them.
    """

    def __init__(self, default_indent: str, default_newline: str) -> None:
        super().__init__(default_indent, default_newline)
        self.offset = 0
        self.places: dict[cst.CSTNode, tuple[int, int]] = {}
        self.wholes: dict[cst.CSTNode, tuple[int, int]] = {}
        self._starts: list[int] = []

    def add_indent_tokens(self) -> None:
        self.tokens.extend(self.indent_tokens)
        for token in self.indent_tokens:
            self.offset += len(token)

    def add_token(self, value: str) -> None:
        self.tokens.append(value)
        self.offset += len(value)

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        # A place noted by record_syntactic_position is the better one.
        kind = type(node)
        if kind not in _SPACE:
            self.places.setdefault(node, (start, self.offset))
            if kind in _STATEMENTS:
                self.wholes[node] = (start, self.offset)

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Recorder:
        return _Recorder(self, node, start_node, end_node)


class _Recorder:
    """A context manager; a third cheaper than one made from a generator, and there is one for nearly every node."""

    __slots__ = ("_end_node", "_node", "_start", "_start_node", "_state")

    def __init__(
        self, state: PlacingState, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self._state = state
        self._node = node
        self._start_node = start_node
        self._end_node = end_node

    def __enter__(self) -> None:
        self._start = self._state.offset

    def __exit__(self, *_: object) -> None:
        places = self._state.places
        places[self._node] = (
            self._start if self._start_node is None else places[self._start_node][0],
            self._state.offset if self._end_node is None else places[self._end_node][1],
        )
