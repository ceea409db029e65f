"""Changing a file's tree: what comes out is right, minimal, and loses nothing."""

from __future__ import annotations

import ast
import io
import textwrap
import tokenize
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asset_lint.finding import Fix, Safety
from asset_lint.fixing import apply
from asset_lint.model.index import Module, Place
from asset_lint.rewrite import Rewrite
from asset_lint.source import Source, comments


class Sample:
    """A module and one rewrite of it."""

    def __init__(self, text: str, *, name: str = "sample", whole: bool = False) -> None:
        self.text = text
        source = Source("sample.py", text.encode())
        tree = source.parse()
        if not whole:
            source.cut(tree)
        self.module = Module(name, "sample.py", source, tree)
        self.rewrite = Rewrite(self.module)

    def place(self, code: str, kind: type[ast.AST] = ast.AST, nth: int = 0) -> Place:
        found = [node for node in ast.walk(self.module.tree) if isinstance(node, kind) and self.code(node) == code]
        found.sort(key=lambda node: self.module.span(node).start)
        return self.module.place(found[nth])

    def function(self, name: str) -> Place:
        return next(
            self.module.place(node)
            for node in ast.walk(self.module.tree)
            if isinstance(node, ast.FunctionDef) and node.name == name
        )

    def code(self, node: ast.AST) -> str:
        try:
            span = self.module.span(node)
        except LookupError:
            return ""
        return self.text[span.start : span.end]

    @property
    def fix(self) -> Fix | None:
        return self.rewrite.fix("do it")

    @property
    def result(self) -> str:
        fix = self.fix
        assert fix is not None
        return apply(self.text, [fix])

    @property
    def edits(self) -> list[tuple[str, str]]:
        fix = self.fix
        return [(self.text[edit.span.start : edit.span.end], edit.text) for edit in fix.edits] if fix else []


def dedent(text: str) -> str:
    return textwrap.dedent(text).lstrip("\n")


class TestNodes:
    @pytest.mark.parametrize(
        ("text", "code", "kind", "expected"),
        [
            ("f(a)", "f(a)", ast.Call, cst.Call),
            ("f(a)", "f(a)", ast.Expr, cst.Expr),
            ("x = 1", "x = 1", ast.Assign, cst.Assign),
            ("x = (1, 2)", "(1, 2)", ast.Tuple, cst.Tuple),
            ("f(*a)", "*a", ast.Starred, cst.Arg),
            ("x = [*a]", "*a", ast.Starred, cst.StarredElement),
            ("a[1:2]", "1:2", ast.Slice, cst.Slice),
            ("f(a=b)", "a=b", ast.keyword, cst.Arg),
            ("def f(a: b = 1): pass", "a: b", ast.arg, cst.Param),
            ("import a as b", "a as b", ast.alias, cst.ImportAlias),
            ("@d\ndef f(): pass", "def f(): pass", ast.FunctionDef, cst.FunctionDef),
            ("try: pass\nexcept: pass", "except: pass", ast.ExceptHandler, cst.ExceptHandler),
            ("x = f'{(a)}'", "a", ast.Name, cst.Name),
        ],
    )
    def test_a_place_has_the_node_of_its_kind(
        self, text: str, code: str, kind: type[ast.AST], expected: type[cst.CSTNode]
    ) -> None:
        sample = Sample(text)
        assert type(sample.rewrite.node(sample.place(code, kind))) is expected

    def test_another_kind_can_be_asked_for(self) -> None:
        sample = Sample("x = 1")
        assert isinstance(sample.rewrite.node(sample.place("x = 1"), cst.SimpleStatementLine), cst.SimpleStatementLine)
        with pytest.raises(LookupError):
            sample.rewrite.node(sample.place("x = 1"), cst.Call)

    def test_a_node_stays_what_it_is(self) -> None:
        sample = Sample("x = 1")
        node = sample.rewrite.node(sample.place("1"))
        assert sample.rewrite.node(node) is node


