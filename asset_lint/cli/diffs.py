"""``--diff``: what fixing would change, as a patch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from asset_lint.report.safe import visible

if TYPE_CHECKING:
    from asset_lint.engine import FileResult
    from asset_lint.source import Source


def unified(result: FileResult, *, safely: bool) -> bytes:
    """A unified diff in the file's own encoding, empty where nothing changes; ``safely``: fit for a terminal."""
    if result.source is None or result.text is None:
        return b""
    parts = result.source.compared(result.text)
    return b"".join(
        _one(result.source, f"{result.path}:cell {cell}" if cell else result.path, old, new, safely)
        for cell, old, new in parts
    )


def _one(source: Source, name: str, old: str, new: str, safely: bool) -> bytes:
    path = visible(name) if safely else name
    lines = difflib.unified_diff(_lines(old), _lines(new), path, path)
    if safely:
        return "".join(f"{_shown(line)}\n" for line in lines).encode("utf-8", "backslashreplace") + b"\n"
    return b"".join(_encoded(lines, source.encoding)) + b"\n"


def guarded(diff: bytes) -> bytes:
    """In a workflow of GitHub, a diff whose lines are no commands; what applies patches passes over the guards."""
    if not diff or os.environ.get("GITHUB_ACTIONS") != "true":
        return diff
    import secrets

    token = secrets.token_hex(16).encode()
    return b"::stop-commands::" + token + b"\n" + diff + b"::" + token + b"::\n"


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _shown(line: str) -> str:
    return visible(line.rstrip("\r\n").replace("\t", "    "))


def _encoded(lines: Iterator[str], encoding: str) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(("--- ", "+++ ")):
            yield os.fsencode(line)
            continue
        yield line.encode(encoding, "surrogateescape")
        if not line.endswith("\n"):
            yield b"\n\\ No newline at end of file\n"
