"""Rewrite: what the author of a rule says about how a file is to change."""

from __future__ import annotations

import ast
import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, overload

from asset_lint.errors import InvalidSyntax
from asset_lint.finding import Edit, Fix, Safety
from asset_lint.model.index import Module, Place
from asset_lint.source import Slice, Source, applied, differences

from .errors import Impossible
from .imports import Imports

if TYPE_CHECKING:
    import libcst as cst

    from .surgery import Surgery

_Node = TypeVar("_Node", bound="cst.CSTNode")

LONGEST = 120
"""A header may be as long as this, or as the file's longest line."""


class Rewrite:
    """A change of one file, gathered step by step and turned into a :class:`Fix` at the end.

    Places and nodes always mean the file as it is, however many changes were asked for before. A step that can't be
    done (the statement shares its line with others, a comment would be lost …) doesn't raise: :meth:`fix` gives None.
    """

    def __init__(self, module: Module) -> None:
        self._module = module
        self._source = module.source
        self._possible = True
        self._surgeries: dict[int, Surgery] = {}
        self._imports = Imports(module)
        self._parameters: list[tuple[int, int, str]] = []  # start and end of a function, its new parameter

    # -- nodes --------------------------------------------------------------------------------------------------------

    @overload
    def node(self, place: Place | cst.CSTNode) -> cst.CSTNode: ...
    @overload
    def node(self, place: Place | cst.CSTNode, kind: type[_Node]) -> _Node: ...
    def node(self, place: Place | cst.CSTNode, kind: Any = None) -> Any:
        """The LibCST node at a place: the innermost of class ``kind``, else the one that matches the place's own.

        A simple statement is the node without its line. Raises LookupError where there is none.
        """
        if not isinstance(place, Place):
            return place
        part = self._source.slice_at(place.span.start)
        return part.node(place.span, kind or _kinds(place.node))

    def _surgery(self, node: cst.CSTNode) -> Surgery:
        from .surgery import Surgery

        part = self._source.slice_of(node)
        if part.start not in self._surgeries:
            self._surgeries[part.start] = Surgery(part, is_all=part.text == self._source.text)
        return self._surgeries[part.start]

    @contextlib.contextmanager
    def _step(self) -> Iterator[None]:
        """Where what is inside can't be done, there is no fix."""
        try:
            yield
        except (Impossible, LookupError, InvalidSyntax, SyntaxError):  # the last is LibCST's: such code can't be
            self._possible = False

    @property
    def indent(self) -> str:
        """What the file indents blocks with."""
        return self._source.indent

    def width(self, least: int, most: int) -> int:
        """How long the file's lines may be: as long as its longest, between ``least`` and ``most`` characters."""
        return min(most, max(least, max(map(len, self._source.text.splitlines()), default=0)))

    # -- steps --------------------------------------------------------------------------------------------------------

    def replace(self, old: Place | cst.CSTNode, new: cst.CSTNode | str) -> None:
        """Write ``new`` (a node, or the code of an expression) in the place of ``old``.

        ``old`` itself may stand inside of ``new``. Brackets that the new place needs are the caller's business.
        """
        with self._step():
            node = self.node(old)
            self._surgery(node).replace(node, self._expression(new) if isinstance(new, str) else new)

    def call_method(self, expression: Place | cst.CSTNode, method: str, *arguments: str) -> None:
        """Write ``expression.method(arguments)`` in the place of ``expression``, with the brackets it needs."""
        import libcst as cst

        with self._step():
            node = self.node(expression)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.BaseExpression):
                raise Impossible("not an expression")
            outer: dict[str, Sequence[cst.CSTNode]] = {}
            if isinstance(now, (cst.Call, cst.Attribute, cst.Subscript, cst.Name)):
                # Brackets round the whole expression (they let it run over lines) go round the call too.
                outer = {"lpar": now.lpar, "rpar": now.rpar}
                now = now.with_changes(lpar=(), rpar=())
            elif not now.lpar and not isinstance(now, _closed_expressions()):
                now = now.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))
            called = cst.Attribute(now, cst.Name(method), dot=_dot_of_chain(node))
            call = cst.Call(called, [cst.Arg(self._expression(argument)) for argument in arguments])
            surgery.replace(node, call.with_changes(**outer))

    def wrap_call(self, expression: Place | cst.CSTNode, function: str) -> None:
        """Write ``function(expression)`` in the place of ``expression``."""
        import libcst as cst

        with self._step():
            node = self.node(expression)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.BaseExpression):
                raise Impossible("not an expression")
            if isinstance(now, (cst.Tuple, cst.GeneratorExp, cst.Yield, cst.NamedExpr)):
                if not now.lpar:
                    now = now.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))
            else:
                now = now.with_changes(lpar=(), rpar=())
            surgery.replace(node, cst.Call(self._expression(function), [cst.Arg(now)]))

    def bind(self, call: Place, texts: Sequence[Place], values: Sequence[Place], keyword: str | None) -> None:
        """Write ``?`` for the quoted ``values`` in the f-strings ``texts``, and hand them to ``call`` in a list."""
        import libcst as cst

        from .arguments import with_argument, with_marks

        with self._step():
            nodes = [self.node(value) for value in values]
            for text in texts:
                node = self.node(text)
                if not isinstance(node, cst.BaseExpression):
                    raise Impossible("not a text")
                new = with_marks(node, lambda held: any(held is n for n in nodes))
                self._surgery(node).replace(node, new)
            called = self.node(call, cst.Call)
            surgery = self._surgery(called)
            written = ", ".join(surgery.part.module.code_for_node(node) for node in nodes)
            now = cst.ensure_type(surgery.current(called), cst.Call)
            surgery.replace(called, with_argument(now, self._expression(f"[{written}]"), keyword))

    def change_text(self, text: Place, pattern: str, new: str) -> None:
        """Write ``new`` for what ``pattern`` finds in a string or f-string; no fix unless that is just once."""
        import libcst as cst

        from .arguments import with_text_changed

        with self._step():
            node = self.node(text)
            if not isinstance(node, cst.BaseExpression):
                raise Impossible("not a text")
            self._surgery(node).replace(node, with_text_changed(node, re.compile(pattern, re.IGNORECASE), new))

    def remove(self, statement: Place | cst.CSTNode) -> None:
        """Take a statement away. Its comments stay; a block that ends up empty says ``pass``."""
        with self._step():
            self._remove(statement)

    def insert_after(self, statement: Place | cst.CSTNode, code: str) -> None:
        """Write statements on lines of their own behind ``statement``."""
        with self._step():
            node = self.node(statement)
            self._surgery(node).insert_beside(node, self._statements(code), behind=True)

    def insert_before(self, statement: Place | cst.CSTNode, code: str) -> None:
        """Write statements above the one that holds ``statement`` and the comment on it."""
        with self._step():
            node = self.node(statement)
            self._surgery(node).insert_beside(node, self._statements(code), behind=False)

    def take_out(self, expression: Place | cst.CSTNode, name: str, then: str = "") -> None:
        """Write ``name = expression`` above the statement that holds ``expression``, then the statements ``then``.

        No fix where the expression may be evaluated never or several times when the statement is.
        """
        import libcst as cst

        from .evaluation import is_run_once

        with self._step():
            node = self.node(expression)
            surgery = self._surgery(node)
            statement = surgery.statement_of(node)
            if not isinstance(node, cst.BaseExpression) or not is_run_once(surgery, statement, node):
                raise Impossible("it may be evaluated never or more than once")
            assigned = cst.Assign([cst.AssignTarget(cst.Name(name))], node.with_changes())
            line = cst.SimpleStatementLine([assigned])
            if isinstance(statement, cst.SimpleStatementLine):  # whose line now ends with this
                newline = statement.trailing_whitespace.newline
                line = line.with_changes(trailing_whitespace=cst.TrailingWhitespace(newline=newline))
            surgery.insert_before(statement, [line, *self._statements(then)])
            surgery.replace(node, cst.Name(name))

    def _statements(self, code: str) -> Sequence[cst.BaseStatement]:
        import libcst as cst

        config = cst.PartialParserConfig(default_indent=self._source.indent, default_newline=self._source.newline)
        return [s for s in cst.parse_module(code, config).body if isinstance(s, cst.BaseStatement)]

    def hold_in_with(
        self,
        opening: Place | cst.CSTNode,
        until: Place | cst.CSTNode | None = None,
        *,
        drop: Sequence[Place | cst.CSTNode] = (),
    ) -> None:
        """Turn the assignment ``name = value`` and what follows into ``with value as name:`` and a block.

        The block reaches to the statement ``until``, which must be one of the same block (None: to the end of it).
        ``drop`` are statements that go (the closing). The inside of multi-line strings isn't touched.
        """
        import libcst as cst

        with self._step():
            node = self.node(opening)
            surgery = self._surgery(node)
            statement = surgery.statement_of(node)
            match statement:
                case cst.SimpleStatementLine(
                    body=[
                        cst.Assign(targets=[cst.AssignTarget(cst.Name() as name)], value=cst.BaseExpression() as value)
                        | cst.AnnAssign(target=cst.Name() as name, value=cst.BaseExpression() as value)
                    ]
                ):
                    pass
                case _:
                    raise Impossible("not a plain assignment of a name on a line of its own")
            if isinstance(value, (cst.Yield, cst.Tuple)) and not value.lpar:
                raise Impossible("this value cannot stand behind `with`")
            for closing in drop:
                self._remove(closing)
            last = None if until is None else surgery.statement_of(self.node(until))
            item = cst.WithItem(value, cst.AsName(name))
            surgery.hold(statement, last, item, instead=True)

    def open_in_with(
        self, expression: Place | cst.CSTNode, name: str, until: Place | cst.CSTNode | None = None
    ) -> None:
        """Open what a longer expression opens in passing in a ``with … as name:`` round its statement, and those that
        follow to ``until`` (None: that statement alone).

        No fix where the expression may be evaluated never or several times when the statement is.
        """
        import libcst as cst

        from .evaluation import is_run_once

        with self._step():
            node = self.node(expression)
            surgery = self._surgery(node)
            statement = surgery.statement_of(node)
            if not isinstance(node, cst.BaseExpression) or not is_run_once(surgery, statement, node):
                raise Impossible("it may be opened never or more than once")
            last = statement if until is None else surgery.statement_of(self.node(until))
            held = node.with_changes()  # a twin, for the node itself is about to be replaced
            if not held.lpar and not _parses(f"with {surgery.part.module.code_for_node(held)} as x: pass"):
                held = held.with_changes(lpar=(cst.LeftParen(),), rpar=(cst.RightParen(),))
            item = cst.WithItem(held, cst.AsName(cst.Name(name)))
            surgery.hold(statement, last, item, instead=False)
            surgery.replace(node, cst.Name(name))

    def hold_in_try(self, first: Place | cst.CSTNode, last: Place | cst.CSTNode, clause: str) -> None:
        """Put the statements from ``first`` to ``last``, of one block, into a ``try`` with this clause."""
        import libcst as cst

        with self._step():
            begin, end = self.node(first), self.node(last)
            surgery = self._surgery(begin)
            first_held, last_held = surgery.statement_of(begin), surgery.statement_of(end)
            if isinstance(first_held, (cst.FunctionDef, cst.ClassDef)) and first_held is not begin:
                raise Impossible("the whole function stands on one line")
            surgery.catch(first_held, last_held, self._clause(clause))

    def add_clause(self, attempt: Place | cst.CSTNode, clause: str) -> None:
        """Give a ``try`` one more ``except`` clause, behind those it has."""
        import libcst as cst

        with self._step():
            node = self.node(attempt)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.Try):
                raise Impossible("not a try statement")
            beside = now.orelse or now.finalbody or now.handlers[-1]
            blank = [line.with_changes() for line in beside.leading_lines if line.comment is None]
            new = self._clause(clause).with_changes(leading_lines=blank)  # set off as the next clause is
            surgery.replace(node, now.with_changes(handlers=[*now.handlers, new]))

    def move_out(self, statement: Place | cst.CSTNode) -> None:
        """Put the last statement of a ``with`` block behind it, to run once what the block holds is closed."""
        with self._step():
            node = self.node(statement)
            surgery = self._surgery(node)
            surgery.move_out(surgery.statement_of(node))

    def unwrap_try(self, statement: Place | cst.CSTNode) -> None:
        """Take the ``finally`` of a ``try`` away, and the ``try`` too if it catches nothing. Comments stay."""
        import libcst as cst

        with self._step():
            node = self.node(statement)
            if not isinstance(node, cst.Try):
                raise Impossible("not a try statement")
            self._surgery(node).unwrap(node)

    def add_parameter(
        self, function: Place | cst.CSTNode, name: str, annotation: str | None = None, *, first: bool = False
    ) -> None:
        """Give a function one more parameter: the ``first``, else behind the last one that has no default."""
        import libcst as cst

        from .parameters import with_first_parameter, with_parameter, with_room

        with self._step():
            node = self.node(function)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.FunctionDef):
                raise Impossible("not a function")
            start, end = surgery.part.offsets(node)
            self._parameters.append((start, end, name))
            added = with_first_parameter if first else with_parameter
            longer = added(now, name, None if annotation is None else self._expression(annotation))
            surgery.replace(node, with_room(longer, self._column(start), self.width(LONGEST, sys.maxsize), self.indent))

    def add_argument(self, call: Place | cst.CSTNode, argument: str) -> None:
        """Give a call one more argument (``name=value``), behind the others and as they are written.

        It takes the place of an empty ``name={}``. No fix where the call has the name with any other value.
        """
        import libcst as cst

        from .parameters import with_argument

        with self._step():
            node = self.node(call, cst.Call)
            surgery = self._surgery(node)
            now = surgery.current(node)
            given = self._expression(f"f({argument})")
            if not isinstance(now, cst.Call) or not isinstance(given, cst.Call):
                raise Impossible("not a call")
            surgery.replace(node, with_argument(now, given.args[0]))

    def annotate(self, parameter: Place | cst.CSTNode, annotation: str) -> None:
        """Give a parameter without an annotation one."""
        import libcst as cst

        from .parameters import annotated

        with self._step():
            node = self.node(parameter, cst.Param)
            self._surgery(node).replace(node, annotated(node, self._expression(annotation)))

    def annotate_return(self, function: Place | cst.CSTNode, annotation: str) -> None:
        """Say what a function without a return annotation gives."""
        import libcst as cst

        from .parameters import with_room

        with self._step():
            node = self.node(function)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.FunctionDef) or now.returns is not None:
                raise Impossible("not a function without a return annotation")
            start, _ = surgery.part.offsets(node)
            longer = now.with_changes(returns=cst.Annotation(self._expression(annotation)))
            surgery.replace(node, with_room(longer, self._column(start), self.width(LONGEST, sys.maxsize), self.indent))

    def _column(self, offset: int) -> int:
        """How far from the start of its line something stands."""
        return offset - (self._source.text.rfind("\n", 0, offset) + 1)

    def put_in_list(self, expression: Place | cst.CSTNode) -> None:
        """Write ``[expression]`` in the place of ``expression``."""
        import libcst as cst

        with self._step():
            node = self.node(expression)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.BaseExpression):
                raise Impossible("not an expression")
            surgery.replace(node, cst.List([cst.Element(now)]))

    def drop_element(self, display: Place | cst.CSTNode, index: int, call: Place | cst.CSTNode) -> None:
        """Take one element out of a list, tuple or set that a decorator's call is given by keyword.

        With its last one the keyword goes too; if no argument is left, so do the brackets of the call.
        """
        import libcst as cst

        with self._step():
            node, whole = self.node(display), self.node(call)
            surgery = self._surgery(whole)
            if not isinstance(node, (cst.List, cst.Tuple, cst.Set)) or not isinstance(whole, cst.Call):
                raise Impossible("no display in a call")
            kept = [element for at, element in enumerate(node.elements) if at != index]
            arguments = [argument for argument in whole.args if argument.value is not node]
            if kept:
                if index == len(kept):
                    kept[-1] = kept[-1].with_changes(comma=node.elements[-1].comma)
                surgery.replace(node, node.with_changes(elements=kept))
            elif not arguments:
                surgery.replace(whole, whole.func)
            else:
                if whole.args[-1].value is node:
                    arguments[-1] = arguments[-1].with_changes(comma=whole.args[-1].comma)
                surgery.replace(whole, whole.with_changes(args=arguments))

    def rename_parameter(self, function: Place | cst.CSTNode, old: str, new: str) -> None:
        """Call a parameter ``new``, in the signature and wherever the body uses it."""
        import libcst as cst

        from .parameters import names_of_parameter

        with self._step():
            node = self.node(function)
            if not isinstance(node, cst.FunctionDef):
                raise Impossible("not a function")
            surgery = self._surgery(node)
            for name in names_of_parameter(node, old, new):
                surgery.replace(name, cst.Name(new))

    def drop_annotation(self, parameter: Place | cst.CSTNode) -> None:
        """Take the annotation of a parameter away."""
        import libcst as cst

        with self._step():
            node = self.node(parameter)
            surgery = self._surgery(node)
            now = surgery.current(node)
            if not isinstance(now, cst.Param):
                raise Impossible("not a parameter")
            if now.default is not None:
                tight = cst.SimpleWhitespace("")
                now = now.with_changes(equal=cst.AssignEqual(tight, tight))
            surgery.replace(node, now.with_changes(annotation=None))

    def import_name(self, module: str, name: str | None, *, near: Place | cst.CSTNode) -> str:
        """What to write at ``near`` for ``name`` of ``module`` (None: for the module): ``dg.Output``, ``Output``.

        An import that has run by then and isn't hidden there is used; else one is added where isort would put it, under
        a name that is free.
        """
        offset, taken = self._scope_of(near)
        return self._imports.name(module, name, offset, taken)

    def drop_import(self, module: str, name: str | None) -> None:
        """Stop importing ``name`` of ``module`` (None: the module) if nothing uses it after the fix."""
        self._imports.drop(module, name)

    def free_name(self, wanted: str, *, near: Place | cst.CSTNode) -> str:
        """``wanted``, or something like it, that means nothing yet at ``near``."""
        offset, taken = self._scope_of(near)
        name, number = wanted, 2
        while name in taken or not self._imports.is_free(name, offset):
            name, number = f"{wanted}_{number}", number + 1
        return name

    def formatted(self, text: str) -> str:
        """An f-string of ``text`` in the quotes that the module likes; ``text`` holds no quotes."""
        quote = self._module.quote
        return f"f{quote}{text}{quote}"

    def quoted(self, text: str) -> str:
        """A string of ``text`` in the quotes that the module likes, in the other kind where it holds those."""
        quote = self._module.quote
        if quote in text:
            quote = '"' if quote == "'" else "'"
        escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
        return f"{quote}{escaped}{quote}"

    def give_up(self) -> None:
        """There is no fix: the change does not fit what stands there."""
        self._possible = False

    # -- the result ---------------------------------------------------------------------------------------------------

    def fix(self, message: str, safety: Safety = Safety.SAFE) -> Fix | None:
        """The change as minimal edits; None if nothing changes, a step couldn't be done or it wouldn't parse."""
        if not self._possible:
            return None
        import libcst as cst

        edits: list[Edit] = []
        try:
            for surgery in self._surgeries.values():
                changed: list[Edit] = []
                part = surgery.part
                for start, old, new in surgery.changes():
                    for begin, end, text in differences(old, new):
                        span = self._source.span(part.in_file(start + begin), part.in_file(start + end))
                        changed.append(Edit(span, text))
                if not _still_parses(part, changed):
                    return None
                edits += changed
            edits += self._imports.edits(edits)
        except (Impossible, InvalidSyntax, cst.CSTValidationError):
            return None
        edits.sort()
        if not edits or any(one.span.end > other.span.start for one, other in pairwise(edits)):
            return None
        return Fix(message, safety, tuple(edits))

    def _remove(self, statement: Place | cst.CSTNode) -> None:
        node = self.node(statement)
        self._surgery(node).remove(node)

    def _clause(self, code: str) -> cst.ExceptHandler:
        import libcst as cst

        match cst.parse_statement(f"try:\n    pass\n{code}\n"):
            case cst.Try(handlers=[clause]):
                return clause
        raise Impossible(f"{code} is no clause")

    def _expression(self, code: str) -> cst.BaseExpression:
        import libcst as cst

        try:
            return cst.parse_expression(code)
        except cst.ParserSyntaxError as error:
            raise Impossible(f"{code} is no expression") from error

    def _scope_of(self, near: Place | cst.CSTNode) -> tuple[int, set[str]]:
        """The offset of a place and the parameters that this rewrite gives to the functions around it."""
        span = near.span if isinstance(near, Place) else self._source.span_of_cst(near)
        return span.start, {name for start, end, name in self._parameters if start <= span.start < end}


