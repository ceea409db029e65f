"""What fixing keeps: every fix applied to copies of real repositories, and what must hold then.

usage: python -m benchmarks.invariants --corpus DIR [--repositories PART] [--show]

DIR holds one folder a repository. Each is copied, checked, fixed (as ``--fix`` does, and in another copy as ``--fix
--unsafe-fixes`` does) and checked again. Every file must still parse; no fix is left over or taken back; a finding
whose fix was applied is gone, none is gone of a function that nothing was done to, and none is new but for warnings
that an error had hidden; no comment is lost; a file that one round of fixes settles differs by exactly the announced
edits, a file without fixes not at all; fixing again changes nothing. Exit status 1 if any of this fails. ``--show``
prints the changes as a diff.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import io
import shutil
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asset_lint import engine, registry
from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.engine import FileResult, Mode
from asset_lint.finding import Finding, Safety

from .linter import inside

LEVELS = {"safe": Safety.SAFE, "unsafe": Safety.UNSAFE}


@dataclass
class Tally:
    """What was seen at one level: fixes applied by rule, files changed, of these those that took several rounds."""

    applied: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    in_rounds: int = 0
    broken: int = 0


def run(mode: Mode, level: Safety) -> list[FileResult]:
    """The results of every file in the working directory, all rules on."""
    rules = registry.load()
    configs = ConfigFiles(isolated=True, flags={"select": ["ALL"], "unsafe-fixes": level is Safety.UNSAFE})
    return list(engine.run(discover(["."], configs).files, rules, mode=mode, jobs=1))


def signs(findings: Iterable[Finding]) -> Counter[str]:
    """Findings without their lines, which fixes move."""
    return Counter(f"{f.path} {f.code} {f.message}" for f in findings)


def is_offered(finding: Finding, level: Safety) -> bool:
    return finding.fix is not None and finding.fix.safety <= level


def comments(data: bytes) -> Counter[str]:
    """The comments of a file, however they are indented."""
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(data).readline))
    except (tokenize.TokenError, SyntaxError):
        return Counter()
    return Counter(t.string.rstrip() for t in tokens if t.type == tokenize.COMMENT)


def announced(data: bytes, findings: Iterable[Finding]) -> bytes:
    """``data`` after the findings' edits, put in by their offsets alone."""
    text = data.decode("utf-8-sig")
    bom = data[: len(data) - len(text.encode())]
    edits = {(e.span.start, e.span.end, e.text) for f in findings if f.fix is not None for e in f.fix.edits}
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return bom + text.encode()


def parses(data: bytes) -> bool:
    try:
        ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return True


def contents() -> dict[str, bytes]:
    """Every Python file below the working directory."""
    return {str(path): path.read_bytes() for path in Path(".").rglob("*.py") if path.is_file()}


def broken(level: Safety, tally: Tally, *, show: bool) -> Iterator[str]:
    """Fix the working directory; sentences on what did not hold."""
    old, before = contents(), run(Mode.CHECK, level)
    fixed = run(Mode.FIX, level)
    for result in fixed:
        engine.write(result)
        if result.error:
            yield f"{result.path}: {result.error}"
    new, after = contents(), run(Mode.CHECK, level)
    yield from (f"{r.path} changes when fixed again" for r in run(Mode.FIX, level) if r.text is not None)
    first = {r.path: r.findings for r in before}
    applied = {r.path: r.applied for r in fixed}
    then, now = (signs(f for r in results for f in r.findings) for results in (before, after))
    cured = signs(f for findings in applied.values() for f in findings)
    hides = {rule.code: rule.hides for rule in registry.load().rules}
    hidden = {
        (f.path, f.function, code) for findings in applied.values() for f in findings for code in hides.get(f.code, ())
    }
    not_hidden = signs(f for r in after for f in r.findings if (f.path, f.function, f.code) not in hidden)
    yield from (f"new: {sign}" for sign in (not_hidden - then).elements())
    done_to = {(f.path, f.function) for findings in applied.values() for f in findings}
    elsewhere = signs(f for r in before for f in r.findings if (f.path, f.function) not in done_to)
    yield from (f"gone without a fix: {sign}" for sign in (elsewhere - now).elements())
    yield from (f"fixed, still there: {sign}" for sign in (cured & (now - (then - cured))).elements())
    yield from (
        f"a fix is left: {f.path}:{f.span.line} {f.code}" for r in after for f in r.findings if is_offered(f, level)
    )
    for path, data in new.items():
        done = applied.get(path, ())
        tally.applied.update(f.code for f in done)
        if data == old[path]:
            continue
        tally.changed += 1
        if not done:
            yield f"{path} changed without a fix"
        if parses(old[path]) and not parses(data):
            yield f"{path} no longer parses"
        yield from (f"{path} lost the comment {c}" for c in (comments(old[path]) - comments(data)).elements())
        if set(done) == {f for f in first.get(path, ()) if is_offered(f, level)}:
            if announced(old[path], done) != data:
                yield f"{path} differs from its announced edits"
        else:
            tally.in_rounds += 1
        if show:
            one, other = (part.decode("utf-8", "replace").splitlines() for part in (old[path], data))
            print("\n".join(difflib.unified_diff(one, other, path, path, lineterm="")))


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.invariants", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="DIR")
    parser.add_argument("--repositories", default="", help="only folders whose names contain this")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    roots = sorted(p for p in options.corpus.resolve().iterdir() if p.is_dir() and options.repositories in p.name)
    failures = 0
    for name, level in LEVELS.items():
        tally = Tally()
        for root in roots:
            with tempfile.TemporaryDirectory() as temporary:
                copy = Path(temporary).resolve() / root.name
                shutil.copytree(root, copy)
                with inside(copy):
                    for sentence in broken(level, tally, show=options.show):
                        tally.broken += 1
                        print(f"{name} {root.name}: {sentence}", flush=True)
        by_rule = ", ".join(f"{code} {number}" for code, number in sorted(tally.applied.items()))
        print(
            f"{name}: {len(roots)} repositories, {sum(tally.applied.values())} fixes ({by_rule}) in {tally.changed} "
            f"files ({tally.in_rounds} in several rounds); {tally.broken} broken promises"
        )
        failures += tally.broken
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