class TestReplacing:
    @pytest.mark.parametrize(
        ("text", "code", "edit"),
        [
            ("return_(conn.sql(q))  # c", "conn.sql(q)", ("", ".df()")),
            ("x = (\n    conn.sql(q)\n    .filter(p)  # why\n)", "conn.sql(q)\n    .filter(p)", ("", ".df()")),
            ("x = await y", "await y", ("await y", "(await y).df()")),
            ("x = (await y)", "await y", ("(await y)", "(await y).df()")),
            ("x = a or b", "a or b", ("a or b", "(a or b).df()")),
            ("x = 1", "1", ("1", "(1).df()")),
            ("x = 'a' 'b'", "'a' 'b'", ("", ".df()")),
            ("x = [a]", "[a]", ("", ".df()")),
            ("x = lambda: a", "lambda: a", ("lambda: a", "(lambda: a).df()")),
            ("x = a if b else c", "a if b else c", ("a if b else c", "(a if b else c).df()")),
        ],
    )
    def test_a_method_call_has_the_brackets_it_needs(self, text: str, code: str, edit: tuple[str, str]) -> None:
        sample = Sample(text)
        sample.rewrite.call_method(sample.place(code, ast.expr), "df")
        before, after = edit
        assert sample.result == text.replace(before or code, after if before else code + after, 1)

    def test_a_method_call_may_have_arguments_and_follow_another(self) -> None:
        sample = Sample("x = a")
        sample.rewrite.call_method(sample.place("a"), "sql", "'select 1'")
        sample.rewrite.call_method(sample.place("a"), "df")
        assert sample.result == "x = a.sql('select 1').df()"

    def test_only_what_changes_is_edited(self) -> None:
        sample = Sample("def f(a: Old, b):\n    return g( a ,'''\n''')\n")
        sample.rewrite.replace(sample.place("Old"), "dg.New")
        assert sample.edits == [("Old", "dg.New")]

    def test_a_node_may_stand_in_its_own_replacement_and_change_inside(self) -> None:
        sample = Sample("x = f(a)\n")
        call = sample.rewrite.node(sample.place("f(a)"), cst.Call)
        sample.rewrite.replace(call, cst.Call(cst.Name("int"), [cst.Arg(call)]))
        sample.rewrite.replace(sample.place("a"), "b")
        assert sample.result == "x = int(f(b))\n"

    def test_changes_of_several_statements_are_one_fix(self) -> None:
        sample = Sample("x = a\n\n\ny = a\n")
        sample.rewrite.replace(sample.place("a", nth=1), "c")
        sample.rewrite.replace(sample.place("a"), "b")
        assert sample.result == "x = b\n\n\ny = c\n"

    def test_decorators_and_signatures_can_change(self) -> None:
        sample = Sample("class A:\n\n    @d(1)\n    # c\n    def f(self, a=2): return 3\n")
        for number in "123":
            sample.rewrite.replace(sample.place(number), number * 2)
        assert sample.edits == [("1", "11"), ("2", "22"), ("3", "33")]

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda s: s.rewrite.replace(s.place("a"), "a"), id="nothing changes"),
            pytest.param(lambda s: s.rewrite.replace(s.place("g(  # c\n    b)"), "b"), id="a comment would be lost"),
            pytest.param(lambda s: s.rewrite.replace(s.place("a"), "b b"), id="not an expression"),
            pytest.param(lambda s: s.rewrite.replace(cst.Name("a"), "b"), id="not of this file"),
            pytest.param(lambda s: s.rewrite.call_method(s.place("x = a"), "df"), id="a statement has no methods"),
            pytest.param(lambda s: s.rewrite.replace(s.place("x", ast.Name), "1"), id="the result is no Python"),
        ],
    )
    def test_what_cannot_be_done_gives_no_fix(self, change: Callable[[Sample], None]) -> None:
        sample = Sample("x = a\ny = g(  # c\n    b)\n")
        change(sample)
        assert sample.fix is None

    def test_one_step_that_cannot_be_done_spoils_the_others(self) -> None:
        sample = Sample("x = a\n")
        sample.rewrite.replace(sample.place("a"), "b")
        sample.rewrite.replace(cst.Name("a"), "b")
        assert sample.fix is None

    def test_the_fix_carries_message_and_safety(self) -> None:
        sample = Sample("x = a")
        sample.rewrite.replace(sample.place("a"), "b")
        fix = sample.rewrite.fix("Write b", Safety.UNSAFE)
        assert fix is not None and (fix.message, fix.safety) == ("Write b", Safety.UNSAFE)


class TestRemoving:
    @pytest.mark.parametrize(
        ("before", "code", "after"),
        [
            ("def f():\n    a()\n    c.close()\n    b()\n", "c.close()", "def f():\n    a()\n    b()\n"),
            (
                "def f():\n    # why\n    c.close()  # now\n    b()\n",
                "c.close()",
                "def f():\n    # why\n    # now\n    b()\n",
            ),
            (
                "def f():\n    a()\n    # why\n    c.close()  # now\n",
                "c.close()",
                "def f():\n    a()\n    # why\n    # now\n",
            ),
            ("def f():\n    a()\n\n    c.close()\n    b()\n", "c.close()", "def f():\n    a()\n\n    b()\n"),
            ("def f():\n    a()\n\n    c.close()\n\n    b()\n", "c.close()", "def f():\n    a()\n\n    b()\n"),
            ("def f():\n    c.close()\n", "c.close()", "def f():\n    pass\n"),
            ("def f():\n    # why\n    c.close()", "c.close()", "def f():\n    pass\n    # why"),
            ("a(); c.close(); b()\n", "c.close()", "a(); b()\n"),
            ("a(); c.close()  # now\n", "c.close()", "a()  # now\n"),
            ("if x: c.close()\n", "c.close()", "if x: pass\n"),
            ("if x: a(); c.close()\n", "c.close()", "if x: a()\n"),
            ("if x:\n    a()\nelse:\n    c.close()\n", "c.close()", "if x:\n    a()\nelse:\n    pass\n"),
            ("a()\nc.close()", "c.close()", "a()"),
            ("a()\nif x:\n    # c\n    pass\nb()\n", "if x:\n    # c\n    pass", "a()\n# c\nb()\n"),
        ],
    )
    @pytest.mark.parametrize("whole", [False, True])
    def test_comments_stay_and_empty_bodies_pass(self, before: str, code: str, after: str, whole: bool) -> None:
        sample = Sample(before, whole=whole)
        sample.rewrite.remove(sample.place(code, ast.stmt))
        if not whole and after == "a()":  # the newline belongs to the statement before, in another slice
            after = "a()\n"
        assert sample.result == after

    def test_several_can_go(self) -> None:
        sample = Sample("def f():\n    a()\n    b()\n    c()\n    d()\n")
        for code in ("a()", "b()", "d()"):
            sample.rewrite.remove(sample.place(code, ast.Expr))
        assert sample.result == "def f():\n    c()\n"

    def test_a_statement_can_go_only_once(self) -> None:
        sample = Sample("def f():\n    a()\n    b()\n")
        sample.rewrite.remove(sample.place("a()", ast.Expr))
        sample.rewrite.remove(sample.place("a()", ast.Expr))
        assert sample.fix is None


