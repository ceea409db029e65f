"""What runs showed of each rule, on each version of the matrix: docs/proofs.json, and the tables made of it.

From the repository's root, with what .ci/full leaves of the environments of its matrix:

    python scripts/proof_table.py .ci/proofs/*.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "docs" / "proofs.json"
NAMED = ("dagster", "duckdb")  # what tells one environment from another

#: What the checklist asks, and the rules that hold it.
CHECKLIST = {
    "Convert results before they are returned": ("AL101", "AL102", "AL103"),
    "Hold connections in context managers": ("AL202", "AL206"),
    "Log what is found out on the way": ("AL501", "AL503"),
    "Add metadata to what is materialized": ("AL502", "AL107"),
    "Handle DuckDB's own exceptions": ("AL303", "AL302"),
    "Validate data before it is worked on": ("AL603", "AL602"),
    "Use AssetExecutionContext throughout": ("AL403", "AL404"),
    "Return no DuckDBPyRelation": ("AL101", "AL104"),
    "Leave no connection open": ("AL201",),
    "Don't pass over an empty result in silence": ("AL601",),
    "No bare except": ("AL301",),
    "No database path in an asset": ("AL203",),
    "Don't take it for granted that a table exists": ("AL604",),
    "Don't mix OpExecutionContext and AssetExecutionContext": ("AL401", "AL402"),
}

Run = Mapping[str, Any]


def collected(runs: Sequence[Run]) -> dict[str, Any]:
    """The data of the tables, from the output of ``verify --rules`` in each environment.

    Of each rule it has the first case that is proven in most of them. Raises ValueError where a case is not proven.
    """
    runs = sorted(runs, key=lambda run: [_numbers(run["versions"][name]) for name in NAMED])
    failed = [f"{_name(run)}: {case['case']}" for run in runs for case in run["cases"] if case["status"] == "failed"]
    if failed:
        raise ValueError("not proven: " + ", ".join(failed))
    rules: dict[str, dict[str, Any]] = {}
    for code in sorted({case["code"] for run in runs for case in run["cases"]}):
        of_code = [{case["case"]: case for case in run["cases"] if case["code"] == code} for run in runs]
        proven = [[name for name, case in cases.items() if case["status"] == "proven"] for cases in of_code]
        names = sorted({name for each in proven for name in each})
        if names:
            best = max(names, key=lambda name: sum(name in each for each in proven))
            rules[code] = {
                "case": best,
                "evidence": next(cases[best]["evidence"] for cases in of_code if best in cases),
                "seen": [_seen(cases.get(best)) for cases in of_code],
            }
    return {"environments": [{name: run["versions"][name] for name in NAMED} for run in runs], "rules": rules}


def _seen(case: Mapping[str, Any] | None) -> dict[str, str]:
    """What one environment showed of a case: of the fault, and of its cure; or why it was not run."""
    if case is None or case["status"] == "skipped":
        return {"skipped": case["faults"][0] if case else "not run"}
    same = {"equal": ", and gives the same", "expected": ", and gives what is expected"}.get(case["compared"], "")
    return {
        "scenario": case["scenario"],
        "violation": _placeless(case["seen"]),
        "cure": _placeless(case["cured"]) + (same if case["scenario"] == "normal" else ""),
    }


def _placeless(text: str) -> str:
    """Words without what is of one machine and one moment alone."""
    text = re.sub(r"(?<![\w:/])/[\w.+/-]+", lambda path: path[0].rpartition("/")[2], text)
    text = re.sub(r"\(PID \d+\)", "(PID n)", text)
    return re.sub(r" at 0x[0-9a-f]+", "", text).strip()


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _name(environment: Mapping[str, Any]) -> str:
    versions = environment.get("versions", environment)
    return f"Dagster {versions['dagster']}, DuckDB {versions['duckdb']}"


def checklist() -> str:
    """A table: each item of the checklist, and what was seen of its first rule on the newest versions."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    lines = ["| the checklist asks | rules | without it | with it |", "|---|---|---|---|"]
    for item, codes in CHECKLIST.items():
        seen = data["rules"][codes[0]]["seen"][-1]
        links = ", ".join(f"[{code}](#{code.lower()})" for code in codes)
        lines.append(f"| {item} | {links} | {_cell(seen['violation'])} | {_cell(seen['cure'])} |")
    return "\n".join(lines)


def rules(pages: Mapping[str, Any]) -> str:
    """A section for each rule with evidence: what was tried, and what each environment showed. ``pages`` by code."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    parts = []
    for code, facts in data["rules"].items():
        page = pages[code]
        parts += [
            f"### {code}", "", f"[{page.name}](rules/{page.name}.md), case `{facts['case'].partition('/')[2]}`.", "",
            "| versions | run | the fault | its cure |", "|---|---|---|---|",
            *_rows(data["environments"], facts["seen"]), "",
        ]  # fmt: skip
    return "\n".join(parts)


def _rows(environments: Sequence[Mapping[str, str]], seen: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """One row for environments that showed the same."""
    groups: list[tuple[Mapping[str, str], list[str]]] = []
    for environment, each in zip(environments, seen):
        same = next((names for other, names in groups if other == each), None)
        if same is None:
            groups.append((each, same := []))
        same.append(_name(environment))
    for each, names in groups:
        where = "all" if len(groups) == 1 else "<br>".join(names)
        if "skipped" in each:
            yield f"| {where} | {_cell(each['skipped'])} | | |"
        else:
            yield f"| {where} | {each['scenario']} | {_cell(each['violation'])} | {_cell(each['cure'])} |"


def _cell(text: str) -> str:
    short = text if len(text) <= 200 else f"{text[:200].rstrip()}…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ").replace("*", "\\*")


def main(arguments: Sequence[str]) -> int:
    """Write the data; returns the exit status."""
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    data = collected([json.loads(Path(each).read_text(encoding="utf-8")) for each in arguments])
    DATA.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(data['rules'])} rules, {len(data['environments'])} environments", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
