"""The format for people: a frame of source, related places, the fix as a diff."""

from __future__ import annotations

import re

import pytest
from samples import Sample

from asset_lint.finding import Fix, Safety, Severity, Span
from asset_lint.report import render


def test_a_finding_shows_the_lines_around_it_and_marks_its_place() -> None:
    sample = Sample()
    assert (
        sample.shown("full", sample.finding())
        == """\
AL201 connection `conn` is not closed on every way out of `orders`
 --> src/orders.py:7:12 (error)
  |
5 | @asset
6 | def orders(path):
7 |     conn = duckdb.connect(path)
  |            ^^^^^^^^^^^^^^^^^^^^
8 |     rows = conn.execute(\"\"\"
9 |         SELECT 1
  |

"""
    )


def test_findings_are_separated_by_empty_lines() -> None:
    sample = Sample()
    one, two = sample.finding(), sample.finding("return rows")
    assert sample.shown("full", one, two) == sample.shown("full", one) + sample.shown("full", two)


def test_a_place_of_several_lines_is_held_together_by_a_rail() -> None:
    sample = Sample()
    finding = sample.finding('conn.execute("""\n        SELECT 1\n    """)', message="never fetched")
    assert (
        sample.shown("full", finding)
        == """\
AL201 never fetched
  --> src/orders.py:8:12 (error)
   |
 6 |   def orders(path):
 7 |       conn = duckdb.connect(path)
 8 | /     rows = conn.execute(\"\"\"
 9 | |         SELECT 1
10 | |     \"\"\").fetchall()
   | |________^
11 |       check(rows)
12 |
   |

"""
    )


def test_a_place_of_very_many_lines_shows_its_beginning_and_end() -> None:
    sample = Sample("call(\n" + "".join(f"    {n},\n" for n in range(2, 40)) + ")\n")
    shown = sample.shown("full", sample.finding(sample.text.rstrip()))
    assert [int(number) for number in re.findall(r"^ *(\d+) \|", shown, re.M)] == [1, 2, 3, 4, 40]
    assert "\n...\n" in shown


def test_related_places_of_the_file_stand_in_its_frame() -> None:
    sample = Sample()
    notes = (
        sample.note("duckdb.connect(path)", "opened here"),
        sample.note("report(rows)", "still open if this raises"),
    )
    assert (
        sample.shown("full", sample.finding(notes=notes))
        == """\
AL201 connection `conn` is not closed on every way out of `orders`
  --> src/orders.py:7:12 (error)
   |
 5 | @asset
 6 | def orders(path):
 7 |     conn = duckdb.connect(path)
   |            ^^^^^^^^^^^^^^^^^^^^ opened here
 8 |     rows = conn.execute(\"\"\"
 9 |         SELECT 1
...
15 |     report(rows)
   |     ------------ still open if this raises
   |

"""
    )


def test_a_gap_of_one_line_is_filled() -> None:
    sample = Sample()
    shown = sample.shown("full", sample.finding(notes=(sample.note("check(rows)", "read here"),)))
    assert "...\n" not in shown
    assert '10 |     """).fetchall()\n11 |     check(rows)\n' in shown


def test_several_places_on_one_line_each_get_a_mark() -> None:
    sample = Sample()
    shown = sample.shown(
        "full", sample.finding(notes=(sample.note("conn", "kept here"), sample.note("duckdb.connect", "x")))
    )
    assert (
        """\
7 |     conn = duckdb.connect(path)
  |            ^^^^^^^^^^^^^^^^^^^^
  |     ---- kept here
  |            -------------- x
"""
        in shown
    )


def test_related_places_of_other_files_have_frames_of_their_own() -> None:
    sample, other = Sample(), Sample("def helper(c):\n    use(c)\n", "src/helpers.py")
    finding = sample.finding(notes=(other.note("use(c)", "raises here"), other.note("c)", "handed over here")))
    assert sample.shown("full", finding, others={other.path: other.text}).endswith("""\
  |
 --> src/helpers.py:2:5
  |
1 | def helper(c):
  |            -- handed over here
2 |     use(c)
  |     ------ raises here
  |

""")


def test_a_hint_tells_what_to_write_instead() -> None:
    sample = Sample()
    assert sample.shown("full", sample.finding(hint="use `with`")).endswith("  |\nhelp: use `with`\n\n")


