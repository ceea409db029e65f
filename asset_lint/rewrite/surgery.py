"""Changes of one slice's tree, gathered first and carried out at once, so that nodes keep their identity meanwhile.

Statements are moved about in *bodies* (lists of statements laid over the blocks of the tree); everything else is
replaced by identity. Code is generated anew only for the outermost statements and blocks that changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import dropwhile
from typing import cast

import libcst as cst
from libcst._nodes.internal import CodegenState

from asset_lint.source import Slice, comments

from .errors import Impossible

Block = cst.Module | cst.IndentedBlock
Statement = cst.BaseStatement


@dataclass(frozen=True, eq=False)
class _Left:
    """What stays of statements that are gone: comments, with the blank lines between them."""

    lines: tuple[cst.EmptyLine, ...]


class Surgery:
    """The changes of one slice. Every method raises Impossible where it can't be done."""

    def __init__(self, part: Slice, *, is_all: bool) -> None:
        self.part = part
        self.is_all = is_all  # the slice is the whole file
        self._replaced: dict[cst.CSTNode, cst.CSTNode] = {}
        self._bodies: dict[cst.CSTNode, list[Statement | _Left]] = {}
        self._home: dict[cst.CSTNode, Block] = {}  # the block that each statement stands in
        self._origin: dict[cst.CSTNode, cst.CSTNode] = {}  # a new block -> the old one that it stands in
        self._dirty: set[cst.CSTNode] = set()
        todo: list[Block] = [part.module]
        while todo:
            block = todo.pop()
            for statement in block.body:
                self._home[statement] = block
                todo.extend(suite for suite in suites(statement) if isinstance(suite, cst.IndentedBlock))

    # -- what can be asked for ----------------------------------------------------------------------------------------

    def current(self, node: cst.CSTNode) -> cst.CSTNode:
        """What stands for ``node`` now."""
        return self._replaced.get(node, node)

    def replace(self, old: cst.CSTNode, new: cst.CSTNode) -> None:
        """``new``, in which ``old`` itself may stand again, takes the place of ``old``."""
        self._dirty.add(self.statement_of(old))
        self._replaced[old] = new

    def remove(self, statement: cst.CSTNode) -> None:
        """Take a statement away. Its comments stay; a body that ends up empty says ``pass``."""
        holder = self.statement_of(statement)
        if holder is statement or (isinstance(holder, cst.SimpleStatementLine) and len(holder.body) == 1):
            body, place = self._body_with(holder)
            body[place] = _left_of(holder, self.part.module)
            return
        simple = (
            s for s in (holder, *suites(holder)) if isinstance(s, (cst.SimpleStatementLine, cst.SimpleStatementSuite))
        )
        suite = next((s for s in simple if statement in s.body), None)
        if suite is None:
            raise Impossible("not a statement of this file")
        now = cast("cst.SimpleStatementLine | cst.SimpleStatementSuite", self.current(suite))
        kept = [small for small in now.body if small is not statement]
        if not kept:
            kept = [cst.Pass()]
        elif now.body[-1] is statement:
            kept[-1] = kept[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
        self._dirty.add(holder)
        self._replaced[suite] = now.with_changes(body=kept)

    def hold(self, first: Statement, last: Statement | None, item: cst.WithItem, *, instead: bool) -> None:
        """Put the statements from ``first`` to ``last`` (None: to the end of the block) into ``with item:``.

        ``instead``: the ``with`` takes the place of ``first``.
        """
        self._enclose(first, last, lambda inner: cst.With([item], inner), instead=instead)

    def catch(self, first: Statement, last: Statement, handler: cst.ExceptHandler) -> None:
        """Put the statements from ``first`` to ``last`` into a ``try:`` with one clause."""
        self._enclose(first, last, lambda inner: cst.Try(inner, [handler]), instead=False)

    def _enclose(
        self,
        first: Statement,
        last: Statement | None,
        make: Callable[[cst.IndentedBlock], cst.With | cst.Try],
        *,
        instead: bool,
    ) -> None:
        body, begin = self._body_with(first)
        block = self._home[first]
        if isinstance(block, cst.Module) and last is not first and not self.is_all:
            raise Impossible("the rest of the module is in other slices")
        end = len(body) - 1
        if last is not None:
            _, end = self._body_with(last)
            if self._home[last] is not block or end < begin:
                raise Impossible("the statements do not follow each other in one block")
        held = body[begin + instead : end + 1]
        header = first.trailing_whitespace if instead and isinstance(first, cst.SimpleStatementLine) else None
        inner = cst.IndentedBlock(body=[], header=header or cst.TrailingWhitespace())
        new = make(inner).with_changes(leading_lines=leading_lines(self.current(first)))
        if not instead:
            self._replaced[first] = self.current(first).with_changes(leading_lines=())
        self._bodies[inner] = held
        self._origin[inner] = self._origin.get(block, block)
        self._home[new] = block
        for statement in held:
            if not isinstance(statement, _Left):
                self._home[statement] = inner
        if instead and held and not isinstance(held[0], (_Left, cst.FunctionDef, cst.ClassDef)):
            now = self.current(held[0])
            own = tuple(dropwhile(lambda line: line.comment is None, leading_lines(now)))
            self._replaced[held[0]] = now.with_changes(leading_lines=own)  # no blank lines at the top of a block
        body[begin : end + 1] = [new]

    def insert_beside(self, node: cst.CSTNode, new: Sequence[Statement], *, behind: bool) -> None:
        """Put more statements right in front of the one that holds ``node``, above the comment on it, or ``behind`` it.

        The suite of a line with its header (``if x: y``) becomes a block.
        """
        holder = self.statement_of(node)
        suite = next((s for s in suites(holder) if s is not node and self._covers_node(s, node)), None)
        if isinstance(suite, cst.SimpleStatementSuite):
            self._insert_in_line(holder, suite, node, new, behind=behind)
            return
        if isinstance(holder, cst.SimpleStatementLine) and len(holder.body) > 1:
            neighbour = holder.body[-1 if behind else 0]
            if neighbour is not node and not self._covers_node(neighbour, node):
                raise Impossible("it shares its line with others")
        if not behind:
            self.insert_before(holder, new, above_comment=True)
        elif isinstance(holder, cst.BaseCompoundStatement) and holder is not node:
            raise Impossible("it is part of the head of a statement")
        else:
            for each in reversed(new):
                self.insert_after(holder, each)

    def _insert_in_line(
        self,
        holder: Statement,
        suite: cst.SimpleStatementSuite,
        node: cst.CSTNode,
        new: Sequence[Statement],
        *,
        behind: bool,
    ) -> None:
        if self.current(suite) is not suite:
            raise Impossible("this line changes already")
        lines: list[Statement] = [
            cst.SimpleStatementLine([small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)])
            if isinstance(small.semicolon, cst.Semicolon)
            else cst.SimpleStatementLine([small])
            for small in suite.body
        ]
        if any(isinstance(small.semicolon, cst.Semicolon) and self.current(small) is not small for small in suite.body):
            raise Impossible("this line changes already")
        at = next(at for at, small in enumerate(suite.body) if small is node or self._covers_node(small, node))
        lines[-1] = lines[-1].with_changes(trailing_whitespace=suite.trailing_whitespace)
        lines[at + behind : at + behind] = new
        self._dirty.add(holder)
        self._replaced[suite] = cst.IndentedBlock(lines)

    def _covers_node(self, outer: cst.CSTNode, node: cst.CSTNode) -> bool:
        start, end = self.part.extent(node)
        first, last = self.part.extent(outer)
        return first <= start and end <= last

    def insert_before(self, statement: Statement, new: Sequence[Statement], *, above_comment: bool = False) -> None:
        """Put more statements in front of ``statement``, below the comments that stand above it.

        ``above_comment``: the lines of comment right above it stay with it, set off as they are.
        """
        body, place = self._body_with(statement)
        now = self.current(statement)
        above = list(leading_lines(now))
        kept: list[cst.EmptyLine] = []
        while above_comment and above and above[-1].comment:
            kept.insert(0, above.pop())
        if kept and above:
            kept.insert(0, above[-1].with_changes())
        first = new[0].with_changes(leading_lines=above)
        self._replaced[statement] = now.with_changes(leading_lines=kept)
        self._dirty.add(statement)
        added = [first, *new[1:]]
        for each in added:
            self._home[each] = self._home[statement]
        body[place:place] = added

    def insert_after(self, statement: Statement, new: Statement) -> None:
        """Put one more statement behind ``statement``."""
        body, place = self._body_with(statement)
        self._home[new] = self._home[statement]
        body.insert(place + 1, new)

    def move_out(self, statement: Statement) -> None:
        """Put the last statement of a ``with`` behind it; it must not be the only one."""
        path = self._path(statement)
        around = path[-2][1] if len(path) > 1 else None
        body, place = self._body_with(statement)
        if not isinstance(around, cst.With) or not 0 < place == len(body) - 1:
            raise Impossible("not the last of several statements of a with block")
        outer, behind = self._body_with(around)
        del body[place]
        outer.insert(behind + 1, statement)
        self._home[statement] = self._home[around]

    def unwrap(self, statement: cst.Try) -> None:
        """Take the ``finally`` away, and the ``try`` round its body too if it has nothing else; comments stay."""
        body, place = self._body_with(statement)
        if statement.finalbody is None or not isinstance(statement.body, cst.IndentedBlock):
            raise Impossible("nothing to unwrap")
        left = _left_of(statement.finalbody, self.part.module)
        if statement.handlers:
            self._replaced[statement] = self.current(statement).with_changes(finalbody=None)
            body.insert(place + 1, left)
            return
        inner = statement.body
        held = self._body(inner)
        for item in held:
            if not isinstance(item, _Left):
                self._home[item] = self._home[statement]
        above = (*leading_lines(statement), *_commented([inner.header.comment]))
        behind = (*(line for line in inner.footer if line.comment), *left.lines)
        body[place : place + 1] = [_Left(above), *held, _Left(behind)]

    # -- lookups ------------------------------------------------------------------------------------------------------

    def statement_of(self, node: cst.CSTNode) -> Statement:
        """The innermost statement of a block that holds ``node``."""
        return self._path(node)[-1][1]

    def _path(self, node: cst.CSTNode) -> list[tuple[Block, Statement]]:
        """The blocks around ``node`` in the tree as it was, each with its statement on the way, from the outside in."""
        try:
            start, end = self.part.whole(node)
        except KeyError:
            raise Impossible("the node is not of this file's tree") from None
        path: list[tuple[Block, Statement]] = []
        block: Block | None = self.part.module
        while block is not None:
            statement = next((s for s in block.body if self._covers(s, start, end)), None)
            if statement is None:
                break
            path.append((block, statement))
            blocks = (suite for suite in suites(statement) if isinstance(suite, cst.IndentedBlock))
            inside = (suite for suite in blocks if suite is not node and self._covers(suite, start, end))
            block = None if statement is node else next(inside, None)
        if not path:
            raise Impossible("not a statement of this file")
        return path

    def _covers(self, node: cst.CSTNode, start: int, end: int) -> bool:
        first, last = self.part.whole(node)
        return first <= start and end <= last

    def _body_with(self, statement: Statement) -> tuple[list[Statement | _Left], int]:
        """The body that the statement stands in now, and where."""
        block = self._home.get(statement)
        body = [] if block is None else self._body(block)
        if statement not in body:
            raise Impossible("the statement stands in no block")
        return body, body.index(statement)

    def _body(self, block: Block) -> list[Statement | _Left]:
        """The statements of a block as they are now; the block counts as changed."""
        if block not in self._bodies:
            self._bodies[block] = list(block.body)
        self._dirty.add(self._origin.get(block, block))
        return self._bodies[block]

    # -- the result ---------------------------------------------------------------------------------------------------

    def changes(self) -> Iterator[tuple[int, str, str]]:
        """(offset in the slice's code, old code, new code) of each changed stretch, in order; no comment is lost."""
        for node in self._roots():
            start, end = self.part.whole(node)
            old = self.part.code[start:end]
            new = self._code(node, ends_file=end == len(self.part.code))
            if Counter(comments(old)) - Counter(comments(new)):
                raise Impossible("a comment would be lost")
            yield start, old, new

    def _roots(self) -> Iterator[cst.CSTNode]:
        """The changed statements and blocks that stand in no other changed one."""
        stretches = [(self.part.whole(node), node) for node in self._dirty]
        behind = -1
        for (_, end), node in sorted(
            stretches, key=lambda pair: (pair[0][0], -pair[0][1], not isinstance(pair[1], cst.Module))
        ):
            if end > behind:
                behind = end
                yield node

    def _code(self, node: cst.CSTNode, *, ends_file: bool) -> str:
        module = self.part.module
        new = _Build(self._replaced, self._bodies, self.part).build(node)
        if isinstance(new, cst.Module):
            return new.code
        state = CodegenState(module.default_indent, module.default_newline)
        for block, _ in self._path(node):
            if isinstance(block, cst.IndentedBlock):
                state.increase_indent(module.default_indent if block.indent is None else block.indent)
        new._codegen(state)
        if ends_file and not module.has_trailing_newline:
            state.pop_trailing_newline()
        return "".join(state.tokens)