class TestHoldingInWith:
    def test_the_rest_of_the_block_moves_in(self) -> None:
        sample = Sample(
            dedent(
                '''
                def f():
                    a()

                    # open it
                    conn = duckdb.connect(
                        path,
                    )  # here

                    # query it
                    x = conn.sql("""
                  select
                  """).df()
                    conn.close()

                    return x
                    # end
                '''
            )
        )
        opening = sample.place("conn = duckdb.connect(\n        path,\n    )")
        sample.rewrite.hold_in_with(opening, drop=[sample.place("conn.close()", ast.Expr)])
        assert sample.result == dedent(
            '''
            def f():
                a()

                # open it
                with duckdb.connect(
                    path,
                ) as conn:  # here
                    # query it
                    x = conn.sql("""
              select
              """).df()

                    return x
                # end
            '''
        )

    def test_it_may_end_before_the_end_of_the_block(self) -> None:
        sample = Sample("def f():\n    c = open()\n    a(c)\n    c.close()\n    b()\n")
        close = sample.place("c.close()", ast.Expr)
        sample.rewrite.hold_in_with(sample.place("c = open()"), close, drop=[close])
        assert sample.fix is None  # the end is gone itself
        sample = Sample(sample.text)
        sample.rewrite.hold_in_with(sample.place("c = open()"), sample.place("a(c)", ast.Expr))
        sample.rewrite.remove(sample.place("c.close()", ast.Expr))
        assert sample.result == "def f():\n    with open() as c:\n        a(c)\n    b()\n"

    def test_try_and_finally_can_go(self) -> None:
        sample = Sample(
            dedent(
                """
                def f():
                    c = open()
                    try:  # careful
                        # work
                        a(c)
                        # done
                    finally:
                        # always
                        c.close()  # now
                    return 1
                """
            )
        )
        statement = next(n for n in ast.walk(sample.module.tree) if isinstance(n, ast.Try))
        sample.rewrite.hold_in_with(sample.place("c = open()"), sample.module.place(statement))
        sample.rewrite.unwrap_try(sample.module.place(statement))
        assert sample.result == dedent(
            """
            def f():
                with open() as c:
                    # careful
                    # work
                    a(c)
                    # done
                    # always
                    # now
                return 1
            """
        )

    def test_a_try_that_catches_keeps_what_it_catches(self) -> None:
        sample = Sample("try:\n    a()\nexcept E:\n    b()\nfinally:\n    c()  # now\nd()\n", whole=True)
        sample.rewrite.unwrap_try(sample.module.place(sample.module.tree.body[0]))
        assert sample.result == "try:\n    a()\nexcept E:\n    b()\n# now\nd()\n"

    def test_one_may_stand_in_another(self) -> None:
        sample = Sample("def f():\n    a = open()\n    b = open(a)\n    c(a, b)\n")
        sample.rewrite.hold_in_with(sample.place("a = open()"))
        sample.rewrite.hold_in_with(sample.place("b = open(a)"))
        assert sample.result == ("def f():\n    with open() as a:\n        with open(a) as b:\n            c(a, b)\n")

    def test_what_moves_in_may_change_too(self) -> None:
        sample = Sample("def f():\n    c = open(p)\n    return c.sql(q)\n")
        sample.rewrite.call_method(sample.place("c.sql(q)"), "df")
        sample.rewrite.hold_in_with(sample.place("c = open(p)"))
        sample.rewrite.replace(sample.place("p"), "r")
        assert sample.result == "def f():\n    with open(r) as c:\n        return c.sql(q).df()\n"

    @pytest.mark.parametrize(("newline", "indent"), [("\r\n", "\t"), ("\n", "  "), ("\r", "    ")])
    def test_the_files_newlines_and_indentation_are_kept(self, newline: str, indent: str) -> None:
        text = newline.join(["\x0cdef f():", "\tc = open()", "\tif c:", "\t\ta(c)", "", "\tb(c)"]).replace("\t", indent)
        sample = Sample(text)
        sample.rewrite.hold_in_with(sample.place("c = open()"))
        assert sample.result == newline.join(
            ["\x0cdef f():", "\twith open() as c:", "\t\tif c:", "\t\t\ta(c)", "", "\t\tb(c)"]
        ).replace("\t", indent)
        assert all(not (old + new).strip() for old, new in sample.edits[2:])

    def test_nothing_left_to_hold_passes(self) -> None:
        sample = Sample("def f():\n    c = open()\n    c.close()\n")
        sample.rewrite.hold_in_with(sample.place("c = open()"), drop=[sample.place("c.close()", ast.Expr)])
        assert sample.result == "def f():\n    with open() as c:\n        pass\n"

    @pytest.mark.parametrize(
        "text",
        [
            "def f(): c = open(); a(c)\n",
            "x = 1; c = open()\na(c)\n",
            "c: C = open()\na(c)\n",
            "c = d = open()\na(c)\n",
            "c, d = open()\na(c)\n",
            "self.c = open()\na(c)\n",
            "def f():\n    c = yield\n    a(c)\n",
            "if x: c = open()\na(c)\n",
        ],
    )
    def test_anything_but_a_plain_assignment_on_its_own_line_is_left_alone(self, text: str) -> None:
        sample = Sample(text)
        opening = next(
            n
            for n in ast.walk(sample.module.tree)
            if isinstance(n, (ast.Assign, ast.AnnAssign)) and "x" not in sample.code(n)
        )
        sample.rewrite.hold_in_with(sample.module.place(opening))
        assert sample.fix is None

    def test_the_end_must_be_in_the_same_block(self) -> None:
        sample = Sample("def f():\n    c = open()\n    if x:\n        a(c)\n    b()\n")
        sample.rewrite.hold_in_with(sample.place("c = open()"), sample.place("a(c)", ast.Expr))
        assert sample.fix is None


