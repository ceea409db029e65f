"""Reading a file: bytes, text, places, slices, and how deep syntax may nest."""

from __future__ import annotations

import ast
import codecs
import io
import textwrap
import tokenize
from itertools import pairwise
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asset_lint.errors import FixError, InvalidSyntax, SourceError
from asset_lint.finding import Span
from asset_lint.source import Source, applied, comments, differences
from asset_lint.source.lexing import MAX_DEPTH

BOM = b"\xef\xbb\xbf"


def source(text: str) -> Source:
    return Source("m.py", text.encode())


def cut(text: str) -> Source:
    made = source(text)
    made.cut(made.parse())
    return made


def slices(made: Source) -> list[str]:
    found: dict[int, str] = {}
    for offset in range(len(made.text) + 1):
        part = made.slice_at(offset)
        found[part.start] = part.text
    return [found[start] for start in sorted(found)]


def at(made: Source, span: Span) -> str:
    return made.text[span.start : span.end]


class TestDecoding:
    @pytest.mark.parametrize(
        ("data", "encoding", "text"),
        [
            (b"x = 1\n", "utf-8", "x = 1\n"),
            ("x = 'ü'\n".encode(), "utf-8", "x = 'ü'\n"),
            (BOM + b"x = 1\r\n", "utf-8", "x = 1\r\n"),
            (b"# -*- coding: latin-1 -*-\nx = '\xfc'\n", "iso8859-1", "# -*- coding: latin-1 -*-\nx = 'ü'\n"),
            (b"#!/usr/bin/python\r# vim: set fileencoding=cp1252 :\rx = '\x80'", "cp1252", None),
            (b"x = 1\n# coding: cp1252\n", "utf-8", None),
            (b"\n\n# coding: cp1252\n", "utf-8", None),
        ],
    )
    def test_the_encoding_is_the_one_that_python_uses(self, data: bytes, encoding: str, text: str | None) -> None:
        made = Source("m.py", data)
        assert made.encoding == encoding
        if text is not None:
            assert made.text == text

    @given(st.lists(st.sampled_from(["#", " ", "coding: latin-1", "coding=utf-8", "\n", "x", "\f", "coding : ascii"])))
    def test_cookies_are_read_as_tokenize_does(self, pieces: list[str]) -> None:
        data = "".join(pieces).encode()
        try:
            expected, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError:
            with pytest.raises(InvalidSyntax):
                Source("m.py", data).encoding  # noqa: B018
        else:
            assert codecs.lookup(Source("m.py", data).encoding) == codecs.lookup(expected)

    def test_a_byte_order_mark_is_no_part_of_the_text_and_comes_back(self) -> None:
        made = Source("m.py", BOM + b"x = 1\n")
        assert made.bom and made.text == "x = 1\n"
        assert made.encode("y = 2\n") == BOM + b"y = 2\n"

    @pytest.mark.parametrize(
        ("data", "message", "line", "column"),
        [
            (b"x = 1\ny = '\xff'\n", "cannot decode byte 0xff as utf-8", 2, 6),
            ("ü = 1\r\nü\0".encode(), "source contains a NUL byte", 2, 2),
            (b"# coding: klingon\n", "unknown encoding: klingon", 1, 1),
            (b"# coding: rot13\nk\n", "cannot decode as rot-13", 1, 1),
            (BOM + b"# coding: latin-1\n", "the encoding latin-1 contradicts the byte order mark", 1, 1),
            (b"# coding: ascii\n\n# \xc3\xbc\n", "cannot decode byte 0xc3 as ascii", 3, 3),
        ],
    )
    def test_what_is_no_text_is_invalid_syntax_with_its_place(
        self, data: bytes, message: str, line: int, column: int
    ) -> None:
        with pytest.raises(InvalidSyntax) as caught:
            Source("m.py", data).text  # noqa: B018
        assert (caught.value.message, caught.value.line, caught.value.column) == (message, line, column)

    def test_nothing_is_decoded_before_it_is_needed(self) -> None:
        assert Source("m.py", b"\xff").data == b"\xff"

    def test_a_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"cannot read .*missing\.py: No such file"):
            Source.read(tmp_path / "missing.py")

    def test_a_character_that_the_encoding_lacks_is_refused(self) -> None:
        with pytest.raises(FixError, match="cannot be written as iso8859-1"):
            Source("m.py", b"# coding: latin-1\n").encode("# coding: latin-1\n€")

    def test_an_encoding_that_does_not_give_its_bytes_back_is_refused(self) -> None:
        with pytest.raises(FixError, match="cannot be written back unchanged"):
            Source("m.py", b"# coding: utf-7\nx = '+AGE-'\n").encode("x = 1\n")

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60), st.booleans())
    def test_text_comes_back_byte_for_byte(self, text: str, bom: bool) -> None:
        made = Source("m.py", BOM * bom + b"#\n" + text.encode())
        assert made.encode(made.text) == made.data

    @pytest.mark.parametrize(("text", "newline"), [("a\n", "\n"), ("a\r\nb\n", "\r\n"), ("a\rb", "\r"), ("a", "\n")])
    def test_newlines_to_insert_are_the_files_own(self, text: str, newline: str) -> None:
        assert source(text).newline == newline

    @pytest.mark.parametrize(
        ("text", "indent"),
        [("x\n", "    "), ("if x:\n\ty\n", "\t"), ("if x:  # c\n  y\n", "  "), ("f(\n      a)\nif x:\n   y\n", "   ")],
    )
    def test_indentation_to_insert_is_the_files_own(self, text: str, indent: str) -> None:
        assert source(text).indent == indent


