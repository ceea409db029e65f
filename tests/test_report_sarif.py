"""SARIF: its structure, where it points, and what stays the same when lines move."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest
from samples import TEXT, Sample

from asset_lint.finding import Finding, Safety, Severity
from asset_lint.registry import Page
from asset_lint.report import render
from asset_lint.report.places import fingerprints

PAGE = Page("AL201", "unclosed-connection", "m", Severity.ERROR, "Never leave it open.\n\n## What it does\nFinds it.")


def closed(*required: str, **properties: Any) -> dict[str, Any]:
    """An object that must have the ``required`` keys and may have no key that isn't named."""
    return {
        "type": "object",
        "required": list(required),
        "additionalProperties": False,
        "properties": {**dict.fromkeys(required, True), **properties},
    }


def listed(items: dict[str, Any], minimum: int = 0, *, unique: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": minimum, "uniqueItems": unique}


# What the standard demands of the objects that are used here.
STRING = {"type": "string", "minLength": 1}
MESSAGE = closed("text", text=STRING, markdown=STRING)
LEVEL = {"enum": ["none", "note", "warning", "error"]}
INDEX = {"type": "integer", "minimum": 0}
BAG = {"type": "object", "properties": {"tags": listed(STRING, unique=True)}}
REGION = closed(
    **{key: {"type": "integer", "minimum": 1} for key in ("startLine", "startColumn", "endLine", "endColumn")}
)
ARTIFACT = closed(
    "uri",
    uri={"type": "string", "pattern": r"^[\w/.~%!$&'()*+,;=:@-]+$"},
    uriBaseId={"const": "%SRCROOT%"},
)
LOCATION = closed(
    "physicalLocation",
    id=INDEX,
    message=MESSAGE,
    physicalLocation=closed("artifactLocation", "region", artifactLocation=ARTIFACT, region=REGION),
    logicalLocations=listed(
        closed("fullyQualifiedName", "kind", fullyQualifiedName=STRING, kind={"const": "function"})
    ),
)
STEP = closed("location", location=LOCATION, importance={"enum": ["important", "essential", "unimportant"]})
REPLACEMENT = closed("deletedRegion", deletedRegion=REGION, insertedContent=MESSAGE)
CHANGE = closed("artifactLocation", "replacements", artifactLocation=ARTIFACT, replacements=listed(REPLACEMENT, 1))
RESULT = closed(
    *("message", "locations", "ruleId", "ruleIndex", "level", "partialFingerprints"),
    ruleId=STRING,
    ruleIndex=INDEX,
    level=LEVEL,
    message=MESSAGE,
    locations=listed(LOCATION, 1),
    relatedLocations=listed(LOCATION, unique=True),
    partialFingerprints={"type": "object", "minProperties": 1, "additionalProperties": STRING},
    codeFlows=listed(closed("threadFlows", threadFlows=listed(closed("locations", locations=listed(STEP, 1)), 1))),
    fixes=listed(
        closed("artifactChanges", description=MESSAGE, properties=BAG, artifactChanges=listed(CHANGE, 1)), unique=True
    ),
)
RULE = closed(
    *("id", "help"),
    id=STRING,
    name={"type": "string", "pattern": "^([A-Z][a-z0-9]*)+$"},
    shortDescription=MESSAGE,
    fullDescription=MESSAGE,
    help=MESSAGE,
    defaultConfiguration=closed(level=LEVEL),
    properties=BAG,
)
DRIVER = closed("name", name=STRING, version=STRING, semanticVersion=STRING, rules=listed(RULE, unique=True))
INVOCATION = closed(
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=listed(closed("message", level=LEVEL, message=MESSAGE)),
)
RUN = closed(
    *("tool", "results"),
    tool=closed("driver", driver=DRIVER),
    results=listed(RESULT),
    invocations=listed(INVOCATION),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    originalUriBaseIds={"type": "object", "additionalProperties": closed(description=MESSAGE)},
)
SCHEMA = closed("version", "runs", **{"$schema": STRING, "version": {"const": "2.1.0"}, "runs": listed(RUN, 1)})


def log(sample: Sample, *findings: Finding, **context: Any) -> dict[str, Any]:
    """The log of a run, which is as the standard demands."""
    document = json.loads(render("sarif", findings, sample.context(**context)))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert isinstance(document, dict)
    return document


def run(sample: Sample, *findings: Finding, **context: Any) -> Any:
    return log(sample, *findings, **context)["runs"][0]


def result(sample: Sample, finding: Finding, **context: Any) -> Any:
    return run(sample, finding, **context)["results"][0]


def uris(value: Any) -> Iterator[dict[str, str]]:
    """Every place of a file in a log."""
    if isinstance(value, dict):
        if "uri" in value:
            yield value
        for inner in value.values():
            yield from uris(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from uris(inner)


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def stepwise(sample: Sample) -> Finding:
    """A finding that rests on steps in two files."""
    notes = (
        sample.note("duckdb.connect(path)", "opened here"),
        sample.note("check(rows)", "handed over here", "src/helpers.py"),
        sample.note("report(rows)", "still open if this raises"),
    )
    return sample.finding(notes=notes, hint="use `with`", fix=sample.fix(sample.edit("conn = ", "")))


def test_an_empty_run_is_a_run(sample: Sample) -> None:
    found = run(sample)
    assert (found["results"], found["tool"]["driver"]["rules"]) == ([], [])
    assert found["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_it_names_the_tool_and_its_version(sample: Sample) -> None:
    driver = run(sample)["tool"]["driver"]
    assert (driver["name"], driver["version"], driver["semanticVersion"]) == ("asset-lint", "1.2.3", "1.2.3")


def test_what_went_wrong_is_told(sample: Sample) -> None:
    (invocation,) = run(sample, problems=("a.py: permission denied",))["invocations"]
    assert invocation == {
        "executionSuccessful": False,
        "toolExecutionNotifications": [{"level": "error", "message": {"text": "a.py: permission denied"}}],
    }


class TestRules:
    def test_come_with_their_whole_page(self, sample: Sample) -> None:
        (rule,) = run(sample, sample.finding(), pages={"AL201": PAGE})["tool"]["driver"]["rules"]
        assert (rule["id"], rule["name"]) == ("AL201", "UnclosedConnection")
        assert rule["shortDescription"] == {"text": "Never leave it open."}
        assert rule["help"] == {"text": PAGE.text, "markdown": PAGE.text}
        assert rule["defaultConfiguration"] == {"level": "error"}

    def test_are_listed_once_and_pointed_to(self, sample: Sample) -> None:
        codes = ["AL301", "AL201", "AL301"]
        found = run(sample, *(sample.finding(code=code) for code in codes))
        rules = found["tool"]["driver"]["rules"]
        assert [rule["id"] for rule in rules] == ["AL201", "AL301"]
        assert [rules[each["ruleIndex"]]["id"] for each in found["results"]] == codes

    def test_without_a_page_still_say_what_they_are(self, sample: Sample) -> None:
        (rule,) = run(sample, sample.finding())["tool"]["driver"]["rules"]
        assert rule["help"]["text"] == "unclosed connection"


class TestResults:
    @pytest.mark.parametrize(
        ("severity", "level"), [(Severity.ERROR, "error"), (Severity.WARNING, "warning"), (Severity.INFO, "note")]
    )
    def test_have_a_level(self, severity: Severity, level: str, sample: Sample) -> None:
        assert result(sample, sample.finding(severity=severity))["level"] == level

    def test_point_to_the_place_and_the_function(self, sample: Sample) -> None:
        (location,) = result(sample, sample.finding())["locations"]
        assert location["physicalLocation"]["region"] == {
            "startLine": 7, "startColumn": 12, "endLine": 7, "endColumn": 32,
        }  # fmt: skip
        assert location["logicalLocations"] == [{"fullyQualifiedName": "orders", "kind": "function"}]

    def test_at_module_level_name_no_function(self, sample: Sample) -> None:
        (location,) = result(sample, sample.finding(function=""))["locations"]
        assert "logicalLocations" not in location

    def test_hold_the_hint_in_the_message(self, sample: Sample) -> None:
        assert result(sample, sample.finding(message="m", hint="h"))["message"] == {"text": "m\nh"}

    def test_make_no_links_of_strings_in_the_code(self, sample: Sample) -> None:
        found = result(sample, sample.finding(message="path `[a](https://b)` is fixed"))
        assert re.search(r"\[[^]]*\]\(", found["message"]["text"]) is None


class TestSteps:
    def test_are_a_code_flow_in_the_order_of_the_reasoning(self, sample: Sample, stepwise: Finding) -> None:
        (flow,) = result(sample, stepwise)["codeFlows"]
        (thread,) = flow["threadFlows"]
        assert [step["location"]["message"]["text"] for step in thread["locations"]] == [
            "opened here", "handed over here", "still open if this raises",
        ]  # fmt: skip

    def test_begin_with_the_place_itself_unless_it_is_one_of_them(self, sample: Sample, stepwise: Finding) -> None:
        (flow,) = result(sample, replace(stepwise, notes=stepwise.notes[1:]))["codeFlows"]
        first = flow["threadFlows"][0]["locations"][0]
        assert first["location"]["message"]["text"] == stepwise.message
        assert first["location"]["physicalLocation"]["region"]["startLine"] == 7

    def test_are_related_locations_too(self, sample: Sample, stepwise: Finding) -> None:
        related = result(sample, stepwise)["relatedLocations"]
        assert [unquote(each["physicalLocation"]["artifactLocation"]["uri"]) for each in related] == [
            "src/orders.py", "src/helpers.py", "src/orders.py",
        ]  # fmt: skip

    def test_are_missing_where_there_are_none(self, sample: Sample) -> None:
        assert not {"codeFlows", "relatedLocations"} & result(sample, sample.finding()).keys()


class TestFixes:
    def test_are_replacements(self, sample: Sample) -> None:
        fix = sample.fix(sample.edit("conn = ", ""), sample.edit("rows = ", "all_rows = "), safety=Safety.UNSAFE)
        (found,) = result(sample, sample.finding(fix=fix))["fixes"]
        assert found["description"] == {"text": "Hold it in a `with` block"}
        assert found["properties"] == {"applicability": "unsafe"}
        removed, replaced = found["artifactChanges"][0]["replacements"]
        assert removed == {"deletedRegion": {"startLine": 7, "startColumn": 5, "endLine": 7, "endColumn": 12}}
        assert replaced["insertedContent"] == {"text": "all_rows = "}

    def test_without_edits_are_none(self, sample: Sample) -> None:
        assert "fixes" not in result(sample, sample.finding(fix=sample.fix()))


class TestUris:
    def test_are_relative_to_the_repository(
        self, sample: Sample, stepwise: Finding, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "sub").mkdir()
        monkeypatch.chdir(tmp_path / "sub")
        found = run(sample, stepwise, root=tmp_path)
        places = list(uris(found))
        assert {place["uri"] for place in places} == {"sub/src/orders.py", "sub/src/helpers.py"}
        assert {place["uriBaseId"] for place in places} <= found["originalUriBaseIds"].keys()
        assert str(tmp_path) not in json.dumps(found)

    def test_outside_of_it_are_absolute(self, tmp_path: Path) -> None:
        sample = Sample(path=f"{tmp_path}/a b.py")
        (place,) = uris(result(sample, sample.finding(), root=tmp_path / "other"))
        assert urlsplit(place["uri"]).scheme == "file"
        assert unquote(urlsplit(place["uri"]).path) == sample.path
        assert "uriBaseId" not in place

    @pytest.mark.parametrize("name", ["a b", "ä", "a%20b", "a#b?c", "a:b", "\n", "\udc80", "[x]"])
    def test_escape_what_a_uri_cannot_hold(self, name: str) -> None:
        sample = Sample(path=f"{name}.py")
        (place,) = uris(result(sample, sample.finding()))
        assert unquote(place["uri"], errors="surrogateescape") == sample.path


class TestFingerprints:
    def of(self, text: str, *words: str, path: str = "a.py", **attributes: Any) -> list[str]:
        sample = Sample(text, path)
        return fingerprints([sample.finding(each, **attributes) for each in words], sample.context())

    def test_stay_when_lines_move(self) -> None:
        words = "duckdb.connect(path)"
        assert self.of(TEXT, words) == self.of(f"# more\n\n{TEXT}", words)

    def test_stay_when_a_line_is_indented_or_aligned_differently(self) -> None:
        words = "duckdb.connect(path)"
        assert self.of(TEXT, words) == self.of(TEXT.replace("    conn = duckdb", "        conn  =  duckdb"), words)

    def test_differ_for_equal_lines_by_their_order(self) -> None:
        sample = Sample("wrong\nwrong\n")
        findings = [sample.finding("wrong"), sample.finding("wrong", occurrence=2)]
        assert len(set(fingerprints(findings, sample.context()))) == 2

    @pytest.mark.parametrize(
        "other",
        [{"code": "AL202"}, {"function": "other"}, {"path": "b.py"}],
    )
    def test_differ_for_what_is_something_else(self, other: dict[str, str]) -> None:
        assert self.of(TEXT, "return rows") != self.of(TEXT, "return rows", **other)

    def test_do_not_depend_on_where_the_repository_lies(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        found = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            monkeypatch.chdir(tmp_path / name)
            found.append(self.of(TEXT, "return rows"))
        assert found[0] == found[1]

    def test_of_a_file_that_cannot_be_read_are_there_nonetheless(self) -> None:
        sample = Sample()
        finding = sample.finding()
        sample.path = os.devnull
        assert result(sample, finding)["partialFingerprints"]["assetLint/v1"]
