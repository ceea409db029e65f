"""The proof of each rule: its violations show the symptom at run time, their cures do not, and outputs stay equal."""

from __future__ import annotations

import json
from pathlib import Path

import fixture_tools as ft
import pytest

from asset_lint.cli import main
from asset_lint.evidence import Evidence, Scenario
from asset_lint.verify import Sandbox
from asset_lint.verify.cases import Case, cases
from asset_lint.verify.pairs import Status, run_pairs
from asset_lint.verify.symptoms import PROBES

RULES = {
    rule.name.replace("-", "_"): (rule.code, rule.evidence) for rule in ft.registry().rules if rule.evidence is not None
}
CASES = list(cases(ft.FIXTURES, RULES))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_violation_shows_it_and_the_cure_does_not(case: Case, sandbox: Sandbox) -> None:
    [result] = run_pairs([case], sandbox)
    if result.status is Status.SKIPPED:
        pytest.skip(result.faults[0])
    assert not result.faults


def test_few_cases_are_left_out(sandbox: Sandbox) -> None:
    left_out = [case.name for case in CASES if case.left_out(sandbox.versions["duckdb"])]
    assert len(left_out) * 20 < len(CASES), left_out


@pytest.mark.parametrize("evidence", Evidence, ids=lambda each: each.name)
def test_each_evidence_has_scenarios_and_a_probe(evidence: Evidence) -> None:
    assert evidence.scenarios and evidence.symptom
    assert evidence in PROBES


def test_a_cure_that_changes_the_output_is_no_cure(tmp_path: Path, sandbox: Sandbox) -> None:
    folder = tmp_path / "unannotated_context" / "other_rows"
    folder.mkdir(parents=True)
    text = "from dagster import AssetExecutionContext, asset\n\n\n@asset\ndef rows(context{}) -> int:\n    return {}\n"
    (folder / "violation.py").write_text(text.format("", 1))
    (folder / "fixed.py").write_text(text.format(": AssetExecutionContext", 2))
    [result] = run_pairs([Case(folder, "AL403", Evidence.CONTEXT_UNDECLARED)], sandbox)
    assert result.status is Status.FAILED
    assert result.faults == ("the value of rows.result differs: 1 before, 2 after",)


def test_a_cure_that_shows_the_symptom_is_no_cure(tmp_path: Path, sandbox: Sandbox) -> None:
    folder = tmp_path / "print_in_asset" / "still_printed"
    folder.mkdir(parents=True)
    for side in ("violation", "fixed"):
        (folder / f"{side}.py").write_text("import dagster as dg\n\n\n@dg.asset\ndef a() -> None:\n    print('rows')\n")
    [result] = run_pairs([Case(folder, "AL503", Evidence.PRINTED_ONLY)], sandbox)
    assert (result.scenario, result.seen) == (Scenario.NORMAL, "`rows` is printed, and in no event")
    assert result.faults == ("the cure shows it, too: `rows` is printed, and in no event",)


def test_the_command_tells_of_each_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "print_in_asset"
    for name, skip in (("told", ""), ("untold", 'skip = "needs a printer"\n')):
        case = folder / name
        case.mkdir(parents=True)
        (case / "verify.toml").write_text(skip)
        head = "import dagster as dg\n\n\n@dg.asset\ndef a(context: dg.AssetExecutionContext) -> None:\n"
        (case / "violation.py").write_text(f"{head}    print('rows')\n")
        (case / "fixed.py").write_text(f"{head}    context.log.info('rows')\n")
    arguments = ["verify", "--rules", "--select", "print-in-asset", "--fixtures", str(tmp_path), "-j", "1"]
    assert main([*arguments, "--output-format", "json"]) == 0
    told, untold = json.loads(capsys.readouterr().out)["cases"]
    assert (told["status"], told["evidence"], told["compared"]) == ("proven", "printed-only", "equal")
    assert (untold["status"], untold["faults"]) == ("skipped", ["needs a printer"])
    file = tmp_path / "told.txt"
    assert main([*arguments, "-o", str(file)]) == 0
    assert "AL503" in file.read_text() and "needs a printer" in file.read_text()
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("1 cases proven, 0 not, 1 not run; with python ")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--rules", "src"], "leave out the paths"),
        (["--rules", "--fixtures", "nowhere"], "there is no folder nowhere"),
        (["--rules", "--output-format", "sarif"], "prints a table or JSON"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *arguments]) == 2
    assert words in capsys.readouterr().err
