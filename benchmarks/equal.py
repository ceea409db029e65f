"""Do the gates lose a finding? Checks files with and without them.

usage: python -m benchmarks.equal PATHS...

Prints how many findings there are, as JSON by code, and each that only one of the two has. Exit status 1 if there is
such a one, or none at all.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence

from asset_lint import registry
from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.engine.check import Checker


def findings(paths: Sequence[str], *, gated: bool) -> set[str]:
    """The findings of all rules in ``paths``, one line each."""
    configs = ConfigFiles(flags={"select": ["ALL"]})
    checker = Checker(registry.load(), gated=gated)
    found: set[str] = set()
    for path, config in discover(paths, configs).files:
        checked = checker.check(str(path), path.read_bytes(), config)
        if checked.problems:
            raise SystemExit("\n".join(checked.problems))
        found.update(f"{f.path}:{f.span.line}:{f.span.column} {f.code} {f.message} {f.fix}" for f in checked.findings)
    return found


def main() -> int:
    gated, ungated = findings(sys.argv[1:], gated=True), findings(sys.argv[1:], gated=False)
    for finding in sorted(gated ^ ungated):
        print("lost:" if finding in ungated else "invented:", finding, file=sys.stderr)
    print(json.dumps(Counter(finding.split(" ")[1] for finding in sorted(gated))))
    return int(gated != ungated or not gated)


if __name__ == "__main__":
    sys.exit(main())