class TestParsing:
    def test_a_syntax_error_has_its_place(self) -> None:
        with pytest.raises(InvalidSyntax) as caught:
            source("x = 1\nü𐍈 = = 2\n").parse()
        assert (caught.value.line, caught.value.column) == (2, 6)

    def test_invalid_escapes_pass_silently(self) -> None:
        assert source(r"x = '\d'").parse().body

    @pytest.mark.parametrize(
        "text",
        [
            "x = " + "[" * 5000 + "]" * 5000,
            "x = " + "(\n" * 5000 + ")" * 5000,
            "x = " + "f(a=1, b=" * 5000 + ")" * 5000,
            "x = " + " + ".join(["a"] * 5000),
            "x = (" + "\n    or ".join(["a == 1"] * 5000) + ")",
            "x = a" + ".b" * 5000,
            "x = a" + "[0](1)" * 5000,
            "x = (a" + "\n  .b(1, x=2)" * 5000 + ")",
            "x = (" + "\n  'abc'" * 5000 + ")",
            "x = " + "lambda a, b: " * 5000 + "1",
            "x = " + "1 if y else " * 5000 + "2",
            "x = " + "not " * 5000 + "y",
            "x = " + "-" * 5000 + "y",
            "x = [1 " + "for a in b " * 5000 + "]",
            "x: " + " | ".join(["a"] * 5000),
            "if x:\n  pass\n" + "elif y == 1:\n  pass\n" * 5000,
        ],
        ids=lambda text: text[:24].replace("\n", " "),
    )
    def test_what_nests_too_deeply_is_refused_before_any_parser_sees_it(self, text: str) -> None:
        with pytest.raises(InvalidSyntax, match="too deeply nested") as caught:
            source(text).parse()
        assert caught.value.__cause__ is None  # nobody had to fail at it
        assert 0 < caught.value.line <= text.count("\n") + 1

    def test_the_place_is_where_the_limit_is_passed(self) -> None:
        text = "ok = 1\nx = " + "-" * 5000 + "y"
        with pytest.raises(InvalidSyntax) as caught:
            source(text).parse()
        assert caught.value.line == 2
        assert MAX_DEPTH < caught.value.column < MAX_DEPTH + 10

    @pytest.mark.parametrize(
        "text",
        [
            "x = [" + "f(1), a.b.c, {'a': -1},\n" * 3000 + "]",
            "x.y(1).z(2)\n" * 3000,
            "if x == 1 or y and not z:\n    pass\nelif z:\n    pass\n" * 1000,
            "x = 1 if y else lambda: 2\n" * 1000,
            "# " + "-" * 150 + "\n# " + "=" * 500 + "\n'''" + "(" * 1000 + "'''\nx = ')))' # ((((\n",
            "x = (\n" + "    'select a.b, (c) ' +\n" * 300 + "    'd')\n",
            "x = '" + "([{" * 1000 + "'\n",
            "x = 'a' 'b' 'c'\n" * 1000,
        ],
        ids=lambda text: text[:24].replace("\n", " "),
    )
    def test_long_is_not_deep(self, text: str) -> None:
        assert source(text).parse().body

    def test_brackets_in_strings_deceive_only_the_quick_look(self) -> None:
        made = source("x = " + "[')', " * 3000 + "]" * 3000)
        with pytest.raises(InvalidSyntax):
            made.parse()
        with pytest.raises(InvalidSyntax, match="too deeply nested"):
            made.slice_at(0)