class TestOpeningInWith:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("x = OPEN.sql(q).fetchone()[0]  # c\n", "with OPEN as c:\n    x = c.sql(q).fetchone()[0]  # c\n"),
            ("# c\nreturn_(OPEN.df())\n", "# c\nwith OPEN as c:\n    return_(c.df())\n"),
            ("for r in OPEN.rows():\n    a(r)\n", "with OPEN as c:\n    for r in c.rows():\n        a(r)\n"),
            ("if OPEN.ok():\n    a()\n", "with OPEN as c:\n    if c.ok():\n        a()\n"),
            ("x = [r for r in OPEN.rows()]\n", "with OPEN as c:\n    x = [r for r in c.rows()]\n"),
            ("x = (\n    OPEN\n    .df()\n)\n", "with OPEN as c:\n    x = (\n        c\n        .df()\n    )\n"),
        ],
    )
    def test_its_statement_moves_in(self, before: str, after: str) -> None:
        sample = Sample(before.replace("OPEN", "connect(p)"))
        sample.rewrite.open_in_with(sample.place("connect(p)", ast.Call), "c")
        assert sample.result == after.replace("OPEN", "connect(p)")

    def test_statements_that_follow_may_move_in_too(self) -> None:
        sample = Sample("def f():\n    x = connect().sql()\n    a(x)\n    b()\n")
        sample.rewrite.open_in_with(sample.place("connect()"), "c", sample.place("a(x)", ast.Expr))
        assert sample.result == "def f():\n    with connect() as c:\n        x = c.sql()\n        a(x)\n    b()\n"

    def test_what_runs_over_lines_gets_brackets(self) -> None:
        sample = Sample("x = (\n    duckdb\n    .connect()\n    .df()\n)\n")
        sample.rewrite.open_in_with(sample.place("duckdb\n    .connect()"), "c")
        assert sample.result == "with (duckdb\n    .connect()) as c:\n    x = (\n        c\n        .df()\n    )\n"

    @pytest.mark.parametrize(
        "text",
        [
            "while OPEN.ok():\n    a()\n",
            "if x:\n    a()\nelif OPEN.ok():\n    b()\n",
            "x = y and OPEN.ok()\n",
            "x = OPEN.df() if y else z\n",
            "x = lambda: OPEN.df()\n",
            "x = [OPEN.df() for y in z]\n",
            "x = (r for r in OPEN.rows())\n",
            "def f(x=OPEN.df()):\n    pass\n",
            "a(); x = OPEN.df()\n",
            "def f(): return OPEN.df()\n",
        ],
    )
    def test_what_may_run_never_or_often_is_left_alone(self, text: str) -> None:
        sample = Sample(text.replace("OPEN", "connect(p)"))
        sample.rewrite.open_in_with(sample.place("connect(p)"), "c")
        assert sample.fix is None


class TestMovingOut:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (
                "def f():\n    with a as b:\n        x = b.c\n        # why\n        yield x  # so\n    end()\n",
                "def f():\n    with a as b:\n        x = b.c\n    # why\n    yield x  # so\n    end()\n",
            ),
            (
                "def f():\n    with a:\n        with b:\n            x = 1\n            yield x\n",
                "def f():\n    with a:\n        with b:\n            x = 1\n        yield x\n",
            ),
        ],
    )
    def test_the_last_statement_stands_behind_the_block(self, before: str, after: str) -> None:
        sample = Sample(before)
        sample.rewrite.move_out(sample.place("yield x", ast.Expr))
        assert sample.result == after

    @pytest.mark.parametrize(
        "text",
        [
            "def f():\n    with a:\n        yield x\n",
            "def f():\n    with a:\n        yield x\n        more()\n",
            "def f():\n    for a in b:\n        more()\n        yield x\n",
            "def f():\n    with a: more(); yield x\n",
        ],
    )
    def test_what_is_not_the_last_of_several_stays(self, text: str) -> None:
        sample = Sample(text)
        sample.rewrite.move_out(sample.place("yield x", ast.Expr))
        assert sample.fix is None


class TestAddingParameters:
    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("()", "(db: A.B)"),
            ("(a)", "(a, db: A.B)"),
            ("(a, b=1)", "(a, db: A.B, b=1)"),
            ("(a=1, *b)", "(db: A.B, a=1, *b)"),
            ("(a, *, b)", "(a, db: A.B, *, b)"),
            ("(*a)", "(db: A.B, *a)"),
            ("(**a)", "(db: A.B, **a)"),
            ("(a, /)", "(a, /, db: A.B)"),
            ("(\n    a: int,\n    b,\n)", "(\n    a: int,\n    b,\n    db: A.B,\n)"),
            ("(\n    a: int,  # c\n)", "(\n    a: int,  # c\n    db: A.B,\n)"),
            ("(\n    a: int\n)", "(\n    a: int,\n    db: A.B\n)"),
            ("(\n    a: int,  # c\n    b=1,\n)", "(\n    a: int,  # c\n    db: A.B,\n    b=1,\n)"),
            ("(\n    a=1,\n)", "(\n    db: A.B,\n    a=1,\n)"),
        ],
    )
    def test_it_stands_behind_those_without_default_in_their_style(self, before: str, after: str) -> None:
        sample = Sample(f"def f{before} -> None:\n    pass\n")
        sample.rewrite.add_parameter(sample.function("f"), "db", "A.B")
        assert sample.result == f"def f{after} -> None:\n    pass\n"

    @pytest.mark.parametrize("parameters", ["db", "a, *db", "a=1, /", "*, db=1"])
    def test_what_is_there_or_would_be_wrong_is_left_alone(self, parameters: str) -> None:
        sample = Sample(f"def f({parameters}): pass\n")
        sample.rewrite.add_parameter(sample.function("f"), "db")
        assert sample.fix is None

    def test_several_can_be_added(self) -> None:
        sample = Sample("def f(a): pass\n")
        sample.rewrite.add_parameter(sample.function("f"), "b")
        sample.rewrite.add_parameter(sample.function("f"), "c")
        assert sample.result == "def f(a, b, c): pass\n"


AS_MODULE = ("duckdb_module", "import duckdb as duckdb_module")
FUNCTION = "\n\ndef f(x):\n    return x\n"


