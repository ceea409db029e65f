"""What the formats for services and programs look like, on findings made by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from format_tools import FORMATS, check_junit, rendered
from samples import Sample

from asset_lint.cli import options
from asset_lint.finding import Edit, Finding, Fix, Safety, Severity
from asset_lint.report import markdown, render


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def rich(sample: Sample) -> Finding:
    """A finding with everything."""
    return sample.finding(
        hint="use `with`",
        notes=(sample.note("report(rows)", "still open if this raises"),),
        fix=sample.fix(sample.edit("conn.close()", "pass"), sample.edit("conn = ", "")),
    )


@pytest.fixture
def other(sample: Sample) -> Finding:
    return sample.finding("return rows", code="AL202", name="x", message="other", severity=Severity.WARNING)


def test_the_help_names_every_format() -> None:
    assert options.FORMATS == f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"


@pytest.mark.parametrize(
    ("output_format", "empty"),
    [
        ("grouped", ""), ("json-lines", ""), ("gitlab", "[]\n"), ("pylint", ""),
        ("markdown", "### asset-lint: nothing found\n"),
    ],
)  # fmt: skip
def test_without_findings(output_format: str, empty: str, sample: Sample) -> None:
    assert sample.shown(output_format) == empty


def test_pylint_is_a_line_each(sample: Sample, rich: Finding, other: Finding) -> None:
    assert sample.shown("pylint", rich, other) == (
        "src/orders.py:7: [AL201] connection `conn` is not closed on every way out of `orders`\n"
        "src/orders.py:17: [AL202] other\n"
    )


class TestGrouped:
    def test_aligns_the_places_below_each_file(self, sample: Sample, rich: Finding, other: Finding) -> None:
        elsewhere = Sample(path="a.py").finding(message="third")
        assert sample.shown("grouped", elsewhere, rich, other) == (
            "a.py:\n  7:12 AL201 third\n\n"
            "src/orders.py:\n"
            "   7:12 AL201 [*] connection `conn` is not closed on every way out of `orders`\n"
            "  17:5  AL202 other\n\n"
        )

    def test_is_coloured_where_colours_are_wanted(self, sample: Sample, rich: Finding) -> None:
        assert render("grouped", [rich], sample.context(color=True)).startswith("\x1b[1msrc/orders.py\x1b[0m:\n")


def test_json_lines_are_the_objects_of_json(sample: Sample, rich: Finding, other: Finding) -> None:
    lines = sample.shown("json-lines", rich, other).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(sample.shown("json", rich, other))


class TestGitlab:
    @pytest.fixture(autouse=True)
    def outside_of_a_job(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("CI_PROJECT_DIR", raising=False)

    def issues(self, sample: Sample, *findings: Finding, **context: Any) -> Any:
        return json.loads(render("gitlab", findings, sample.context(**context)))

    def test_is_ruffs(self, sample: Sample, rich: Finding) -> None:
        (issue,) = self.issues(sample, rich)
        assert len(issue.pop("fingerprint")) == 32
        assert issue == {
            "check_name": "AL201",
            "description": "AL201: connection `conn` is not closed on every way out of `orders`",
            "severity": "major",
            "location": {
                "path": "src/orders.py",
                "positions": {"begin": {"line": 7, "column": 12}, "end": {"line": 7, "column": 32}},
            },
        }

    def test_fingerprints_stay_when_lines_move_and_differ_for_equal_lines(self) -> None:
        before, after = Sample("wrong\nwrong\n"), Sample("# new\n\nwrong\nwrong\n")
        prints = [
            [each["fingerprint"] for each in self.issues(of, of.finding("wrong"), of.finding("wrong", occurrence=2))]
            for of in (before, after)
        ]
        assert prints[0] == prints[1]
        assert len(set(prints[0])) == 2

    def test_paths_are_relative_to_the_checkout(
        self, sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        (issue,) = self.issues(sample, sample.finding(), root=tmp_path)
        assert issue["location"]["path"] == "sub/src/orders.py"
        monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path / "sub"))
        (issue,) = self.issues(sample, sample.finding(), root=tmp_path)
        assert issue["location"]["path"] == "src/orders.py"

    def test_a_path_elsewhere_stays(self, sample: Sample, tmp_path: Path) -> None:
        (issue,) = self.issues(sample, sample.finding(), root=tmp_path / "other")
        assert issue["location"]["path"] == "src/orders.py"

    @pytest.mark.parametrize(
        ("severity", "name"), [(Severity.ERROR, "major"), (Severity.WARNING, "minor"), (Severity.INFO, "info")]
    )
    def test_has_severities(self, severity: Severity, name: str, sample: Sample) -> None:
        assert self.issues(sample, sample.finding(severity=severity))[0]["severity"] == name


class TestRdjson:
    def only(self, sample: Sample, finding: Finding) -> Any:
        (diagnostic,) = json.loads(sample.shown("rdjson", finding))["diagnostics"]
        return diagnostic

    def test_is_ruffs_with_severity_and_related_places(self, sample: Sample, rich: Finding) -> None:
        path = str(Path("src/orders.py").absolute())
        assert json.loads(sample.shown("rdjson", rich)) == {
            "source": {"name": "asset-lint"},
            "severity": "WARNING",
            "diagnostics": [
                {
                    "code": {"value": "AL201"},
                    "message": f"{rich.message}\nuse `with`",
                    "severity": "ERROR",
                    "location": {
                        "path": path,
                        "range": {"start": {"line": 7, "column": 12}, "end": {"line": 7, "column": 32}},
                    },
                    "related_locations": [
                        {
                            "message": "still open if this raises",
                            "location": {
                                "path": path,
                                "range": {"start": {"line": 15, "column": 5}, "end": {"line": 15, "column": 17}},
                            },
                        }
                    ],
                    "suggestions": [
                        {
                            "range": {"start": {"line": 7, "column": 5}, "end": {"line": 16, "column": 17}},
                            "text": sample.text[sample.span("duckdb.connect(").start : sample.span("conn.close").start]
                            + "pass",
                        }
                    ],
                }
            ],
        }

    def test_offers_nothing_that_is_only_to_be_shown(self, sample: Sample) -> None:
        fix = sample.fix(sample.edit("rows", "r"), safety=Safety.DISPLAY)
        assert "suggestions" not in self.only(sample, sample.finding(fix=fix))

    def test_counts_bytes(self) -> None:
        sample = Sample('größe = "日本"; wrong\n')
        start = len('größe = "日本"; '.encode()) + 1
        where = self.only(sample, sample.finding("wrong"))["location"]["range"]
        assert where == {"start": {"line": 1, "column": start}, "end": {"line": 1, "column": start + 5}}

    def test_calls_standard_input_what_the_user_called_it(self) -> None:
        sample = Sample(path="-")
        assert self.only(sample, sample.finding())["location"]["path"] == "-"


class TestJunit:
    def test_is_ruffs(self, sample: Sample, rich: Finding) -> None:
        message = "connection `conn` is not closed on every way out of `orders`"
        assert sample.shown("junit", rich) == (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<testsuites name="asset-lint" tests="1" failures="1" errors="0">\n'
            '  <testsuite name="src/orders.py" tests="1" failures="1" errors="0" package="org.asset-lint">\n'
            '    <testcase name="org.asset-lint.AL201" classname="src/orders" line="7" column="12">\n'
            '      <properties>\n        <property name="severity" value="error"/>\n      </properties>\n'
            f'      <failure message="{message}">line 7, col 12, {message}\n'
            "src/orders.py:15:5: still open if this raises\nhelp: use `with`</failure>\n"
            "    </testcase>\n  </testsuite>\n</testsuites>\n"
        )

    def test_has_a_suite_for_each_file(self, sample: Sample, rich: Finding, other: Finding) -> None:
        elsewhere = Sample(path="a.py").finding()
        root = check_junit(sample.shown("junit", elsewhere, rich, other))
        assert [(suite.get("name"), len(suite)) for suite in root] == [("a.py", 1), ("src/orders.py", 2)]

    def test_says_that_all_is_well(self, sample: Sample) -> None:
        (case,) = check_junit(sample.shown("junit")).iter("testcase")
        assert (case.get("name"), list(case)) == ("No errors found", [])

    def test_never_says_so_of_what_could_not_be_checked(self, sample: Sample) -> None:
        root = check_junit(render("junit", [], sample.context(problems=("a.py: <denied>",))))
        assert [error.get("message") for error in root.iter("error")] == ["a.py: <denied>"]
        assert len(list(root.iter("testcase"))) == 1


class TestMarkdown:
    def test_counts_lists_and_folds(self, sample: Sample, rich: Finding, other: Finding) -> None:
        said = "connection <code>conn</code> is not closed on every way out of <code>orders</code>"
        summary = f"""\
