"""Texts that code puts together, as far as it can be read: constant parts, and holes that hold what is unknown.

Carried by the data flow: f-strings, ``%``, ``.format``, ``+``, ``join``. Equality is asked often, so a template keeps
its hash.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .index import Place
from .values import Alternatives, Const, Origin, Text, Value, origin_of

MAX_TEMPLATES = 4  # variants of one text told apart
MAX_PARTS = 120  # beyond, a text is not read on


@dataclass(frozen=True, slots=True)
class Hole:
    """A place in a text where some value goes in. ``values`` is what it may be, ``shaped`` that a format says how."""

    place: Place
    values: Alternatives
    shaped: bool = False

    @property
    def origin(self) -> Origin:
        """Where what goes in comes from."""
        return origin_of(self.values)[0]


Part = str | Hole


class Template:
    """A text in parts: no two constant parts stand side by side, none is empty."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self.parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Template) and self._hash == other._hash and self.parts == other.parts
        )

    def __repr__(self) -> str:
        return f"Template({self.render()!r})"

    @property
    def start(self) -> str:
        """The constant text that it begins with."""
        first = self.parts[0] if self.parts else ""
        return first if isinstance(first, str) else ""

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Its holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    def render(self) -> str:
        """The text, with ``hole_0_``, ``hole_1_`` … in its holes: a word, as SQL reads it."""
        at = -1
        found: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                found.append(part)
            else:
                at += 1
                found.append(f"hole_{at}_")
        return "".join(found)


def plain(text: str) -> Template:
    """A constant text."""
    return Template((text,) if text else ())


def templates(values: Alternatives, place: Place | None, *, shaped: bool = False) -> tuple[Template, ...]:
    """The texts that some values give; a hole at ``place`` for what can't be read, nothing if there is no place."""
    found: list[Template] = []
    unread: list[Value] = []
    for value in values:
        if isinstance(value, Text) and value.template is not None and not shaped:
            found.append(value.template)
        elif isinstance(value, Const) and value.value is not None and not isinstance(value.value, bytes) and not shaped:
            found.append(plain(str(value.value)))
        else:
            unread.append(value)
    found = list(dict.fromkeys(found))
    if (unread or len(found) > MAX_TEMPLATES) and place is not None:
        return (Template((Hole(place, values, shaped),)),)
    return () if unread else tuple(found)


def concatenated(pieces: Iterable[Sequence[Template]]) -> tuple[Template, ...]:
    """Each way to put one variant of every piece after the other; none if there are too many."""
    variants: list[tuple[Part, ...]] = [()]
    for piece in pieces:
        if len(piece) == 1:
            added = piece[0].parts
            variants = [(*variant, *added) for variant in variants]
        else:
            variants = [(*variant, *template.parts) for variant in variants for template in piece]
            if len(variants) > MAX_TEMPLATES:
                return ()
    return tuple(dict.fromkeys(Template(_tidy(variant)) for variant in variants if len(variant) <= MAX_PARTS))


def _tidy(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    found: list[Part] = []
    for part in parts:
        if isinstance(part, str):
            if not part:
                continue
            if found and isinstance(before := found[-1], str):
                found[-1] = before + part
                continue
        found.append(part)
    return tuple(found)


Given = tuple[Alternatives, Place]
"""An argument: its values, and where it stands."""


def formatted(pattern: Template, positional: Sequence[Given], named: dict[str, Given]) -> tuple[Template, ...]:
    """``pattern.format(…)``; none where the arguments don't tell."""
    pieces: list[Sequence[Template]] = []
    at = 0
    for part in pattern.parts:
        if isinstance(part, Hole):
            pieces.append((Template((part,)),))
            continue
        try:
            fields = list(string.Formatter().parse(part))
        except ValueError:
            return ()
        for text, name, spec, conversion in fields:
            pieces.append((plain(text),))
            if name is None:
                continue
            head = whole = name.partition(".")[0].partition("[")[0]
            if not head:
                head, at = str(at), at + 1
            if head.isdigit():
                given = positional[int(head)] if int(head) < len(positional) else None
            else:
                given = named.get(head)
            if given is None:
                return ()
            values, place = given
            pieces.append(templates(values, place, shaped=bool(spec or conversion or whole != name)))
    return concatenated(pieces)


def percent(pattern: Template, given: Sequence[Given]) -> tuple[Template, ...]:
    """``pattern % (…)``; none where the pattern wants other values than are given."""
    pieces: list[Sequence[Template]] = []
    queue = list(given)
    for part in pattern.parts:
        if isinstance(part, Hole):
            pieces.append((Template((part,)),))
            continue
        rest = part
        while "%" in rest:
            before, _, rest = rest.partition("%")
            pieces.append((plain(before),))
            kind = rest[:1]
            if kind == "%":
                pieces.append((plain("%"),))
            elif kind in ("s", "d", "i", "r", "f") and kind and queue:
                values, place = queue.pop(0)
                pieces.append(templates(values, place, shaped=kind in ("r", "f")))
            else:
                return ()
            rest = rest[1:]
        pieces.append((plain(rest),))
    return () if queue else concatenated(pieces)


def joined(separator: Template, items: Sequence[Given]) -> tuple[Template, ...]:
    """``separator.join([…])``."""
    pieces: list[Sequence[Template]] = []
    for index, (values, place) in enumerate(items):
        if index:
            pieces.append((separator,))
        pieces.append(templates(values, place))
    return concatenated(pieces)


def replaced(pattern: Template, old: str, new: Sequence[Template]) -> tuple[Template, ...]:
    """``pattern.replace(old, new)``, constant parts alone."""
    pieces: list[Sequence[Template]] = []
    for part in pattern.parts:
        if isinstance(part, Hole) or not old or old not in part:
            pieces.append((Template((part,)),))
            continue
        for index, piece in enumerate(part.split(old)):
            if index:
                pieces.append(new)
            pieces.append((plain(piece),))
    return concatenated(pieces)


def mapped(pattern: Template, name: str) -> Template:
    """``pattern.strip()`` and its like: what they do to constant parts."""
    parts = list(pattern.parts)
    if name in ("strip", "lstrip", "dedent") and parts and isinstance(first := parts[0], str):
        parts[0] = first.lstrip()
    if name in ("strip", "rstrip") and parts and isinstance(last := parts[-1], str):
        parts[-1] = last.rstrip()
    return Template(_tidy(tuple(parts)))
