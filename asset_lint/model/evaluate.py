"""What an expression may be on one path, and what evaluating it does to the connections."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any

from asset_lint.source.nodes import all_nodes, nodes_in

from . import pydata
from .analysis import Raised
from .calls import Calls
from .databases import ENVIRON, joined, parent, path_file
from .index import Assigned, Class, Def, Imported, Module, Opaque, Scope, is_main, is_type_checking
from .names import Expression, External, Target
from .paths import as_resource, file_of, file_of_variable
from .texts import Template, concatenated, percent, plain, templates
from .values import (
    ANY,
    UNKNOWN,
    Alternatives,
    Box,
    ClassValue,
    Conn,
    Const,
    Context,
    Data,
    FunctionValue,
    Giving,
    Instance,
    LibraryInstance,
    LoggedBy,
    Logger,
    Manager,
    Method,
    ModuleValue,
    Origin,
    Result,
    State,
    Status,
    Text,
    Value,
    is_none,
    join,
    origin_of,
    sites_in,
    truth,
    without_results,
)


class Evaluator(Calls):
    """Expressions."""

    def value(self, node: ast.expr | None, state: State) -> Alternatives:
        if node is None:
            return (Const(None),)
        handler = _EXPRESSIONS.get(type(node))
        values = handler(self, node, state) if handler is not None else self._other(node, state)
        if not values:
            values = ANY
        self.record(node, values, state)
        return values

    def _other(self, node: ast.expr, state: State) -> Alternatives:
        for child in nodes_in(node):
            if isinstance(child, ast.expr):
                self.value(child, state)
        return ANY

    def _constant(self, node: ast.Constant, state: State) -> Alternatives:
        return ANY if isinstance(node.value, EllipsisType) else (Const(node.value),)

    # ---- names -----------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name, state: State) -> Alternatives:
        known = state.env.get(node.id)
        if known is not None:
            return known
        if node.id in self.locals_of and not self.static:
            return ANY  # not bound on this path, or bound in a way that isn't followed
        if node.id in self.closure:
            return self.closure[node.id]
        return self.global_value(node.id, self.scope)

    def global_value(self, name: str, scope: Scope) -> Alternatives:
        """What a name that is not this function's own may be."""
        if name == "__file__":
            return (Text(Origin.LITERAL, "", file=path_file(self.module.file)),)
        found = scope.lookup(name)
        if found is None:
            targets = self.names.name(name, scope)
            return self.of_targets(targets) if targets else (External(f"builtins.{name}"),)
        bindings, holder = found
        values: list[Value] = []
        if any(isinstance(b, Opaque) for b in bindings):
            values.append(UNKNOWN)
        for binding in bindings:
            if isinstance(binding, Assigned):
                values.extend(self.project.facts.static(binding.value, holder))
            elif isinstance(binding, Imported):
                values.extend(self.of_targets(self.names.dotted(binding.name, holder.module)))
            elif isinstance(binding, Def):
                values.append(FunctionValue(binding))
            elif isinstance(binding, Class):
                values.append(ClassValue(binding))
        return join(tuple(values)) if values else ANY

    def of_targets(self, targets: tuple[Target, ...]) -> Alternatives:
        """The values of what a name was resolved to."""
        values: list[Value] = []
        for target in targets:
            if isinstance(target, External):
                values.append(target)
            elif isinstance(target, Def):
                values.append(FunctionValue(target))
            elif isinstance(target, Class):
                values.append(ClassValue(target))
            elif isinstance(target, Module):
                values.append(ModuleValue(target))
            elif isinstance(target, Expression):
                values.extend(self.project.facts.static(target.value, target.scope))
        return join(tuple(values)) if values else ANY

    def _attribute(self, node: ast.Attribute, state: State) -> Alternatives:
        owner = node.value
        if isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super":
            return self.inherited(node.attr, state)
        receivers = self.value(owner, state)
        if len(receivers) == 1:
            return self.attribute(receivers[0], node.attr, state, node)
        return join(*(self.attribute(receiver, node.attr, state, node) for receiver in receivers))

    def attribute(self, receiver: Value, name: str, state: State, node: ast.AST) -> Alternatives:
        """``receiver.name``."""
        if isinstance(receiver, External):
            return self._external_attribute(receiver, name)
        if isinstance(receiver, (Data, Method, Result)) and (
            known := pydata.attribute(receiver, name, self.place(node))
        ):
            return known
        if isinstance(receiver, (Conn, Result)):
            return (Method(receiver, name),)
        if isinstance(receiver, Context):
            if name == "log":
                return (Logger(LoggedBy.CONTEXT),)
            if name in ("resources", "instance"):
                return (Method(receiver, name),)
            return (Method(Text(Origin.UPSTREAM), name),)
        if isinstance(receiver, Method):
            if receiver.name == "resources" and isinstance(receiver.receiver, Context):
                bound = self.project.facts.resource(name, self.module)
                return as_resource(bound, bound, name)
            return (Method(receiver, name),)
        if isinstance(receiver, Instance):
            return self.instance_attribute(receiver, name, state, node)
        if isinstance(receiver, ModuleValue):
            targets = self.names.attribute(receiver.module, name)
            return self.of_targets(targets)
        if isinstance(receiver, ClassValue):
            return self._class_attribute(receiver, name)
        if isinstance(receiver, LibraryInstance) and receiver.name.startswith("ibis.duckdb") and name == "con":
            return (self.borrowed(node, receiver.origin),)
        if isinstance(receiver, (Text, Const)):
            origin, _, handed = origin_of((receiver,))
            if name in ("parent", "parents", "name", "stem", "anchor", "value"):
                file = parent(file_of((receiver,))) if name == "parent" else ""
                return (Text(origin, "", handed, file=file),)
            return (Method(receiver, name),)
        if receiver is UNKNOWN:
            return ANY
        return (Method(receiver, name),)

    def _external_attribute(self, receiver: External, name: str) -> Alternatives:
        dotted = f"{receiver.name}.{name}"
        if dotted in ("os.environ",):
            return (Text(Origin.ENVIRONMENT, file=ENVIRON),)
        return (External(dotted),)

    def _class_attribute(self, receiver: ClassValue, name: str) -> Alternatives:
        klass = receiver.klass
        if self.is_settings(klass) and (name in klass.fields or name in klass.assigned):
            return (Text(Origin.FIELD),)
        return self.of_targets(self.names.attribute(klass, name))

    # ---- composed values ---------------------------------------------------------------------------------------------

    def _sequence(self, node: Any, state: State) -> Alternatives:
        kind = {ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[type(node)]
        items: list[Alternatives] = []
        starred = False
        for element in node.elts:
            if isinstance(element, ast.Starred):
                starred = True
                items.extend(v for b in self.value(element.value, state) if isinstance(b, Box) for v in b.items)
            else:
                items.append(self.value(element, state))
        return (Box(kind, tuple(items), starred),)

    def _dict(self, node: ast.Dict, state: State) -> Alternatives:
        for key in node.keys:
            if key is not None:
                self.value(key, state)
        keys = tuple(_text(key) for key in node.keys)
        return (Box("dict", tuple(self.value(value, state) for value in node.values), open=True, keys=keys),)

    def _comprehension(self, node: Any, state: State) -> Alternatives:
        inner = State(state.env.copy(), state.status, state.asked, state.open_results, state.begun)
        for generator in node.generators:
            iterated = self.value(generator.iter, inner)
            self.note_iterated(iterated, state, generator.iter)
            self.assign(generator.target, self.elements(iterated), inner, node)
            for condition in generator.ifs:
                self.value(condition, inner)
        if isinstance(node, ast.DictComp):
            self.value(node.key, inner)
            element = self.value(node.value, inner)
        else:
            element = self.value(node.elt, inner)
        if isinstance(node, ast.DictComp):
            self.hand_on(state, element)  # which of them is meant later can't be told
        kind = _COMPREHENDED[type(node)]
        return (Box(kind, (element,), open=True),)

    def elements(self, values: Alternatives) -> Alternatives:
        """What iterating over a value gives."""
        found: list[Alternatives] = []
        for value in values:
            if isinstance(value, Box):
                found.extend(value.items or (ANY,))
            elif isinstance(value, Text) and value.origin is not Origin.LITERAL:
                found.append((value,))
            else:
                found.append(ANY)
        return join(*found) if found else ANY

    def _subscript(self, node: ast.Subscript, state: State) -> Alternatives:
        owners = self.value(node.value, state)
        index = self.value(node.slice, state)
        found: list[Alternatives] = []
        for owner in owners:
            if isinstance(owner, (Data, Method, Result)) and (
                known := pydata.item(owner, node.slice, index, self.place(node))
            ):
                found.append(known)
            elif isinstance(owner, Box):
                found.append(owner.at(index))
            elif isinstance(owner, Text):
                file = file_of_variable((index,), {}) if owner.file == ENVIRON else ""
                found.append((Text(owner.origin, "", owner.handed, file=file),))
                if owner.origin is Origin.ENVIRONMENT:
                    self.may_raise(state, node)
            elif isinstance(owner, Method):
                origin, _, handed = origin_of((owner.receiver,))
                found.append((Text(origin, "", handed),) if origin is not Origin.UNKNOWN else ANY)
            else:
                found.append(ANY)
        return join(*found) if found else ANY

    def _formatted(self, node: ast.JoinedStr, state: State) -> Alternatives:
        text, worst, handed, open_ = "", Origin.LITERAL, False, True
        pieces: list[Sequence[Template]] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                pieces.append((plain(str(part.value)),))
                if open_:
                    text += str(part.value)
                continue
            inner = part.value if isinstance(part, ast.FormattedValue) else part
            values = self.value(inner, state)
            shaped = isinstance(part, ast.FormattedValue) and (part.conversion != -1 or part.format_spec is not None)
            pieces.append(templates(values, self.place(inner), shaped=shaped))
            origin, known, given = origin_of(values)
            handed = handed or given
            worst = origin if origin.value > worst.value else worst
            if origin is Origin.LITERAL and known and open_:
                text += known
            else:
                open_ = False
        return _texts(worst, text, handed, concatenated(pieces))

    def _binary(self, node: ast.BinOp, state: State) -> Alternatives:
        left, right = self.value(node.left, state), self.value(node.right, state)
        if data := pydata.operated(node.op, left, right, self.place(node)):
            return data
        if isinstance(node.op, (ast.Add, ast.Div, ast.Mod)):
            known = self._put_together(node, left, right, state)
            a, first, given = origin_of(left)
            b, second, also = origin_of(right)
            if Origin.UNKNOWN not in (a, b):
                worst = a if a.value >= b.value else b
                text = (
                    first if isinstance(node.op, ast.Mod) else (first or "") + (second if a is Origin.LITERAL else "")
                )
                if isinstance(node.op, ast.Div):
                    return (Text(worst, text, given or also, file=joined([file_of(left), file_of(right)], "/")),)
                return _texts(worst, text, given or also, known)
            if isinstance(node.op, ast.Add) and all(isinstance(v, Box) for v in (*left, *right)):
                return (
                    Box("list", tuple(i for v in (*left, *right) if isinstance(v, Box) for i in v.items), open=True),
                )
            return _texts(Origin.UNKNOWN, first, False, known) if first or known else ANY
        return ANY

    def _put_together(
        self, node: ast.BinOp, left: Alternatives, right: Alternatives, state: State
    ) -> tuple[Template, ...]:
        """The texts that ``+`` and ``%`` give, as far as one side is a text."""
        if isinstance(node.op, ast.Add):
            if not (templates(left, None) and _is_text(left)) and not (templates(right, None) and _is_text(right)):
                return ()
            return concatenated((templates(left, self.place(node.left)), templates(right, self.place(node.right))))
        patterns = templates(left, None) if isinstance(node.op, ast.Mod) and _is_text(left) else ()
        if len(patterns) != 1:
            return ()
        if isinstance(node.right, ast.Tuple):
            given = [(self.seen.get(e, ANY), self.place(e)) for e in node.right.elts]
        else:
            given = [(right, self.place(node.right))]
        return percent(patterns[0], given)

    def _compared(self, node: ast.Compare, state: State) -> Alternatives:
        sides = [self.value(side, state) for side in (node.left, *node.comparators)]
        return pydata.compared(sides, node.ops, self.place(node)) or ANY

    def _unary(self, node: ast.UnaryOp, state: State) -> Alternatives:
        return pydata.negated(node.op, self.value(node.operand, state), self.place(node)) or ANY

    def _boolean(self, node: ast.BoolOp, state: State) -> Alternatives:
        found: list[Value] = []
        current = state
        for index, operand in enumerate(node.values):
            values = self.value(operand, current)
            last = index == len(node.values) - 1
            for value in values:
                known = truth(value)
                goes_on = known if isinstance(node.op, ast.And) else (None if known is None else not known)
                if last or goes_on is not True:
                    found.append(value)
            if not last:
                narrowed = self.assume(operand, current.copy(), isinstance(node.op, ast.And))
                if narrowed is None:
                    break
                current = narrowed
        self._absorb(state, current)
        state.open_results = current.open_results
        return join(tuple(found)) if found else ANY

    def _conditional(self, node: ast.IfExp, state: State) -> Alternatives:
        self.value(node.test, state)
        found: list[Alternatives] = []
        ends: list[State] = []
        for branch, wanted in ((node.body, True), (node.orelse, False)):
            narrowed = self.assume(node.test, state.copy(), wanted)
            if narrowed is not None:
                found.append(self.value(branch, narrowed))
                ends.append(narrowed)
        for end in ends:
            self._absorb(state, end)
        if ends:
            state.open_results = {site: result for end in ends for site, result in end.open_results.items()}
        return join(*found) if found else ANY

    def _absorb(self, state: State, other: State) -> None:
        """Take over what a part of an expression did on a copy of the path."""
        if other is state:
            return
        for name, values in other.env.items():
            if name not in state.env:
                state.env[name] = values
        for site, status in other.status.items():
            before = state.status.get(site)
            if before is None or before in (Status.OPEN, Status.WAITING):
                state.status[site] = status

    def _walrus(self, node: ast.NamedExpr, state: State) -> Alternatives:
        values = self.value(node.value, state)
        self.assign(node.target, values, state, node)
        return values

    def _await(self, node: ast.Await, state: State) -> Alternatives:
        values = self.value(node.value, state)
        self.may_raise(state, node)
        return values

    def _yield(self, node: ast.Yield, state: State) -> Alternatives:
        values = self.value(node.value, state) if node.value is not None else (Const(None),)
        self.yields.append(values)
        self.yield_guards = self.guards
        self.yields_output(values, node, state)
        self.note_closed(node, state)
        for site in sites_in(without_results(values) if self.compute else values):
            site.yielded = site.given_away = True
        if self.lends or any(site.yielded for site in state.status):
            self.may_raise(state, node, Raised("", node if self.lends else None))  # what the caller's body raises
        return ANY

    def _yield_from(self, node: ast.YieldFrom, state: State) -> Alternatives:
        values = self.elements(self.value(node.value, state))
        self.yields.append(values)
        return ANY

    def _lambda(self, node: ast.Lambda, state: State) -> Alternatives:
        self.capture(node, state)
        return (Method(UNKNOWN, "lambda"),)

    def capture(self, node: ast.AST, state: State) -> None:
        """A nested function or lambda that closes a connection, or hands it on, may do so at any time."""
        for inner in all_nodes(node):
            if isinstance(inner, ast.Name) and inner.id in state.env and isinstance(inner.ctx, ast.Load):
                values = state.env[inner.id]
                for site in sites_in(values):
                    site.given_away = True
                if any(True for _ in sites_in(values)) and _closes(node, inner.id):
                    self.hand_on(state, values)

    # ---- conditions --------------------------------------------------------------------------------------------------

    def assume(self, test: ast.expr, state: State, wanted: bool) -> State | None:
        """The path on which ``test`` came out as ``wanted``; None where it cannot."""
        if state.open_results:
            self.emptied(test, state, wanted)
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return self.assume(test.operand, state, not wanted)
        if isinstance(test, ast.BoolOp):
            if isinstance(test.op, ast.And) is wanted:
                current: State | None = state
                for operand in test.values:
                    if current is not None:
                        current = self.assume(operand, current, wanted)
                return current
            possible = [s for v in test.values if (s := self.assume(v, state.copy(), wanted)) is not None]
            return possible[0] if len(possible) == 1 else state if possible else None
        if isinstance(test, ast.NamedExpr):
            return self.assume(test.target, state, wanted)
        if isinstance(test, ast.Constant):
            return state if bool(test.value) is wanted else None
        if is_main(test) or is_type_checking(test):
            return None if wanted else state  # a module that is imported has its own name
        if isinstance(test, ast.Name):
            return self._narrow(test.id, state, lambda value: truth(value), wanted)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            return self._assume_comparison(test, state, wanted)
        return state

    def _assume_comparison(self, test: ast.Compare, state: State, wanted: bool) -> State | None:
        op, left, right = test.ops[0], test.left, test.comparators[0]
        if isinstance(left, ast.NamedExpr):
            left = left.target
        if isinstance(left, ast.Name) and isinstance(right, ast.Constant):
            if right.value is None and isinstance(op, (ast.Is, ast.Eq)):
                return self._narrow(left.id, state, is_none, wanted)
            if right.value is None and isinstance(op, (ast.IsNot, ast.NotEq)):
                return self._narrow(left.id, state, is_none, not wanted)
        if isinstance(left, ast.Constant) and isinstance(left.value, str) and isinstance(right, ast.Call):
            called = right.func.id if isinstance(right.func, ast.Name) else ""
            if called in ("locals", "dir", "vars") and isinstance(op, (ast.In, ast.NotIn)):
                bound = left.value in state.env
                return state if bound is (wanted is isinstance(op, ast.In)) else None
        return state

    def _narrow(self, name: str, state: State, test: Callable[[Value], bool | None], wanted: bool) -> State | None:
        values = state.env.get(name)
        if values is None:
            around = self._around(name)
            return None if around and all(test(value) is (not wanted) for value in around) else state
        kept = tuple(value for value in values if test(value) in (None, wanted))
        if not kept:
            return None
        if kept != values:
            state.env[name] = kept
        return state

    def _around(self, name: str) -> Alternatives:
        """What a variable of the function around it always is; () where that may change while this one runs."""
        parent = self.definition.parent if self.definition is not None else None
        if parent is None or name in self.locals_of or len(parent.inner.names.get(name, ())) != 1:
            return ()
        rebound = any(name in node.names for node in parent.every_node_of(ast.Nonlocal))
        return () if rebound else self.closure.get(name, ())

    # ---- assignment ----------------------------------------------------------------------------------------------

    def assign(self, target: ast.expr, values: Alternatives, state: State, node: ast.AST) -> None:
        """Bind ``target``; what the name held before may be lost by it."""
        if isinstance(target, ast.Name):
            before = state.env.get(target.id)
            if target.id in self.globals:
                self.keeps(values, state)
                self.hand_on(state, values)
            state.env[target.id] = values
            for value in values:
                if isinstance(value, (Conn, Manager)) and not value.site.name:
                    value.site.name = target.id
            if before is not None and before != values:
                self.lost(before, state, node)
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target, values, state, node)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, (Box("list", (values,), open=True),), state, node)
        else:
            if isinstance(target, ast.Attribute):
                self.value(target.value, state)
                self.stored(target, values, state)
            elif isinstance(target, ast.Subscript):
                for box in self.value(target.value, state):
                    if isinstance(box, Box):
                        self.grow(target.value, box, values, state, _text(target.slice))
                self.value(target.slice, state)
            self.keeps(values, state)
            self.hand_on(state, values)

    def _unpack(self, target: ast.Tuple | ast.List, values: Alternatives, state: State, node: ast.AST) -> None:
        starred = any(isinstance(e, ast.Starred) for e in target.elts)
        for index, element in enumerate(target.elts):
            found = [
                v.items[index]
                if isinstance(v, Box) and not v.open and len(v.items) == len(target.elts) and not starred
                else self.elements((v,))
                for v in values
            ]
            self.assign(element, join(*found) if found else ANY, state, node)

    def stored(self, target: ast.Attribute, values: Alternatives, state: State) -> None:
        """``target`` holds ``values`` from here on; the flow of statements asks who closes them."""

    def lost(self, values: Alternatives, state: State, node: ast.AST) -> None:
        """A variable no longer holds ``values``; the flow of statements reports what nobody can close any more."""


