"""Statements, and so the whole module."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import libcst as cst

from .expressions import OPERATORS
from .patterns import Patterns
from .tree import DEL, STORE

# Older Pythons have no nodes of their own for `except*`.
_TRY_STAR: Any = getattr(ast, "TryStar", ast.Try)


class Statements(Patterns):
    """Lowers statements. ``_end`` is where the last one ended, its semicolon included: so do the blocks around it."""

    _end = 0

    def module(self, node: cst.Module) -> ast.Module:
        """The whole module."""
        return ast.Module(body=self._lines_of(node.body), type_ignores=[])

    def _lines_of(self, lines: Sequence[cst.CSTNode]) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        for line in lines:
            if isinstance(line, cst.SimpleStatementLine):
                body += self._small(line.body)
            else:
                body.append(self.visit(line))
        return body

    def _small(self, statements: Sequence[cst.BaseSmallStatement]) -> list[ast.stmt]:
        body = []
        for statement in statements:
            lowered: ast.stmt = self.visit(statement)
            body.append(lowered)
            semicolon = statement.semicolon
            self._end = self.past(semicolon) if isinstance(semicolon, cst.Semicolon) else self.last_end
        return body

    def _block(self, suite: cst.BaseSuite) -> list[ast.stmt]:
        if isinstance(suite, cst.SimpleStatementSuite):
            return self._small(suite.body)
        return self._lines_of(suite.body)

    def _else(self, clause: cst.Else | cst.Finally | None) -> list[ast.stmt]:
        return [] if clause is None else self._block(clause.body)

    # -- definitions --------------------------------------------------------------------------------------------------

    def _FunctionDef(self, node: cst.FunctionDef) -> ast.stmt:
        kind: Any = ast.FunctionDef if node.asynchronous is None else ast.AsyncFunctionDef
        function = kind(
            name=self.identifier(node.name),
            args=self.parameters(node.params),
            body=self._block(node.body),
            decorator_list=[self.expr(decorator.decorator) for decorator in node.decorators],
            returns=None if node.returns is None else self.expr(node.returns.annotation),
            type_comment=None,
        )
        return self._definition(function, node)

    def _ClassDef(self, node: cst.ClassDef) -> ast.stmt:
        bases, keywords = self.arguments((*node.bases, *node.keywords))
        definition = ast.ClassDef(
            name=self.identifier(node.name),
            bases=bases,
            keywords=keywords,
            body=self._block(node.body),
            decorator_list=[self.expr(decorator.decorator) for decorator in node.decorators],
        )
        return self._definition(definition, node)

    def _definition(self, definition: Any, node: cst.CSTNode) -> ast.stmt:
        if "type_params" in definition._fields:
            definition.type_params = []
        placed: ast.stmt = self.put(definition, self.at(node)[0], self._end)
        return placed

    # -- compound statements ------------------------------------------------------------------------------------------

    def _If(self, node: cst.If) -> ast.stmt:
        test, body = self.expr(node.test), self._block(node.body)
        orelse = [self._If(node.orelse)] if isinstance(node.orelse, cst.If) else self._else(node.orelse)
        return self.put(ast.If(test=test, body=body, orelse=orelse), self.at(node)[0], self._end)

    def _While(self, node: cst.While) -> ast.stmt:
        test, body, orelse = self.expr(node.test), self._block(node.body), self._else(node.orelse)
        return self.put(ast.While(test=test, body=body, orelse=orelse), self.at(node)[0], self._end)

    def _For(self, node: cst.For) -> ast.stmt:
        kind: Any = ast.For if node.asynchronous is None else ast.AsyncFor
        target, source = self.expr(node.target, STORE), self.expr(node.iter)
        body, orelse = self._block(node.body), self._else(node.orelse)
        loop: ast.stmt = kind(target=target, iter=source, body=body, orelse=orelse, type_comment=None)
        return self.put(loop, self.at(node)[0], self._end)

    def _With(self, node: cst.With) -> ast.stmt:
        kind: Any = ast.With if node.asynchronous is None else ast.AsyncWith
        items = [
            ast.withitem(
                context_expr=self.expr(item.item),
                optional_vars=None if item.asname is None else self.expr(item.asname.name, STORE),
            )
            for item in node.items
        ]
        made: ast.stmt = kind(items=items, body=self._block(node.body), type_comment=None)
        return self.put(made, self.at(node)[0], self._end)

    def _Try(self, node: cst.Try | cst.TryStar) -> ast.stmt:
        kind: Any = ast.Try if isinstance(node, cst.Try) else _TRY_STAR
        body = self._block(node.body)
        handlers = [self._handler(handler) for handler in node.handlers]
        orelse, finalbody = self._else(node.orelse), self._else(node.finalbody)
        made: ast.stmt = kind(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody)
        return self.put(made, self.at(node)[0], self._end)

    _TryStar = _Try

    def _handler(self, node: cst.ExceptHandler | cst.ExceptStarHandler) -> ast.ExceptHandler:
        caught = None if node.type is None else self.expr(node.type)
        name = None
        if node.name is not None and isinstance(node.name.name, cst.Name):
            name = self.identifier(node.name.name)
        body = self._block(node.body)
        return self.put(ast.ExceptHandler(type=caught, name=name, body=body), self.at(node)[0], self._end)

    def _Match(self, node: cst.Match) -> ast.stmt:
        cases = [
            ast.match_case(
                pattern=self.pattern(case.pattern),
                guard=None if case.guard is None else self.expr(case.guard),
                body=self._block(case.body),
            )
            for case in node.cases
        ]
        return self.put(ast.Match(subject=self.expr(node.subject), cases=cases), self.at(node)[0], self._end)

    # -- small statements ---------------------------------------------------------------------------------------------

    def _Expr(self, node: cst.Expr) -> ast.stmt:
        return self.put(ast.Expr(value=self.expr(node.value)), *self.outer(node.value))

    def _Assign(self, node: cst.Assign) -> ast.stmt:
        targets = [self.expr(target.target, STORE) for target in node.targets]
        made = ast.Assign(targets=targets, value=self.expr(node.value), type_comment=None)
        return self.put(made, self.outer(node.targets[0].target)[0], self.outer(node.value)[1])

    def _TypeAlias(self, node: cst.TypeAlias) -> ast.stmt:
        made = ast.Assign(targets=[self.expr(node.name, STORE)], value=self.expr(node.value), type_comment=None)
        return self.put(made, self.at(node)[0], self.outer(node.value)[1])

    def _AugAssign(self, node: cst.AugAssign) -> ast.stmt:
        target: Any = self.expr(node.target, STORE)
        operator = OPERATORS[type(node.operator).__name__.removesuffix("Assign")]()
        made = ast.AugAssign(target=target, op=operator, value=self.expr(node.value))
        return self.put(made, self.outer(node.target)[0], self.outer(node.value)[1])

    def _AnnAssign(self, node: cst.AnnAssign) -> ast.stmt:
        target: Any = self.expr(node.target, STORE)
        made = ast.AnnAssign(
            target=target,
            annotation=self.expr(node.annotation.annotation),
            value=None if node.value is None else self.expr(node.value),
            simple=int(isinstance(node.target, cst.Name) and not node.target.lpar),
        )
        last = node.annotation.annotation if node.value is None else node.value
        return self.put(made, self.outer(node.target)[0], self.outer(last)[1])

    def _Del(self, node: cst.Del) -> ast.stmt:
        target = node.target
        is_list = isinstance(target, cst.Tuple) and not target.lpar
        targets = target.elements if isinstance(target, cst.Tuple) and is_list else (target,)
        made = ast.Delete(targets=[self.expr(item, DEL) for item in targets])
        return self.put(made, self.at(node)[0], self.outer(target)[1])

    def _Return(self, node: cst.Return) -> ast.stmt:
        start = self.at(node)[0]
        if node.value is None:
            return self.put(ast.Return(value=None), start, start + len("return"))
        return self.put(ast.Return(value=self.expr(node.value)), start, self.outer(node.value)[1])

    def _Raise(self, node: cst.Raise) -> ast.stmt:
        start = self.at(node)[0]
        if node.exc is None:
            return self.put(ast.Raise(exc=None, cause=None), start, start + len("raise"))
        cause = None if node.cause is None else self.expr(node.cause.item)
        end = self.outer(node.exc if node.cause is None else node.cause.item)[1]
        return self.put(ast.Raise(exc=self.expr(node.exc), cause=cause), start, end)

    def _Assert(self, node: cst.Assert) -> ast.stmt:
        message = None if node.msg is None else self.expr(node.msg)
        end = self.outer(node.test if node.msg is None else node.msg)[1]
        return self.put(ast.Assert(test=self.expr(node.test), msg=message), self.at(node)[0], end)

    def _Pass(self, node: cst.Pass) -> ast.stmt:
        return self.put(ast.Pass(), *self.at(node))

    def _Break(self, node: cst.Break) -> ast.stmt:
        return self.put(ast.Break(), *self.at(node))

    def _Continue(self, node: cst.Continue) -> ast.stmt:
        return self.put(ast.Continue(), *self.at(node))

    def _Global(self, node: cst.Global | cst.Nonlocal) -> ast.stmt:
        kind: Any = ast.Global if isinstance(node, cst.Global) else ast.Nonlocal
        made: ast.stmt = kind(names=[self.identifier(item.name) for item in node.names])
        return self.put(made, *self.at(node))

    _Nonlocal = _Global

    def _Import(self, node: cst.Import) -> ast.stmt:
        return self.put(ast.Import(names=[self._alias(name) for name in node.names]), *self.at(node))

    def _ImportFrom(self, node: cst.ImportFrom) -> ast.stmt:
        if isinstance(node.names, cst.ImportStar):
            names = [self.put(ast.alias(name="*", asname=None), *self.at(node.names))]
        else:
            names = [self._alias(name) for name in node.names]
        module = None if node.module is None else self.dotted(node.module)
        return self.put(ast.ImportFrom(module=module, names=names, level=len(node.relative)), *self.at(node))

    _LazyImport = _Import
    _LazyImportFrom = _ImportFrom

    def _alias(self, node: cst.ImportAlias) -> ast.alias:
        start, end = self.at(node.name)
        name = None
        if node.asname is not None and isinstance(node.asname.name, cst.Name):
            name = self.identifier(node.asname.name)
            end = self.at(node.asname.name)[1]
        return self.put(ast.alias(name=self.dotted(node.name), asname=name), start, end)
