"""The formats concise, json and github."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from format_tools import hostile
from samples import Sample

from asset_lint.finding import Finding, Safety, Severity
from asset_lint.report import render


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def rich(sample: Sample) -> Finding:
    """A finding with everything."""
    return sample.finding(
        hint="use `with`",
        notes=(sample.note("report(rows)", "still open if this raises"),),
        fix=sample.fix(sample.edit("conn = ", ""), sample.edit("conn.close()", "pass")),
    )


class TestConcise:
    def test_is_a_line_each(self, sample: Sample, rich: Finding) -> None:
        other = sample.finding("return rows", code="AL202", message="other", severity=Severity.WARNING)
        assert sample.shown("concise", rich, other) == (
            "src/orders.py:7:12: AL201 [*] connection `conn` is not closed on every way out of `orders`\n"
            "src/orders.py:17:5: AL202 other\n"
        )

    def test_is_empty_without_findings(self, sample: Sample) -> None:
        assert sample.shown("concise") == ""


class TestJson:
    def only(self, sample: Sample, finding: Finding) -> dict[str, Any]:
        (entry,) = json.loads(sample.shown("json", finding))
        assert isinstance(entry, dict)
        return entry

    def test_has_ruffs_keys_and_some_of_its_own(self, sample: Sample, rich: Finding) -> None:
        assert self.only(sample, rich) == {
            "cell": None,
            "code": "AL201",
            "name": "unclosed-connection",
            "message": "connection `conn` is not closed on every way out of `orders`",
            "severity": "error",
            "filename": os.path.abspath("src/orders.py"),
            "location": {"row": 7, "column": 12},
            "end_location": {"row": 7, "column": 32},
            "noqa_row": 7,
            "url": None,
            "fix": {
                "applicability": "safe",
                "message": "Hold it in a `with` block",
                "edits": [
                    {"content": "", "location": {"row": 7, "column": 5}, "end_location": {"row": 7, "column": 12}},
                    {
                        "content": "pass",
                        "location": {"row": 16, "column": 5},
                        "end_location": {"row": 16, "column": 17},
                    },
                ],
            },
            "verdict": None,
            "hint": "use `with`",
            "function": "orders",
            "notes": [
                {
                    "message": "still open if this raises",
                    "filename": os.path.abspath("src/orders.py"),
                    "location": {"row": 15, "column": 5},
                    "end_location": {"row": 15, "column": 17},
                }
            ],
        }

    def test_says_null_where_there_is_nothing_to_say(self, sample: Sample) -> None:
        entry = self.only(sample, sample.finding(function=""))
        assert (entry["fix"], entry["hint"], entry["function"], entry["notes"]) == (None, None, None, [])

    @pytest.mark.parametrize("safety", list(Safety))
    def test_names_how_far_a_fix_may_be_trusted(self, safety: Safety, sample: Sample) -> None:
        fix = sample.fix(sample.edit("rows", "r"), safety=safety)
        assert self.only(sample, sample.finding(fix=fix))["fix"]["applicability"] == str(safety)

    def test_calls_standard_input_what_the_user_called_it(self) -> None:
        sample = Sample(path="-")
        assert self.only(sample, sample.finding())["filename"] == "-"

    def test_is_an_empty_list_without_findings(self, sample: Sample) -> None:
        assert sample.shown("json") == "[]\n"


class TestGithub:
    @pytest.fixture(autouse=True)
    def outside_of_a_workflow(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)

    def test_is_a_command_each_and_the_sum(self, sample: Sample, rich: Finding) -> None:
        assert sample.shown("github", rich) == (
            "::error title=asset-lint (AL201),file=src/orders.py,line=7,col=12,endLine=7,endColumn=32::"
            "src/orders.py:7:12: AL201 connection `conn` is not closed on every way out of `orders`"
            "%0A  src/orders.py:15:5: still open if this raises"
            "%0A  help: use `with`%0A  help: Hold it in a `with` block\n"
            "asset-lint: 1 finding (1 error)\n"
        )

    def test_puts_the_worst_first_because_a_step_shows_only_ten(self, sample: Sample) -> None:
        words = {"import duckdb": Severity.INFO, "@asset": Severity.WARNING, "return rows": Severity.ERROR}
        shown = sample.shown("github", *(sample.finding(word, severity=each) for word, each in words.items()))
        lines = shown.splitlines()
        assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice", "asset-lint:"]
        assert lines[-1] == "asset-lint: 3 findings (1 error, 1 warning, 1 info)"

    def test_leaves_out_the_columns_of_a_place_of_several_lines(self, sample: Sample) -> None:
        shown = sample.shown("github", sample.finding('"""\n        SELECT 1\n    """'))
        assert "file=src/orders.py,line=8,endLine=10::" in shown

    def test_names_files_relative_to_the_checkout(
        self, sample: Sample, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        assert "file=sub/src/orders.py," in sample.shown("github", sample.finding())

    def test_is_empty_without_findings(self, sample: Sample) -> None:
        assert sample.shown("github") == ""


FORMATS = ["full", "concise", "json", "github", "sarif"]
EVIL = [
    "\x1b[2J\x1b]0;title\x07",
    "\r\n::error::injected",
    "\n::stop-commands::token\n",
    "\u2028::add-mask::x",
    "\x85::error::x",
    "##[stop-commands]token",
    "##vso[task.complete]x",
    "\u202etxet",
    "\x00\x08\x7f",
    "\udc80",
    "%0A::error::x",
    'x,line=1::"\\',
    "]]><b>&amp;",
]


class TestNothingOfTheProjectSlipsIn:
    """Names, strings and lines of the code under check end in all of these places."""

    @pytest.mark.parametrize("output_format", FORMATS)
    @pytest.mark.parametrize("words", EVIL)
    def test_no_control_character_gets_out(self, words: str, output_format: str) -> None:
        sample, finding = hostile(words, words)
        shown = sample.shown(output_format, finding)
        unwanted = {*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *"\u2028\u2029\u202a\u202e\u2066\u2069"} - {
            "\n"
        }
        assert not unwanted & set(shown)
        assert not any("\ud800" <= char <= "\udfff" for char in shown)
        shown.encode("utf-8")

    @pytest.mark.parametrize("output_format", FORMATS)
    @pytest.mark.parametrize("words", EVIL)
    def test_no_line_is_a_command_to_a_build_service(self, words: str, output_format: str) -> None:
        sample, finding = hostile(words, words)
        shown = sample.shown(output_format, finding)
        commands = [line for line in shown.splitlines() if line.lstrip().startswith("::")]
        assert len(commands) == (1 if output_format == "github" else 0)
        if output_format not in (
            "json",
            "sarif",
            "github",
        ):  # the first two are files, a `::` line is read as one command
            assert "##[" not in shown
            assert "##vso[" not in shown

    def test_a_github_command_keeps_its_bounds(self) -> None:
        sample, finding = hostile("a,b:c::d%e", "a,b:c::d%e")
        (command,) = [line for line in sample.shown("github", finding).splitlines() if line.startswith("::")]
        properties, _, data = command.removeprefix("::error ").partition("::")
        assert dict(entry.split("=") for entry in properties.split(","))["file"] == "a%2Cb%3Ac%3A%3Ad%25e.py"
        assert data.startswith("a,b:c::d%25e.py:1:1: AL201 m a,b:c::d%25e%0A")

    @pytest.mark.parametrize("words", EVIL)
    def test_json_gives_back_what_was_said(self, words: str) -> None:
        sample, finding = hostile(words, words)
        (entry,) = json.loads(sample.shown("json", finding))
        assert entry["message"] == finding.message
        assert entry["filename"] == os.path.abspath(finding.path)

    def test_a_path_that_looks_like_a_command_is_shown_as_a_path(self) -> None:
        sample = Sample(path="::error::.py")
        for output_format in ("full", "concise"):
            assert "./::error::.py:7:12" in sample.shown(output_format, sample.finding())

    def test_colours_add_nothing_to_what_may_get_out(self) -> None:
        sample, finding = hostile("\x1b[31mred", "\x1b[31mred")
        shown = render("full", [finding], sample.context(color=True))
        assert "\x1b[31mred" not in shown
        assert "␛[31mred" in shown