class TestPlaces:
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_columns_count_characters_and_lines_end_as_in_python(self, newline: str) -> None:
        made = source(newline.join(["'äöü'; a = 'ß'", "\x0c", "'\x1c\u2028'; bb = 𐍈(1)", ""]))
        found = {
            at(made, span): span
            for node in ast.walk(made.parse())
            if isinstance(node, ast.expr) and (span := made.span_of(node))
        }
        assert (found["a"].line, found["a"].column) == (1, 8)
        assert (found["bb"].line, found["bb"].column, found["bb"].end_column) == (3, 7, 9)
        assert found["𐍈(1)"].column == 12
        assert found["1"].end_column == 15

    def test_a_function_starts_at_def_and_a_module_is_all(self) -> None:
        made = source("@d\ndef f():\n    pass\n")
        tree = made.parse()
        assert at(made, made.span_of(tree.body[0])) == "def f():\n    pass"
        assert at(made, made.span_of(tree)) == made.text

    def test_what_ast_gives_no_place_has_none(self) -> None:
        with pytest.raises(LookupError):
            source("").span_of(ast.Add())

    def test_a_place_beyond_the_text_is_its_end(self) -> None:
        assert source("é = 1").offset(1, 99) == 5
        assert source("x = 1").offset(7, 0) == 5

    @given(st.lists(st.sampled_from(["é", "a", "𐍈", "€", "x" * 300, "ü" * 255]), min_size=1, max_size=30), st.data())
    def test_columns_in_long_lines_of_many_alphabets(self, pieces: list[str], data: st.DataObject) -> None:
        line = "".join(pieces)
        made = source("é\n" + line + "\né")
        column = data.draw(st.integers(0, len(line)))
        assert made.offset(2, len(line[:column].encode())) == 2 + column

    def test_lines_can_be_looked_at(self) -> None:
        made = source("a\r\nb\x0c\n\nc")
        assert [made.line_text(number) for number in range(6)] == ["", "a", "b\x0c", "", "c", ""]


class TestNoqaLine:
    TEXT = textwrap.dedent(
        '''\
        x = f("""
          a
        """, 1, """
        """)
        y = 1 + \\
            2 + \\
            3
        z = g(
            4)
        """one"""  # "\\
        '''
    )

    @pytest.mark.parametrize(
        ("line", "noqa"), [(1, 4), (2, 4), (3, 4), (4, 4), (5, 7), (6, 7), (7, 7), (8, 8), (9, 9), (10, 10)]
    )
    def test_it_is_behind_strings_and_continuations(self, line: int, noqa: int) -> None:
        made = source(self.TEXT)
        offset = made.offset(line, 0)
        assert made.noqa_line(made.span(offset, offset + 1)) == noqa


