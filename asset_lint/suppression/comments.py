"""Suppression comments: what they say, where, and how they are written without some of their codes."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from asset_lint.finding import Edit
from asset_lint.registry import CODE, closest

from .lines import Comment, Lines

if TYPE_CHECKING:
    from asset_lint.registry import Registry
    from asset_lint.source import Source


class Form(enum.Enum):
    """What a comment does."""

    NOQA = "noqa"
    IGNORE = "ignore"
    DISABLE = "disable"
    ENABLE = "enable"
    FILE_IGNORE = "file-ignore"


_FORMS = {form.value: form for form in Form if form is not Form.NOQA}
_NOQA = re.compile(r"#[ \t]*(?i:noqa)(?:(?P<colon>[ \t]*:[ \t]*)|(?=[\s#]|$))")
_OURS = re.compile(r"#[ \t]*asset-lint[ \t]*:[ \t]*(?P<word>[\w-]+)(?P<list>[ \t]*\[(?P<codes>[^\]#]*)(?P<end>\]?))?")
_NOQA_CODE = re.compile(r"[A-Z]+[0-9]+(?!\w)")
_SEPARATOR = re.compile(r"[\s,]*")
_ITEM = re.compile(r"[^\s,]+")
_NEWLINE = re.compile(r"\r\n?|\n")
_NEXT = re.compile(r"#(?=\s|[ \t]*(?i:noqa)\b|[ \t]*asset-lint[ \t]*:)")


@dataclass(frozen=True, slots=True)
class Named:
    """A code or name as written, its stretch of the text, and the rule's code ("" where there is no such rule)."""

    text: str
    start: int
    end: int
    code: str


@dataclass(eq=False, slots=True)
class Directive:
    """One suppression: ``first`` to ``last`` are the lines it holds for, ``start`` to ``end`` its own stretch.

    Without ``named`` it holds for every rule. ``problem`` says why it can't be read; then it does nothing.
    ``reason`` is what else the comment says.
    """

    form: Form
    comment: Comment
    start: int
    end: int
    first: int
    last: int
    named: tuple[Named, ...]
    problem: str = ""
    reason: str = ""
    used: set[str] = field(default_factory=set)  # codes that it kept from being reported

    def names(self, code: str) -> bool:
        """Whether it names the rule."""
        return any(each.code == code for each in self.named)

    def without(self, source: Source, dropped: Collection[Named]) -> tuple[Edit, ...]:
        """The edits that take the codes away; where none is left, the directive, its comment, its line."""
        kept = [each for each in self.named if each not in dropped]
        if not kept:
            start, end, text = self._extent(source.text)
            return (Edit(source.span(start, end), text),)
        edits: list[Edit] = []
        left: Named | None = None
        at = 0
        while at < len(self.named):
            if self.named[at] in kept:
                left, at = self.named[at], at + 1
                continue
            run = at
            while at < len(self.named) and self.named[at] not in kept:
                at += 1
            start = self.named[run].start if left is None else left.end
            end = self.named[at].start if left is None else self.named[at - 1].end
            edits.append(Edit(source.span(start, end), ""))
        return tuple(edits)

    def _extent(self, text: str) -> tuple[int, int, str]:
        """What goes when the directive goes, and what stands there instead."""
        comment_end = self.comment.start + len(self.comment.text)
        before = text[self.comment.start : self.start].rstrip()
        after = text[self.end : comment_end].lstrip(" \t,")
        if before:
            return self.comment.start + len(before), self.end, ""
        if after.startswith("#"):
            return self.start, comment_end - len(after), ""
        if after:  # words behind a noqa stay, as a plain comment
            return self.start + 1, comment_end - len(after), " "
        line = max(text.rfind("\n", 0, self.start), text.rfind("\r", 0, self.start)) + 1
        if not self.comment.alone:
            return line + len(text[line : self.start].rstrip()), comment_end, ""
        newline = _NEWLINE.match(text, comment_end)
        return line, newline.end() if newline else comment_end, ""


