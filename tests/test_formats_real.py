"""Each format on real findings: those of the example project, through the command line."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from format_tools import CODE_QUALITY, DIAGNOSTICS, FORMATS, check_junit, rendered

from asset_lint.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples" / "bike_share"


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `check` prints in each format."""
    root = tmp_path_factory.mktemp("real")
    shutil.copytree(EXAMPLES, root / "project", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root / "project")
        for variable in ("GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR"):
            patch.delenv(variable, raising=False)
        for name in FORMATS:
            arguments = ["check", "--select", "ALL", "--exit-zero", "-q", "--output-format", name]
            assert main([*arguments, "--output-file", str(root / name)]) == 0
    return {name: (root / name).read_text(encoding="utf-8") for name in FORMATS}


@pytest.fixture(scope="module")
def entries(texts: dict[str, str]) -> list[Any]:
    """The findings as data."""
    found = json.loads(texts["json"])
    assert len(found) > 5
    assert any(each["notes"] for each in found)
    assert any(each["fix"] for each in found)
    return list(found)


def test_all_formats_differ(texts: dict[str, str]) -> None:
    assert len(set(texts.values())) == len(FORMATS)


def test_gitlab(texts: dict[str, str], entries: list[Any]) -> None:
    issues = json.loads(texts["gitlab"])
    jsonschema.Draft202012Validator(CODE_QUALITY).validate(issues)
    assert [issue["check_name"] for issue in issues] == [entry["code"] for entry in entries]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert all((EXAMPLES / issue["location"]["path"]).exists() for issue in issues)


def test_rdjson(texts: dict[str, str], entries: list[Any]) -> None:
    document = json.loads(texts["rdjson"])
    jsonschema.Draft202012Validator(DIAGNOSTICS).validate(document)
    assert [each["code"]["value"] for each in document["diagnostics"]] == [entry["code"] for entry in entries]
    assert any("suggestions" in each for each in document["diagnostics"])


def test_junit(texts: dict[str, str], entries: list[Any]) -> None:
    root = check_junit(texts["junit"])
    assert sorted(str(each.get("message")) for each in root.iter("failure")) == sorted(e["message"] for e in entries)


def test_json_lines(texts: dict[str, str], entries: list[Any]) -> None:
    assert [json.loads(line) for line in texts["json-lines"].splitlines()] == entries


def test_pylint(texts: dict[str, str], entries: list[Any]) -> None:
    line = re.compile(r"(?P<path>\S+\.py):(?P<row>\d+): \[(?P<code>[A-Z]+\d+)\] (?P<text>.+)")
    found = [match for each in texts["pylint"].splitlines() if (match := line.fullmatch(each))]
    assert [match["text"] for match in found] == [entry["message"] for entry in entries]


def test_grouped(texts: dict[str, str], entries: list[Any]) -> None:
    blocks = texts["grouped"].removesuffix("\n\n").split("\n\n")
    assert len(blocks) == len({entry["filename"] for entry in entries})
    lines = [block.split("\n") for block in blocks]
    assert all(re.fullmatch(r"\S+\.py:", head) for head, *_ in lines)
    places = [re.match(r" +(\d+):(\d+) +([A-Z]+\d+) ", each) for _, *rest in lines for each in rest]
    assert [int(match[1]) for match in places if match] == [entry["location"]["row"] for entry in entries]


def test_markdown(texts: dict[str, str], entries: list[Any]) -> None:
    tokens = rendered(texts["markdown"])
    rows = sum(token.type == "tr_open" for token in tokens)
    assert rows == len(entries) + len({entry["code"] for entry in entries}) + 2
    assert not {"link_open", "image", "em_open", "strong_open", "s_open"} & {token.type for token in tokens}


class TestTheSummaryOfAJob:
    @pytest.fixture(autouse=True)
    def project(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        (tmp_path / "a.py").write_text("import dagster as dg\n\n\n@dg.asset\ndef broken(:\n")
        return tmp_path

    def test_is_appended_whatever_the_format(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        summary = project / "summary.md"
        summary.write_text("before\n")
        assert main(["check", "--output-format", "markdown"]) == 1
        printed = capsys.readouterr().out
        assert main(["check", "--output-format", "github"]) == 1
        assert "::error" in capsys.readouterr().out
        assert summary.read_text() == f"before\n{printed}\n{printed}\n"

    def test_is_left_alone_where_nothing_was_found(self, project: Path) -> None:
        (project / "a.py").unlink()
        assert main(["check"]) == 0
        assert not (project / "summary.md").exists()

    def test_is_left_alone_by_a_run_that_only_shows_repairs(self, project: Path) -> None:
        assert main(["check", "--diff"]) == 0
        assert not (project / "summary.md").exists()

    @pytest.mark.parametrize("variable", ["", None])
    def test_is_not_written_outside_of_a_job(
        self, variable: str | None, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("GITHUB_STEP_SUMMARY")
        if variable is not None:
            monkeypatch.setenv("GITHUB_STEP_SUMMARY", variable)
        assert main(["check"]) == 1
        assert {path.name for path in project.iterdir()} == {"a.py"}

    def test_that_cannot_be_written_changes_nothing(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project))
        assert main(["check", "--output-format", "concise"]) == 1
        printed = capsys.readouterr()
        assert "AL000" in printed.out
        assert printed.err == "warning: cannot write the summary of the job: Is a directory\n"
