"""Expressions but strings."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from .strings import Strings
from .tree import LOAD, STORE

_CONSTANTS = {"None": None, "True": True, "False": False}

OPERATORS: dict[str, type[ast.operator]] = {
    "Add": ast.Add,
    "BitAnd": ast.BitAnd,
    "BitOr": ast.BitOr,
    "BitXor": ast.BitXor,
    "Divide": ast.Div,
    "FloorDivide": ast.FloorDiv,
    "LeftShift": ast.LShift,
    "MatrixMultiply": ast.MatMult,
    "Modulo": ast.Mod,
    "Multiply": ast.Mult,
    "Power": ast.Pow,
    "RightShift": ast.RShift,
    "Subtract": ast.Sub,
}
_UNARY: dict[str, type[ast.unaryop]] = {
    "BitInvert": ast.Invert,
    "Minus": ast.USub,
    "Not": ast.Not,
    "Plus": ast.UAdd,
}
_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "Equal": ast.Eq,
    "GreaterThan": ast.Gt,
    "GreaterThanEqual": ast.GtE,
    "In": ast.In,
    "Is": ast.Is,
    "IsNot": ast.IsNot,
    "LessThan": ast.Lt,
    "LessThanEqual": ast.LtE,
    "NotEqual": ast.NotEq,
    "NotIn": ast.NotIn,
}


class Expressions(Strings):
    """Lowers expressions."""

    # -- names and literals -------------------------------------------------------------------------------------------

    def _Name(self, node: cst.Name, ctx: ast.expr_context) -> ast.expr:
        if node.value in _CONSTANTS:
            return self.put(ast.Constant(value=_CONSTANTS[node.value], kind=None), *self.at(node))
        return self.put(ast.Name(id=self.identifier(node), ctx=ctx), *self.at(node))

    def _Integer(self, node: cst.Integer | cst.Float | cst.Imaginary, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Constant(value=ast.literal_eval(node.value), kind=None), *self.at(node))

    _Float = _Imaginary = _Integer

    def _Ellipsis(self, node: cst.Ellipsis, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Constant(value=..., kind=None), *self.at(node))

    # -- displays -----------------------------------------------------------------------------------------------------

    def _Element(self, node: cst.Element, ctx: ast.expr_context) -> ast.expr:
        return self.expr(node.value, ctx)

    def _StarredElement(self, node: cst.StarredElement, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Starred(value=self.expr(node.value, ctx), ctx=ctx), *self.item(node))

    def _Tuple(self, node: cst.Tuple, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Tuple(elts=[self.expr(item, ctx) for item in node.elements], ctx=ctx), *self.inner(node))

    def _List(self, node: cst.List, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.List(elts=[self.expr(item, ctx) for item in node.elements], ctx=ctx), *self.at(node))

    def _Set(self, node: cst.Set, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Set(elts=[self.expr(item) for item in node.elements]), *self.at(node))

    def _Dict(self, node: cst.Dict, ctx: ast.expr_context) -> ast.expr:
        keys: list[ast.expr | None] = []
        values: list[ast.expr] = []
        for item in node.elements:
            keys.append(self.expr(item.key) if isinstance(item, cst.DictElement) else None)
            values.append(self.expr(item.value))
        return self.put(ast.Dict(keys=keys, values=values), *self.at(node))

    # -- comprehensions -----------------------------------------------------------------------------------------------

    def _generators(self, first: cst.CompFor) -> list[ast.comprehension]:
        found: list[ast.comprehension] = []
        clause: cst.CompFor | None = first
        while clause is not None:
            target, source = self.expr(clause.target, STORE), self.expr(clause.iter)
            tests = [self.expr(condition.test) for condition in clause.ifs]
            is_async = int(clause.asynchronous is not None)
            found.append(ast.comprehension(target=target, iter=source, ifs=tests, is_async=is_async))
            clause = clause.inner_for_in
        return found

    def _GeneratorExp(self, node: cst.GeneratorExp, ctx: ast.expr_context) -> ast.expr:
        generator = ast.GeneratorExp(elt=self.expr(node.elt), generators=self._generators(node.for_in))
        return self.put(generator, *self.inner(node))

    def _ListComp(self, node: cst.ListComp, ctx: ast.expr_context) -> ast.expr:
        made = ast.ListComp(elt=self.expr(node.elt), generators=self._generators(node.for_in))
        return self.put(made, *self.at(node))

    def _SetComp(self, node: cst.SetComp, ctx: ast.expr_context) -> ast.expr:
        made = ast.SetComp(elt=self.expr(node.elt), generators=self._generators(node.for_in))
        return self.put(made, *self.at(node))

    def _DictComp(self, node: cst.DictComp, ctx: ast.expr_context) -> ast.expr:
        key, value = self.expr(node.key), self.expr(node.value)
        return self.put(ast.DictComp(key=key, value=value, generators=self._generators(node.for_in)), *self.at(node))

    def _StarredDictComp(self, node: cst.DictComp, ctx: ast.expr_context) -> ast.expr:
        # `{**d for d in ds}` has no key; ast's own way to say so leaves the value out, which no reader expects.
        value = self.expr(node.value)
        key = self.put(ast.Constant(value=None, kind=None), *self.outer(node.value))
        return self.put(ast.DictComp(key=key, value=value, generators=self._generators(node.for_in)), *self.at(node))

    # -- operators ----------------------------------------------------------------------------------------------------

    def _UnaryOperation(self, node: cst.UnaryOperation, ctx: ast.expr_context) -> ast.expr:
        operator = _UNARY[type(node.operator).__name__]()
        return self.put(ast.UnaryOp(op=operator, operand=self.expr(node.expression)), *self.at(node))

    def _BinaryOperation(self, node: cst.BinaryOperation, ctx: ast.expr_context) -> ast.expr:
        operator = OPERATORS[type(node.operator).__name__]()
        return self.put(ast.BinOp(left=self.expr(node.left), op=operator, right=self.expr(node.right)), *self.at(node))

    def _BooleanOperation(self, node: cst.BooleanOperation, ctx: ast.expr_context) -> ast.expr:
        operands = [node.right]
        left = node.left
        while isinstance(left, cst.BooleanOperation) and not left.lpar and type(left.operator) is type(node.operator):
            operands.append(left.right)
            left = left.left
        values = [self.expr(operand) for operand in (left, *reversed(operands))]
        operator = ast.And() if isinstance(node.operator, cst.And) else ast.Or()
        return self.put(ast.BoolOp(op=operator, values=values), *self.at(node))

    def _Comparison(self, node: cst.Comparison, ctx: ast.expr_context) -> ast.expr:
        operators = [_COMPARISONS[type(target.operator).__name__]() for target in node.comparisons]
        comparators = [self.expr(target.comparator) for target in node.comparisons]
        made = ast.Compare(left=self.expr(node.left), ops=operators, comparators=comparators)
        return self.put(made, *self.at(node))

    def _IfExp(self, node: cst.IfExp, ctx: ast.expr_context) -> ast.expr:
        test, body, orelse = self.expr(node.test), self.expr(node.body), self.expr(node.orelse)
        return self.put(ast.IfExp(test=test, body=body, orelse=orelse), *self.at(node))

    def _NamedExpr(self, node: cst.NamedExpr, ctx: ast.expr_context) -> ast.expr:
        target = self.expr(node.target, STORE)
        assert isinstance(target, ast.Name)
        return self.put(ast.NamedExpr(target=target, value=self.expr(node.value)), *self.at(node))

    def _Await(self, node: cst.Await, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Await(value=self.expr(node.expression)), *self.at(node))

    def _Yield(self, node: cst.Yield, ctx: ast.expr_context) -> ast.expr:
        match node.value:
            case cst.From(item=item):
                return self.put(ast.YieldFrom(value=self.expr(item)), *self.at(node))
            case None:
                start = self.at(node)[0]
                return self.put(ast.Yield(value=None), start, start + len("yield"))
            case value:
                return self.put(ast.Yield(value=self.expr(value)), *self.at(node))

    # -- what hangs on a value ----------------------------------------------------------------------------------------

    def _Attribute(self, node: cst.Attribute, ctx: ast.expr_context) -> ast.expr:
        value = self.expr(node.value)
        return self.put(ast.Attribute(value=value, attr=self.identifier(node.attr), ctx=ctx), *self.at(node))

    def _Subscript(self, node: cst.Subscript, ctx: ast.expr_context) -> ast.expr:
        value = self.expr(node.value)
        items = [self._subscript_item(item) for item in node.slice]
        start, _ = self._subscript_place(node.slice[0])
        comma = node.slice[-1].comma
        is_tuple = len(items) > 1 or isinstance(comma, cst.Comma) or isinstance(items[0], ast.Starred)
        index = items[0]
        if is_tuple:
            end = self.past(comma) if isinstance(comma, cst.Comma) else self._subscript_place(node.slice[-1])[1]
            index = self.put(ast.Tuple(elts=items, ctx=LOAD), start, end)
        return self.put(ast.Subscript(value=value, slice=index, ctx=ctx), *self.at(node))

    def _subscript_item(self, element: cst.SubscriptElement) -> ast.expr:
        place = self._subscript_place(element)
        match element.slice:
            case cst.Slice(lower=lower, upper=upper, step=step):
                bounds = [None if bound is None else self.expr(bound) for bound in (lower, upper, step)]
                return self.put(ast.Slice(lower=bounds[0], upper=bounds[1], step=bounds[2]), *place)
            case cst.Index(value=value, star="*"):
                return self.put(ast.Starred(value=self.expr(value), ctx=LOAD), *place)
            case cst.Index(value=value):
                return self.expr(value)
            case other:
                raise TypeError(type(other).__name__)

    def _subscript_place(self, element: cst.SubscriptElement) -> tuple[int, int]:
        match element.slice:
            case cst.Slice(lower=lower, upper=upper, step=step, first_colon=first, second_colon=second):
                colon = self.skip(self.at(first)[0])
                start = colon if lower is None else self.outer(lower)[0]
                if step is not None:
                    return start, self.outer(step)[1]
                if isinstance(second, cst.Colon):
                    return start, self.past(second)
                return start, colon + 1 if upper is None else self.outer(upper)[1]
            case cst.Index(value=value, star="*"):
                return self.at(element.slice)[0], self.outer(value)[1]
            case cst.Index(value=value):
                return self.outer(value)
            case other:
                raise TypeError(type(other).__name__)

    def _Call(self, node: cst.Call, ctx: ast.expr_context) -> ast.expr:
        func = self.expr(node.func)
        args, keywords = self.arguments(node.args)
        match node.args:
            case [cst.Arg(value=cst.GeneratorExp(lpar=[]))]:
                # The call's brackets are the generator's too.
                self.put(args[0], self.skip(self.outer(node.func)[1]), self.at(node)[1])
            case _:
                pass
        return self.put(ast.Call(func=func, args=args, keywords=keywords), *self.at(node))

    def arguments(self, given: Sequence[cst.Arg]) -> tuple[list[ast.expr], list[ast.keyword]]:
        """The arguments of a call or the bases of a class: by place, by name."""
        args: list[ast.expr] = []
        keywords: list[ast.keyword] = []
        for arg in given:
            value = self.expr(arg.value)
            if arg.keyword is not None or arg.star == "**":
                name = None if arg.keyword is None else self.identifier(arg.keyword)
                keywords.append(self.put(ast.keyword(arg=name, value=value), *self.item(arg)))
            elif arg.star:
                args.append(self.put(ast.Starred(value=value, ctx=LOAD), *self.item(arg)))
            else:
                args.append(value)
        return args, keywords

    # -- functions ----------------------------------------------------------------------------------------------------

    def _Lambda(self, node: cst.Lambda, ctx: ast.expr_context) -> ast.expr:
        return self.put(ast.Lambda(args=self.parameters(node.params), body=self.expr(node.body)), *self.at(node))

    def parameters(self, node: cst.Parameters) -> ast.arguments:
        """The parameters of a function or lambda."""
        positional = (*node.posonly_params, *node.params)
        return ast.arguments(
            posonlyargs=[self._parameter(param) for param in node.posonly_params],
            args=[self._parameter(param) for param in node.params],
            vararg=self._parameter(node.star_arg) if isinstance(node.star_arg, cst.Param) else None,
            kwonlyargs=[self._parameter(param) for param in node.kwonly_params],
            kw_defaults=[None if param.default is None else self.expr(param.default) for param in node.kwonly_params],
            kwarg=None if node.star_kwarg is None else self._parameter(node.star_kwarg),
            defaults=[self.expr(param.default) for param in positional if param.default is not None],
        )

    def _parameter(self, node: cst.Param) -> ast.arg:
        start, end = self.at(node.name)
        annotation = None
        if node.annotation is not None:
            annotation = self.expr(node.annotation.annotation)
            end = self.item(node.annotation.annotation)[1]
            if not isinstance(node.annotation.annotation, cst.StarredElement):
                end = self.outer(node.annotation.annotation)[1]
        return self.put(ast.arg(arg=self.identifier(node.name), annotation=annotation, type_comment=None), start, end)
