"""What is found in a long module while it is being typed in, before all of it has been checked again.

A keystroke changes one function or two. The rules are run over these alone, and over what they use and what uses them:
the rest of the text is blanked, so that every place stays what it is, and the rest of the project is not looked at but
for what the module imports. The same is done with the text of the last whole check. What is found in one and not in the
other is what the typing changed; it is added to, or taken from, the findings of that whole check. So what only the
project as a whole can tell neither comes nor goes until all is checked again, as soon as the typing pauses.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from asset_lint.config import Config
from asset_lint.engine.check import Checked, Checker
from asset_lint.errors import InvalidSyntax
from asset_lint.finding import Finding, Span
from asset_lint.registry import INVALID_SYNTAX
from asset_lint.source import Source

LONG = 150  # lines; shorter modules are checked as a whole, which is quick enough
MOST = 150  # lines beside those that changed that are looked at again
_RUNS_ON = "triple-quoted"  # where such a string begins depends on all that follows
_WORD = re.compile(r"\w+")
_Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Piece:
    """A top-level statement: its lines, from 0, the end exclusive (decorators are part of it), and its text.

    ``names`` are those that it binds; ``optional`` says that the module can be understood without it, ``entry`` that
    something runs it without calling it by its name.
    """

    first: int
    end: int
    text: str
    names: frozenset[str]
    optional: bool
    entry: bool

    @cached_property
    def words(self) -> frozenset[str]:
        """The words in it, whatever they are."""
        return frozenset(_WORD.findall(self.text))


class Preview:
    """Answers for one document from a ``whole`` check of it, whose text must be plain lines and parse.

    ``checker`` must look at no file of the project but that of the document and those that it imports.
    """

    def __init__(self, whole: Checked, checker: Checker, config: Config) -> None:
        self.whole = whole
        self.text = whole.source.text
        self.lines = self.text.split("\n")
        self._checker = checker
        self._config = config
        self._before: dict[tuple[tuple[int, ...], tuple[int, ...]], Counter[_Key]] = {}

    @staticmethod
    def serves(checked: Checked) -> bool:
        """Whether a check can be the whole one: of a long module that could be read to its end."""
        source = checked.source
        if source.is_document or checked.problems or any(each.code == INVALID_SYNTAX for each in checked.findings):
            return False
        data = source.data
        return data.count(b"\n") >= LONG and b"\f" not in data and data.count(b"\r") == data.count(b"\r\n")

    @cached_property
    def pieces(self) -> list[Piece]:
        """The top-level statements of the whole text; none where this Python can't read it."""
        tree = _tree(self.text)
        return [] if tree is None else list(_pieces(tree, self.lines, 0))

    def check(self, text: str) -> Checked | None:
        """What is found now that the text is another; fixes are left out. None where only a whole check can tell."""
        lines = text.split("\n")
        if len(lines) < LONG or "\f" in text or text.count("\r") != text.count("\r\n"):
            return None
        if not self.pieces:
            return None
        start, end = self._changed(lines)
        after = end + len(lines) - len(self.lines)
        tree = _tree("\n".join(lines[start:after]))
        if tree is None and _tree(text) is not None:
            return None  # a quote or a bracket that ends far below
        typed = [] if tree is None else list(_pieces(tree, lines, start))
        old = [at for at, piece in enumerate(self.pieces) if start <= piece.first < end]
        same = {self.pieces[at].text for at in old} & {piece.text for piece in typed}
        changed = [each for each in (*(self.pieces[at] for at in old), *typed) if each.text not in same]
        using = self._using(changed, {*old})
        kept = self._kept(changed, {*old, *using})
        source = Source(self.whole.source.path, encoded(text))
        moved = after - end
        within = [
            range(start + 1, after + 1),
            *(self._range(at, moved if at >= max(old, default=0) else 0) for at in using),
        ]
        found = self._found("\n".join(self._blanked(lines, kept, end, moved)), within)
        if any(each.code == INVALID_SYNTAX for each in found):
            return None if any(_RUNS_ON in each.message for each in found) else Checked(source, tuple(found))
        if tree is None:
            return None
        shift = _Shift(self.text, text, self._spread(lines), source)
        shown = self._as_before(found, [*old, *using], shift)
        if shown is None:
            shown = [*self._merged(found, self._known(kept, [*old, *using]), shift)]
        return Checked(source, tuple(sorted(shown, key=lambda each: each.order)))

    def _as_before(self, found: Sequence[Finding], looked_at: Sequence[int], shift: _Shift) -> list[Finding] | None:
        """The findings where those of the parts looked at are just those of the whole check; None where they differ."""
        ranges = [self._range(at, 0) for at in looked_at]
        is_here = [any(each.span.line in lines for lines in ranges) for each in self.whole.findings]
        here = [each for each, so in zip(self.whole.findings, is_here) if so]
        elsewhere = [each for each, so in zip(self.whole.findings, is_here) if not so]
        moved = Counter(None if (there := shift.back(each)) is None else _key(there) for each in found)
        if moved != Counter(map(_key, here)):
            return None
        return [*(replace(each, fix=None) for each in found), *filter(None, map(shift.finding, elsewhere))]

    def _merged(self, found: Sequence[Finding], before: Counter[_Key], shift: _Shift) -> Iterator[Finding]:
        """The findings of the whole check, as what is found in the parts changed."""
        known = Counter(_key(each) for each in self.whole.findings)
        silenced = before - known  # what the whole project, or the baseline, silences
        unchanged = before & known
        for each in found:
            moved = shift.back(each)
            key = None if moved is None else _key(moved)
            if key is not None and silenced[key]:
                silenced[key] -= 1
            else:
                yield replace(each, fix=None)
        for each in self.whole.findings:
            key = _key(each)
            if unchanged[key]:
                unchanged[key] -= 1
            elif (there := shift.finding(each)) is not None:
                yield there

    def _known(self, kept: set[int], looked_at: Sequence[int]) -> Counter[_Key]:
        """What is found in the same parts of the whole text."""
        parts = tuple(sorted(kept)), tuple(looked_at)
        known = self._before.get(parts)
        if known is None:
            text = "\n".join(self._blanked(self.lines, kept, len(self.lines), 0))
            found = self._found(text, [self._range(at, 0) for at in looked_at])
            known = self._before[parts] = Counter(_key(each) for each in found)
        return known

    def _found(self, text: str, within: Sequence[range]) -> tuple[Finding, ...]:
        return self._checker.check(self.whole.source.path, encoded(text), self._config, within).findings

    def _range(self, at: int, moved: int) -> range:
        """The lines of a piece, from 1, moved by so many."""
        return range(self.pieces[at].first + 1 + moved, self.pieces[at].end + 1 + moved)

    # -- what changed, and what that needs ----------------------------------------------------------------------------

    def _spread(self, lines: Sequence[str]) -> tuple[int, int]:
        """How many lines are the same at the start, and how many at the end."""
        known = self.lines
        start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(known, lines)))
        rest = min(len(known), len(lines)) - start
        backwards = zip(reversed(known[-rest:] if rest else []), reversed(lines[-rest:] if rest else []))
        return start, sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards))

    def _changed(self, lines: Sequence[str]) -> tuple[int, int]:
        """The lines of the whole text that were typed in, widened to where top-level statements begin."""
        start, same = self._spread(lines)
        end = len(self.lines) - same
        firsts = [piece.first for piece in self.pieces]
        at = bisect_left(firsts, start) - 1
        behind = bisect_left(firsts, end + 1)
        return (firsts[at] if at >= 0 else 0), (firsts[behind] if behind < len(firsts) else len(self.lines))

    def _using(self, changed: Sequence[Piece], known: set[int]) -> list[int]:
        """The other pieces that use what changed, unless Dagster does; as many as there is time for."""
        names = {name for piece in changed if not piece.entry for name in piece.names}
        using = []
        room = MOST
        for at, piece in enumerate(self.pieces):
            if piece.optional and at not in known and not names.isdisjoint(piece.words):
                room -= piece.end - piece.first
                if room < 0:
                    break
                using.append(at)
        return using

    def _kept(self, changed: Sequence[Piece], kept: set[int]) -> set[int]:
        """The pieces to be read: those to be looked at, and what they use."""
        room = MOST
        queue = [*changed, *(self.pieces[at] for at in sorted(kept))]
        kept |= {at for at, piece in enumerate(self.pieces) if not piece.optional}
        while queue:
            words = queue.pop(0).words
            for at, piece in enumerate(self.pieces):
                if at not in kept and not piece.names.isdisjoint(words) and piece.end - piece.first <= room:
                    room -= piece.end - piece.first
                    kept.add(at)
                    queue.append(piece)
        return kept

    def _blanked(self, lines: Sequence[str], kept: set[int], end: int, moved: int) -> list[str]:
        """Lines without the pieces that are not kept; those from ``end`` on have moved by so many lines."""
        blanked = list(lines)
        for at, piece in enumerate(self.pieces):
            if at not in kept:
                by = moved if piece.first >= end else 0
                for number in range(piece.first + by, piece.end + by):
                    blanked[number] = " " * len(lines[number].removesuffix("\r")) + "\r" * lines[number].endswith("\r")
        return blanked


