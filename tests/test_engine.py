"""From files to findings, and from findings to fixed files."""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import engine_rules as er
import pytest

from asset_lint.baseline import Baseline
from asset_lint.config import Config
from asset_lint.config.patterns import Pattern
from asset_lint.engine import FileResult, Mode, add_comments, run, write
from asset_lint.errors import ConfigError, RuleError, SourceError
from asset_lint.finding import Safety
from asset_lint.registry import Registry
from asset_lint.registry.packs import Pack, rules_of
from asset_lint.rule import Function, Rule

Rules = Sequence[type[Rule]]


def asset(body: str, name: str = "numbers") -> str:
    """A module with one asset."""
    lines = "".join(f"    {line}\n" for line in dedent(body).strip("\n").splitlines())
    return f"import dagster as dg\n\n\n@dg.asset\ndef {name}(context):\n{lines}"


class Project:
    """A folder with modules, and what is found in them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files: list[str] = []

    def add(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if name not in self.files:
            self.files.append(name)
        return path

    def config(self, **settings: Any) -> Config:
        return Config(self.root, **{"profile": "all", **settings})

    def run(self, rules: Rules = er.WORDS, mode: Mode = Mode.CHECK, jobs: int = 1, **more: Any) -> list[FileResult]:
        names = {"stdin", "baseline", "ignore_noqa", "on_file", "gated"}
        options = {name: more.pop(name) for name in names & more.keys()}
        config = self.config(**more)
        files = [(Path(name), config) for name in self.files]
        return list(run(files, Registry(rules), mode=mode, jobs=jobs, **options))

    def found(self, rules: Rules = er.WORDS, **more: Any) -> list[tuple[str, str, int]]:
        return [
            (each.path, each.code, each.span.line) for result in self.run(rules, **more) for each in result.findings
        ]

    def one(self, text: str | bytes, rules: Rules = er.WORDS, **more: Any) -> FileResult:
        self.add("one.py", text)
        self.files = ["one.py"]
        (result,) = self.run(rules, **more)
        return result

    def fixed(self, text: str, rules: Rules = er.WORDS, **more: Any) -> str:
        result = self.one(text, rules, mode=Mode.FIX, **more)
        return text if result.text is None else result.text


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def codes(result: FileResult) -> list[str]:
    return [each.code for each in result.findings]


def said(results: Sequence[FileResult]) -> list[object]:
    """All that results say, in a form that can be compared."""
    return [
        (each.path, each.findings, each.text, each.applied, each.error, each.source.data if each.source else None)
        for each in results
    ]


# -- who is called for what -------------------------------------------------------------------------------------------

SHAPES = """
    import dagster as dg
    import duckdb

    outside(0)


    def build(number):
        not_reached(1)

        @dg.asset(metadata={"a": mark()})
        def inner():
            def nested():
                hidden(2)

            class Local:
                here(3)

                def method(self):
                    hidden(4)

            return [f(5) for _ in (lambda: g(6))()]

        return inner


    @dg.asset
    def opens():
        conn = duckdb.connect()
        try:
            helper()
        except ValueError:
            pass
        return conn.sql("select 1")


    def helper():
        return 7
    """


def test_every_node_is_shown_once_with_the_innermost_function_in_reach(project: Project) -> None:
    result = project.one(dedent(SHAPES), [er.Witness])
    assert result.error is None
    events = [each.message for each in result.findings if " call " in each.message or " integer " in each.message]
    assert sorted(events) == [
        "build.inner.Local.method: call hidden",
        "build.inner.Local.method: integer 4",
        "build.inner.nested: call hidden",
        "build.inner.nested: integer 2",
        "build.inner: call (lambda: g(6))",
        "build.inner: call dg.asset",
        "build.inner: call f",
        "build.inner: call g",
        "build.inner: call here",
        "build.inner: call mark",
        "build.inner: integer 3",
        "build.inner: integer 5",
        "build.inner: integer 6",
        "helper: integer 7",
        "opens: call conn.sql",
        "opens: call duckdb.connect",
        "opens: call helper",
    ]


def test_calls_come_in_the_documented_order(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(er.Witness, "tell", lambda self, event: events.append(f"{self.function.name}: {event}"))
    project.one(dedent(SHAPES), [er.Witness])
    assert [event for event in events if event.startswith("opens")] == [
        "opens: function opens",
        "opens: asset opens",
        "opens: connection conn",
        "opens: output",
        "opens: handler",
        "opens: call duckdb.connect",
        "opens: call helper",
        "opens: call conn.sql",
    ]
    order = [event.split(":")[0] for event in events]
    assert order == sorted(order, key=("inner", "nested", "method", "opens", "helper").index)


def test_findings_come_in_the_order_of_the_text(project: Project) -> None:
    result = project.one(asset("plain\nbad\nplain, bad"))
    assert [(each.code, each.span.line) for each in result.findings] == [
        ("XE104", 6), ("XE101", 7), ("XE104", 8), ("XE101", 8),
    ]  # fmt: skip
    assert {each.function for each in result.findings} == {"numbers"}


def test_files_come_in_the_order_given(project: Project) -> None:
    for name in ("b.py", "a.py", "c.py"):
        project.add(name, asset("plain"))
    done: list[str] = []
    assert [path for path, _, _ in project.found(on_file=done.append)] == ["b.py", "a.py", "c.py"]
    assert done == ["b.py", "a.py", "c.py"]


def test_a_file_without_findings_has_no_source_to_show(project: Project) -> None:
    assert project.one(asset("fine")) == FileResult("one.py", known=())


def test_standard_input_stands_for_the_file(project: Project) -> None:
    result = project.one(asset("fine"), stdin=asset("plain").encode())
    assert codes(result) == ["XE104"]
    assert result.source is not None
    assert result.source.text == asset("plain")


DUTIES = """\
import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

