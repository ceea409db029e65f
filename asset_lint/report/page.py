"""What was run, as one page of HTML: for each asset its source with the findings, and each run as a picture.

Nothing in it comes from elsewhere, and nothing that a project contains is taken for markup or script.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

Event = Mapping[str, Any]

WIDTH, LANE, LEFT = 900, 22, 210  # of a timeline, in pixels
_CLOSED = {"with": "by its `with`", "close": "by `close()`", "gc": "by nobody: freed by chance", "": "never"}
_SHOWN = ("opened", "refused", "query", "failed", "closed", "log", "printed", "event", "lock", "load_failed", "run")


@dataclass(frozen=True)
class Mark:
    """A finding beside its line. ``verdict`` is what runs said of it, ``words`` what was seen."""

    line: int
    code: str
    message: str
    verdict: str
    words: str


@dataclass(frozen=True)
class Run:
    """One run. ``outcome`` is in words, ``events`` are as they were seen, each with its time in seconds (``at``)."""

    scenario: str
    outcome: str
    good: bool
    events: Sequence[Event]


@dataclass(frozen=True)
class Mending:
    """A fix that was tried: the lines before and after as a diff, and what became of it."""

    code: str
    fate: str
    words: str
    diff: str


@dataclass(frozen=True)
class Section:
    """What the page says of one asset. ``first`` is the number of the first of its ``lines``."""

    name: str
    place: str
    first: int = 1
    lines: Sequence[str] = ()
    problem: str = ""
    marks: Sequence[Mark] = ()
    runs: Sequence[Run] = ()
    mendings: Sequence[Mending] = field(default=())
    generated: Sequence[str] = ()  # the tables that were made for it


def page(title: str, sections: Sequence[Section], versions: Mapping[str, str]) -> str:
    """The whole page."""
    style = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    tools = ", ".join(f"{escape(name)} {escape(version)}" for name, version in versions.items())
    body = "\n".join(
        [*_overview(sections), *(part for number, each in enumerate(sections) for part in _section(number, each))]
    )
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{style}</style>\n<h1>{escape(title)}</h1>\n<p class=tools>{tools}</p>\n{body}\n</html>\n"
    )


def _overview(sections: Sequence[Section]) -> Iterator[str]:
    yield "<table class=overview><thead><tr><th>asset<th>ran<th>findings</tr></thead><tbody>"
    for number, each in enumerate(sections):
        ran = ", ".join(escape(run.scenario) for run in each.runs) or escape(each.problem) or "nothing"
        marks = " ".join(_badge(mark.code, mark.verdict) for mark in each.marks)
        yield f'<tr><td><a href="#asset-{number}">{escape(each.name)}</a><td>{ran}<td>{marks}</tr>'
    yield "</tbody></table>"


def _section(number: int, each: Section) -> Iterator[str]:
    yield f'<section id="asset-{number}">'
    yield f"<h2>{escape(each.name)} <small>{escape(each.place)}</small></h2>"
    if each.problem:
        yield f"<p class=problem>{escape(each.problem)}</p>"
    if each.generated:
        yield f"<p class=tools>on data generated from its queries: {escape(', '.join(each.generated))}</p>"
    yield "".join(_source(each))  # a newline between lines would be one line more
    for run in each.runs:
        yield f"<details{' open' if not run.good else ''}><summary><b>{escape(run.scenario)}</b>: "
        yield f"<span class={'good' if run.good else 'bad'}>{escape(run.outcome)}</span></summary>"
        yield timeline(run.events)
        yield from _events(run.events)
        yield "</details>"
    for mending in each.mendings:
        yield f"<h3>{_badge(mending.code, mending.fate)} {escape(mending.words)}</h3>"
        yield "".join(_diff(mending.diff))
    yield "</section>"


def _badge(code: str, verdict: str) -> str:
    kind = verdict.replace(" ", "-")
    return f'<span class="badge {escape(kind)}">{escape(code)} {escape(verdict)}</span>'


def _source(each: Section) -> Iterator[str]:
    if not each.lines:
        return
    marks: dict[int, list[Mark]] = {}
    for mark in each.marks:
        marks.setdefault(mark.line, []).append(mark)
    yield "<pre class=source>"
    for number, line in enumerate(each.lines, each.first):
        found = marks.pop(number, [])
        yield f'<span class="line{" marked" if found else ""}"><i>{number}</i>{escape(line)}</span>'
        for mark in found:
            seen = f"\n{escape(mark.words)}" if mark.words else ""
            yield f"<span class=note>{_badge(mark.code, mark.verdict)} {escape(mark.message)}{seen}</span>"
    yield "</pre>"
    for mark in (mark for several in marks.values() for mark in several):
        yield f"<p class=note>{_badge(mark.code, mark.verdict)} line {mark.line}: {escape(mark.message)}</p>"


def timeline(events: Sequence[Event]) -> str:
    """The connections of a run as a picture: from where each was opened to where it was closed, with its queries."""
    lanes = [event for event in events if event["kind"] == "opened"]
    if not lanes:
        return "<p class=nothing>No connection was opened.</p>"
    first = min(event["at"] for event in lanes)
    last = max([event["at"] for event in events if "at" in event], default=first)
    length = max(last - first, 0.001)

    def x(at: float) -> float:
        return LEFT + (WIDTH - LEFT - 20) * (float(at) - float(first)) / float(length)

    height = LANE * len(lanes) + 40
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{len(lanes)} connections over {length:.2f} seconds">'
    ]
    for lane, opened in enumerate(lanes):
        parts += _lane(
            opened, 8 + LANE * lane, x, last, [e for e in events if e.get("connection") == opened["connection"]]
        )
    base = LANE * len(lanes) + 14
    for held in (e for e in events if e["kind"] == "lock" and e["held"]):
        label = f"locked when it {'was imported' if held['when'] == 'imported' else 'had run'}: {_file(held['path'])}"
        parts.append(
            f'<text class=locked x="{min(x(held["at"]), WIDTH - 20):.1f}" y="{base + 4}" text-anchor="end">'
            f"{escape(label)}</text>"
        )
    parts.append(f'<line class=axis x1="{LEFT}" x2="{WIDTH - 20}" y1="{base + 8}" y2="{base + 8}"/>')
    parts.append(f'<text x="{LEFT}" y="{base + 22}">0 s</text>')
    parts.append(f'<text x="{WIDTH - 20}" y="{base + 22}" text-anchor="end">{length:.2f} s</text></svg>')
    return "".join(parts)


def _lane(opened: Event, y: int, x: Any, last: float, events: Iterable[Event]) -> Iterator[str]:
    end, how = last, ""
    ticks = []
    for event in events:
        if event["kind"] == "closed":
            end, how = event["at"], event["how"]
        elif event["kind"] in ("query", "failed"):
            title = escape(str(event.get("sql") or event.get("error", {}).get("message", "")))
            kind = "broken" if event["kind"] == "failed" else "query"
            ticks.append(
                f'<circle class={kind} cx="{x(event["at"]):.1f}" cy="{y + 7}" r="4"><title>{title}</title></circle>'
            )
    name = "the default connection" if opened.get("default") else _file(opened.get("path") or ":memory:")
    place = opened.get("place") or {}
    where = f"{place.get('file', '')}:{place.get('line', '')}" if place else "a library"
    yield f'<text class=lane x="0" y="{y + 11}">{escape(name[:28])}</text>'
    begin = x(opened["at"])
    yield f'<rect class="life {how or "never"}" x="{begin:.1f}" y="{y}" height="14" rx="3" '
    yield f'width="{max(x(end) - begin, 3):.1f}"><title>opened at {escape(where)}, closed {_CLOSED[how]}</title></rect>'
    yield from ticks


def _events(events: Sequence[Event]) -> Iterator[str]:
    yield "<table class=events>"
    for event in events:
        if event["kind"] in _SHOWN and (words := _words(event)):
            place = event.get("place") or {}
            where = f"{place.get('file', '')}:{place.get('line', '')}" if place else ""
            kind = escape(event["kind"].replace("_", " "))
            cells = f"<td>{event.get('at', 0):.3f}<td>{kind}<td>{escape(where)}<td>{escape(words)}"
            yield f"<tr class={kind.partition(' ')[0]}>{cells}</tr>"
    yield "</table>"


def _words(event: Event) -> str:
    kind = event["kind"]
    if kind == "event":
        errors = event.get("errors") or ()
        what = f": {errors[-1]['type']}: {errors[-1]['message']}" if errors else ""
        return f"{event['type']}{what}" if errors or event["type"] in ("STEP_SUCCESS", "ASSET_MATERIALIZATION") else ""
    if kind == "log":
        return f"{event['level']}: {event['message']}" if event["own"] else ""
    if kind == "lock":
        return f"{_file(event['path'])}: {'held' if event['held'] else 'free'} ({event['when']})"
    if kind == "run":
        return "success" if event["success"] else "failed"
    if kind == "closed":
        return f"closed {_CLOSED.get(event['how'], '')}"
    if kind in ("opened",):
        return _file(event.get("path") or ":memory:")
    error = event.get("error")
    told = f"{error['type']}: {error['message']}" if error else ""
    return " ".join(part for part in (str(event.get("sql") or event.get("text") or ""), told) if part)


def _diff(diff: str) -> Iterator[str]:
    yield "<pre class=diff>"
    for line in diff.splitlines():
        kind = {"+": "added", "-": "gone"}.get(line[:1], "same")
        yield f"<span class={kind}>{escape(line)}</span>"
    yield "</pre>"


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2] or path
