"""Comments that keep findings from being reported, and what is said of comments that don't."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asset_lint.config import Config
from asset_lint.finding import Finding, Severity
from asset_lint.fixing import apply
from asset_lint.registry import Registry
from asset_lint.rule import Rule
from asset_lint.source import Source
from asset_lint.suppression import Lines, Suppressions, mentions


class FirstRule(Rule):
    """Never one."""

    code = "XS101"
    message = "one"


class SecondRule(Rule):
    """Never two."""

    code = "XS102"
    message = "two"


class ThirdRule(Rule):
    """Never three."""

    code = "XS201"
    message = "three"


REGISTRY = Registry([FirstRule, SecondRule, ThirdRule])


def source(text: str) -> Source:
    return Source("a.py", dedent(text).encode())


def findings(source: Source) -> list[Finding]:
    """XS101 at every ``one``, XS102 at every ``two``, XS201 at every ``three`` of the code."""
    found = []
    for word, code in (("one", "XS101"), ("two", "XS102"), ("three", "XS201")):
        at = source.text.find(word)
        while at >= 0:
            span = source.span(at, at + len(word))
            if "#" not in source.line_text(span.line)[: span.column]:
                noqa = source.noqa_line(span)
                found.append(Finding(code, word, word, Severity.ERROR, "a.py", span, noqa))
            at = source.text.find(word, at + 1)
    return found


def check(text: str | Source, ran: Sequence[str] | None = None, *, complete: bool = True) -> list[Finding]:
    """What is reported of ``text`` when the rules ``ran`` (all by default)."""
    held = source(text) if isinstance(text, str) else text
    selection = REGISTRY.selection(Config(Path("/p"), select=None if ran is None else tuple(ran)), Path("/p/a.py"))
    suppressions = Suppressions(held, REGISTRY)
    kept = suppressions.kept([each for each in findings(held) if each.code in selection.codes])
    return sorted([*kept, *suppressions.complaints(selection, complete=complete)], key=lambda each: each.order)


def reported(text: str, ran: Sequence[str] | None = None) -> list[tuple[str, int]]:
    return [(each.code, each.span.line) for each in check(text, ran)]


def messages(text: str) -> list[str]:
    return [each.message for each in check(text)]


def fixed(text: str) -> str:
    """``text`` when every fix has been applied, one after the other."""
    held = source(text)
    while fixes := [each.fix for each in check(held) if each.fix is not None]:
        held = Source("a.py", apply(held.text, fixes[:1]).encode())
    return held.text


# -- noqa -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa: XS101", "#noqa:XS101", "# NOQA : XS101", "# NoQA: XS101", "# noqa: XS101, F401", "# noqa: F401,XS101",
        "# noqa: F401 XS101", "# noqa: XS101 it is known", "# why  # noqa: XS101", "# noqa: XS101  # why",
        "# noqa", "# noqa it is known", "# type: ignore # noqa",
    ],
)  # fmt: skip
def test_noqa_is_read_as_ruff_reads_it(comment: str) -> None:
    assert reported(f"one  {comment}\n") == []


@pytest.mark.parametrize(
    "comment",
    ["# noqa: F401", "# noqa:", "# noqa: known", "# noqa-but", "# ruff: noqa", "# flake8: noqa: XS101", "# XS101"],
)
def test_what_speaks_of_something_else_suppresses_nothing(comment: str) -> None:
    assert reported(f"one  {comment}\n") == [("XS101", 1)]


def test_noqa_holds_for_its_own_line_only() -> None:
    assert reported("foo(one,  # noqa: XS101\n    one)\n") == [("XS101", 2)]


def test_noqa_stands_behind_a_multi_line_string_or_a_continued_line() -> None:
    assert reported('x = """\none\n"""  # noqa: XS101\n') == []
    assert reported("one + \\\n    1  # noqa: XS101\n") == []


def test_comments_in_strings_are_no_comments() -> None:
    assert reported('one, "# noqa: XS101", """\n# asset-lint: file-ignore[XS101]\n"""\n') == [("XS101", 1)]


# -- asset-lint: ignore -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "comment",
    [
        "# asset-lint: ignore[XS101]", "# asset-lint: ignore[XS101] closed by the caller", "#asset-lint:ignore[XS101]",
        "# asset-lint: ignore[first-rule]", "# asset-lint: ignore[XS102-is-unknown,XS101]",
        "# asset-lint: ignore", "# asset-lint: ignore it is known", "# why  # asset-lint: ignore[XS101]",
    ],
)  # fmt: skip
def test_ignore_at_the_end_of_the_line(comment: str) -> None:
    assert ("XS101", 1) not in reported(f"one  {comment}\n")