class TestImporting:
    def imported(self, header: str, *names: tuple[str, str | None], function: str = FUNCTION) -> tuple[list[str], str]:
        sample = Sample(header + function, name="project.sample")
        local = [sample.rewrite.import_name(module, name, near=sample.function("f")) for module, name in names]
        fix = sample.fix
        text = apply(sample.text, [fix]) if fix else sample.text
        assert text.endswith(function)
        return local, text.removesuffix(function)

    @pytest.mark.parametrize(
        ("header", "module", "name", "local"),
        [
            ("import duckdb\n", "duckdb", None, "duckdb"),
            ("import duckdb\n", "duckdb", "Error", "duckdb.Error"),
            ("import duckdb as db\n", "duckdb", "Error", "db.Error"),
            ("import dagster as dg\nfrom dagster import Output\n", "dagster", "Output", "Output"),
            ("import dagster as dg\nfrom dagster import asset\n", "dagster", "Output", "dg.Output"),
            ("from duckdb import Error as E\n", "duckdb", "Error", "E"),
            ("import a.b\n", "a.b", "c", "a.b.c"),
            ("from a import b\n", "a.b", None, "b"),
            ("from . import helpers\n", "project", "helpers", "helpers"),
            ("from .helpers import get\n", "project.helpers", "get", "get"),
        ],
    )
    def test_what_is_imported_is_used(self, header: str, module: str, name: str | None, local: str) -> None:
        assert self.imported(header, (module, name)) == ([local], header)

    @pytest.mark.parametrize(
        ("header", "name", "after"),
        [
            ("from m import a\n", "b", "from m import a, b\n"),
            ("from m import a, c  # noqa\n", "b", "from m import a, b, c  # noqa\n"),
            ("from m import B, a\n", "A", "from m import A, B, a\n"),
            ("from m import B, a\n", "C", "from m import B, C, a\n"),
            ("from m import a, B\n", "C", "from m import a, B, C\n"),
            ("from m import c, a\n", "b", "from m import c, a, b\n"),
            ("from m import (a, c)\n", "b", "from m import (a, b, c)\n"),
            ("from m import (\n    a,\n    c,\n)\n", "b", "from m import (\n    a,\n    b,\n    c,\n)\n"),
            ("from m import (\n    a,\n    c,  # c\n)\n", "d", "from m import (\n    a,\n    c,  # c\n    d,\n)\n"),
            ("from m import (\n    a,\n    c  # c\n)\n", "d", "from m import (\n    a,\n    c,  # c\n    d\n)\n"),
            ("from m import (\n    a, c,\n)\n", "d", "from m import (\n    a, c, d,\n)\n"),
            ("from m import (\n    a,\n    c)\n", "d", "from m import (\n    a,\n    c,\n    d)\n"),
            ("from m import a, \\\n    c\n", "b", "from m import a, \\\n    b, c\n"),
            ("from m import a as b\n", "c", "from m import a as b\nfrom m import c\n"),
            ("from m import *\n", "c", "from m import *\nfrom m import c\n"),
            ("from m import a as x, b\n", "c", "from m import a as x, b, c\n"),
        ],
    )
    def test_names_of_one_module_stand_together_in_their_order(self, header: str, name: str, after: str) -> None:
        assert self.imported(header, ("m", name)) == ([name], after)

    @pytest.mark.parametrize(
        ("header", "after"),
        [
            (
                "import os\n\nimport dagster\nimport pandas\n",
                "import os\n\nimport dagster\nimport duckdb\nimport pandas\n",
            ),
            ("import os\n", "import os\n\nimport duckdb\n"),
            ("from . import a\n", "import duckdb\n\nfrom . import a\n"),
            ("import os\n\nfrom . import a\n", "import os\n\nimport duckdb\n\nfrom . import a\n"),
            ("import os\n\nfrom dagster import asset\n", "import os\n\nimport duckdb\nfrom dagster import asset\n"),
            ("import os\n\nfrom project import x\n", "import os\n\nimport duckdb\n\nfrom project import x\n"),
            ('"""doc"""\n', '"""doc"""\n\nimport duckdb\n'),
            ("from __future__ import annotations\n", "from __future__ import annotations\n\nimport duckdb\n"),
            ("#!/usr/bin/env python\n# coding: utf-8\n", "#!/usr/bin/env python\n# coding: utf-8\n\nimport duckdb\n"),
            ("# licence\n\nimport pandas\n", "# licence\n\nimport duckdb\nimport pandas\n"),
            (
                "import os\n\n# third party\nimport pandas\n",
                "import os\n\n# third party\nimport duckdb\nimport pandas\n",
            ),
            ("import zlib, sys; x = 1\n", "import zlib, sys\n\nimport duckdb\n\nx = 1\n"),
            ("import pandas\nx = 1\nimport zope\n", "import duckdb\nimport pandas\nx = 1\nimport zope\n"),
            ("import os\r\n", "import os\r\n\r\nimport duckdb\r\n"),
            (
                "import pandas\n\nif TYPE_CHECKING:\n    import numpy\n",
                "import duckdb\nimport pandas\n\nif TYPE_CHECKING:\n    import numpy\n",
            ),
        ],
    )
    def test_a_new_line_stands_where_isort_puts_it(self, header: str, after: str) -> None:
        function = FUNCTION.replace("\n", "\r\n") if "\r" in header else FUNCTION
        assert self.imported(header, ("duckdb", None), function=function) == (["duckdb"], after)

    def test_a_module_of_nothing_but_a_function_gets_its_first_import_above(self) -> None:
        sample = Sample("# about\ndef f(): pass\n")
        sample.rewrite.import_name("duckdb", None, near=sample.function("f"))
        assert sample.result == "# about\n\nimport duckdb\n\n\ndef f(): pass\n"

    def test_several_new_imports_find_their_places(self) -> None:
        names = [
            ("duckdb", "Error"),
            ("duckdb", None),
            ("contextlib", "closing"),
            ("dagster", "Output"),
            ("dagster", "AssetSpec"),
        ]
        local, header = self.imported("import os\n", *names)
        assert local == ["Error", "duckdb", "closing", "Output", "AssetSpec"]
        assert header == (
            "import os\nfrom contextlib import closing\n\n"
            "import duckdb\nfrom dagster import AssetSpec, Output\nfrom duckdb import Error\n"
        )

    @pytest.mark.parametrize(
        ("header", "function", "local", "statement"),
        [
            ("", "def f(duckdb):\n    pass\n", *AS_MODULE),
            ("import duckdb\n", "def f(duckdb):\n    pass\n", *AS_MODULE),
            ("import duckdb as db\n", "def f(duckdb):\n    pass\n", "db", None),
            ("", "def f():\n    for duckdb in x: pass\n", *AS_MODULE),
            ("", "def f():\n    with x as duckdb: pass\n", *AS_MODULE),
            ("", "def f(duckdb, duckdb_module):\n    pass\n", "duckdb_module_2", "import duckdb as duckdb_module_2"),
            ("duckdb = 1\n", "def f():\n    pass\n", *AS_MODULE),
            ("from x import *\n", "def f():\n    duckdb.y()\n", *AS_MODULE),
            ("try:\n    import duckdb\nexcept E:\n    duckdb = 0\n", "def f():\n    pass\n", *AS_MODULE),
            ("if TYPE_CHECKING:\n    import duckdb\n", "def f():\n    pass\n", "duckdb", "import duckdb"),
            ("", "def g(duckdb):\n    pass\n\ndef f():\n    pass\n", "duckdb", "import duckdb"),
            ("", "def g():\n    global duckdb\n    duckdb = 1\n\ndef f():\n    pass\n", *AS_MODULE),
            ("", "def f():\n    import duckdb\n", *AS_MODULE),
            ("import duckdb\n", "class A:\n    duckdb = 1\n    def f(self):\n        pass\n", "duckdb", None),
            ("import duckdb\n", "def g(duckdb):\n    def f():\n        pass\n", *AS_MODULE),
            ("import duckdb\n", "def f():\n    def g(duckdb): pass\n", "duckdb", None),
        ],
    )  # fmt: skip
    def test_a_name_that_means_something_else_is_avoided(
        self, header: str, function: str, local: str, statement: str | None
    ) -> None:
        names, text = self.imported(header, ("duckdb", None), function=function)
        assert names == [local]
        assert (text == header) if statement is None else (statement in text.splitlines())

    def test_what_everybody_abbreviates_is_abbreviated(self) -> None:
        assert self.imported("", ("pandas", "DataFrame")) == (["pd.DataFrame"], "import pandas as pd\n")

    def test_a_class_gets_its_modules_name_in_front(self) -> None:
        local, header = self.imported("", ("duckdb", "Error"), function="def f(Error):\n    pass\n")
        assert local == ["DuckDBError"]
        assert header == "from duckdb import Error as DuckDBError\n\n\n"

    def test_a_function_gets_its_modules_name_in_front(self) -> None:
        local, _ = self.imported("", ("contextlib", "closing"), function="def f(closing):\n    pass\n")
        assert local == ["contextlib_closing"]

    def test_an_import_in_the_function_itself_is_used_behind_it(self) -> None:
        sample = Sample("def f():\n    import duckdb\n    x = 1\n")
        assert sample.rewrite.import_name("duckdb", "Error", near=sample.place("x = 1")) == "duckdb.Error"
        assert sample.rewrite.import_name("duckdb", None, near=sample.function("f")) == "duckdb_module"

    def test_an_import_that_comes_later_is_no_use(self) -> None:
        sample = Sample("import os\n\nx = 1\n\nimport duckdb\n")
        assert sample.rewrite.import_name("duckdb", None, near=sample.place("x = 1")) == "duckdb"
        assert sample.result == "import os\n\nimport duckdb\n\nx = 1\n\nimport duckdb\n"

    def test_a_parameter_that_the_fix_adds_hides_too(self) -> None:
        sample = Sample("import duckdb\n\n\ndef f():\n    x = 1\n")
        sample.rewrite.add_parameter(sample.function("f"), "duckdb", "DuckDBResource")
        local = sample.rewrite.import_name("duckdb", "Error", near=sample.place("x = 1"))
        assert local == "Error"

    def test_asking_twice_imports_once(self) -> None:
        local, header = self.imported("", ("duckdb", None), ("duckdb", None))
        assert (local, header) == (["duckdb", "duckdb"], "import duckdb\n")

    def test_near_may_be_a_node(self) -> None:
        sample = Sample("def f(duckdb):\n    return x\n")
        node = sample.rewrite.node(sample.place("x"))
        assert sample.rewrite.import_name("duckdb", None, near=node) == "duckdb_module"

    @pytest.mark.parametrize(("taken", "free"), [("x", "conn"), ("conn", "conn_2"), ("conn, conn_2", "conn_3")])
    def test_a_free_local_name(self, taken: str, free: str) -> None:
        sample = Sample(f"def f({taken}):\n    pass\n")
        assert sample.rewrite.free_name("conn", near=sample.function("f")) == free


