"""How much CPU a check costs, beside parsing with LibCST, Fixit and ruff.

usage: python -m benchmarks.speed [--runs N] [--fixit-runs N] [--only typical|dense|public] [--corpus DIR …] [--write]

Prints a table of CPU seconds (user and system, children included) of whole processes, without a bare ``import libcst``
where the program imports it, each the median of N runs (default 5) that alternate; Fixit, which takes ten minutes, runs
once unless more, or none, is asked for. All rules are on, one process, no cache. Before anything is timed, the
findings are compared with those of an engine without gates, and must not be empty. With ``--write`` the table goes to
benchmarks/RESULTS.md; else bytecode alone is written outside benchmarks/.packages.

``--corpus`` names folders of repositories (public ones, of code that nobody wrote for this): their files that mention
both Dagster and DuckDB make a third tree. They are no part of this repository.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import layout

RESULTS = Path(__file__).with_name("RESULTS.md")
PARSE = """\
import sys, libcst
for path in open(sys.argv[1]).read().splitlines():
    try:
        libcst.parse_module(open(path, "rb").read())
    except libcst.ParserSyntaxError:
        pass
"""
FIXIT = """\
import collections, json, sys
from pathlib import Path
from fixit.api import fixit_file
found = collections.Counter()
for path in open(sys.argv[1]).read().splitlines():
    for result in fixit_file(Path(path)):
        if result.error:
            print(f"{result.path}: {result.error[0]}", file=sys.stderr)
        if result.violation:
            found[result.violation.rule_name] += 1
