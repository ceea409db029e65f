"""The picture in the README: what a terminal shows of a real run on the example project, as SVG.

From anywhere, to make docs/check.svg anew:

    python scripts/picture.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "check.svg"
COMMAND = "asset-lint check examples/bike_share/src/bike_share/assets/trips.py --profile errors"
COLUMNS = 120  # where the terminal breaks a line
SIZE, WIDTH, HEIGHT, MARGIN = 14, 8.4, 19, 16  # of a character, of a line, around all; in pixels
PLAIN, BACK = "#d4d7dd", "#1b1f27"
COLORS = {"31": "#e06c75", "32": "#98c379", "91": "#ff7b85", "93": "#e5c07b", "94": "#61afef", "96": "#56c8d8"}
_ESCAPE = re.compile(r"\x1b\[([\d;]*)m")

Cell = tuple[str, str]
"""A character, and the attributes of SVG that it is drawn with."""


def run() -> str:
    """What the command writes to a terminal, escape sequences and all."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "asset_lint", *COMMAND.split()[1:], "--no-cache"]
    process = subprocess.run(
        command, cwd=ROOT, env={**environment, "FORCE_COLOR": "1"}, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return process.stdout


def svg(command: str, output: str) -> str:
    """A terminal in which ``command`` was given and wrote ``output``."""
    rows = [[("$", 'font-weight="bold"'), *((character, "") for character in f" {command}")], *_rows(output)]
    width, height = round(COLUMNS * WIDTH) + 2 * MARGIN, len(rows) * HEIGHT + 2 * MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        f"<title>{escape(command)}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACK}"/>',
        f'<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="{SIZE}" fill="{PLAIN}">',
    ]
    for number, row in enumerate(rows):
        down = MARGIN + number * HEIGHT + SIZE
        for start, text, style in _stretches(row):
            # The length is given, so that columns stay columns in any font.
            place = f'x="{MARGIN + start * WIDTH:g}" y="{down}" textLength="{len(text) * WIDTH:g}"'
            lines.append(f'<text xml:space="preserve" {place}{" " * bool(style)}{style}>{escape(text)}</text>')
    return "\n".join([*lines, "</g>", "</svg>", ""])


def _rows(output: str) -> Iterator[list[Cell]]:
    """The lines on the screen."""
    style = ""
    for line in output.rstrip("\n").split("\n"):
        cells: list[Cell] = []
        for at, part in enumerate(_ESCAPE.split(line)):
            if at % 2:
                style = _style(part.split(";"))
            else:
                cells += ((character, style) for character in part)
        for start in range(0, max(len(cells), 1), COLUMNS):
            yield cells[start : start + COLUMNS]


def _style(codes: list[str]) -> str:
    bold = ['font-weight="bold"'] if "1" in codes else []
    return " ".join([*(f'fill="{COLORS[code]}"' for code in codes if code in COLORS), *bold])


def _stretches(row: list[Cell]) -> Iterator[tuple[int, str, str]]:
    """Where words of one style start, their text and their style; the blanks around them are left out."""
    start = 0
    while start < len(row):
        end = start
        while end < len(row) and row[end][1] == row[start][1]:
            end += 1
        text = "".join(character for character, _ in row[start:end])
        if words := text.strip():
            yield start + len(text) - len(text.lstrip()), words, row[start][1]
        start = end


if __name__ == "__main__":
    PICTURE.write_text(svg(COMMAND, run()), encoding="utf-8")