def test_ignore_on_any_line_of_a_logical_line_holds_for_all_of_it() -> None:
    text = """\
        foo(
            one,
            # asset-lint: ignore[XS101]
            one,
        )
        one
        """
    assert reported(text) == [("XS101", 6)]
    assert reported("foo(one, '''\n''', one)  # asset-lint: ignore[XS101]\none\n") == [("XS101", 3)]


def test_ignore_above_a_logical_line_holds_for_that_line() -> None:
    text = """\
        # asset-lint: ignore[XS101] known
        # and explained
        foo(
            one,
        )
        one
        """
    assert reported(text) == [("XS101", 6)]


def test_ignore_above_a_blank_line_holds_for_nothing() -> None:
    assert reported("# asset-lint: ignore[XS101]\n\none\n") == [("AL001", 1), ("XS101", 3)]


def test_ignore_above_decorators_holds_for_the_header_below_but_not_for_the_body() -> None:
    text = """\
        # asset-lint: ignore[XS101]
        @decorated(1)
        # in two ways
        @decorated(2)
        def one(
            two,
        ):
            one
        """
    assert reported(text) == [("XS102", 6), ("XS101", 8)]


# -- ranges and files -------------------------------------------------------------------------------------------------


def test_disable_holds_until_enable() -> None:
    text = """\
        one
        # asset-lint: disable[XS101]
        one, two
        # asset-lint: enable[XS101]
        one
        """
    assert reported(text) == [("XS101", 1), ("XS102", 3), ("XS101", 5)]


def test_disable_without_enable_holds_to_the_end() -> None:
    assert reported("one\n# asset-lint: disable[first-rule]\none\n\n\none\n") == [("XS101", 1)]


def test_disable_without_codes_holds_for_all_and_enable_gives_single_rules_back() -> None:
    text = """\
        # asset-lint: disable
        one, two
        # asset-lint: enable[XS101]
        one, two
        # asset-lint: enable
        one, two
        """
    assert reported(text) == [("XS101", 4), ("XS101", 6), ("XS102", 6)]


@pytest.mark.parametrize("place", ["{comment}\none, two\n", "one, two\n{comment}\n", "one, two  {comment}\n"])
def test_file_ignore_holds_for_the_whole_file_wherever_it_stands(place: str) -> None:
    assert reported(place.format(comment="# asset-lint: file-ignore[XS101] generated")) == [
        ("XS102", 2 if place.startswith("{") else 1)
    ]
    assert reported(place.format(comment="# asset-lint: file-ignore")) == []


def test_broken_syntax_cannot_be_suppressed() -> None:
    held = source("# asset-lint: file-ignore\nx = (  # noqa\n")
    broken = Finding("AL000", "invalid-syntax", "", Severity.ERROR, "a.py", held.span(30, 30), 2)
    assert Suppressions(held, REGISTRY).kept([broken]) == [broken]


# -- AL001 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1  # noqa: XS101\n", "x = 1\n"),
        ("x = 1  # noqa: XS101, F401\n", "x = 1  # noqa: F401\n"),
        ("x = 1  # noqa: F401, XS101\n", "x = 1  # noqa: F401\n"),
        ("x = 1  # noqa: F401, XS101, XS102, E501\n", "x = 1  # noqa: F401, E501\n"),
        ("one  # noqa: XS101, XS102\n", "one  # noqa: XS101\n"),
        ("one  # noqa: XS102, XS101 known\n", "one  # noqa: XS101 known\n"),
        ("x = 1  # noqa: XS101 words of mine\n", "x = 1  # words of mine\n"),
        ("x = 1  # words  # noqa: XS101\n", "x = 1  # words\n"),
        ("x = 1  # noqa: XS101  # type: ignore\n", "x = 1  # type: ignore\n"),
        ("x = 1  # a # noqa: XS101 # b\n", "x = 1  # a # b\n"),
        ("x = 1\n# noqa: XS101\ny = 2\n", "x = 1\ny = 2\n"),
        ("x = 1  # noqa: XS101", "x = 1"),
        ("x = 1  # asset-lint: ignore[XS101] because of me\n", "x = 1\n"),
        ("one  # asset-lint: ignore[ XS101 , XS102 ] why\n", "one  # asset-lint: ignore[ XS101 ] why\n"),
        ("one  # asset-lint: ignore[second-rule,first-rule]\n", "one  # asset-lint: ignore[first-rule]\n"),
        ("    # asset-lint: ignore[XS101]\nx = 1\n", "x = 1\n"),
        ("x = 1\n    # asset-lint: disable[XS101] why\ny = 1\n# asset-lint: enable[XS101]\n", "x = 1\ny = 1\n"),
        ("# asset-lint: file-ignore[XS101, XS102] why\none\n", "# asset-lint: file-ignore[XS101] why\none\n"),
        ("x = 1\r\n# asset-lint: file-ignore\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
        ("x = 1  # asset-lint: ignore[XS101] see #12 # noqa: F401\n", "x = 1  # noqa: F401\n"),
        ("é = 'ü'  # noqa: XS101\n", "é = 'ü'\n"),
    ],
)
def test_the_fix_takes_away_what_suppresses_nothing_and_nothing_else(before: str, after: str) -> None:
    assert fixed(before) == after