class TestFixes:
    def test_are_shown_as_the_lines_that_go_and_come(self) -> None:
        sample = Sample()
        fix = sample.fix(
            sample.edit("import duckdb\n", "import contextlib\n\nimport duckdb\n"),
            sample.edit("conn = duckdb.connect(path)", "with duckdb.connect(path) as conn:"),
            sample.edit("    conn.close()\n", ""),
        )
        shown = sample.shown("full", sample.finding(fix=fix))
        assert shown.startswith("AL201 [*] connection")
        assert shown.endswith("""\
help: Hold it in a `with` block
   |
 1 + import contextlib
 2 +
 3 | import duckdb
 4 | from dagster import asset
...
 8 | def orders(path):
   -     conn = duckdb.connect(path)
 9 +     with duckdb.connect(path) as conn:
10 |     rows = conn.execute(\"\"\"
...
17 |     report(rows)
   -     conn.close()
18 |     return rows
   |

""")

    def test_edits_of_one_line_make_one_change(self) -> None:
        sample = Sample()
        fix = sample.fix(sample.edit("conn = ", "with "), sample.edit(".connect(path)", ".connect(path) as conn:"))
        assert """\
  -     conn = duckdb.connect(path)
7 +     with duckdb.connect(path) as conn:
""" in sample.shown("full", sample.finding(fix=fix))

    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_are_the_same_whatever_ends_the_lines(self, newline: str) -> None:
        text = Sample().text
        plain, other = Sample(), Sample(text.replace("\n", newline))
        shown = [
            each.shown(
                "full", each.finding(fix=each.fix(each.edit("conn.close()", f"a(){each.text[13:15].rstrip('f')}b()")))
            )
            for each in (plain, other)
        ]
        assert shown[0] == shown[1]

    def test_an_insertion_at_the_end_of_the_file(self) -> None:
        sample = Sample("a = 1\n")
        end = sample.between(6, 6)
        shown = sample.shown("full", sample.finding("a", fix=Fix("Add it", Safety.SAFE, (sample.edit("1", "2"),))))
        assert "  - a = 1\n1 + a = 2\n" in shown
        from asset_lint.finding import Edit

        added = sample.finding("a", fix=Fix("Add it", Safety.SAFE, (Edit(end, "b = 2\n"),)))
        assert "1 | a = 1\n2 + b = 2\n" in sample.shown("full", added)

    def test_that_are_unsafe_are_not_starred_and_say_so(self) -> None:
        sample = Sample()
        fix = sample.fix(sample.edit("path", "where"), safety=Safety.UNSAFE)
        shown = sample.shown("full", sample.finding(fix=fix))
        assert shown.startswith("AL201 connection")
        assert shown.endswith("note: This is an unsafe fix and may change what the code does\n\n")

    def test_that_are_unsafe_are_starred_where_they_are_wanted(self) -> None:
        sample = Sample()
        finding = sample.finding(fix=sample.fix(sample.edit("path", "where"), safety=Safety.UNSAFE))
        assert render("full", [finding], sample.context(unsafe_fixes=True)).startswith("AL201 [*] connection")

    def test_that_are_unsafe_are_not_shown_where_they_are_unwanted(self) -> None:
        sample = Sample()
        finding = sample.finding(fix=sample.fix(sample.edit("path", "where"), safety=Safety.UNSAFE))
        assert "help" not in render("full", [finding], sample.context(unsafe_fixes=False))

    def test_that_are_only_shown_say_so(self) -> None:
        sample = Sample()
        fix = sample.fix(sample.edit("path", "where"), safety=Safety.DISPLAY)
        for unsafe in (None, True):
            shown = render("full", [sample.finding(fix=fix)], sample.context(unsafe_fixes=unsafe))
            assert shown.startswith("AL201 connection")
            assert shown.endswith("note: This change is only shown, never applied\n\n")


class TestOddities:
    def test_a_file_whose_text_is_unknown_has_no_frame(self) -> None:
        sample = Sample()
        finding = sample.finding(fix=sample.fix(sample.edit("path", "where")))
        sample.path = "elsewhere.py"
        assert sample.shown("full", finding) == (
            "AL201 [*] connection `conn` is not closed on every way out of `orders`\n"
            " --> src/orders.py:7:12 (error)\nhelp: Hold it in a `with` block\n\n"
        )

    @pytest.mark.parametrize("text", ["", "x = 1", "x = 1\n"])
    def test_a_place_at_the_end_of_the_file(self, text: str) -> None:
        sample = Sample(text)
        sample.text = text + "|"
        finding = sample.finding("|")
        sample.text = text
        assert "^" in sample.shown("full", finding)

    def test_a_place_past_the_end_of_the_file_does_no_harm(self) -> None:
        sample = Sample()
        finding = sample.finding(fix=sample.fix(sample.edit("conn.close()", "")))
        sample.text = "shorter\n"
        assert "src/orders.py:7:12" in sample.shown("full", finding)

    def test_wide_characters_and_tabs_do_not_shift_the_mark(self) -> None:
        sample = Sample('\tx = "日本" + e\u0301 + wrong\n')
        shown = sample.shown("full", sample.finding("wrong"))
        assert '1 |     x = "日本" + e\u0301 + wrong\n  |                      ^^^^^\n' in shown

    def test_a_form_feed_ends_no_line(self) -> None:
        sample = Sample("a = 1\n\x0c\nwrong = 2\n")
        assert "3 | wrong = 2\n  | ^^^^^\n" in sample.shown("full", sample.finding("wrong"))

    def test_a_line_of_thousands_of_characters_is_cut(self) -> None:
        sample = Sample(f"x = '{'a' * 5000}' + wrong\n")
        assert max(map(len, sample.shown("full", sample.finding("wrong")).splitlines())) < 300


class TestColours:
    def test_are_there_only_when_asked_for(self) -> None:
        sample = Sample()
        finding = sample.finding(
            fix=sample.fix(sample.edit("path", "where")), hint="h", notes=(sample.note("rows", "n"),)
        )
        plain = render("full", [finding], sample.context())
        colored = render("full", [finding], sample.context(color=True))
        assert "\x1b" not in plain
        assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain

    def test_tell_the_severity(self) -> None:
        sample = Sample()
        shown = {
            severity: render("concise", [sample.finding(severity=severity)], sample.context(color=True))
            for severity in Severity
        }
        assert len(set(shown.values())) == 3


def test_a_related_place_that_is_the_place_itself_labels_it_once() -> None:
    sample = Sample()
    span: Span = sample.span("duckdb.connect(path)")
    finding = sample.finding(notes=(sample.note("duckdb.connect(path)", "opened here"),))
    assert finding.span == span
    assert sample.shown("full", finding).count("opened here") == 1
