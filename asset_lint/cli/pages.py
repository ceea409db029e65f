"""What ``rule``, ``rules`` and ``config`` print."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.config import KEYS, Config, Setting, kinds, targets
from asset_lint.errors import UsageError

if TYPE_CHECKING:
    from asset_lint.registry import Page, Registry


def registry() -> Registry:
    """All rules, also those in SQL that the configuration of the working directory names."""
    from asset_lint.config.files import ConfigFiles
    from asset_lint.registry import load

    known = load()
    known.sql_rules(ConfigFiles().of(Path.cwd()))
    return known


def rule_text(pages: Iterable[Page]) -> str:
    """The pages of rules, in Markdown."""
    return "\n".join(
        f"# {page.name} ({page.code})\n\nSeverity: {page.severity}.\n\n{page.text.strip()}\n" for page in pages
    )


def rule_json(page: Page) -> Mapping[str, object]:
    """A rule's page as data."""
    return {
        "code": page.code,
        "name": page.name,
        "severity": str(page.severity),
        "summary": page.summary,
        "message": page.message,
        "explanation": page.text,
        "pack": page.pack,
    }


def rules_table(pages: Iterable[Page]) -> str:
    """All rules, a line each."""
    rows = [(page.code, page.name, str(page.severity), page.summary) for page in pages]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip() + "\n"
        for row in rows
    )


def config_text(key: str | None) -> str:
    """The names of all settings, or what is to be known of one; raises UsageError for an unknown one."""
    if key is None:
        return "".join(f"{each}\n" for each in KEYS)
    setting = _setting(key)
    lines = [
        *textwrap.wrap(setting.doc, 100, break_on_hyphens=False, break_long_words=False),
        "",
        f"Default value: {_default(setting)}",
        f"Type: {setting.kind.type}",
        "Example usage:",
        "```toml",
        setting.example,
        "```",
    ]
    return "\n".join(lines) + "\n"


def config_json(key: str | None) -> str:
    """The same as data."""
    settings = KEYS if key is None else {key: _setting(key)}
    described = {
        name: {
            "doc": setting.doc,
            "default": setting.plain(setting.default),
            "value_type": setting.kind.type,
            "example": setting.example,
        }
        for name, setting in settings.items()
    }
    return json.dumps(described if key is None else described[key], indent=2) + "\n"


def schema_json() -> str:
    """The JSON Schema of all settings."""
    from asset_lint.config.schema import schema

    return json.dumps(schema(), indent=2) + "\n"


def _setting(key: str) -> Setting:
    setting = KEYS.get(key)
    if setting is None:
        raise UsageError(f"there is no setting `{key}`{kinds.closest(key.replace('_', '-'), list(KEYS))}")
    return setting


def _default(setting: Setting) -> str:
    value = setting.plain(setting.default)
    return "unset" if value is None else _toml(value)


def settings_text(path: str, config: Config) -> str:
    """The settings that hold for a file."""
    return "".join(f"{line}\n" for line in _settings_lines(path, config))


def _settings_lines(path: str, config: Config) -> Iterator[str]:
    yield f"# The settings for {path}"
    yield f"# root: {config.root}"
    yield f"# file: {config.file or 'none: these are the defaults and what the command line says'}"
    tables = []
    for key, value in config.items():
        if value is None:
            found = _found(key, path, config)
            yield f"# {key} is unset{f': {found}' if found else ''}"
        elif isinstance(value, dict):
            tables.append((key, value))
        else:
            yield f"{key} = {_toml(value)}"
    for key, table in tables:
        yield f"\n[{key}]"
        for name, value in table.items():
            yield f"{_toml(name)} = {_toml(value)}"


def _found(key: str, path: str, config: Config) -> str:
    """What is taken instead of a setting that is unset."""
    if key in ("target-duckdb", "target-dagster"):
        target = targets.find(key.removeprefix("target-"), Path(path).absolute().parent, config.root)
        return "no lock file or requirement names one" if target == targets.ANY else f"found {target}"
    return ""


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)  # TOML writes booleans and strings as JSON does
