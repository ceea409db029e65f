"""How long 100 verifications take, as a multiple of importing what they run on.

One verification is one fixture pair: two runs, in the one scenario that its evidence names first, judged. Interrupts
and pairs of processes are left out: they wait by nature. Both times are taken in this run, on one machine:

    python benchmarks/verify.py [--pairs 100] [--workers 2]
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import time
from pathlib import Path

from asset_lint.evidence import Scenario
from asset_lint.registry import load
from asset_lint.verify import Sandbox
from asset_lint.verify.cases import Case, cases
from asset_lint.verify.pairs import Status, run_pairs

FIXTURES = Path(__file__).parents[1] / "tests" / "fixtures"
SLOW = {Scenario.INTERRUPT, Scenario.TWO_PROCESSES}
BAR = 12  # times the import, at most


def chosen(pairs: int) -> list[Case]:
    """Cases in turn from each rule, so that all kinds of evidence are among them."""
    rules = {rule.name.replace("-", "_"): (rule.code, rule.evidence) for rule in load().rules if rule.evidence}
    fit = [case for case in cases(FIXTURES, rules) if case.evidence.scenarios[0] not in SLOW and not case.settings]
    by_rule = [list(group) for _, group in itertools.groupby(fit, key=lambda case: case.code)]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*by_rule))
    return [case for case in turns if case is not None][:pairs]


def importing() -> float:
    """Seconds to import Dagster, DuckDB and pandas: the best of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import dagster, duckdb, pandas"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return min(times)


def main() -> int:
    """Measure, print, and say by the exit status whether the bar was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    found = chosen(options.pairs)
    base = importing()
    began = time.perf_counter()
    with Sandbox(options.workers) as sandbox:
        ready = time.perf_counter() - began
        results = list(run_pairs(found, sandbox, compare=False))
    total = time.perf_counter() - began
    proven = sum(result.status is Status.PROVEN for result in results)
    print(f"import                {base:6.2f} s")
    print(f"getting ready         {ready:6.2f} s  {ready / base:5.1f} x")
    print(f"{len(found):3} verifications     {total:6.2f} s  {total / base:5.1f} x  ({proven} proven)")
    return 0 if total <= BAR * base * len(found) / 100 else 1


if __name__ == "__main__":
    sys.exit(main())