### asset-lint: 2 findings (1 error, 1 warning)

| Rule | Severity | Findings |
| --- | --- | ---: |
| AL201 unclosed-connection | error | 1 |
| AL202 x | warning | 1 |

| Place | Rule | Finding |
| --- | --- | --- |
| <code>src/orders.py:7:12</code> | AL201 | {said} |
| <code>src/orders.py:17:5</code> | AL202 | other |

<details><summary>Why, and what to do</summary>

- <code>src/orders.py:7:12</code> AL201
  - <code>src/orders.py:15:5</code>: still open if this raises
  - help: use <code>with</code>
  - fix (safe): Hold it in a <code>with</code> block

</details>
"""
        assert sample.shown("markdown", other, rich) == summary

    def test_is_one_code_where_backticks_do_not_pair(self, sample: Sample) -> None:
        assert "| <code>a&#96;b</code> |" in sample.shown("markdown", sample.finding(message="a`b"))

    def test_tells_what_could_not_be_done(self, sample: Sample) -> None:
        shown = render("markdown", [], sample.context(problems=("a.py: permission denied",)))
        assert "\n- Not done: a.py: permission denied\n" in shown

    def test_hides_unsafe_fixes_where_they_are_not_to_be_told_of(self, sample: Sample) -> None:
        finding = sample.finding(fix=sample.fix(sample.edit("rows", "r"), safety=Safety.UNSAFE))
        assert "fix (unsafe)" in render("markdown", [finding], sample.context())
        assert "fix" not in render("markdown", [finding], sample.context(unsafe_fixes=False))

    @pytest.mark.parametrize("message", ["m" * 5000, "日" * 5000, "|" * 5000, "`|` " * 2000])
    def test_has_bounds_and_says_what_had_no_room(self, message: str, sample: Sample) -> None:
        findings = [
            sample.finding(message=message, code=f"AL{number:04}", name="n" * 50, hint=message, function=str(number))
            for number in range(1500)
        ]
        problems = tuple(f"{number}: {message}" for number in range(300))
        shown = render("markdown", findings, sample.context(problems=problems))
        assert 20_000 < len(shown.encode()) <= markdown.LIMIT
        assert shown.count(" more.\n") == 4
        assert shown.endswith("\n</details>\n")
        tokens = rendered(shown)
        rows = sum(token.type == "tr_open" for token in tokens)
        assert sum(token.type == "table_open" for token in tokens) == 2
        assert sum(token.type in ("td_open", "th_open") for token in tokens) == 3 * rows


class TestNotebooks:
    """In a cell's words where people read, where the file has it for services that know nothing of cells."""

    @pytest.fixture
    def found(self, sample: Sample) -> Finding:
        span = replace(sample.span("return rows"), cell=2, in_file=sample.span("import duckdb"))
        return replace(sample.finding(fix=Fix("x", Safety.SAFE, (Edit(span, "y"),))), span=span, path="n.ipynb")

    def test_are_told_of_by_cell_to_people(self, sample: Sample, found: Finding) -> None:
        assert "\n  cell 2:17:5 AL201" in sample.shown("grouped", found)
        assert "<code>n.ipynb:cell 2:17:5</code>" in sample.shown("markdown", found)
        assert ">cell 2, line 17, col 5, " in sample.shown("junit", found)

    def test_are_told_of_by_line_to_services(self, sample: Sample, found: Finding) -> None:
        assert sample.shown("pylint", found).startswith("n.ipynb:1: [AL201]")
        (issue,) = json.loads(sample.shown("gitlab", found))
        assert issue["location"]["positions"]["begin"] == {"line": 1, "column": 1}
        (diagnostic,) = json.loads(sample.shown("rdjson", found))["diagnostics"]
        assert diagnostic["location"]["range"]["start"] == {"line": 1, "column": 1}
        assert 'line="1" column="1"' in sample.shown("junit", found)

    def test_get_no_suggestion(self, sample: Sample, found: Finding) -> None:
        assert "suggestions" not in render("rdjson", [found], sample.context(others={"n.ipynb": sample.text}))
