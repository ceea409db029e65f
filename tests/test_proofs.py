"""The tables of what runs showed: a row for each rule that has evidence, in each environment; none for any other."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import fixture_tools as ft
import pytest

ROOT = Path(__file__).parents[1]
RULES = {rule.code: rule for rule in ft.registry().rules if rule.evidence is not None}


def script() -> ModuleType:
    """scripts/proof_table.py."""
    spec = importlib.util.spec_from_file_location("proof_table", ROOT / "scripts" / "proof_table.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROOFS = script()
DATA = json.loads(PROOFS.DATA.read_text(encoding="utf-8"))


def test_each_rule_with_evidence_has_its_row() -> None:
    assert set(DATA["rules"]) == set(RULES), "run `asset-lint verify --rules` and scripts/proof_table.py again"


@pytest.mark.parametrize("code", RULES)
def test_the_row_is_of_a_case_that_there_is(code: str) -> None:
    row, rule = DATA["rules"][code], RULES[code]
    folder, _, case = row["case"].partition("/")
    assert folder == rule.name.replace("-", "_")
    assert any((ft.FIXTURES / folder / case / side).exists() for side in ("violation.py", "violation"))
    assert rule.evidence is not None
    assert row["evidence"] == rule.evidence.name.lower().replace("_", "-")


@pytest.mark.parametrize("code", RULES)
def test_each_environment_shows_the_fault_and_its_cure(code: str) -> None:
    seen = DATA["rules"][code]["seen"]
    assert len(seen) == len(DATA["environments"])
    shown = [each for each in seen if "skipped" not in each]
    assert shown and all(each["violation"] and each["cure"] for each in shown)
    assert all(each["skipped"].startswith("not with DuckDB") for each in seen if "skipped" in each)


def test_the_environments_are_those_of_the_matrix() -> None:
    matrix = re.search(r"^for versions in (.*); do$", (ROOT / ".ci" / "full").read_text(), re.MULTILINE)
    assert matrix is not None
    wanted = [tuple(each.split()) for each in re.findall(r'"([^"]+)"', matrix[1])]
    assert len(wanted) == len(DATA["environments"])
    for dagster, _, duckdb, _ in wanted:
        assert any(
            each["dagster"].startswith(dagster.rstrip("*")) and each["duckdb"].startswith(duckdb.rstrip("*"))
            for each in DATA["environments"]
        ), f"nothing was run with Dagster {dagster} and DuckDB {duckdb}"


def test_each_item_of_the_checklist_has_a_rule_that_was_seen() -> None:
    assert len(PROOFS.CHECKLIST) == 14
    for codes in PROOFS.CHECKLIST.values():
        assert set(codes) <= set(RULES)
        assert "skipped" not in DATA["rules"][codes[0]]["seen"][-1]


def test_nothing_in_it_is_of_the_machine_that_ran_it() -> None:
    text = PROOFS.DATA.read_text(encoding="utf-8")
    assert not re.search(r"/tmp/|/home/|/root/|asset-lint-verify-|PID \d", text)


def run_of(duckdb: str, **case: Any) -> dict[str, Any]:
    """The output of ``verify --rules`` with one case."""
    facts = {"case": "a_rule/a_case", "code": "AL101", "evidence": "value-not-stored", "status": "proven", "seen": "it",
             "scenario": "normal", "cured": "the run is green", "compared": "equal", "faults": []}  # fmt: skip
    return {"versions": {"dagster": "1.13.0", "duckdb": duckdb}, "cases": [{**facts, **case}]}


def test_a_case_that_fails_makes_no_table() -> None:
    with pytest.raises(ValueError, match=r"Dagster 1\.13\.0, DuckDB 2\.0\.0: a_rule/a_case"):
        PROOFS.collected([run_of("1.5.0"), run_of("2.0.0", status="failed")])


def test_a_case_that_all_can_run_is_taken() -> None:
    new = run_of("2.0.0")
    new["cases"] += run_of("", case="a_rule/b_case", seen='lock on file "/a/b.duckdb" (PID 7), see https://c/d')[
        "cases"
    ]
    old = run_of("1.4.0", status="skipped", faults=["not with DuckDB 1.4.0"])
    old["cases"] += run_of("", case="a_rule/b_case", compared="the violation fails")["cases"]
    found = PROOFS.collected([new, old])
    assert [each["duckdb"] for each in found["environments"]] == ["1.4.0", "2.0.0"]
    assert found["rules"]["AL101"]["case"] == "a_rule/b_case"
    assert [each["cure"] for each in found["rules"]["AL101"]["seen"]] == [
        "the run is green", "the run is green, and gives the same",
    ]  # fmt: skip
    assert found["rules"]["AL101"]["seen"][1]["violation"] == 'lock on file "b.duckdb" (PID n), see https://c/d'