def test_an_unused_suppression_is_named() -> None:
    assert messages("x = 1  # noqa: XS101, XS102\n") == ["unused suppression: `XS101`, `XS102` are not reported here"]
    assert messages("# asset-lint: enable[XS101]\n") == ["unused suppression: `XS101` is not disabled here"]
    assert messages("# asset-lint: file-ignore[first-rule]\n") == [
        "unused suppression: `first-rule` is not reported in this file"
    ]


def test_other_tools_codes_and_bare_noqa_are_none_of_our_business() -> None:
    assert reported("x = 1  # noqa: F401, E501, DTZ101\ny = 1  # noqa\nz = 1  # asset-lint: ignore[QQ100]\n") == []


def test_a_suppression_of_a_rule_that_did_not_run_is_not_unused() -> None:
    assert reported("x = 1  # noqa: XS101, XS201\n", ["AL001", "XS1"]) == [("AL001", 1)]
    assert reported("x = 1  # noqa: XS201\n", ["AL001", "XS1"]) == []


def test_a_suppression_of_everything_is_unused_only_where_everything_ran() -> None:
    assert reported("x = 1  # asset-lint: ignore\n") == [("AL001", 1)]
    assert reported("x = 1  # asset-lint: ignore\n", ["AL001", "XS1"]) == []


def test_where_a_rule_failed_nothing_is_called_unused() -> None:
    assert check("x = 1  # noqa: XS101\n", complete=False) == []


def test_two_comments_for_one_finding_are_both_used() -> None:
    assert reported("# asset-lint: file-ignore[XS101]\none  # noqa: XS101\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "# asset-lint: file-ignore[AL001]\nx = 1  # noqa: XS101\n",
        "x = 1  # noqa: XS101, AL001\n",
        "# asset-lint: disable[unused-suppression]\nx = 1  # noqa: XS101\n",
    ],
)
def test_an_unused_suppression_can_be_kept_by_name(text: str) -> None:
    assert reported(text) == []


def test_an_unused_suppression_is_not_kept_by_a_bare_one() -> None:
    assert reported("# noqa\nx = 1  # asset-lint: ignore[XS101]  # noqa\n") == [("AL001", 2)]


# -- AL002 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# noqa: XS109", "unknown code in suppression: `XS109`; did you mean `XS10"),
        ("# asset-lint: ignore[XS109]", "unknown code in suppression: `XS109`; did you mean `XS10"),
        ("# asset-lint: ignore[frist-rule]", "`frist-rule`; did you mean `first-rule`"),
        ("# asset-lint: ignore[XS]", "unknown code in suppression: `XS`"),
        ("# asset-lint: file-ignore[XS] all of them", "unknown code in suppression: `XS`"),
        ("# asset-lint: ingore[XS101]", "`ingore` is none of"),
        ("# asset-lint: allow[XS101]", "`allow` is none of"),
        ("# asset-lint: ignore[XS101", "the list of codes has no `]`"),
        ("# asset-lint: ignore[]", "`ignore[]` names no rule"),
        ("# asset-lint: ignore XS101", "codes stand in brackets: `ignore[XS101]`"),
        ("# asset-lint: ignore[AL000]", "`AL000` cannot be suppressed"),
    ],
)
def test_what_names_no_rule_is_reported(comment: str, message: str) -> None:
    found = check(f"one  {comment}\n")
    assert [each.code for each in found] == ["XS101", "AL002"]
    assert message in found[1].message