class _Shift:
    """Places of one text as places of another that is equal to it at the start and at the end."""

    def __init__(self, old: str, new: str, same: tuple[int, int], source: Source) -> None:
        start, end = same
        self._start = sum(len(line) + 1 for line in old.split("\n", start)[:start])
        tail = old.rsplit("\n", end)[1:] if end else []
        self._end = len(old) - sum(len(line) + 1 for line in tail)
        self._moved = len(new) - len(old)
        one, other = old[self._start : self._end], new[self._start : self._end + self._moved]
        equal = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other)))
        self._start += equal
        rest = min(len(one), len(other)) - equal
        backwards = zip(reversed(one[-rest:] if rest else ""), reversed(other[-rest:] if rest else ""))
        self._end -= sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], backwards))
        self._source = source
        self._old = Source.of_text(old, source.path)

    def finding(self, finding: Finding) -> Finding | None:
        """A finding in the new text, None where its place is gone."""
        span = self._span(finding.span, self._start, self._end, self._moved, self._source)
        if span is None:
            return None
        notes = []
        for note in finding.notes:
            place = note.span
            if note.path == finding.path:
                moved = self._span(place, self._start, self._end, self._moved, self._source)
                if moved is None:
                    continue
                place = moved
            notes.append(replace(note, span=place))
        return replace(finding, span=span, notes=tuple(notes), fix=None)

    def back(self, finding: Finding) -> Finding | None:
        """A finding of the new text in the old one, None where its place is new."""
        span = self._span(finding.span, self._start, self._end + self._moved, -self._moved, self._old)
        return None if span is None else replace(finding, span=span)

    @staticmethod
    def _span(span: Span, start: int, end: int, moved: int, source: Source) -> Span | None:
        if span.end <= start:
            return span
        if span.start < start <= end <= span.end:
            return source.span(span.start, span.end + moved)
        return source.span(span.start + moved, span.end + moved) if span.start >= end else None


