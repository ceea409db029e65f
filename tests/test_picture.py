"""The picture in the README shows what the command really writes."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts import picture  # noqa: E402

NAMESPACE = "{http://www.w3.org/2000/svg}"


def test_it_is_of_a_run_of_today() -> None:
    made = picture.svg(picture.COMMAND, picture.run())
    assert picture.PICTURE.read_text(encoding="utf-8") == made, "run `python scripts/picture.py`"
    assert "AL201" in made


def test_the_readme_shows_it() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"![{picture.COMMAND}]({picture.PICTURE.relative_to(ROOT)})" in readme


def test_colours_blanks_and_markup_of_the_output_are_kept_and_long_lines_are_broken() -> None:
    output = f"  \x1b[1;91ma <&\x1b[0m  b\n\n{'c' * picture.COLUMNS}d\n"
    words = ElementTree.fromstring(picture.svg("show", output)).findall(f".//{NAMESPACE}text")
    assert [word.text for word in words] == ["$", "show", "a <&", "b", "c" * picture.COLUMNS, "d"]
    a, b, c, d = words[2:]
    assert (a.get("fill"), a.get("font-weight")) == (picture.COLORS["91"], "bold")
    assert b.get("fill") is None
    assert float(a.get("x") or 0) == picture.MARGIN + 2 * picture.WIDTH
    assert float(b.get("x") or 0) == picture.MARGIN + 8 * picture.WIDTH
    assert float(d.get("y") or 0) - float(c.get("y") or 0) == picture.HEIGHT
    assert float(c.get("y") or 0) - float(b.get("y") or 0) == 2 * picture.HEIGHT