@dataclass(frozen=True, eq=False)
class _AsWritten(cst.BaseStatement):
    """A statement that stays as it is, where it is: generating its code anew would only take time."""

    text: str

    def _visit_and_replace_children(self, visitor: cst.CSTVisitorT) -> _AsWritten:
        return self

    def _codegen_impl(self, state: CodegenState) -> None:
        text = self.text.removesuffix("\n").removesuffix("\r")
        state.add_token(text)
        state.add_token(self.text[len(text) :] or state.default_newline)  # by itself: at the end of a file it may go


class _Build:
    """The tree as it will be.

    A transformer of LibCST's would make each node anew, changed or not, and check it: several times the cost.
    """

    def __init__(
        self,
        replaced: dict[cst.CSTNode, cst.CSTNode],
        bodies: dict[cst.CSTNode, list[Statement | _Left]],
        part: Slice,
    ) -> None:
        self._replaced = replaced
        self._bodies = bodies
        self._part = part
        self._changed = sorted(part.whole(node)[0] for node in (*replaced, *bodies) if node in part)
        self._within: set[cst.CSTNode] = set()  # what is being replaced: it may stand in its own replacement
        self._deeper = 0  # how many new blocks are around: all in them is indented anew

    def build(self, node: cst.CSTNode) -> cst.CSTNode:
        if node in self._bodies:
            return self._block(cast("Block", node))
        if node in self._replaced and node not in self._within:
            self._within.add(node)
            try:
                return self.build(self._replaced[node])
            finally:
                self._within.remove(node)
        return self._inside(node) if self._may_hold_changes(node) else node

    def _inside(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node with what changes inside of it."""
        changes: dict[str, object] = {}
        for name in _FIELDS[type(node)]:
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                if (new := self.build(value)) is not value:
                    changes[name] = new
            elif isinstance(value, (list, tuple)):
                several = [self.build(each) for each in value]
                if any(new is not each for new, each in zip(several, value, strict=True)):
                    changes[name] = several
        return node.with_changes(**changes) if changes else node

    def _may_hold_changes(self, node: cst.CSTNode) -> bool:
        """Whether something changes inside of the node; most statements needn't be looked into."""
        if not isinstance(node, (cst.BaseStatement, cst.BaseSuite)) or node not in self._part:
            return True  # LibCST's extents of other nodes don't cover all that is theirs; a new one has none
        start, end = self._part.whole(node)
        at = bisect_left(self._changed, start)
        return at < len(self._changed) and self._changed[at] <= end

    def _block(self, block: Block) -> cst.CSTNode:
        body: list[Statement] = []
        left: list[cst.EmptyLine] = []
        is_new = block not in self._part
        self._deeper += is_new
        stay = () if self._deeper else frozenset(map(id, block.body))
        for item in self._bodies[block]:
            if isinstance(item, _Left):
                left.extend(item.lines)
                continue
            statement = cast("Statement", self.build(item))
            if statement is item and id(item) in stay and not left:
                start, end = self._part.whole(item)
                statement = _AsWritten(self._part.code[start:end])
            if left:
                own = leading_lines(statement)
                if not any(line.comment for line in left) and (not body or (own and not own[0].comment)):
                    left = []  # no blank lines beside others, none at the top
                statement = statement.with_changes(leading_lines=(*left, *own))
                left = []
            body.append(statement)
        self._deeper -= is_new
        footer = [line for line in left if line.comment]
        if not body and isinstance(block, cst.IndentedBlock):
            body = [cst.SimpleStatementLine([cst.Pass()])]
        if not body and not footer and isinstance(block, cst.Module) and not any(line.comment for line in block.header):
            block = block.with_changes(header=(), has_trailing_newline=False)  # no blank line is left of it
        return block.with_changes(body=body, footer=(*footer, *block.footer))


class _Fields(dict[type[cst.CSTNode], tuple[str, ...]]):
    """The fields of each class of nodes that other nodes than whitespace can stand in."""

    def __missing__(self, kind: type[cst.CSTNode]) -> tuple[str, ...]:
        self[kind] = tuple(
            field.name
            for field in fields(kind)
            if field.type not in (str, bool) and cst.SimpleWhitespace.__module__ not in str(field.type)
        )
        return self[kind]


_FIELDS = _Fields()


def suites(statement: cst.CSTNode) -> Iterator[cst.BaseSuite]:
    """The suites of a compound statement, in order (``elif``, handlers, ``finally`` and cases too)."""
    body = getattr(statement, "body", None)
    if isinstance(body, cst.BaseSuite):
        yield body
    for field in ("handlers", "cases", "orelse", "finalbody"):
        part = getattr(statement, field, None)
        for clause in part if isinstance(part, (list, tuple)) else [part]:
            if clause is not None:
                yield from suites(clause)


def leading_lines(statement: cst.CSTNode) -> tuple[cst.EmptyLine, ...]:
    """The comments and blank lines that stand before a statement."""
    return tuple(getattr(statement, "leading_lines", ()))


def _left_of(node: cst.CSTNode, module: cst.Module) -> _Left:
    lines = leading_lines(node)
    known = sum(line.comment is not None for line in lines)
    others = comments(module.code_for_node(node))[known:]
    return _Left((*lines, *_commented(cst.Comment(text) for text in others)))


def _commented(several: Iterable[cst.Comment | None]) -> Iterator[cst.EmptyLine]:
    return (cst.EmptyLine(comment=comment) for comment in several if comment)