class TestDroppingImports:
    def dropped(self, text: str, module: str, name: str | None, old: str, new: str) -> str:
        sample = Sample(text)
        sample.rewrite.replace(sample.place(old, ast.Name), new)
        sample.rewrite.drop_import(module, name)
        return sample.result

    @pytest.mark.parametrize(
        ("header", "after"),
        [
            ("from m import old\n", ""),
            ("from m import a, old, b\n", "from m import a, b\n"),
            ("from m import a, old\n", "from m import a\n"),
            ("from m import old, a\n", "from m import a\n"),
            ("from m import (\n    a,\n    old,\n)\n", "from m import (\n    a,\n)\n"),
            ("from m import (\n    old,\n    a,\n)\n", "from m import (\n    a,\n)\n"),
            ("from m import old as old\n", ""),
            ("import os\n\nfrom m import old\n\nimport x\n", "import os\n\nimport x\n"),
            ("# c\nfrom m import old\n", "# c\n"),
            ("from m import (\n    old,  # c\n    a,\n)\n", None),
            ("from m import (\n    a,\n    old,  # c\n)\n", None),
            ("from m import old  # noqa: F401\n", None),
            ("from m import old; x = 1\n", None),
            ("from n import old\n", None),
            ("from m import old\nx = 'list[old]'\n", None),
            ("from m import old\n__all__ = ['old']\n", None),
            ("from m import old\nx = 'an old text'\n", "x = 'an old text'\n"),
        ],
    )
    def test_what_is_used_no_more_goes_unless_a_comment_hangs_on_it(self, header: str, after: str | None) -> None:
        text = self.dropped(header + "\n\ny: old = 1\n", "m", "old", "old", "new")
        assert text == (header if after is None else after) + "\n\ny: new = 1\n"

    def test_another_use_keeps_it(self) -> None:
        text = "from m import old\n\ny: old = 1\nz: old = 2\n"
        assert self.dropped(text, "m", "old", "old", "new") == text.replace("y: old", "y: new")

    def test_one_name_may_take_the_place_of_another(self) -> None:
        sample = Sample("from dagster import OpExecutionContext  # c\n\n\ndef f(c: OpExecutionContext): pass\n")
        name = sample.rewrite.import_name("dagster", "AssetExecutionContext", near=sample.function("f"))
        sample.rewrite.replace(sample.place("OpExecutionContext", ast.Name), name)
        sample.rewrite.drop_import("dagster", "OpExecutionContext")
        assert sample.result == (
            "from dagster import AssetExecutionContext  # c\n\n\ndef f(c: AssetExecutionContext): pass\n"
        )

    def test_a_module_goes_too(self) -> None:
        assert self.dropped("import os, duckdb\nx = duckdb\n", "duckdb", None, "duckdb", "1") == "import os\nx = 1\n"


