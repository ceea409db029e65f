"""Whether a fix may stay: what runs before and after it must show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asset_lint.cli import main
from asset_lint.evidence import Evidence, Scenario
from asset_lint.verify import End, Fate, Observations, Outcome, Task, Unit, Verdict, Witness, prove

TASK = Task(("assets",))


def witness(*, logs: bool, error: str = "", value: int = 1) -> Witness:
    """What was seen of an asset whose query fails in one run; the other ends with ``error``, if there is one."""
    chain = [
        {"type": "DagsterExecutionStepExecutionError", "message": "outer"},
        {"type": "OSError", "message": error},
    ]
    failure = {"kind": "event", "type": "STEP_FAILURE", "step": "a", "errors": chain}
    normal: list[dict[str, Any]] = [{"kind": "run", "success": not error, "error": None}]
    normal += [failure] if error else [{"kind": "value", "op": "a", "output": "result", "digest": value, "rows": value}]
    fault: list[dict[str, Any]] = [
        {
            "kind": "failed",
            "injected": True,
            "error": {"type": "IOException", "message": "made to fail"},
            "place": None,
        },
        {**failure, "errors": [chain[0], {"type": "IOException", "message": "made to fail"}]},
        {"kind": "run", "success": False, "error": None},
    ]
    fault += [{"kind": "log", "own": True, "level": "ERROR", "message": "it failed", "step": "a"}] if logs else []
    runs = {
        scenario: [Observations(Outcome(TASK, End.FINISHED, events=tuple(events)))]
        for scenario, events in ((Scenario.NORMAL, normal), (Scenario.FAULT, fault))
    }
    return Witness(Unit("assets.py", "a", 1, TASK), ("a",), runs)


@pytest.mark.parametrize(
    "before, after, fate, words",
    [
        ({}, {}, Fate.KEPT, "it gives the same (1 rows)"),
        ({"error": "no disk"}, {}, Fate.KEPT, "now it gives (1 rows)"),
        ({"error": "no disk"}, {"error": "no disk"}, Fate.KEPT, "it fails as before: "),
        ({"error": "no disk"}, {"error": "no net"}, Fate.TAKEN_BACK, "it fails in another way afterwards: "),
        ({}, {"error": "no net"}, Fate.TAKEN_BACK, "it fails afterwards: "),
        ({}, {"value": 2}, Fate.TAKEN_BACK, "it gives something else afterwards: the value of a.result"),
    ],
)
def test_what_becomes_of_a_fix(before: dict[str, Any], after: dict[str, Any], fate: Fate, words: str) -> None:
    proof = prove(witness(logs=False, **before), witness(logs=True, **after), Evidence.ERROR_UNTOLD)
    assert proof.fate is fate, proof.words
    assert words in proof.words


def test_a_fix_that_mends_nothing_is_taken_back() -> None:
    proof = prove(witness(logs=False), witness(logs=False), Evidence.ERROR_UNTOLD)
    assert (proof.fate, proof.words.partition(":")[0]) == (Fate.TAKEN_BACK, "the symptom is still there")


def test_what_an_earlier_failure_keeps_from_being_reached_is_not_refuted() -> None:
    def place(line: int) -> dict[str, Any]:
        return {"file": "assets.py", "line": line, "function": "a", "library": ""}

    error = {"type": "IOException", "message": "made to fail"}
    chain = [{"type": "DagsterExecutionStepExecutionError", "message": "outer"}, error]
    failed: list[dict[str, Any]] = [
        {"kind": "failed", "injected": True, "error": error, "place": place(3)},
        {"kind": "event", "type": "STEP_FAILURE", "step": "a", "errors": chain},
        {"kind": "run", "success": False, "error": None},
    ]
    verdicts = []
    for lines in ([3], [3, 5]):
        asked: list[dict[str, Any]] = [{"kind": "query", "place": place(line), "sql": "SELECT 1"} for line in lines]
        normal = [*asked, {"kind": "run", "success": True, "error": None}]
        runs = {
            Scenario.NORMAL: [Observations(Outcome(TASK, End.FINISHED, events=tuple(normal)))],
            Scenario.FAULT: [Observations(Outcome(TASK, End.FINISHED, events=tuple(failed)))],
        }
        verdicts.append(Witness(Unit("assets.py", "a", 1, TASK), ("a",), runs).judge(Evidence.ERROR_SWALLOWED).verdict)
    assert verdicts == [Verdict.REFUTED, Verdict.NOT_REACHED]


def test_the_fixes_of_all_assets_of_a_file_are_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "import dagster as dg\nfrom dagster_duckdb import DuckDBResource\n"
    asset = (
        "\n\n@dg.asset\ndef {0}(context: dg.AssetExecutionContext, db: DuckDBResource) -> None:\n"
        '    context.log.info("making {0}")\n    with db.get_connection() as conn:\n'
        '        conn.execute("CREATE OR REPLACE TABLE {0} AS SELECT 1 AS id")\n'
    )
    path = tmp_path / "assets.py"
    path.write_text(head + "".join(asset.format(name) for name in ("one", "two", "three")))
    monkeypatch.chdir(tmp_path)
    main(["check", "assets.py", "--select", "AL303", "--fix", "--verify", "--isolated"])
    assert "3 fixes proven by running 3 assets before and after, 0 taken back" in capsys.readouterr().err
    assert path.read_text().count("except duckdb.Error") == 3


def test_another_asset_of_the_module_is_no_witness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = "import dagster as dg\nfrom dagster_duckdb import DuckDBResource\n"
    asset = (
        "\n\n@dg.asset{1}\ndef {0}(context, db: DuckDBResource) -> None:\n"
        '    context.log.info("making {0}")\n    with db.get_connection() as conn:\n'
        '        conn.execute("CREATE OR REPLACE TABLE {0} AS SELECT 1 AS id")\n'
    )
    (tmp_path / "raw.py").write_text(head + asset.format("raw", ""))
    path = tmp_path / "mart.py"
    path.write_text(head.replace("\nfrom", "\nfrom raw import raw\nfrom", 1) + asset.format("mart", "(deps=[raw])"))
    monkeypatch.chdir(tmp_path)
    main(["check", "mart.py", "--select", "AL403", "--fix", "--verify", "--isolated"])
    assert "1 fix proven by running 1 asset before and after, 0 taken back" in capsys.readouterr().err
    assert "context: dg.AssetExecutionContext" in path.read_text()