def read(text: str, lines: Lines, registry: Registry) -> list[Directive]:
    """The directives of a file, in order."""
    found: list[Directive] = []
    for comment in lines.comments:
        if "noqa" in comment.text.lower():
            found += _noqa(comment, registry)
        if "asset-lint" in comment.text:
            found += _ours(comment, lines, registry, len(text))
    return sorted(found, key=lambda directive: directive.start)


def _noqa(comment: Comment, registry: Registry) -> Iterator[Directive]:
    for match in _NOQA.finditer(comment.text):
        named: list[Named] = []
        end = match.end()
        if match["colon"]:
            at = end
            while code := _NOQA_CODE.match(comment.text, at):
                named.append(_named(code, comment, registry))
                end = code.end()
                separator = _SEPARATOR.match(comment.text, end)
                at = separator.end() if separator else end
            if not named:
                continue  # no codes where codes are announced: not a bare noqa either
        start = comment.start + match.start()
        following = _NEXT.search(comment.text, end)
        reason = _reason(comment.text[end : following.start() if following else None])
        line = comment.line
        yield Directive(Form.NOQA, comment, start, comment.start + end, line, line, tuple(named), reason=reason)


def _ours(comment: Comment, lines: Lines, registry: Registry, size: int) -> Iterator[Directive]:
    for match in _OURS.finditer(comment.text):
        following = _NEXT.search(comment.text, match.end())
        words = comment.text[: following.start() if following else None].rstrip()
        start, end = comment.start + match.start(), comment.start + len(words)
        named = tuple(_named(item, comment, registry) for item in _items(match))
        problem = _problem(match, words[match.end() :].split(), registry)
        form = _FORMS.get(match["word"])
        if form is None and not problem:
            continue  # prose
        first, last = _reach(form, comment, lines)
        reason = _reason(words[match.end() :])
        yield Directive(form or Form.IGNORE, comment, start, end, first, last, named, problem, reason)


def _reason(words: str) -> str:
    return words.strip(" \t,:;-")


def _items(match: re.Match[str]) -> Iterator[re.Match[str]]:
    if match["list"]:
        yield from _ITEM.finditer(match.string, match.start("codes"), match.end("codes"))


def _named(item: re.Match[str], comment: Comment, registry: Registry) -> Named:
    code = registry.code_of(item[0]) or ""
    return Named(item[0], comment.start + item.start(), comment.start + item.end(), code)


def _problem(match: re.Match[str], reason: list[str], registry: Registry) -> str:
    word = match["word"]
    if word not in _FORMS:
        close = closest(word, _FORMS)
        if not close and not match["list"]:
            return ""
        return f"`{word}` is none of {', '.join(f'`{form}`' for form in _FORMS)}{close}"
    if match["list"]:
        if not match["end"]:
            return "the list of codes has no `]`"
        return "" if match["codes"].strip(" \t,") else f"`{word}[]` names no rule"
    if reason and registry.code_of(reason[0].strip(",;:.")):
        return f"codes stand in brackets: `{word}[{reason[0].strip(',;:.')}]`"
    return ""


def _reach(form: Form | None, comment: Comment, lines: Lines) -> tuple[int, int]:
    """The lines that a comment of ours speaks of; ranges begin and end with their comment's logical line."""
    if form is Form.FILE_IGNORE:
        return 1, max([comment.line, *(each.last for each in lines.logical[-1:])])
    inside = lines.at(comment.line)
    if form is Form.IGNORE and inside is None:
        return lines.below(comment) or (comment.line, comment.line)
    return (inside.first, inside.last) if inside else (comment.line, comment.line)


def is_foreign(text: str, registry: Registry) -> bool:
    """Whether a code or name that no rule has may be another tool's, or of a pack that isn't installed here."""
    if text in registry.prefixes:
        return False  # a selector: here it selects nothing
    if CODE.fullmatch(text):
        return text.rstrip("0123456789") not in registry.prefixes
    return not closest(text, registry.names())
