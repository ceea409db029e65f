"""The pages of the documentation that are made, as a hook of mkdocs: one for each rule, the settings, the proofs.

A rule's page is its docstring, so `asset-lint rule AL201` and the site can't differ.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.config import KEYS, Setting
from asset_lint.registry import Page, load

sys.path.insert(0, str(Path(__file__).parent))
import proof_table

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page as SitePage

FAMILIES = {
    "AL0": "asset-lint's own",
    "AL1": "Results",
    "AL2": "Connections",
    "AL3": "Errors",
    "AL4": "Contexts",
    "AL5": "What the asset tells",
    "AL6": "Assumptions about the data",
    "AL7": "Definitions",
    "AL8": "DuckDB 2",
    "AL9": "Cost",
}
SETTINGS = "<!-- settings -->"  # where the page on configuration wants them
PROOFS = "<!-- proofs: {} -->"  # where the page on proofs wants its tables


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the rules' pages into the navigation."""
    assert config.nav is not None
    (rules,) = (entry for entry in config.nav if isinstance(entry, dict) and "Rules" in entry)
    rules["Rules"] = [{"All rules": "rules/index.md"}, *({name: pages} for name, pages in _navigation())]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the rules' pages."""
    from mkdocs.structure.files import File

    files.append(File.generated(config, "rules/index.md", content=overview()))
    for page in load().pages.values():
        files.append(File.generated(config, _path(page), content=rule_page(page)))
    return files


def on_page_markdown(markdown: str, page: SitePage, **_: Any) -> str:
    """Fill in the settings, and what proofs showed."""
    if page.file.src_uri == "proofs.md":
        markdown = markdown.replace(PROOFS.format("checklist"), proof_table.checklist())
        return markdown.replace(PROOFS.format("rules"), proof_table.rules(load().pages))
    return markdown.replace(SETTINGS, "\n".join(map(setting_section, KEYS.values())))


def overview() -> str:
    """The table of all rules, by family."""
    parts = ["# Rules", "", "`asset-lint rule AL201` prints a rule's page, `asset-lint rules` lists them all.", ""]
    for prefix, name in FAMILIES.items():
        pages = [page for page in load().pages.values() if page.code.startswith(prefix)]
        if pages:
            parts += [f"## {name}", "", "| code | name | severity | |", "|---|---|---|---|"]
            parts += [
                f"| [{page.code}]({page.name}.md) | {page.name} | {page.severity} | {page.summary} |" for page in pages
            ]
            parts.append("")
    return "\n".join(parts)


def rule_page(page: Page) -> str:
    """One rule's page."""
    return f"# {page.name} ({page.code})\n\n*Severity: {page.severity}.*\n\n{page.text.strip()}\n"


def setting_section(setting: Setting) -> str:
    """One setting as a section."""
    default = setting.plain(setting.default)
    shown = "none" if default is None else f"`{default}`"
    return (
        f"### `{setting.key}`\n\n{setting.doc}\n\nType: `{setting.kind.type}`. Default: {shown}.\n\n"
        f"```toml\n{setting.example}\n```\n"
    )


def _navigation() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for prefix, name in FAMILIES.items():
        pages = [
            {f"{page.code} {page.name}": _path(page)} for page in load().pages.values() if page.code.startswith(prefix)
        ]
        if pages:
            yield name, pages


def _path(page: Page) -> str:
    return f"rules/{page.name}.md"
