"""SARIF's word for what is silent: suppressions in the code, the baseline, and what became of the baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from format_tools import STRING, listed, record

from asset_lint.cli import main

#: What https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html says of these two properties of a result.
SUPPRESSIONS = listed(
    record(
        {"kind": {"enum": ["inSource", "external"]}},
        status={"enum": ["accepted", "underReview", "rejected"]},
        justification=STRING,
    )
)
STATE = {"enum": ["new", "unchanged", "updated", "absent"]}

ASSET = """\
import dagster as dg
import duckdb


@dg.asset
def orders(path: str) -> int:
    connection = duckdb.connect(path){comment}
    return len(connection.sql("SELECT 1").fetchall())
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asset-lint.toml").write_text('select = ["AL201", "AL001"]\n')
    return tmp_path


def add(name: str, comment: str = "") -> None:
    Path(name).write_text(ASSET.format(comment=comment))


def results(*arguments: str) -> list[Any]:
    """The results of a run, which are as the standard wants them."""
    main(["check", "--output-format", "sarif", "--output-file", "log.sarif", *arguments])
    found = json.loads(Path("log.sarif").read_text())["runs"][0]["results"]
    for key, schema in (("suppressions", SUPPRESSIONS), ("baselineState", STATE)):
        given = [result[key] for result in found if key in result]
        assert len(given) in (0, len(found)), "all of them or none"
        for value in given:
            jsonschema.Draft202012Validator(schema).validate(value)
    assert isinstance(found, list)
    return found


def silent() -> list[Any]:
    return results("--report-suppressed")


@pytest.mark.parametrize(
    ("comment", "suppression"),
    [
        ("  # noqa: AL201", {"kind": "inSource"}),
        ("  # noqa: AL201 closed by the caller", {"kind": "inSource", "justification": "closed by the caller"}),
        ("  # noqa: AL201 - why not  # more", {"kind": "inSource", "justification": "why not"}),
        ("  # asset-lint: ignore[AL201] a reason", {"kind": "inSource", "justification": "a reason"}),
        ("  # asset-lint: ignore[AL201]", {"kind": "inSource"}),
    ],
)
def test_a_comment_is_a_suppression_in_the_source(comment: str, suppression: dict[str, str]) -> None:
    add("a.py", comment)
    (result,) = silent()
    assert result["ruleId"] == "AL201"
    assert result["suppressions"] == [suppression]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 7
    assert "baselineState" not in result


def test_what_is_reported_has_none() -> None:
    add("a.py")
    add("b.py", "  # noqa: AL201")
    assert [(result["partialFingerprints"] != {}, len(result["suppressions"])) for result in silent()] == [
        (True, 0), (True, 1),
    ]  # fmt: skip


def test_unless_asked_for_nothing_is_told_of_it() -> None:
    add("a.py", "  # noqa: AL201")
    add("b.py")
    main(["baseline", "write", "-q"])
    add("c.py")
    (result,) = results()
    assert not {"suppressions", "baselineState"} & result.keys()


class TestWithABaseline:
    def test_there_are_new_unchanged_and_absent_ones(self) -> None:
        for name in ("a.py", "b.py", "c.py", "d.py"):
            add(name)
        main(["baseline", "write", "-q"])
        Path("b.py").write_text("")
        Path("c.py").unlink()
        add("d.py", "  # noqa: AL201")
        add("e.py")
        add("f.py", "  # noqa: AL201")
        told = [
            (
                result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
                result["baselineState"],
                [each["kind"] for each in result["suppressions"]],
            )
            for result in silent()
        ]
        assert told == [
            ("e.py", "new", []),
            ("a.py", "unchanged", ["external"]),
            ("d.py", "unchanged", ["inSource"]),
            ("f.py", "new", ["inSource"]),
            ("b.py", "absent", []),
            ("c.py", "absent", []),
        ]

    def test_what_is_absent_has_a_function_but_no_line(self) -> None:
        add("a.py")
        main(["baseline", "write", "-q"])
        Path("a.py").write_text("")
        (result,) = silent()
        assert result["message"] == {"text": "no longer found: connection = duckdb . connect ( path )"}
        (location,) = result["locations"]
        assert location["logicalLocations"] == [{"fullyQualifiedName": "orders", "kind": "function"}]
        assert "region" not in location["physicalLocation"]

    def test_what_was_not_checked_is_not_absent(self) -> None:
        add("a.py")
        add("b.py")
        main(["baseline", "write", "-q"])
        assert [result["baselineState"] for result in results("--report-suppressed", "a.py")] == ["unchanged"]

    def test_the_exit_status_stays(self) -> None:
        add("a.py")
        main(["baseline", "write", "-q"])
        assert main(["check", "--output-format", "sarif", "--report-suppressed"]) == 0

    def test_workers_say_the_same(self) -> None:
        for number in range(40):
            add(f"m{number:02}.py", "  # noqa: AL201 why" if number % 2 else "")
        main(["baseline", "write", "-q"])
        alone = results("--report-suppressed", "--jobs", "1")
        assert len(alone) == 40
        assert results("--report-suppressed", "--jobs", "2") == alone


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output-format", "json"], "--report-suppressed goes with the format sarif, not json"),
        (["--output-format", "sarif", "--fix"], "--report-suppressed cannot be used together with --fix"),
        (["--output-format", "sarif", "--diff"], "--report-suppressed cannot be used together with --diff"),
    ],
)
def test_it_goes_with_a_check_in_sarif_only(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add("a.py")
    assert main(["check", "--report-suppressed", *arguments]) == 2
    assert message in capsys.readouterr().err