class TestSlices:
    def test_each_statement_has_its_decorators_and_the_comments_before_it(self) -> None:
        text = (
            '"""doc"""\n# a\nimport a\n\n\n# f\n@d\n# g\ndef f():\n    pass\n    # end of f\n\n# last\nx = 1\n# foot\n'
        )
        assert slices(cut(text)) == [
            '"""doc"""\n',
            "# a\nimport a\n",
            "\n\n# f\n@d\n# g\ndef f():\n    pass\n    # end of f\n",
            "\n# last\nx = 1\n# foot\n",
        ]

    @pytest.mark.parametrize(
        ("text", "count"),
        [
            ("a = 1; b = 2\nc = 3\n", 2),
            ("a = '''\n'''; b = '''\n'''\nc = 3", 2),
            ("a = 1; \\\nb = 2\nc = 3", 2),
            ("", 1),
            ("# only a comment", 1),
            ("\x0c\ndef f(): pass\n\x0c\nx = 1\n", 2),
        ],
    )
    def test_statements_that_share_a_line_stay_together(self, text: str, count: int) -> None:
        parts = slices(cut(text))
        assert len(parts) == count
        assert "".join(parts) == text

    def test_uncut_the_module_is_one_slice(self) -> None:
        assert slices(source("a = 1\nb = 2\n")) == ["a = 1\nb = 2\n"]

    def test_a_slice_is_made_and_parsed_once(self) -> None:
        made = cut("a = 1\nb = 2\n")
        assert made.slice_at(0) is made.slice_at(3)
        assert made.slice_at(0).module is made.slice_at(3).module

    def test_what_is_inserted_takes_the_files_style(self) -> None:
        made = cut("x = 1\r\nif a:\r\n\tb\r\ny = 1")
        module = made.slice_at(len(made.text)).module
        assert (module.default_newline, module.default_indent) == ("\r\n", "\t")

    def test_nodes_have_places_in_the_file(self) -> None:
        made = cut("é = 1\n\n@d(1)\ndef f(a):\n    # c\n    return (a, 2)\n")
        part = made.slice_at(8)
        function = part.module.body[0]
        assert isinstance(function, cst.FunctionDef)
        assert at(made, made.span_of_cst(function)) == "def f(a):\n    # c\n    return (a, 2)"
        assert at(made, made.span_of_cst(function.decorators[0].decorator)) == "d(1)"
        assert made.slice_of(function.params) is part

    @pytest.mark.parametrize(
        "text",
        [
            "\x0cdef f(a): pass\n",
            "b\n \x0c  \ndef f(a):\n    b\n  \x0c    a\n",
            "b\n\\\na\n",
            "b\r\n\x0ca\r",
            "# \\\n\x0ca",
        ],
    )
    def test_places_are_right_where_libcst_forgets_characters(self, text: str) -> None:
        made = cut(text)
        for node in ast.walk(made.parse()):
            if isinstance(node, ast.Name):
                span = made.span_of(node)
                name = made.slice_at(span.start).node(span, cst.Name)
                assert at(made, made.span_of_cst(name)) == node.id

    def test_a_node_of_another_tree_has_no_place(self) -> None:
        made = cut("x = 1\n")
        assert made.slice_at(0).module
        with pytest.raises(LookupError):
            made.span_of_cst(cst.Name("x"))

    @pytest.mark.parametrize(
        ("text", "code", "kind"),
        [
            ("x = (1, 2)", "(1, 2)", cst.Tuple),
            ("x = (  # c\n  (1), (2))", "(  # c\n  (1), (2))", cst.Tuple),
            ("f(a for a in b)", "(a for a in b)", cst.GeneratorExp),
            ("x = ((a for a in b))", "(a for a in b)", cst.GeneratorExp),
            ("def f(a: int = 1, *b): pass", "a: int", cst.Param),
            ("def f(a: int = 1, *b): pass", "b", cst.Param),
            ("f(a=(b))", "b", cst.Name),
            ("f(a=(b))", "a=(b)", cst.Arg),
            ("f(x)", "f(x)", cst.Call),
            ("f(x)", "f(x)", cst.Expr),
            ("f(x)", "f(x)", cst.SimpleStatementLine),
            ("from a import (b as c,)", "b as c", cst.ImportAlias),
            ("if a: pass\nelif b: pass", "elif b: pass", cst.If),
            ("try: pass\nexcept A as b: pass", "except A as b: pass", cst.ExceptHandler),
            ("x = a[1:2]", "1:2", cst.Slice),
        ],
    )
    def test_a_node_is_found_by_the_place_that_ast_gives(self, text: str, code: str, kind: type[cst.CSTNode]) -> None:
        made = cut(text)
        start = text.rindex(code) if code == "b" and "*b" in text else text.index(code)
        node = made.slice_at(0).node(made.span(start, start + len(code)), kind)
        assert type(node) is kind

    def test_where_no_such_node_is_there_is_an_error(self) -> None:
        made = cut("x = 1")
        with pytest.raises(LookupError, match="no Call at 1:5"):
            made.slice_at(0).node(made.span(4, 5), cst.Call)

    def test_syntax_that_libcst_refuses_has_its_place_in_the_file(self) -> None:
        made = source("x = 1\ny = = 2\n")
        with pytest.raises(InvalidSyntax) as caught:
            made.slice_at(0).module  # noqa: B018
        assert caught.value.line == 2