print(json.dumps(found))
"""
FIXIT_NAME = "fixit, five rules"
RUFF_RULES = "E722,BLE001,S608,SIM115,T201"


@dataclass(frozen=True)
class Tree:
    """What one table measures: folders, and the files in them that mention dagster."""

    name: str
    title: str
    paths: tuple[Path, ...]
    parse_limit: float
    fixit_limit: float

    @property
    def files(self) -> list[Path]:
        return sorted(file for path in self.paths for file in path.rglob("*.py"))

    @property
    def mentioning(self) -> list[Path]:
        return [file for file in self.files if b"dagster" in file.read_bytes()]


def trees(only: str | None, corpus: Sequence[Path]) -> Iterator[Tree]:
    """The trees, or the one that is wanted, laid out; that of ``corpus`` only where there is one."""
    if only in (None, "typical"):
        packages = tuple(sorted(p for p in layout.typical().iterdir() if p.is_dir()))
        yield Tree("typical", f"{len(packages)} packages from PyPI", packages, 0.5, 25)
    if only in (None, "dense"):
        title = "DuckDB assets made of this repository's fixtures and example"
        yield Tree("dense", title, (layout.dense(),), 1.0, 10)
    if only in (None, "public") and corpus:
        repositories = tuple(sorted(p for p in layout.public(corpus).iterdir() if p.is_dir()))
        title = f"{len(repositories)} public repositories: the files that mention both Dagster and DuckDB"
        yield Tree("public", title, repositories, 1.0, 10)


def cpu(command: Sequence[str | Path]) -> float:
    """CPU seconds of ``command`` and its children."""
    environment = {**os.environ, "PYTHONPATH": str(layout.ROOT)}
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, env=environment, cwd=layout.FOLDER)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"exit status {process.returncode}: {' '.join(map(str, command[:8]))} …")
    return usage.ru_utime + usage.ru_stime


def findings(tree: Tree) -> dict[str, int]:
    """How often each rule speaks in ``tree``; ends the process unless the engine without gates says the same."""
    command = [str(layout.python()), "-m", "benchmarks.equal", *map(str, tree.paths)]
    process = subprocess.run(command, cwd=layout.ROOT, stdout=subprocess.PIPE, check=False)
    if process.returncode:
        raise SystemExit(f"{tree.name}: no findings, or others than those of the engine without gates")
    counts: dict[str, int] = json.loads(process.stdout)
    return counts


def commands(tree: Tree) -> dict[str, list[str | Path]]:
    """What is timed, by name."""
    python = layout.python()
    mentioning, files = layout.FOLDER / f"{tree.name}.mentioning", layout.FOLDER / f"{tree.name}.files"
    mentioning.write_text("\n".join(map(str, tree.mentioning)))
    files.write_text("\n".join(map(str, tree.files)))
    check: list[str | Path] = [python, "-m", "asset_lint", "check", "--select", "ALL", "--jobs", "1", "--no-cache"]
    return {
        "import libcst": [python, "-c", "import libcst"],
        "asset-lint check": [*check, "--output-format", "json", "--exit-zero", *tree.paths],
        "libcst.parse_module": [python, "-c", PARSE, mentioning],
        "ruff check": [
            python.with_name("ruff"), "check", "--isolated", "--no-cache", "--no-respect-gitignore", "--exit-zero",
            "--select", RUFF_RULES, *tree.paths,
        ],
        FIXIT_NAME: [python, "-c", FIXIT, files],
    }  # fmt: skip


def measure(tree: Tree, runs: int, fixit_runs: int) -> dict[str, float]:
    """Median CPU seconds of each command; a bare import of libcst is taken off where the program makes one."""
    timed = commands(tree)
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for run in range(runs):
        for name, command in timed.items():
            if run < fixit_runs or name != FIXIT_NAME:
                taken[name].append(cpu(command))
        print(f"{tree.name}: run {run + 1} of {runs}", file=sys.stderr)
    medians = {name: statistics.median(times) for name, times in taken.items() if times}
    start = medians.pop("import libcst")
    return {name: seconds if name == "ruff check" else seconds - start for name, seconds in medians.items()}


def report(tree: Tree, taken: dict[str, float], found: dict[str, int]) -> str:
    """The figures of one tree as Markdown."""
    lines = sum(file.read_bytes().count(b"\n") for file in tree.files)
    mentioning = sum(file.read_bytes().count(b"\n") for file in tree.mentioning)
    check = taken["asset-lint check"]
    rows = [
        f"## {tree.title}",
        f"{len(tree.files)} files, {lines:,} lines; {len(tree.mentioning)} files, {mentioning:,} lines "
        "mention dagster. "
        f"Findings, equal with and without gates: {', '.join(f'{code} {n}' for code, n in found.items())}.",
        "",
        "| | CPU s | ms per 1,000 lines | times the check |",
        "|---|---|---|---|",
    ]
    for name, seconds in taken.items():
        base = mentioning if name == "libcst.parse_module" else lines
        rows.append(f"| {name} | {seconds:.2f} | {seconds / base * 1e6:.1f} | {seconds / check:.2f} |")
    bars = [(f"check / parse_module = {check / taken['libcst.parse_module']:.2f}", f"at most {tree.parse_limit}")]
    if FIXIT_NAME in taken:
        bars.append((f"Fixit / check = {taken[FIXIT_NAME] / check:.1f}", f"at least {tree.fixit_limit}"))
    return "\n".join([*rows, "", *(f"- **{figure}** (the bar: {bar})" for figure, bar in bars), ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--fixit-runs", type=int, default=1)
    parser.add_argument("--only", choices=["typical", "dense", "public"])
    parser.add_argument("--corpus", type=Path, nargs="+", default=(), metavar="DIR")
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    options = parser.parse_args()
    parts = [
        "# How fast a check is",
        f"Python {platform.python_version()}, {', '.join(layout.TOOLS)}; median of {options.runs} alternating runs "
        f"(Fixit {options.fixit_runs}); CPU of whole processes, `import libcst` taken off; all rules, one process, no "
        "cache. Made by `python -m benchmarks.speed --write`. Trust the ratios, not the seconds.",
    ]
    if options.only == "public" and not options.corpus:
        parser.error("--only public needs a --corpus")
    for tree in trees(options.only, options.corpus):
        found = findings(tree)
        parts.append(report(tree, measure(tree, options.runs, options.fixit_runs), found))
    text = "\n\n".join(parts)
    print(text)
    if options.write:
        RESULTS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