def _texts(origin: Origin, text: str, handed: bool, known: tuple[Template, ...]) -> Alternatives:
    """A text of an origin, in each of its known variants."""
    if not known:
        return (Text(origin, text, handed),)
    return tuple(Text(origin, template.start or text, handed, template) for template in known)


def _is_text(values: Alternatives) -> bool:
    return all(isinstance(v, Text) or (isinstance(v, Const) and isinstance(v.value, str)) for v in values)


def _text(key: ast.expr | None) -> str:
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""


def _closes(node: ast.AST, name: str) -> bool:
    for inner in all_nodes(node):
        if (
            isinstance(inner, ast.Attribute)
            and inner.attr in ("close", "__exit__")
            and isinstance(inner.value, ast.Name)
        ):
            if inner.value.id == name:
                return True
        if isinstance(inner, (ast.With, ast.AsyncWith)):
            for item in inner.items:
                if any(isinstance(n, ast.Name) and n.id == name for n in all_nodes(item.context_expr)):
                    return True
        if isinstance(inner, (ast.Return, ast.Yield)) and isinstance(inner.value, ast.Name) and inner.value.id == name:
            return True
    return False


_COMPREHENDED = {ast.GeneratorExp: "generator", ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}

_EXPRESSIONS: dict[type[ast.AST], Callable[[Any, Any, State], Alternatives]] = {
    ast.Constant: Evaluator._constant,
    ast.Name: Evaluator._name,
    ast.Attribute: Evaluator._attribute,
    ast.Call: Evaluator.call,
    ast.List: Evaluator._sequence,
    ast.Tuple: Evaluator._sequence,
    ast.Set: Evaluator._sequence,
    ast.Dict: Evaluator._dict,
    ast.ListComp: Evaluator._comprehension,
    ast.SetComp: Evaluator._comprehension,
    ast.GeneratorExp: Evaluator._comprehension,
    ast.DictComp: Evaluator._comprehension,
    ast.Subscript: Evaluator._subscript,
    ast.JoinedStr: Evaluator._formatted,
    ast.BinOp: Evaluator._binary,
    ast.Compare: Evaluator._compared,
    ast.UnaryOp: Evaluator._unary,
    ast.BoolOp: Evaluator._boolean,
    ast.IfExp: Evaluator._conditional,
    ast.NamedExpr: Evaluator._walrus,
    ast.Await: Evaluator._await,
    ast.Yield: Evaluator._yield,
    ast.YieldFrom: Evaluator._yield_from,
    ast.Lambda: Evaluator._lambda,
}

__all__ = ["Evaluator", "Giving"]