STATEMENTS = st.recursive(
    st.sampled_from(
        [
            "x = conn.sql(q)",
            "f(a,  # c\n  b)",
            'x = """\n  select # no comment\n"""',
            "# comment\ny = 1  # trailing",
            "\nreturn conn",
            "conn.close()",
            "a(); b()  # two",
            "x = 'é' \\\n  'ß'",
            "import os",
            "def g(): return 1",
            "@d\n# c\nclass A: pass",
        ]
    ),
    lambda inner: st.tuples(
        st.sampled_from(
            [
                "if x:", "for a in b:  # loop", "with a as b:", "try:\n\tpass\nexcept E as e:", "def g(a):",
                "while x:\n\tbreak\nelse:", "try:\n\ta()\nfinally:",
            ]
        ),
        st.lists(inner, min_size=1, max_size=3),
        st.sampled_from(["", "\n\t# foot"]),
    ).map(lambda block: block[0] + "\n" + "\n".join(indented(line) for line in block[1]) + block[2]),
    max_leaves=12,
)  # fmt: skip


def indented(statement: str) -> str:
    return textwrap.indent(statement, "\t") if '"""' not in statement else indented_but_strings(statement)


def indented_but_strings(statement: str) -> str:
    inside, lines = False, []
    for line in statement.split("\n"):
        lines.append(line if inside or not line else "\t" + line)
        inside ^= line.count('"""') % 2 == 1
    return "\n".join(lines)


def strings(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    return Counter(token.string for token in tokens if token.type == tokenize.STRING)


@settings(deadline=None)
@given(
    st.lists(STATEMENTS, min_size=1, max_size=6),
    st.sampled_from(["\t", "    ", "  "]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.data(),
)
def test_whatever_moves_the_rest_stays_as_it_was(
    body: list[str], indent: str, newline: str, whole: bool, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(body)))
    parts = [*body[:at], "# open\nconn = duckdb.connect()  # now", *body[at:]]
    text = "import os\n\ndef f():\n" + "\n".join(indented(part) for part in parts) + "\n\nlast = 1\n"
    text = text.replace("\t", indent).replace("\n", newline)
    sample = Sample(text, whole=whole)
    function = sample.module.tree.body[1]
    assert isinstance(function, ast.FunctionDef)
    opening = next(
        s for s in function.body if isinstance(s, ast.Assign) and ast.unparse(s) == "conn = duckdb.connect()"
    )
    sample.rewrite.hold_in_with(sample.module.place(opening))
    result = sample.result
    assert Counter(comments(result)) == Counter(comments(text))
    assert strings(result) == strings(text)
    moved = sample.edits[2:] if function.body[-1] is not opening else []
    assert not any((old + new).strip() for old, new in moved)
    changed = Sample(result).module.tree.body[1]
    assert isinstance(changed, ast.FunctionDef)
    place = function.body.index(opening)
    held = changed.body[place]
    assert isinstance(held, ast.With)
    rest = held.body if function.body[place + 1 :] else []
    assert [ast.dump(s) for s in rest] == [ast.dump(s) for s in function.body[place + 1 :]]
    assert [ast.dump(s) for s in changed.body[:place]] == [ast.dump(s) for s in function.body[:place]]


@settings(deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=6), st.booleans(), st.data())
def test_whatever_is_removed_every_comment_stays(body: list[str], whole: bool, data: st.DataObject) -> None:
    text = "def f():\n" + "\n".join(indented(part) for part in body) + "\n"
    sample = Sample(text, whole=whole)
    statements = [node for node in ast.walk(sample.module.tree) if isinstance(node, ast.stmt)][1:]
    gone = data.draw(st.sampled_from(statements))
    sample.rewrite.remove(sample.module.place(gone))
    fix = sample.fix
    if fix is None:  # a lone `pass`
        assert isinstance(gone, ast.Pass)
        return
    result = sample.result
    assert Counter(comments(result)) == Counter(comments(text))
    assert Source.of_text(result).parse()
    assert all(one.span.end < other.span.start for one, other in pairwise(fix.edits))


# -- catching ----------------------------------------------------------------------------------------------------------


CLAUSE = "except KeyError as error:\n    log(error)\n    raise"


