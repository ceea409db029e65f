"""How files are named to services that know the repository alone, and how a finding is known again."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from asset_lint.finding import Finding

from .common import Context


def within(path: str, root: str | Path) -> str | None:
    """``path`` relative to ``root`` with forward slashes; None where it lies elsewhere."""
    absolute = os.path.abspath(path)
    above = str(root).rstrip(os.sep) + os.sep
    return absolute[len(above) :].replace(os.sep, "/") if absolute.startswith(above) else None


def uri(path: str, root: Path) -> str:
    """A URI relative to ``root``, else of the scheme ``file``."""
    from urllib.parse import quote

    relative = within(path, root)
    if relative is not None:
        return quote(os.fsencode(relative))
    return "file://" + quote(os.fsencode(os.path.abspath(path).replace(os.sep, "/")))


def fingerprints(findings: Sequence[Finding], context: Context) -> list[str]:
    """For each finding a hash that stays the same when lines move: of its code, function, line and their ordinal."""
    seen: Counter[tuple[str, str, str, str]] = Counter()
    prints: list[str] = []
    for finding in findings:
        lines = context.lines(finding.path, finding.span.cell)
        line = lines[finding.span.line - 1] if finding.span.line <= len(lines) else ""
        key = (uri(finding.path, context.root), finding.code, finding.function, " ".join(line.split()))
        seen[key] += 1
        # surrogatepass: a file name may hold bytes that are no text
        digest = hashlib.sha256("\0".join((*key, str(seen[key]))).encode("utf-8", "surrogatepass"))
        prints.append(digest.hexdigest()[:32])
    return prints
