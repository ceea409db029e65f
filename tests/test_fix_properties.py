"""What checking and fixing promise of any module whatever: shown on generated ones."""

from __future__ import annotations

import ast
import io
import re
import tempfile
import tokenize
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import fixture_tools as ft
import pytest
from generated_modules import modules
from hypothesis import HealthCheck, event, given, settings

from asset_lint.config import build
from asset_lint.engine import FileResult, Mode, run
from asset_lint.finding import Edit, Finding, Safety
from asset_lint.registry import UNUSED_SUPPRESSION
from asset_lint.source import Source

EMPTY = tempfile.mkdtemp()  # nothing is ever written there
PATH = Path(EMPTY, "assets.py")
BOM = b"\xef\xbb\xbf"
Sign: TypeAlias = tuple[str, str, str]  # a finding's code, its function, and what stands there
NEWLINE = re.compile(r"\r\n?|\n")

few = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
levels = pytest.mark.parametrize("level", [Safety.SAFE, Safety.UNSAFE], ids=str)


def linted(data: bytes, mode: Mode, *, unsafe: bool = False, gated: bool = True) -> FileResult:
    """What all rules make of ``data``, alone in a project."""
    config = build(Path(EMPTY), None, {"select": ("ALL",), "unsafe_fixes": unsafe})
    (result,) = run([(PATH, config)], ft.registry(), mode=mode, jobs=1, stdin=data, gated=gated)
    assert result.error is None, result.error
    return result


def check(data: bytes) -> tuple[Finding, ...]:
    return linted(data, Mode.CHECK).findings


def fix(data: bytes, level: Safety) -> bytes:
    final = linted(data, Mode.FIX, unsafe=level is Safety.UNSAFE)
    return data if final.source is None or final.text is None else final.source.encode(final.text)


def edits_of(findings: Iterable[Finding], level: Safety) -> list[Edit]:
    """The edits of the fixes that ``level`` lets through, in order."""
    return sorted({edit for each in findings if each.fix and each.fix.safety <= level for edit in each.fix.edits})


def by_hand(data: bytes, edits: Sequence[Edit]) -> bytes:
    """``data`` after the edits: the bytes between them are copied as they are."""
    source = Source("", data)
    parts = [BOM * source.bom]
    at = 0
    for edit in edits:
        parts += (source.text[at : edit.span.start].encode(source.encoding), edit.text.encode(source.encoding))
        at = edit.span.end
    return b"".join((*parts, source.text[at:].encode(source.encoding)))


def are_apart(edits: Sequence[Edit]) -> bool:
    """Whether no edit touches the next: all can be made at once."""
    return all(one.span.end < other.span.start for one, other in pairwise(edits))


def comments(data: bytes) -> Counter[str]:
    """The comments of a file, without the space behind them, but for those that fixing may take away: ``noqa``s."""
    text = NEWLINE.sub("\n", Source("", data).text)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = (token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)
    return Counter(comment for comment in found if "noqa" not in comment)


def endings(data: bytes) -> dict[str, str]:
    """How each line ends that stands there once; lines are told apart by what they say."""
    text = Source("", data).text
    lines = [line.partition("#")[0].strip() for line in NEWLINE.split(text)]
    ends = [*NEWLINE.findall(text), ""]
    count = Counter(lines)
    return {line: end for line, end in zip(lines, ends, strict=True) if end and line and count[line] == 1}


def shortened(text: str) -> str:
    """The first line of what stands somewhere, without its spaces."""
    return re.sub(r"\s", "", NEWLINE.split(text)[0].partition("#")[0])


def signs(data: bytes, findings: Iterable[Finding]) -> Counter[Sign]:
    """Findings by what stands there rather than by where that is."""
    text = Source("", data).text
    return Counter((f.code, f.function, shortened(text[f.span.start : f.span.end])) for f in findings)


def moved(sign: Sign, gone: Iterable[Sign], data: bytes) -> bool:
    """Whether a finding is one of those that are ``gone``, at what a fix has put into its place: it gave the value a
    name, or wrote something else for it."""
    code, function, shown = sign
    text = NEWLINE.sub("\n", Source("", data).text)
    named, body = set(), ""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) if name == shown:
                named.add(shortened(ast.get_source_segment(text, node.value) or ""))
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if name == function.rpartition(".")[2]:
                body = re.sub(r"\s", "", ast.get_source_segment(text, node) or "")
    return any(each[:2] == (code, function) and (each[2] in named or each[2] not in body) for each in gone)


def codes(findings: Iterable[Finding]) -> Counter[str]:
    """How many findings of each rule there are, but for idle suppressions, which are a good sign."""
    return Counter(each.code for each in findings if each.code != UNUSED_SUPPRESSION)


def without_imports(data: bytes) -> list[str]:
    """The lines of a file but for its imports, and for blank ones: a name that nothing uses any more goes by itself."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", Source("", data).text)
    for statement in ast.parse("".join(lines)).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            for number in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
                lines[number - 1] = ""
    return [line for line in lines if line.strip()]


@few
@given(data=modules())
def test_findings_stand_inside_the_text(data: bytes) -> None:
    source = Source("", data)
    for finding in check(data):
        notes = [note.span for note in finding.notes]
        edits = [edit.span for edit in finding.fix.edits] if finding.fix else []
        for span in (finding.span, *notes, *edits):
            assert 0 <= span.start <= span.end <= len(source.text)
            assert span == source.span(span.start, span.end)
        assert finding.span.line <= finding.noqa_line <= len(NEWLINE.split(source.text))


@few
@given(data=modules())
def test_looking_at_everything_finds_nothing_else(data: bytes) -> None:
    assert linted(data, Mode.CHECK, gated=False).findings == check(data)


@levels
@few
@given(data=modules())
def test_fixing_keeps_what_it_does_not_mean(level: Safety, data: bytes) -> None:
    before = check(data)
    fixed = fix(data, level)
    event(f"{min(len(before), 5)} findings, {'' if fixed != data else 'un'}changed")
    ast.parse(fixed)
    assert fix(fixed, level) == fixed, "fixing again changes something"

    old, new = Source("", data), Source("", fixed)
    assert (new.encoding, new.bom) == (old.encoding, old.bom)
    assert set(NEWLINE.findall(new.text)) <= set(NEWLINE.findall(old.text)), "a newline of another kind"
    was, is_now = endings(data), endings(fixed)
    assert {line: end for line, end in was.items() if is_now.get(line, end) != end} == {}, "lines that end otherwise"
    assert comments(data) - comments(fixed) == Counter(), "comments are lost"

    after = check(fixed)
    for each in after:
        if edits := edits_of([each], level):  # it was taken back, for this reason alone:
            assert codes(check(by_hand(fixed, edits))) - codes(after), "a fix is left"
    fresh = [each for each in after if each.code != UNUSED_SUPPRESSION]
    there, now = signs(data, before), signs(fixed, fresh)
    assert not [each for each in now - there if not moved(each, there - now, fixed)], "new findings"

    edits = edits_of(before, level)
    if not edits:
        assert fixed == data
    elif are_apart(edits):
        once = by_hand(data, edits)
        left = check(once)
        if not edits_of(left, level) and not codes(left) - codes(before):  # else there was more to do, or less
            assert without_imports(fixed) == without_imports(once), "something else changed than was announced"