def encoded(text: str) -> bytes:
    """What an editor shows, as a file would hold it; halves of surrogate pairs, which none can hold, become `?`."""
    return text.encode("utf-8", "replace")


def _key(finding: Finding) -> _Key:
    return finding.code, finding.message, finding.function, finding.span.start


def _pieces(tree: ast.Module, lines: Sequence[str], offset: int) -> Iterator[Piece]:
    """The top-level statements of a tree, whose lines begin at ``offset``; those that share a line are one."""
    groups: list[tuple[int, int, list[ast.stmt]]] = []
    for statement in tree.body:
        decorators = getattr(statement, "decorator_list", ())
        first = min([statement.lineno, *(each.lineno for each in decorators)]) - 1 + offset
        end = (statement.end_lineno or statement.lineno) + offset
        if groups and (first < groups[-1][1] or lines[groups[-1][1] - 1].endswith("\\")):
            groups[-1] = (groups[-1][0], max(end, groups[-1][1]), [*groups[-1][2], statement])
        else:
            groups.append((first, end, [statement]))
    for first, end, statements in groups:
        optional = all(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for each in statements)
        entry = optional and all(getattr(each, "decorator_list", ()) for each in statements)
        names = frozenset(name for each in statements for name in _bound(each))
        yield Piece(first, end, "\n".join(lines[first:end]), names, optional, entry)


def _bound(statement: ast.stmt) -> Iterable[str]:
    """The names that a statement binds in its module, and perhaps more."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    found = []
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            found.append((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.append(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
    return found


def _tree(text: str) -> ast.Module | None:
    """The tree of a module; None where Python's parser refuses."""
    try:
        return Source.of_text(text).parse()
    except InvalidSyntax:
        return None
