"""Every fixture case: what is found, what fixing makes of it, and what stays silent. All rules are on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import fixture_tools as ft
import pytest
from fixture_tools import Case, Cure, Side

from asset_lint.config.targets import Version
from asset_lint.rule import Rule

CASES = ft.cases()
WRONG = [case for case in CASES if case.violation]
MODELS = frozenset(("AL101", "AL102", "AL201", "AL203", "AL301", "AL401"))  # the rules that others are written after
FIXABLE = [case for case in WRONG if case.violation and case.violation.cure is not Cure.BY_HAND]


def each(cases: Sequence[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=str)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def wrong(case: Case) -> Side:
    assert case.violation is not None
    return case.violation


def cured(case: Case, root: Path) -> Mapping[str, str]:
    """What fixing makes of a violation; done once."""
    if case not in _cured:
        side = wrong(case)
        side.write(root)
        _cured[case] = ft.fix(root, case, unsafe=side.cure is Cure.UNSAFE)
    return _cured[case]


_cured: dict[Case, Mapping[str, str]] = {}


def listing(modules: Mapping[str, str]) -> str:
    """Modules as one text: pytest shows where two of them differ."""
    return "".join(f"=== {name}\n{text}" for name, text in sorted(modules.items()))


@each(WRONG)
def test_what_is_found_is_what_the_marks_say(case: Case, root: Path) -> None:
    side = wrong(case)
    side.write(root)
    expected = sorted(replace(mark, versions=None) for mark in side.marks if mark.holds(None))
    assert ft.marks_of(ft.check(root, case), side.marks) == expected


@each(CASES)
def test_what_is_right_is_silent(case: Case, root: Path) -> None:
    case.fixed.write(root)
    assert ft.marks_of(ft.check(root, case), ()) == []


@pytest.mark.parametrize("release", ft.RELEASES, ids=lambda release: ".".join(map(str, release)))
@each([case for case in WRONG if any(mark.versions for mark in wrong(case).marks)])
def test_marks_hold_for_their_versions_alone(case: Case, release: Version, root: Path) -> None:
    side = wrong(case)
    side.write(root)
    at = ft.RELEASES.index(release)
    following = "".join(f",<{major}.{minor}" for major, minor in ft.RELEASES[at + 1 : at + 2])
    findings = ft.check(root, case, **{"target-duckdb": f">={release[0]}.{release[1]}{following}"})
    expected = sorted(replace(mark, versions=None) for mark in side.marks if mark.holds(release))
    assert ft.marks_of(findings, side.marks) == expected


@each(FIXABLE)
def test_fixing_makes_what_is_right(case: Case, root: Path) -> None:
    assert listing(cured(case, root)) == listing(case.fixed.modules)


@each([case for case in FIXABLE if wrong(case).cure is Cure.UNSAFE])
def test_the_cure_takes_unsafe_fixes(case: Case, root: Path) -> None:
    wrong(case).write(root)
    assert ft.fix(root, case, unsafe=False) != case.fixed.modules


@each([case for case in WRONG if wrong(case).cure is Cure.BY_HAND])
def test_no_fix_is_offered_where_the_cure_is_by_hand(case: Case, root: Path) -> None:
    side = wrong(case)
    side.write(root)
    assert listing(ft.fix(root, case, unsafe=True)) == listing(side.modules)


@each(FIXABLE)
def test_what_other_rules_want_keeps_no_fix_back(case: Case, root: Path) -> None:
    wrong(case).write(root)
    found = ft.left(root, unsafe=wrong(case).cure is Cure.UNSAFE)
    assert ft.registry().find(case.rule).code not in {finding.code for finding in found}


@each(FIXABLE)
def test_fixing_again_changes_nothing(case: Case, root: Path) -> None:
    side, once = wrong(case), cured(case, root)
    side.write(root)
    for name, text in once.items():
        (root / name).write_bytes(text.encode())
    assert listing(ft.fix(root, case, unsafe=side.cure is Cure.UNSAFE)) == listing(once)


@each(FIXABLE)
def test_no_comment_is_lost(case: Case, root: Path) -> None:
    texts = (wrong(case).modules, cured(case, root))
    before, after = (sum(map(ft.comments, modules.values()), Counter[str]()) for modules in texts)
    assert not before - after


@each(CASES)
def test_every_module_compiles(case: Case) -> None:
    for path in sorted(case.folder.rglob("*.py")):
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)


@each(WRONG)
def test_a_case_is_about_the_rule_that_its_folder_names(case: Case) -> None:
    names = {ft.registry().find(mark.code).name for mark in wrong(case).marks}
    assert case.rule in names


@pytest.mark.parametrize("rule", ft.registry().rules, ids=lambda rule: rule.name)
def test_every_rule_has_cases_of_both_kinds(rule: type[Rule]) -> None:
    enough = 6 if rule.code in MODELS else 4
    about = [case for case in CASES if case.rule == rule.name]
    assert len([case for case in about if case.violation]) >= enough
    assert len([case for case in about if not case.violation]) >= enough
