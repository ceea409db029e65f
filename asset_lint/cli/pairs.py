"""`verify --rules`: the fixture cases of all rules, run, and what was seen of them as a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.errors import UsageError

from .options import split
from .terminal import processors, tell, write, write_file

if TYPE_CHECKING:
    from asset_lint.evidence import Evidence
    from asset_lint.verify.pairs import Result

_SIGNS = {"failed": "[red]✗[/]", "proven": "[green]✓[/]", "skipped": "[yellow]-[/]"}


def run_rules(paths: Sequence[str], given: Mapping[str, Any]) -> int:
    """Run the cases of the selected rules (of all with evidence, by default); returns the exit status."""
    from asset_lint.verify.cases import cases
    from asset_lint.verify.pairs import Status, run_pairs
    from asset_lint.verify.sandbox import Sandbox

    if paths:
        raise UsageError("--rules runs the rules' own cases: leave out the paths")
    output_format = given["output_format"] or "table"
    if output_format not in ("table", "json"):
        raise UsageError(f"--rules prints a table or JSON, not `{output_format}`")
    folder = _fixtures(given["fixtures"])
    found = list(cases(folder, _evidence(split(given["select"]))))
    if not found:
        raise UsageError(f"no cases with evidence below {folder}")
    with Sandbox(given["jobs"] or processors()) as sandbox:
        results = sorted(run_pairs(found, sandbox), key=lambda result: (result.case.code, result.case.name))
        versions = dict(sandbox.versions)
    file = given["output_file"]
    if output_format == "json":
        text = json.dumps({"versions": versions, "cases": [_as_json(result) for result in results]}, indent=2) + "\n"
    else:
        text = _table(results, plain=file is not None)
    if file is None:
        write(text)
    else:
        write_file(Path(file), text)
    _sum_up(results, versions, quiet=given["quiet"])
    return 1 if any(result.status is Status.FAILED for result in results) else 0


def _evidence(select: Sequence[str]) -> dict[str, tuple[str, Evidence]]:
    """By the folder of its cases, the code and the evidence of each selected rule that has some."""
    from asset_lint.config import Config
    from asset_lint.registry import load

    registry = load()
    chosen = registry.select(Config(root=Path.cwd(), select=tuple(select) or ("ALL",)), Path("a.py"))
    return {rule.name.replace("-", "_"): (rule.code, rule.evidence) for rule in chosen if rule.evidence is not None}


def _fixtures(given: str | None) -> Path:
    """The folder with the cases: the one that is given, or that of the repository that this package stands in."""
    folder = Path(given) if given is not None else Path(__file__).parents[2] / "tests" / "fixtures"
    if not folder.is_dir():
        words = f"there is no folder {given}" if given else "the rules' cases are not here"
        raise UsageError(f"{words}; give it with `--fixtures`")
    return folder


def _as_json(result: Result) -> dict[str, Any]:
    return {
        "case": result.case.name,
        "code": result.case.code,
        "evidence": result.case.evidence.name.lower().replace("_", "-"),
        "status": result.status.value,
        "scenario": result.scenario.value if result.scenario else None,
        "seen": result.seen,
        "cured": result.cured,
        "faults": list(result.faults),
        "compared": result.compared,
        "seconds": round(result.seconds, 3),
    }


def _table(results: Sequence[Result], *, plain: bool) -> str:
    import io

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    terminal = Console(highlight=False)
    console = Console(
        file=io.StringIO(),
        highlight=False,
        width=terminal.width,
        no_color=plain or terminal.no_color,
        force_terminal=not plain and terminal.is_terminal,
    )
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "Rule", "Cases", "Symptom that was seen"):
        table.add_column(column, justify="right" if column == "Cases" else "left")
    for code in dict.fromkeys(result.case.code for result in results):
        of_code = [result for result in results if result.case.code == code]
        proven = [result for result in of_code if result.status.value == "proven"]
        worst = next((name for name in _SIGNS if any(result.status.value == name for result in of_code)), "skipped")
        shown = next((f"{result.scenario.value}: {result.seen}" for result in proven if result.scenario), "")
        table.add_row(_SIGNS[worst], code, f"{len(proven)}/{len(of_code)}", escape(shown.partition("\n")[0]))
    with console.capture() as captured:
        console.print(table)
        for status, title in (("failed", "Not proven"), ("skipped", "Not run")):
            some = [result for result in results if result.status.value == status]
            if some:
                console.print(f"\n[bold]{title}[/]")
            for result in some:
                console.print(f"{_SIGNS[status]} {result.case.code} {escape(result.case.name)}")
                for fault in result.faults:
                    console.print(f"    {escape(fault)}")
    return captured.get()


def _sum_up(results: Sequence[Result], versions: Mapping[str, str], *, quiet: bool) -> None:
    count = {name: sum(result.status.value == name for result in results) for name in _SIGNS}
    for result in results:
        if result.status.value == "failed":
            tell(f"not proven: {result.case.code} {result.case.name}: {'; '.join(result.faults)}")
    if not quiet:
        tell(f"{count['proven']} cases proven, {count['failed']} not, {count['skipped']} not run; with "
             + ", ".join(f"{name} {version}" for name, version in versions.items()))  # fmt: skip
