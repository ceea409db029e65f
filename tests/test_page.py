"""The page of what was run: it shows what was seen, and nothing in a project can take part in its making."""

from __future__ import annotations

import html.parser
import shutil
import subprocess
from pathlib import Path

import pytest

from asset_lint.report.page import Event, Mark, Mending, Run, Section, page, timeline

EVIL = "</pre><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


def opened(number: int, at: float, path: str = "/tmp/trips.duckdb") -> Event:
    place = {"file": "assets.py", "line": 3, "function": "trips", "library": ""}
    return {"kind": "opened", "at": at, "connection": number, "path": path, "default": False, "place": place}


EVENTS: list[Event] = [
    opened(1, 1.0),
    {"kind": "query", "at": 1.5, "connection": 1, "sql": "SELECT 1", "place": None},
    opened(2, 2.0),
    {"kind": "failed", "at": 2.5, "connection": 2, "sql": EVIL, "place": None,
     "error": {"type": "IOException", "message": EVIL}},
    {"kind": "closed", "at": 3.0, "connection": 1, "how": "with", "place": None},
    {"kind": "lock", "at": 3.1, "path": "/tmp/trips.duckdb", "held": True, "when": "ran"},
]  # fmt: skip


class Elements(html.parser.HTMLParser):
    """What elements a page has, by name, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def whole() -> str:
    mark = Mark(3, "AL201", EVIL, "confirmed", EVIL)
    run = Run("fault", EVIL, False, EVENTS)
    mending = Mending("AL201", "kept", EVIL, f"-{EVIL}\n+x")
    asset = Section(EVIL, EVIL, 2, (EVIL, EVIL), EVIL, (mark,), (run,), (mending,))
    return page(EVIL, [asset], {EVIL: EVIL})


def test_nothing_that_a_project_contains_becomes_markup() -> None:
    elements = Elements(whole())
    assert not elements.named("script")
    assert not elements.named("img")
    assert not any(name.startswith("on") for _, attributes in elements.found for name in attributes)
    assert "alert(1)" in whole()  # it is shown


def test_nothing_comes_from_elsewhere() -> None:
    elements = Elements(whole())
    assert not [
        a for _, a in elements.found if {"src", "href"} & a.keys() and not (a.get("href") or "").startswith("#")
    ]
    (policy,) = [a["content"] for a in elements.named("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_a_connection_is_a_bar_from_its_opening_to_its_closing_and_tells_who_closed_it() -> None:
    bars = Elements(timeline(EVENTS)).named("rect")
    assert [bar["class"] for bar in bars] == ["life with", "life never"]
    first, second = ((float(bar["x"] or 0), float(bar["width"] or 0)) for bar in bars)
    assert first[0] < second[0]
    assert abs(first[0] + first[1] - (second[0] + second[1])) < 60
    assert [dot["class"] for dot in Elements(timeline(EVENTS)).named("circle")] == ["query", "broken"]
    assert "locked when it had run: trips.duckdb" in timeline(EVENTS)


def test_a_run_without_a_connection_says_so() -> None:
    assert "No connection was opened" in timeline([])


@pytest.mark.full
def test_a_browser_shows_it(tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    assert chromium, "Debian's package chromium"
    file = tmp_path / "report.html"
    asset = Section(
        "trips", "assets.py:2", 2, ("def trips():", "    ..."), "", (), (Run("normal", "success", True, EVENTS),)
    )
    file.write_text(page("What was verified", [asset], {"duckdb": "2.0.0"}), encoding="utf-8")
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}"]
    shown = subprocess.run([*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, check=True).stdout
    elements = Elements(shown)
    assert [bar["class"] for bar in elements.named("rect")] == ["life with", "life never"]
    assert elements.named("style")
    picture = tmp_path / "report.png"
    subprocess.run([*command, f"--screenshot={picture}", file.as_uri()], capture_output=True, check=True)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 5_000