LINES = st.lists(
    st.sampled_from(
        [
            "x = 1",
            "  y(2)  # c",
            "    y(2)",
            "",
            "# c",
            's = """',
            'it\'s """',
            "(",
            ")",
            "a.b(c, d)",
            "\tz \\",
            "\x0c",
            "é + '#'",
        ]
    ),
    max_size=12,
)


class TestDifferences:
    @given(LINES, LINES, st.sampled_from(["\n", "\r\n", "\r"]))
    def test_they_turn_one_text_into_the_other(self, old: list[str], new: list[str], newline: str) -> None:
        before, after = newline.join(old), newline.join(new)
        found = differences(before, after)
        assert applied(before, found) == after
        assert all(end < start for (_, end, _), (start, _, _) in pairwise(found))
        assert bool(found) == (before != after)

    def changes(self, old: str, new: str) -> list[tuple[str, str]]:
        return [(old[start:end], text) for start, end, text in differences(old, new)]

    def test_the_same_start_and_end_are_left_alone(self) -> None:
        assert self.changes("return conn.sql(q)  # c\n", "return conn.sql(q).df()  # c\n") == [("", ".df()")]

    def test_lines_that_move_deeper_gain_space_and_nothing_else(self) -> None:
        old = 'c = open(p)\na(\n    """\n  text\n""",\n)\n\n# b\nd()\n'
        new = 'with open(p) as c:\n    a(\n        """\n  text\n""",\n    )\n\n    # b\n    d()\n'
        assert self.changes(old, new) == [("c =", "with"), ("", " as c:"), *[("", "    ")] * 5]

    def test_lines_that_move_out_lose_space_and_nothing_else(self) -> None:
        assert self.changes("try:\n\t\ta\n\t\tb\n", "\ta\n\tb\n") == [("try:\n", ""), ("\t", ""), ("\t", "")]

    def test_strings_change_whole(self) -> None:
        assert self.changes("f('one two', x)", "f('one three', x)") == [("'one two'", "'one three'")]

    def test_comments_are_told_from_strings(self) -> None:
        assert comments('x = \'# no\'  # yes \n"""\n# no\n"""\n#') == ["# yes", "#"]
