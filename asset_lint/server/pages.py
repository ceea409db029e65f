"""Rules' pages: what a hover shows, and files that an editor can open."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from asset_lint.finding import Finding
from asset_lint.registry import Page, Registry

_CODE = re.compile(r"\b[A-Z]+[0-9]+\b|\b[a-z0-9]+(?:-[a-z0-9]+)+\b")
_CONFIGURATION = re.compile(r"(.*/)?(pyproject\.toml|\.?asset-lint\.toml)")


class Pages:
    """The pages of all rules; files of them are written when they are asked for, and go with the process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def file(self, code: str) -> str:
        """The URI of a file that holds the page of a rule."""
        page = self._registry.pages[code]
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="asset-lint-pages-")
        file = Path(self._folder.name, f"{page.name}.md")
        if not file.exists():
            file.write_text(markdown(page), encoding="utf-8")
        return file.as_uri()

    def of(self, finding: Finding) -> str:
        """The page of a finding's rule, below what was found."""
        page = self._registry.pages[finding.code]
        hint = f"\n\n*{finding.hint[0].upper()}{finding.hint[1:]}.*" if finding.hint else ""
        return f"**{finding.message}**{hint}\n\n---\n\n{markdown(page)}"

    def named(self, line: str) -> Iterator[tuple[int, int, Page]]:
        """The rules that a line names, with the stretch where each stands."""
        for match in _CODE.finditer(line):
            code = self._registry.code_of(match[0])
            if code is not None:
                yield match.start(), match.end(), self._registry.pages[code]


def markdown(page: Page) -> str:
    """A rule's page with its title."""
    return f"# {page.name} ({page.code})\n\n{page.text.strip()}\n"


def is_configuration(uri: str) -> bool:
    """Whether a document may hold the configuration."""
    return _CONFIGURATION.fullmatch(uri) is not None


def is_suppression(line: str, at: int) -> bool:
    """Whether a place of a line stands in a comment that may suppress findings."""
    start = line.find("#")
    return 0 <= start <= at and re.search(r"noqa|asset-lint", line[start:], re.IGNORECASE) is not None