def test_statements_are_held_in_a_try_with_their_comments_and_strings_as_they_were() -> None:
    sample = Sample(
        dedent('''
            def rows():
                first()
                # the query
                x = ask("""
              SELECT 1
            """)  # slow
                y = x
                last()
        ''')
    )
    sample.rewrite.hold_in_try(sample.place("y = x"), sample.place("y = x"), CLAUSE)
    assert (
        "    try:\n        y = x\n    except KeyError as error:\n        log(error)\n        raise\n" in sample.result
    )
    sample = Sample(sample.text)
    first = next(n for n in ast.walk(sample.module.tree) if isinstance(n, ast.Assign))
    sample.rewrite.hold_in_try(sample.module.place(first), sample.place("y = x"), CLAUSE)
    assert sample.result == dedent('''
        def rows():
            first()
            # the query
            try:
                x = ask("""
          SELECT 1
        """)  # slow
                y = x
            except KeyError as error:
                log(error)
                raise
            last()
    ''')


def test_a_try_takes_one_more_clause_behind_its_others() -> None:
    text = "def rows():\n\ttry:\n\t\tx = 1\n\texcept OSError:\n\t\tpass\n\tfinally:\n\t\ty = 2\n"
    sample = Sample(text)
    attempt = next(n for n in ast.walk(sample.module.tree) if isinstance(n, ast.Try))
    sample.rewrite.add_clause(sample.module.place(attempt), CLAUSE)
    assert sample.result == text.replace(
        "\tfinally", "\texcept KeyError as error:\n\t\tlog(error)\n\t\traise\n\tfinally"
    )


def test_a_clause_is_set_off_as_the_next_one_is() -> None:
    text = "try:\n    x = 1\n\nfinally:\n    y = 2\n"
    sample = Sample(text)
    attempt = next(n for n in ast.walk(sample.module.tree) if isinstance(n, ast.Try))
    sample.rewrite.add_clause(sample.module.place(attempt), CLAUSE)
    assert sample.result == text.replace(
        "\nfinally", "\nexcept KeyError as error:\n    log(error)\n    raise\n\nfinally"
    )


@pytest.mark.parametrize(
    ("code", "written"),
    [("x = 'a'", "f'{y} b'"), ('x = "a"', 'f"{y} b"'), ("x = 'a', 'b', \"c\"", "f'{y} b'"), ("'''a'''", 'f"{y} b"')],
)
def test_a_string_is_written_in_the_quotes_that_the_module_likes(code: str, written: str) -> None:
    assert Sample(code).rewrite.formatted("{y} b") == written


@pytest.mark.parametrize(
    ("text", "place", "behind", "expected"),
    [
        ("if a: b\n", "b", True, "if a:\n    b\n    new()\n"),
        ("if a: b\n", "b", False, "if a:\n    new()\n    b\n"),
        ("if a: b; c  # why\n", "b", True, "if a:\n    b\n    new()\n    c  # why\n"),
        ("try: a\nexcept E: b\nelse: c\n", "b", True, "try: a\nexcept E:\n    b\n    new()\nelse: c\n"),
        ("with a() as b: c(b.d)\n", "b.d", False, "with a() as b:\n    new()\n    c(b.d)\n"),
        ("def f(): return a\n", "return a", False, "def f():\n    new()\n    return a\n"),
        ("a; b\n", "b", True, "a; b\nnew()\n"),
        ("a; b\n", "a", False, "new()\na; b\n"),
        ("a; b\n", "a", True, None),
        ("a; b\n", "b", False, None),
        ("if a: b\n", "a", True, None),
        ("if a: b\n", "a", False, "new()\nif a: b\n"),
    ],
)
def test_what_is_put_beside_a_statement_is_run_right_before_or_after_it(
    text: str, place: str, behind: bool, expected: str | None
) -> None:
    sample = Sample(text)
    step = sample.rewrite.insert_after if behind else sample.rewrite.insert_before
    step(sample.place(place), "new()")
    assert (sample.result if sample.fix else None) == expected


@pytest.mark.parametrize(
    ("text", "place", "result"),
    [
        ("return f(a(), b())\n", "b()", None),
        ("return len(c), b()\n", "b()", "x = b()\nreturn len(c), x\n"),
        ("d[a()] = b()\n", "b()", "x = b()\nd[a()] = x\n"),
        ("return (yield), b()\n", "b()", None),
    ],
)
def test_what_is_taken_out_passes_nothing_that_may_have_an_effect(text: str, place: str, result: str | None) -> None:
    sample = Sample("def f():\n" + textwrap.indent(text, "    "))
    sample.rewrite.take_out(sample.place(place), "x")
    expected = None if result is None else "def f():\n" + textwrap.indent(result, "    ")
    assert (sample.result if sample.fix else None) == expected


def test_several_are_taken_out_in_their_order() -> None:
    sample = Sample("def f():\n    return a(), b()\n")
    sample.rewrite.take_out(sample.place("a()"), "x")
    sample.rewrite.take_out(sample.place("b()"), "y")
    assert sample.result == "def f():\n    x = a()\n    y = b()\n    return x, y\n"


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("f(a, b={})", "f(a, b=1)"),
        ("f(b={}, c=2)", "f(b=1, c=2)"),
        ("f(b={1: 2})", None),
        ("f(a, c=2)", "f(a, c=2, b=1)"),
    ],
)
def test_an_argument_is_not_given_twice(call: str, result: str | None) -> None:
    sample = Sample(call)
    sample.rewrite.add_argument(sample.place(call), "b=1")
    assert (sample.result if sample.fix else None) == result


def test_a_function_on_one_line_is_not_put_into_a_try() -> None:
    sample = Sample("def f(): return a()\n")
    sample.rewrite.hold_in_try(sample.place("return a()"), sample.place("return a()"), CLAUSE)
    assert sample.fix is None


def test_a_package_of_the_project_may_be_called_as_dagsters_own_are() -> None:
    header = (
        "import dagster as dg\nimport pandas as pd\nfrom smart_open import open\n\nfrom dagster_shop import days\n\n\n"
    )
    sample = Sample(f"{header}def f():\n    a()\n", name="dagster_shop.assets")
    call = sample.place("a()", ast.Call)
    sample.rewrite.replace(call, sample.rewrite.import_name("duckdb", None, near=call))
    assert "import dagster as dg\nimport duckdb\nimport pandas as pd\n" in sample.result