def _kinds(node: ast.AST) -> tuple[type[cst.CSTNode], ...]:
    """The classes that LibCST may have for a node of ``ast``."""
    import libcst as cst

    match node:
        case ast.Starred():
            return cst.StarredElement, cst.Arg
        case ast.Slice():
            return (cst.Slice,)
        case ast.expr():
            return (cst.BaseExpression,)
        case ast.stmt():
            return cst.BaseSmallStatement, cst.BaseCompoundStatement
        case ast.ExceptHandler():
            return cst.ExceptHandler, cst.ExceptStarHandler
        case ast.arg():
            return (cst.Param,)
        case ast.keyword():
            return (cst.Arg,)
        case ast.alias():
            return (cst.ImportAlias,)
        case _:
            return (cst.CSTNode,)


def _closed_expressions() -> tuple[type[cst.CSTNode], ...]:
    """What a dot may follow without brackets."""
    import libcst as cst

    strings = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)
    displays = (cst.List, cst.Dict, cst.Set, cst.ListComp, cst.DictComp, cst.SetComp)
    return (*strings, *displays, cst.Float, cst.Imaginary, cst.Ellipsis)


def _still_parses(part: Slice, edits: Sequence[Edit]) -> bool:
    """Whether the slice is Python after the edits, if it was before."""
    changes = [(edit.span.start - part.start, edit.span.end - part.start, edit.text) for edit in sorted(edits)]
    return _parses(applied(part.text, changes)) or not _parses(part.text)


def _parses(code: str) -> bool:
    try:
        Source.of_text(code).parse()
    except InvalidSyntax:
        return False
    return True


def _dot_of_chain(node: cst.CSTNode) -> cst.Dot:
    """The dot of one more call on ``node``: on a line of its own where the calls of a chain stand on theirs."""
    import libcst as cst

    match node:
        case cst.Call(
            func=cst.Attribute(dot=cst.Dot(whitespace_before=cst.ParenthesizedWhitespace() as before)),
            rpar=[cst.RightParen(whitespace_before=cst.ParenthesizedWhitespace(first_line=end)), *_],
        ) if end.comment is None:
            line = before.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
            return cst.Dot(before.with_changes(first_line=line, empty_lines=()))
    return cst.Dot()