def test_prose_about_the_tool_is_no_suppression() -> None:
    assert reported("# asset-lint: see the docs\n# asset-lint finds this\n# the asset-lint: way\n") == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one  # noqa: XS109, XS101\n", "one  # noqa: XS101\n"),
        ("one  # asset-lint: ignore[XS101, frist-rule] why\n", "one  # asset-lint: ignore[XS101] why\n"),
        ("x = 1  # noqa: XS109\n", "x = 1\n"),
        ("x = 1  # noqa: XS109, XS101\n", "x = 1\n"),
        ("one  # asset-lint: ingore[XS101]\n", "one  # asset-lint: ingore[XS101]\n"),
    ],
)
def test_the_fix_takes_unknown_codes_away(before: str, after: str) -> None:
    assert fixed(before) == after


CODE = st.sampled_from(
    ["one", "foo(two,\n    three{comment}\n)", "@deco{comment}\ndef one(): two", "x = 1", "y = 'é'", ""]
)
CODES = st.lists(
    st.sampled_from(["XS101", "XS102", "XS201", "first-rule", "second-rule", "XS999", "F401", "frist-rule", "AL001"]),
    min_size=1,
    max_size=4,
)
DIRECTIVE = st.builds(
    lambda form, codes, reason: form.format(codes=", ".join(codes), reason=reason),
    st.sampled_from(
        [
            "# noqa: {codes}", "# noqa: {codes} {reason}", "# noqa", "# asset-lint: ignore[{codes}] {reason}",
            "# asset-lint: ignore", "# asset-lint: disable[{codes}]", "# asset-lint: enable[{codes}]",
            "# asset-lint: disable", "# asset-lint: enable {reason}", "# asset-lint: file-ignore[{codes}] {reason}",
            "# asset-lint: frobnicate[{codes}]", "# {reason}",
        ]
    ),
    CODES,
    st.sampled_from(["", "words", "see #12", "é"]),
)  # fmt: skip


def line(code: str, comments: list[str]) -> str:
    """Code with comments behind it; the first goes inside it, where there is a place."""
    inside = comments[:1] if "{comment}" in code else []
    comment = f"  {inside[0]}" if inside else ""
    return "  ".join([code.replace("{comment}", comment), *comments[len(inside) :]]).rstrip() + "\n"


LINE = st.builds(line, CODE, st.lists(DIRECTIVE, max_size=3))


@settings(deadline=None)
@given(st.lists(LINE, max_size=6), st.sampled_from(["\n", "\r\n"]))
def test_fixing_suppressions_changes_neither_the_code_nor_what_is_suppressed(lines: list[str], newline: str) -> None:
    text = "".join(lines).replace("\n", newline)
    before = Source("a.py", text.encode())
    after = before
    for _ in range(100):
        fixes = [each.fix for each in check(after) if each.fix is not None]
        if not fixes:
            break
        after = Source("a.py", apply(after.text, fixes[:1]).encode())
    assert [each.fix for each in check(after) if each.fix is not None] == []
    assert [each.tokens for each in Lines(after.text).logical] == [each.tokens for each in Lines(before.text).logical]
    kept = [[each.code for each in check(source) if each.code.startswith("XS")] for source in (before, after)]
    assert kept[0] == kept[1]


# -- which files are looked at ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["x  # noqa: XS101", "x  #NoQa :F401,XS1", "# asset-lint: disable", "#asset-lint:x"])
def test_files_that_may_hold_such_a_comment_are_read(text: str) -> None:
    assert mentions(text.encode(), REGISTRY)


@pytest.mark.parametrize("text", ["x  # noqa", "x  # noqa: F401, E501", "# noqa: F401\nXS101", "see asset-lint", ""])
def test_other_files_are_not(text: str) -> None:
    assert not mentions(text.encode(), REGISTRY)


# -- lines ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_comments_are_found_whatever_ends_the_lines(newline: str) -> None:
    text = newline.join(["x = '''", "# no", "'''  # a", "", "\f# ä", "y = (1,", "  2)  # c", ""])
    lines = Lines(text)
    assert [(each.line, each.text, each.alone) for each in lines.comments] == [
        (3, "# a", False),
        (5, "# ä", True),
        (7, "# c", False),
    ]
    assert all(text.startswith(each.text, each.start) for each in lines.comments)
    assert [(each.first, each.last) for each in lines.logical] == [(1, 3), (6, 7)]


def test_the_words_of_a_line_do_not_depend_on_its_layout() -> None:
    one = Lines("foo(a, [1, 2])\n").logical[0].words
    other = Lines("foo(\n    a,  # first\n    [\n        1,\n        2,\n    ],\n)\n").logical[0].words
    assert one == other == "foo ( a , [ 1 , 2 ] )"


def test_a_text_that_cannot_be_read_to_its_end_gives_what_comes_before() -> None:
    lines = Lines("x  # a\ny = (  # b\n")
    assert [each.text for each in lines.comments] == ["# a", "# b"]