shared = duckdb.connect()


def rows(connection):
    return connection.execute("SELECT 1").fetchall()


def opened():
    with duckdb.connect("x.duckdb") as connection:
        return rows(connection)


@dg.asset
def opens(database: DuckDBResource):
    with database.get_connection() as connection:
        return connection.execute("SELECT 1").fetchall()


@dg.multi_asset(outs={"a": dg.AssetOut()})
def calls():
    return opened()


@dg.asset
async def hands():
    return rows(shared)


@dg.asset
def asks():
    return duckdb.sql("SELECT 1").fetchall()


@dg.asset
def takes(database: DuckDBResource):
    return "SELECT 1"


@dg.op
def operates():
    return opened()


@dg.asset_check(asset=opens)
def checks():
    return dg.AssetCheckResult(passed=bool(opened()))
"""


def test_duties_are_asked_of_assets_that_touch_duckdb_alone(project: Project) -> None:
    def asked(**settings: Any) -> list[str]:
        return [finding.function for finding in project.one(DUTIES, (er.Dutiful,), **settings).findings]

    assert asked() == ["opens", "calls", "hands", "asks"]
    assert asked(all_assets=True) == ["opens", "calls", "hands", "asks", "takes"]


# -- which findings are kept ------------------------------------------------------------------------------------------


def test_selected_rules_run_and_others_do_not(project: Project) -> None:
    text = asset("plain, bad, risky, hinted")
    assert codes(project.one(text, select=("XE101", "XE103"))) == ["XE101", "XE103"]
    assert codes(project.one(text, profile="errors")) == ["XE104", "XE101"]
    assert codes(project.one(text, profile="checklist")) == ["XE104", "XE101", "XE102"]
    ignores = ((Pattern.parse("one.py", project.root), ("XE1",)),)
    assert codes(project.one(text, per_file_ignores=ignores)) == []


def test_an_unknown_selector_stops_the_run_at_once(project: Project) -> None:
    with pytest.raises(ConfigError, match="`XE999`"):
        run([(Path("a.py"), project.config(select=("XE999",)))], Registry(er.WORDS), mode=Mode.CHECK, jobs=1)


def test_suppressions_are_honoured_and_idle_ones_reported(project: Project) -> None:
    text = asset("plain  # noqa: XE104\nbad  # noqa: XE104")
    assert codes(project.one(text)) == ["XE101", "AL001"]
    assert codes(project.one(text, ignore_noqa=True)) == ["XE104", "XE101"]


def test_idle_suppressions_are_found_in_files_that_have_nothing_to_do_with_dagster(project: Project) -> None:
    assert codes(project.one("x = 1  # noqa: XE101\n")) == ["AL001"]


def test_a_rule_below_the_profile_makes_use_of_its_suppression_all_the_same(project: Project) -> None:
    assert codes(project.one(asset("hinted  # noqa: XE103"), profile="checklist")) == []


def test_known_findings_are_passed_over(project: Project) -> None:
    old = project.one(asset("plain"))
    assert old.source is not None
    baseline = Baseline(project.root / "baseline.json")
    baseline = baseline.written(baseline.count([(old.source, old.findings)]))
    text = asset("bad\nplain\nplain")
    result = project.one(text, baseline=baseline)
    assert [(each.code, each.span.line) for each in result.findings] == [("XE101", 6), ("XE104", 8)]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"bad": Safety.SAFE, "risky": Safety.UNSAFE, "hinted": Safety.DISPLAY}),
        ({"fixable": ("XE102",)}, {"bad": None, "risky": Safety.UNSAFE, "hinted": None}),
        ({"unfixable": ("XE101",)}, {"bad": None, "risky": Safety.UNSAFE, "hinted": Safety.DISPLAY}),
        (
            {"extend_safe_fixes": ("XE1",), "extend_unsafe_fixes": ("XE101",)},
            {"bad": Safety.UNSAFE, "risky": Safety.SAFE, "hinted": Safety.DISPLAY},
        ),
    ],
)
def test_the_configuration_says_which_fixes_are_offered_and_how_safe_they_are(
    project: Project, settings: dict[str, Any], expected: dict[str, Safety | None]
) -> None:
    result = project.one(asset("bad, risky, hinted"), **settings)
    assert {each.message.split()[-1]: each.fix.safety if each.fix else None for each in result.findings} == expected


# -- what cannot be checked -------------------------------------------------------------------------------------------


def test_a_file_that_does_not_parse_is_a_finding_with_its_place(project: Project) -> None:
    project.add("broken.py", "import dagster\nx = (1,\n  ]\n")
    project.add("fine.py", asset("plain"))
    assert project.found() == [("broken.py", "AL000", 3), ("fine.py", "XE104", 6)]


def test_a_broken_file_without_a_word_of_dagster_is_none_of_our_business(project: Project) -> None:
    assert project.one("x = (1,\n").findings == ()


def test_broken_syntax_is_reported_whatever_is_selected_suppressed_or_known(project: Project) -> None:
    text = "# asset-lint: file-ignore\nimport dagster\nx = (  # noqa\n"
    assert codes(project.one(text, select=("XE101",), ignore=("ALL",))) == ["AL000"]


@pytest.mark.parametrize(
    ("data", "message", "place"),
    [
        (b"# dagster\n# \xff\n", "cannot decode byte 0xff", (2, 3)),
        (b"# coding: klingon\nimport dagster\n", "unknown encoding: klingon", (1, 1)),
        (b"import dagster\n\0\n", "NUL byte", (2, 1)),
        (b"import dagster\nx = " + b"(" * 5000 + b")" * 5000, "too deeply nested", (2, 254)),
    ],
)
def test_what_no_parser_takes_is_a_finding(project: Project, data: bytes, message: str, place: tuple[int, int]) -> None:
    (finding,) = project.one(data).findings
    assert finding.code == "AL000"
    assert message in finding.message
    assert (finding.span.line, finding.span.column) == place


def test_a_file_that_cannot_be_read_is_an_error_and_the_rest_goes_on(project: Project) -> None:
    project.files = ["missing.py"]
    project.add("fine.py", asset("plain"))
    first, second = project.run()
    assert first.error == "cannot read missing.py: No such file or directory"
    assert codes(second) == ["XE104"]


def test_a_rule_that_raises_is_named_with_file_and_function_and_the_rest_goes_on(project: Project) -> None:
    project.add("one.py", asset("plain\nboom\nplain"))
    project.add("two.py", asset("plain"))
    one, two = project.run([er.RaisingWord, er.PlainWord])
    assert one.error is not None
    assert one.error.startswith("the rule XE301 (raising-word) raised ValueError: it went off (engine_rules.py:")
    assert one.error.endswith("in `numbers` at one.py:5")
    assert codes(one) == ["XE104", "XE301", "XE104"]
    assert two.error is None
    assert codes(two) == ["XE104", "XE301"]


def test_a_rule_that_raises_when_it_is_made_is_named_too(project: Project) -> None:
    def __init__(self: Rule, *_: object) -> None:
        raise KeyError("x")

    unborn = type("Unborn", (Rule,), {"code": "XE9", "message": "", "__doc__": "Never.", "__init__": __init__})
    result = project.one(asset("plain"), [unborn, er.PlainWord])
    assert result.error is not None
    assert "the rule XE9 (unborn) raised KeyError: 'x'" in result.error
    assert codes(result) == ["XE104"]


def test_where_a_rule_raised_no_suppression_is_called_idle(project: Project) -> None:
    assert codes(project.one(asset("boom\nfine  # noqa: XE301"), [er.RaisingWord])) == []


def test_a_visitor_of_a_class_that_does_not_exist_stops_the_run(project: Project) -> None:
    odd = type(
        "Odd", (Rule,), {"code": "XE9", "message": "", "__doc__": "Never.", "visit_Cal": lambda self, node: None}
    )
    with pytest.raises(RuleError, match=r"`visit_Cal` is never called: LibCST has no class `Cal` \(Odd\)"):
        project.one(asset("plain"), [odd])


# -- fixing -----------------------------------------------------------------------------------------------------------


def test_checking_changes_nothing(project: Project) -> None:
    assert project.one(asset("bad")).text is None


def test_safe_fixes_are_applied_and_the_rest_is_reported(project: Project) -> None:
    result = project.one(asset("bad, risky, hinted, plain"), mode=Mode.FIX)
    assert result.text == asset("good, risky, hinted, plain")
    assert codes(result) == ["XE102", "XE103", "XE104"]
    assert [each.code for each in result.applied] == ["XE101"]
    assert result.source is not None
    assert result.source.text == asset("bad, risky, hinted, plain")
    assert result.final is not None
    assert result.final.text == result.text
    assert result.error is None
    assert (project.root / "one.py").read_text() == asset("bad, risky, hinted, plain")


def test_unsafe_fixes_are_applied_where_that_is_wanted_and_rounds_go_on_until_nothing_changes(project: Project) -> None:
    result = project.one(asset("risky, hinted"), mode=Mode.FIX, unsafe_fixes=True, select=("XE101", "XE103"))
    assert result.text is None
    result = project.one(asset("risky, hinted"), [er.UnsafeWord, er.ShownWord], mode=Mode.FIX, unsafe_fixes=True)
    assert result.text == asset("bad, hinted")


def test_findings_point_into_the_fixed_text(project: Project) -> None:
    result = project.one(asset("bad, plain"), mode=Mode.DIFF)
    assert result.final is not None
    (finding,) = result.findings
    assert result.final.text[finding.span.start : finding.span.end] == "plain"


def test_a_fix_whose_result_does_not_parse_is_taken_back_and_named(project: Project) -> None:
    result = project.one(asset("bad, brittle, bad"), [*er.WORDS, er.BreakingWord], mode=Mode.FIX)
    assert result.text == asset("good, brittle, good")
    assert result.error is not None
    assert result.error.startswith("the fix of XE201 at one.py:6 was taken back: its result does not parse")
    (finding,) = result.findings
    assert (finding.code, finding.fix) == ("XE201", None)


def test_a_fix_that_brings_in_another_finding_is_taken_back(project: Project) -> None:
    result = project.one(asset("bad, tricky, bad"), [*er.WORDS, er.WorseningWord], mode=Mode.FIX)
    assert result.text == asset("good, tricky, good")
    assert result.error is None
    assert codes(result) == ["XE202"]


def test_a_fix_that_the_encoding_cannot_say_is_taken_back(project: Project) -> None:
    text = f"# coding: latin-1\n# \xe9\n{asset('bad, euro')}".encode("latin-1")
    result = project.one(text, [*er.WORDS, er.ForeignWord], mode=Mode.FIX)
    assert result.text is not None
    assert result.text.endswith(asset("good, euro"))
    assert result.error is not None
    assert "cannot be written as iso8859-1" in result.error


def test_fixes_that_undo_each_other_are_an_error_and_change_nothing(project: Project) -> None:
    project.add("one.py", asset("ping"))
    project.add("two.py", asset("bad"))
    one, two = project.run([*er.WORDS, er.FlippingWord], mode=Mode.FIX)
    assert (one.text, two.text) == (None, asset("good"))
    assert one.error == "the fixes of one.py undo each other: XE203"


def test_fixes_that_never_come_to_rest_are_an_error(project: Project) -> None:
    result = project.one(asset("more"), [er.EndlessWord], mode=Mode.FIX)
    assert result.text is None
    assert result.error is not None
    assert "do not come to rest" in result.error


def test_where_a_rule_raises_nothing_is_fixed(project: Project) -> None:
    result = project.one(asset("bad\nboom"), [*er.WORDS, er.RaisingWord], mode=Mode.FIX)
    assert result.text is None
    assert result.error is not None


def test_suppressed_and_known_findings_are_not_fixed(project: Project) -> None:
    assert project.fixed(asset("bad  # noqa: XE101\nbad")) == asset("bad  # noqa: XE101\ngood")
    old = project.one(asset("bad, 1"))
    assert old.source is not None
    baseline = Baseline(project.root / "baseline.json")
    baseline = baseline.written(baseline.count([(old.source, old.findings)]))
    assert project.fixed(asset("bad, 1\nbad, 2"), baseline=baseline) == asset("bad, 1\ngood, 2")


def test_idle_suppressions_are_taken_away(project: Project) -> None:
    assert project.fixed(asset("fine  # noqa: XE101")) == asset("fine")
    assert project.fixed("x = 1  # noqa: XE101\n") == "x = 1\n"


def test_a_suppression_that_a_fix_makes_idle_goes_in_the_next_round(project: Project) -> None:
    text = asset("drop(plain)  # asset-lint: ignore[XE104] known")
    assert project.fixed(text, [*er.WORDS, er.DroppedCall]) == asset("good")


def test_a_suppression_that_is_idle_only_until_a_fix_stays(project: Project) -> None:
    text = asset("risky  # asset-lint: ignore[XE101]")
    assert project.fixed(text, unsafe_fixes=True) == asset("bad  # asset-lint: ignore[XE101]")


# -- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfimport dagster as dg\r\n\r\n@dg.asset\r\ndef a():\r\n\tbad # \xc3\xa9\r\n",
        b"# coding: latin-1\nimport dagster as dg\n@dg.asset\ndef a():\n  \x0c\n  bad # \xe9",
    ],
)
def test_writing_keeps_byte_order_mark_newlines_encoding_and_everything_else(project: Project, data: bytes) -> None:
    write(project.one(data, mode=Mode.FIX))
    assert (project.root / "one.py").read_bytes() == data.replace(b"bad", b"good")


def test_writing_keeps_the_mode_and_links(project: Project) -> None:
    real = project.add("real/one.py", asset("bad"))
    real.chmod(0o751)
    link = project.root / "one.py"
    link.symlink_to("real/one.py")
    project.files = ["one.py"]
    (result,) = project.run(mode=Mode.FIX)
    write(result)
    assert link.is_symlink()
    assert real.read_text() == asset("good")
    assert stat.S_IMODE(real.stat().st_mode) == 0o751
    assert sorted(each.name for each in real.parent.iterdir()) == ["one.py"]


def test_a_full_disk_costs_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = project.one(asset("bad"), mode=Mode.FIX)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SourceError, match=r"cannot write one.py: No space left on device"):
        write(result)
    assert (project.root / "one.py").read_text() == asset("bad")
    assert sorted(each.name for each in project.root.iterdir()) == ["one.py"]


def test_what_was_not_changed_is_not_written(project: Project) -> None:
    path = project.add("one.py", asset("plain"))
    os.utime(path, (1, 1))
    write(project.one(asset("plain")))
    before = path.stat()
    write(project.run(mode=Mode.FIX)[0])
    assert path.stat() == before


# -- several files ----------------------------------------------------------------------------------------------------


def test_fixing_one_file_and_then_another_comes_to_rest_in_one_run(project: Project) -> None:
    """What a file says may depend on another one that is being fixed."""

    class Follower(er.Word):
        """Never write ``it`` where the module ``lead`` writes ``good``."""

        code = "XE501"
        message = "this is it"
        replacement = "that"

        def visit_function(self, function: Function) -> None:
            assert function.project is not None
            lead = function.project.load(str(project.root / "lead.py"))
            self.word = "it" if lead is not None and "good" in lead.source.text else ""

    project.add("follow.py", asset("it, plain"))
    project.add("lead.py", asset("bad"))
    results = project.run([*er.WORDS, Follower], Mode.FIX)
    assert [result.text for result in results] == [asset("that, plain"), asset("good")]
    assert [codes(result) for result in results] == [["XE104"], []]
    assert [[each.code for each in result.applied] for result in results] == [["XE501"], ["XE101"]]
    assert results[0].source is not None
    assert results[0].source.text == asset("it, plain")
    for result in results:
        write(result)
    assert [result.text for result in project.run([*er.WORDS, Follower], Mode.FIX)] == [None, None]


def test_the_answer_does_not_depend_on_processes_or_on_the_order_of_files(project: Project) -> None:
    for number in range(60):
        body = ["plain", "bad, risky", "fine", "boom", "fine  # noqa: XE101"][number % 5]
        project.add(f"m{number:02}.py", asset(body, f"asset_{number}"))
    rules = [*er.WORDS, er.RaisingWord]
    for mode in Mode:
        alone = project.run(rules, mode, jobs=1)
        spread = project.run(rules, mode, jobs=3)
        assert said(alone) == said(spread)
        project.files.reverse()
        backwards = project.run(rules, mode, jobs=2)
        project.files.reverse()
        assert said(backwards[::-1]) == said(alone)


def test_a_file_that_takes_its_process_down_costs_one_finding(project: Project) -> None:
    for number in range(40):
        project.add(f"m{number:02}.py", asset("plain", "die_hard" if number in (3, 4, 39) else "live"))
    results = project.run([er.PlainWord, er.FallingRule], jobs=2)
    assert [result.path for result in results] == project.files
    down = [result for result in results if codes(result) == ["AL000"]]
    assert [result.path for result in down] == ["m03.py", "m04.py", "m39.py"]
    assert down[0].findings[0].message == "the parser crashed on this file (exit status 7)"
    assert all(codes(result) == ["XE104"] for result in results if result not in down)


def test_results_travel_between_processes(project: Project) -> None:
    result = project.one(asset("bad, plain"), mode=Mode.FIX)
    assert said([pickle.loads(pickle.dumps(result))]) == said([result])


# -- the gates --------------------------------------------------------------------------------------------------------


def test_the_gates_lose_nothing(project: Project) -> None:
    root = Path(__file__).parents[1]
    project.add("shapes.py", dedent(SHAPES))
    project.add("broken.py", "x = (\n")
    project.add("comment.py", "x = 1  # noqa: XE101\ny = (  # noqa: F401\n")
    project.add(
        "with_a_bom.py", b"\xef\xbb\xbfimport duckdb\n\n\ndef load(p):\n    return duckdb.connect(p).sql('x').df()\n"
    )
    project.add(
        "user.py", "import dagster as dg\nfrom with_a_bom import load\n\n\n@dg.asset\ndef a():\n    load('x.db')\n"
    )
    for path in [*root.glob("tests/fixtures/**/*.py"), *root.glob("examples/**/*.py")]:
        project.add(str(Path("copied", path.relative_to(root))), path.read_bytes())
    builtin = rules_of(Pack("builtin", "asset_lint_rules", "asset-lint"))
    rules: Rules = [*builtin, er.ComputeWitness, *er.WORDS]
    gated = project.run(rules)
    assert sum(len(result.findings) for result in gated) > 100
    ungated = project.run(rules, gated=False)
    assert said(gated) == said(ungated)


# -- suppressing everything -------------------------------------------------------------------------------------------


def noqa(project: Project, text: str, reason: str | None = None, rules: Rules = er.WORDS) -> tuple[str, int]:
    path = project.add("one.py", text)
    count = add_comments([(Path("one.py"), project.config())], Registry(rules), reason)
    return path.read_text(), count


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("plain", "plain  # noqa: XE104", 1),
        ("plain, bad, bad", "plain, bad, bad  # noqa: XE101, XE104", 1),
        ("plain  # why", "plain  # why  # noqa: XE104", 1),
        ("plain  # noqa: F401", "plain  # noqa: F401, XE104", 1),
        ("plain  # noqa: F401 why", "plain  # noqa: F401, XE104 why", 1),
        ("plain  # noqa", "plain  # noqa", 0),
        ("foo(\n    plain,\n)", "foo(\n    plain,  # noqa: XE104\n)", 1),
        ("plain + '''\n'''", "plain + '''\n'''  # noqa: XE104", 1),
        ("plain + \\\n  1", "plain + \\\n  1  # noqa: XE104", 1),
        ("fine", "fine", 0),
    ],
)
def test_everything_found_can_be_suppressed(project: Project, before: str, after: str, lines: int) -> None:
    assert noqa(project, asset(before)) == (asset(after), lines)
    assert project.found() == []


def test_a_reason_can_be_given(project: Project) -> None:
    assert noqa(project, asset("plain"), "to be mended") == (asset("plain  # noqa: XE104 to be mended"), 1)


def test_suppressing_goes_on_behind_a_file_that_cannot_be_checked(project: Project) -> None:
    config = project.config()
    path = project.add("two.py", asset("plain"))
    with pytest.raises(SourceError, match=r"cannot read one\.py"):
        add_comments([(Path("one.py"), config), (Path("two.py"), config)], Registry(er.WORDS))
    assert path.read_text() == asset("plain  # noqa: XE104")
