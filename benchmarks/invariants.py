"""What fixing keeps: every fix applied to copies of real repositories, and what must hold then.

usage: python -m benchmarks.invariants --corpus DIR [--show]

DIR holds one folder a repository. Each is copied, checked, fixed (``--fix``, and in another copy ``--fix
--unsafe-fixes``) and checked again. Every file must still parse; every finding with a fix of that safety is gone, and
no other is new; no comment is lost; a file whose fixes keep off each other differs by exactly the edits that were
announced, a file without fixes not at all; fixing again changes nothing. Exit status 1 if any of this fails. ``--show``
prints the changes as a diff.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import io
import json
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Found = dict[str, Any]  # one finding, in the shape of --output-format json
LEVELS = {"safe": ("--fix",), "unsafe": ("--fix", "--unsafe-fixes")}


def asset_lint(folder: Path, *options: str) -> list[Found]:
    """What ``asset-lint check`` with ``options`` prints in ``folder``."""
    command = [sys.executable, "-m", "asset_lint", "check", ".", "--isolated", "--select", "ALL", "--exit-zero"]
    process = subprocess.run(
        [*command, "--output-format", "json", *options], cwd=folder, capture_output=True, text=True, check=False
    )
    if process.returncode:
        raise SystemExit(f"{folder.name}: exit status {process.returncode}\n{process.stderr}")
    findings: list[Found] = json.loads(process.stdout)
    return findings


def is_fixable(finding: Found, level: str) -> bool:
    """Whether ``--fix`` of that level applies the finding's fix."""
    fix = finding["fix"]
    return fix is not None and fix["applicability"] in (("safe",) if level == "safe" else ("safe", "unsafe"))


def signs(findings: Iterable[Found]) -> Counter[tuple[str, str, str]]:
    """Findings without their lines, which fixes move."""
    return Counter((f["code"], Path(f["filename"]).name, f["message"]) for f in findings)


def comments(data: bytes) -> Counter[str]:
    """The comments of a file, however they are indented."""
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(data).readline))
    except (tokenize.TokenError, SyntaxError, IndentationError):
        return Counter()
    return Counter(t.string.rstrip() for t in tokens if t.type == tokenize.COMMENT)


def announced(data: bytes, findings: Sequence[Found]) -> bytes | None:
    """``data`` after the findings' edits; None where two of them touch, so that one has to wait."""
    text = data.decode("utf-8-sig")
    bom = data[: len(data) - len(text.encode())]
    starts = [0]
    for line in io.StringIO(text, newline=""):
        starts.append(starts[-1] + len(line))

    def offset(place: dict[str, int]) -> int:
        return starts[place["row"] - 1] + place["column"] - 1

    edits = {
        (offset(edit["location"]), offset(edit["end_location"]), edit["content"])
        for finding in findings
        for edit in finding["fix"]["edits"]
    }
    at = len(text)
    for start, end, content in sorted(edits, reverse=True):
        if end >= at and at != len(text):
            return None
        text = text[:start] + content + text[end:]
        at = start
    return bom + text.encode()


def parses(data: bytes) -> bool:
    try:
        ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return True


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.py") if p.is_file()}


def broken(folder: Path, level: str, applied: Counter[str], *, show: bool) -> list[str]:
    """Fix ``folder`` in place; sentences on what did not hold. ``applied`` counts the fixes by rule."""
    wrong: list[str] = []
    old, before = contents(folder), asset_lint(folder)
    asset_lint(folder, *LEVELS[level])
    new, after = contents(folder), asset_lint(folder)
    asset_lint(folder, *LEVELS[level])
    wrong += [f"{path} changes when fixed again" for path, data in contents(folder).items() if data != new[path]]
    fixable: dict[str, list[Found]] = defaultdict(list)
    for finding in before:
        if is_fixable(finding, level):
            fixable[str(Path(folder, finding["filename"]).resolve().relative_to(folder))].append(finding)
            applied[finding["code"]] += 1
    wrong += [
        f"{f['filename']}:{f['location']['row']} {f['code']} has a fix left" for f in after if is_fixable(f, level)
    ]
    wrong += [f"new: {' '.join(sign)}" for sign in (signs(after) - signs(before)).elements()]
    gone = signs(before) - signs(after)
    promised = signs(f for found in fixable.values() for f in found)
    wrong += [f"gone without a fix: {' '.join(sign)}" for sign in (gone - promised).elements()]
    wrong += [f"fixed, still there: {' '.join(sign)}" for sign in (promised - gone).elements()]
    for path, data in new.items():
        if data == old[path]:
            continue
        if path not in fixable:
            wrong.append(f"{path} changed without a fix")
            continue
        if parses(old[path]) and not parses(data):
            wrong.append(f"{path} no longer parses")
        wrong += [f"{path} lost the comment {c}" for c in (comments(old[path]) - comments(data)).elements()]
        expected = announced(old[path], fixable[path])
        if expected is not None and expected != data:
            wrong.append(f"{path} differs from its announced edits")
        if show:
            then, now = (part.decode("utf-8", "replace").splitlines() for part in (old[path], data))
            print("\n".join(difflib.unified_diff(then, now, path, path, lineterm="")))
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.invariants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--repositories", default="", help="only folders whose names contain this")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    failures = 0
    for level in LEVELS:
        applied: Counter[str] = Counter()
        for root in sorted(
            p for p in options.corpus.resolve().iterdir() if p.is_dir() and options.repositories in p.name
        ):
            with tempfile.TemporaryDirectory() as temporary:
                copy = Path(temporary).resolve() / root.name
                shutil.copytree(root, copy)
                for sentence in broken(copy, level, applied, show=options.show):
                    failures += 1
                    print(f"{level} {root.name}: {sentence}")
        print(f"{level}: {sum(applied.values())} fixes applied: {dict(applied)}; {failures} broken promises so far")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
