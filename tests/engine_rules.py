"""Rules for the tests of the engine: each reports, or changes, one word of the functions that it is shown."""

from __future__ import annotations

import os
from collections.abc import Sequence

import libcst as cst

from asset_lint.finding import Edit, Fix
from asset_lint.rule import Connection, Function, Handler, Output, Rule, Safety, Severity


class Word(Rule):
    """Never write the name ``word``."""

    word = ""
    replacement = ""
    safety = Safety.SAFE

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == self.word:
            span = self.span(node)
            fix = Fix("rename", self.safety, (Edit(span, self.replacement),)) if self.replacement else None
            self.report(node, fix=fix)


class BadWord(Word):
    """Never write ``bad``; write ``good``."""

    code = "XE101"
    message = "this is bad"
    word, replacement = "bad", "good"


class UnsafeWord(Word):
    """Never write ``risky``; write ``bad``, which another rule mends."""

    code = "XE102"
    message = "this is risky"
    severity = Severity.WARNING
    word, replacement, safety = "risky", "bad", Safety.UNSAFE


class ShownWord(Word):
    """Never write ``hinted``; its fix is only shown."""

    code = "XE103"
    message = "this is hinted"
    severity = Severity.INFO
    word, replacement, safety = "hinted", "bad", Safety.DISPLAY


class PlainWord(Word):
    """Never write ``plain``; there is no fix."""

    code = "XE104"
    message = "this is plain"
    word = "plain"


class BreakingWord(Word):
    """Never write ``brittle``; the fix breaks the syntax."""

    code = "XE201"
    message = "this is brittle"
    word, replacement = "brittle", "1 1"


class WorseningWord(Word):
    """Never write ``tricky``; the fix brings in another finding."""

    code = "XE202"
    message = "this is tricky"
    word, replacement = "tricky", "plain"


class DroppedCall(Rule):
    """Never call ``drop``; write ``good`` instead of all of it."""

    code = "XE105"
    message = "this is dropped"

    def visit_Call(self, node: cst.Call) -> None:
        if isinstance(node.func, cst.Name) and node.func.value == "drop":
            self.report(node, fix=Fix("replace", Safety.SAFE, (Edit(self.span(node), "good"),)))


class FlippingWord(Rule):
    """Never write ``ping``; write ``pong``. Never write ``pong``; write ``ping``."""

    code = "XE203"
    message = "this is wrong"

    def visit_Name(self, node: cst.Name) -> None:
        if node.value in ("ping", "pong"):
            other = "pong" if node.value == "ping" else "ping"
            self.report(node, fix=Fix("flip", Safety.SAFE, (Edit(self.span(node), other),)))


class EndlessWord(Word):
    """Never write ``more``; write it twice."""

    code = "XE205"
    message = "this is more"
    word, replacement = "more", "(more)"


class ForeignWord(Word):
    """Never write ``euro``; write its sign, which not every encoding has."""

    code = "XE206"
    message = "this is euro"
    word, replacement = "euro", "'€'"


class RaisingWord(Word):
    """Never write ``boom``."""

    code = "XE301"
    message = "this is boom"

    def visit_Name(self, node: cst.Name) -> None:
        if node.value == "boom":
            raise ValueError("it went off")
        if node.value == "plain":
            self.report(node)


class FallingRule(Rule):
    """Never exist."""

    code = "XE302"
    message = "never"

    def visit_function(self, function: Function) -> None:
        if function.name == "die_hard":
            os._exit(7)


class Witness(Rule):
    """Never be called out of order."""

    code = "XE401"
    message = "{event}"

    def tell(self, event: str) -> None:
        name = self.function.qualified_name if self.function else "?"
        self.report(self.module.place(self.module.tree), event=f"{name}: {event}")

    def visit_function(self, function: Function) -> None:
        self.tell(f"function {function.qualified_name}")

    def visit_asset(self, asset: Function) -> None:
        self.tell(f"asset {asset.qualified_name}")

    def visit_connection(self, connection: Connection) -> None:
        self.tell(f"connection {connection.name}")

    def visit_output(self, output: Output) -> None:
        self.tell("output")

    def visit_handler(self, handler: Handler) -> None:
        self.tell("handler")

    def visit_Call(self, node: cst.Call) -> None:
        self.tell(f"call {cst.Module([]).code_for_node(node.func)}")

    def visit_Integer(self, node: cst.Integer) -> None:
        self.tell(f"integer {node.value}")


class ComputeWitness(Witness):
    """Never be called out of order in a compute function."""

    code = "XE402"

    def tell(self, event: str) -> None:
        if self.function is not None and self.function.is_compute:
            super().tell(event)


class Dutiful(Rule):
    """Always be one of those that the checklist is about."""

    code = "XE403"
    message = "`{name}` has duties"
    duty = True

    def visit_function(self, function: Function) -> None:
        self.report(function.place, name=function.name)


WORDS: Sequence[type[Rule]] = (BadWord, UnsafeWord, ShownWord, PlainWord)
