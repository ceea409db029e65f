"""The difference of two texts, said as few small edits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from asset_lint.errors import FixError

from .lexing import STRING

_TOKEN = re.compile(rf"#[^\r\n]*|\w*?(?:{STRING})|\\?(?:\r\n?|\n)|[^\S\r\n]+|\w+|.", re.DOTALL)
_LINE = re.compile(rf"(?:[^\r\n\\#\"']+|#[^\r\n]*|{STRING}|\\(?:\r\n?|\n)?)*(?:\r\n?|\n|\Z)", re.DOTALL)
_INDENT = re.compile(r"[ \t\f]*")
_COMMENT = re.compile(rf"(#[^\r\n]*)|(?:{STRING})", re.DOTALL)
# Longer stretches are not compared token by token: that takes quadratic time, for a change that is a new text anyway.
_MANY = 1000

Change = tuple[int, int, str]
"""Start and end in the old text, and the new text that goes there."""


def differences(old: str, new: str) -> list[Change]:
    """The changes that turn ``old`` into ``new``, in order and apart.

    Lines that only move deeper or shallower change their indentation alone; strings change whole or not at all.
    """
    changes = _joined(old, _changes(old, new))
    if applied(old, changes) != new:
        raise FixError("the changes of a text do not give the other")
    return changes


def applied(text: str, changes: Iterable[Change]) -> str:
    """``text`` with changes (start, end, replacement), which are in order and apart, carried out."""
    parts: list[str] = []
    at = 0
    for begin, end, replacement in changes:
        parts += (text[at:begin], replacement)
        at = end
    return "".join((*parts, text[at:]))


def comments(text: str) -> list[str]:
    """The comments of a piece of code, in order, without the space behind them."""
    return [match[1].rstrip() for match in _COMMENT.finditer(text) if match[1]]


def _changes(old: str, new: str) -> Iterator[Change]:
    before, after = _lines(old), _lines(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    at = sum(map(len, before[:head]))
    before, after = before[head : len(before) - tail], after[head : len(after) - tail]
    for tag, first, last, new_first, new_last in _opcodes(
        [_bare(line) for line in before], [_bare(line) for line in after]
    ):
        lines, new_lines = before[first:last], after[new_first:new_last]
        length = sum(map(len, lines))
        if tag == "equal":
            begin = at
            for line, new_line in zip(lines, new_lines, strict=True):
                if line != new_line:
                    yield _indentation(begin, _INDENT.match(line), _INDENT.match(new_line))
                begin += len(line)
        else:
            yield from _finer(at, "".join(lines), "".join(new_lines))
        at += length


def _finer(at: int, old: str, new: str) -> Iterator[Change]:
    """The change token by token."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    at += sum(map(len, before[:head]))
    before, after = before[head : len(before) - tail], after[head : len(after) - tail]
    if len(before) * len(after) > _MANY * _MANY:
        yield at, at + sum(map(len, before)), "".join(after)
        return
    for tag, first, last, new_first, new_last in _opcodes(before, after):
        length = sum(map(len, before[first:last]))
        if tag != "equal":
            yield at, at + length, "".join(after[new_first:new_last])
        at += length


def _opcodes(before: Sequence[str], after: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    if not before or not after:
        return [("replace", 0, len(before), 0, len(after))] if before or after else []
    from difflib import SequenceMatcher

    return SequenceMatcher(None, before, after, autojunk=False).get_opcodes()


def _indentation(at: int, old: re.Match[str] | None, new: re.Match[str] | None) -> Change:
    before, after = old[0] if old else "", new[0] if new else ""
    kept = _common(before, after)
    return at + kept, at + len(before), after[kept:]


def _joined(old: str, changes: Iterator[Change]) -> list[Change]:
    """The changes with nothing but a little space between them made one; what changes nothing is dropped."""
    result: list[Change] = []
    for begin, end, text in changes:
        if old[begin:end] == text:
            continue
        if (
            result
            and not (between := old[result[-1][1] : begin]).strip(" \t")
            and (not between or result[-1][2].strip())
        ):
            last_begin, _, last_text = result.pop()
            result.append((last_begin, end, last_text + between + text))
        else:
            result.append((begin, end, text))
    return result


def _lines(text: str) -> list[str]:
    """Physical lines with their newlines, but those inside one string or tied by a backslash in one piece."""
    return [line for line in _LINE.findall(text) if line]


def _bare(line: str) -> str:
    return line.lstrip(" \t\f")


def _common(first: Sequence[str], second: Sequence[str]) -> int:
    count = 0
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        count += 1
    return count
