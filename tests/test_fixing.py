"""Which fixes go together, and what the text is after them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asset_lint.errors import FixError
from asset_lint.finding import Edit, Finding, Fix, Safety, Severity
from asset_lint.fixing import apply, apply_fixes, plan
from asset_lint.source import Source

TEXT = "0123456789\nabcdefghij\n"


def source(text: str = TEXT, path: str = "m.py") -> Source:
    return Source(path, text.encode())


def finding(*edits: tuple[int, int, str], safety: Safety = Safety.SAFE, text: str = TEXT, code: str = "AL1") -> Finding:
    made = source(text)
    fix = Fix("do it", safety, tuple(Edit(made.span(start, end), new) for start, end, new in edits))
    return Finding(code, "rule", "wrong", Severity.ERROR, "m.py", made.span(edits[0][0], edits[0][1]), 1, fix=fix)


def fixed(*findings: Finding, safety: Safety = Safety.SAFE) -> str:
    return apply_fixes(source(), findings, safety)[0]


def test_fixes_that_keep_apart_are_applied_together_in_whatever_order_they_come() -> None:
    one, two = finding((1, 3, "X")), finding((5, 5, "Y"))
    assert fixed(one, two) == fixed(two, one) == "0X34Y56789\nabcdefghij\n"


@pytest.mark.parametrize(
    "second", [(2, 4, "Z"), (3, 4, "Z"), (0, 1, "Z"), (3, 3, "Z"), (1, 1, "Z"), (2, 2, "Z"), (1, 3, "Z")]
)
def test_of_fixes_that_overlap_or_touch_the_first_by_place_wins(second: tuple[int, int, str]) -> None:
    one, two = finding((1, 3, "X")), finding(second)
    taken, waiting = plan([two, one], TEXT)
    first = one if (1, 3) <= second[:2] else two
    assert taken == (first,)
    assert len(waiting) == 1


def test_two_insertions_at_one_place_conflict_unless_they_are_equal() -> None:
    assert len(plan([finding((4, 4, "X")), finding((4, 4, "Y"))], TEXT)[0]) == 1
    assert fixed(finding((4, 4, "X")), finding((4, 4, "X"))) == "0123X456789\nabcdefghij\n"


def test_a_fix_waits_as_a_whole() -> None:
    one, two = finding((4, 5, "X")), finding((5, 6, "Y"), (8, 9, "Z"))
    assert fixed(one, two) == "0123X56789\nabcdefghij\n"


def test_fixes_may_share_an_equal_edit_such_as_an_import() -> None:
    one, two = finding((12, 12, "1"), (0, 0, "import x\n")), finding((15, 15, "2"), (0, 0, "import x\n"))
    assert fixed(one, two) == "import x\n0123456789\na1bcd2efghij\n"


def test_what_waits_does_not_keep_others_waiting() -> None:
    findings = [finding((1, 4, "X")), finding((3, 6, "Y")), finding((5, 8, "Z"))]
    taken, waiting = plan(findings, TEXT)
    assert taken == (findings[0], findings[2])
    assert waiting == (findings[1],)


def test_a_line_is_not_put_among_lines_that_are_indented_anew() -> None:
    text = "import a\nif a:\n  b\n  c\nd\n"
    edits = [(0, 0, "import z\n"), (9, 9, "try:\n  "), (17, 17, "  "), (21, 21, "  "), (23, 23, "finally:\n  e\n")]
    wrapped = finding(*edits, text=text)
    for line in ("b", "c"):
        at = text.index(f"  {line}\n")
        assert plan([wrapped, finding((at, at, "  x\n"), text=text)], text)[0] == (wrapped,)
    before, behind = finding((8, 8, ", f"), text=text), finding((24, 24, "g"), text=text)
    assert plan([wrapped, before, behind], text)[0] == (wrapped, before, behind)


@pytest.mark.parametrize(
    ("safety", "wanted", "is_applied"),
    [
        (Safety.SAFE, Safety.SAFE, True),
        (Safety.UNSAFE, Safety.SAFE, False),
        (Safety.UNSAFE, Safety.UNSAFE, True),
        (Safety.DISPLAY, Safety.UNSAFE, False),
        (Safety.DISPLAY, Safety.DISPLAY, False),
    ],
)
def test_only_fixes_that_are_safe_enough_take_part(safety: Safety, wanted: Safety, is_applied: bool) -> None:
    text, applied = apply_fixes(source(), [finding((0, 1, "X"), safety=safety)], wanted)
    assert (text != TEXT) == bool(applied) == is_applied


def test_findings_without_a_fix_change_nothing() -> None:
    bare = Finding("AL1", "rule", "wrong", Severity.ERROR, "m.py", source().span(0, 1), 1)
    assert apply_fixes(source(), [bare], Safety.UNSAFE) == (TEXT, ())
    assert plan([bare], TEXT) == ((), ())


def test_edits_that_overlap_cannot_be_applied() -> None:
    with pytest.raises(FixError, match="overlap at line 1"):
        apply(TEXT, [Fix("", Safety.SAFE, tuple(Edit(source().span(*place), "") for place in ((0, 3), (2, 4))))])


EDITS = st.tuples(st.integers(0, len(TEXT)), st.integers(0, 3), st.sampled_from(["", "x", "yy"])).map(
    lambda edit: (edit[0], min(edit[0] + edit[1], len(TEXT)), edit[2])
)


@given(st.lists(EDITS.map(finding), max_size=12))
def test_every_fix_is_taken_or_waits_and_the_order_does_not_matter(findings: list[Finding]) -> None:
    taken, waiting = plan(findings, TEXT)
    assert sorted(map(id, (*taken, *waiting))) == sorted(map(id, findings))
    assert {f.fix for f in plan(findings[::-1], TEXT)[0]} == {f.fix for f in taken}
    assert apply(TEXT, [f.fix for f in taken if f.fix]) == apply_fixes(source(), findings, Safety.SAFE)[0]


class TestOrphans:
    TEXT = "from m import old, other\nimport os  # noqa\n\nx: old = os\ny: old = other\n"

    def text(self, *edits: tuple[int, int, str], path: str = "m.py", text: str = TEXT) -> str:
        return apply_fixes(source(text, path), [finding(edit, text=text) for edit in edits], Safety.SAFE)[0]

    def place(self, nth: int, name: str, new: str, text: str = TEXT) -> tuple[int, int, str]:
        start = -1
        for _ in range(nth):
            start = text.index(name, start + 1)
        return start, start + len(name), new

    def test_an_import_goes_when_several_fixes_together_leave_it_without_a_use(self) -> None:
        assert self.text(self.place(2, "old", "new"), self.place(3, "old", "new")) == (
            "from m import other\nimport os  # noqa\n\nx: new = os\ny: new = other\n"
        )

    def test_it_stays_while_there_is_a_use(self) -> None:
        assert self.text(self.place(2, "old", "new")).startswith("from m import old, other\n")

    def test_it_stays_where_a_comment_hangs_on_it(self) -> None:
        assert "import os  # noqa\n" in self.text(self.place(2, "os", "1"))

    def test_a_use_in_a_string_counts(self) -> None:
        text = "from m import old\n\nx: old = 1\n__all__ = ['old']\ny: 'list[old]' = 2\n"
        assert "import old" in self.text(self.place(2, "old", "new", text), text=text)

    def test_in_the_init_of_a_package_imports_are_for_others(self) -> None:
        text = "from m import old\n\nx: old = 1\n"
        assert self.text(self.place(2, "old", "new", text), text=text) == "\nx: new = 1\n"
        assert "import old" in self.text(self.place(2, "old", "new", text), text=text, path="p/__init__.py")

    def test_imports_that_were_unused_before_are_none_of_our_business(self) -> None:
        text = "import unused\nfrom m import old\n\nx: old = 1\n"
        assert self.text(self.place(2, "old", "new", text), text=text) == "import unused\n\nx: new = 1\n"
