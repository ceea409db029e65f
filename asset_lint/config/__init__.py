"""All settings, as one frozen :class:`Config`.

The fields of :class:`Config` are the single table: reading, validation, the command line's defaults, ``asset-lint
config``, the JSON Schema and the documentation derive from it. Which file applies to which directory is
:mod:`asset_lint.config.files`' business.
"""

# ruff: noqa: RUF009 -- `_setting` makes a dataclass field
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from asset_lint.errors import ConfigError
from asset_lint.finding import Severity

from . import kinds
from .kinds import Kind
from .patterns import Pattern, matcher
from .targets import Target

T = TypeVar("T")
D = TypeVar("D")

#: Directories that are never looked into, unless ``exclude`` says otherwise.
EXCLUDED = (
    ".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pants.d",
    ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pypackages__", "_build",
    "buck-out", "dist", "node_modules", "site-packages", "venv",
)  # fmt: skip


#: What the files are called that are looked for in directories, unless ``include`` says otherwise.
INCLUDED = (".py", ".ipynb", ".md", ".rst")


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known of one setting. ``adds`` says that layers add to each other instead of replacing one another."""

    key: str
    kind: Kind[Any]
    default: object
    doc: str
    example: str
    adds: bool

    def plain(self, value: object) -> Any:
        """``value`` as TOML or JSON would say it; None is an unset one."""
        if self.kind is kinds.PER_FILE:
            return {str(pattern): list(selectors) for pattern, selectors in cast(kinds.PerFile, value)}
        if isinstance(value, tuple):
            return [item if isinstance(item, str) else str(item) for item in value]
        return value if value is None or isinstance(value, (bool, str)) else str(value)


def _setting(kind: Kind[T], default: D, doc: str, *, example: str, adds: bool = False) -> T | D:
    metadata = {"kind": kind, "doc": doc, "example": example, "adds": adds}
    return cast("T | D", field(default=default, metadata=metadata))


@dataclass(frozen=True, slots=True)
class Config:
    """The settings that hold for a file.

    ``root`` is the project's directory: the nearest one upward with a configuration or a ``.git``. ``file`` is the
    configuration file that was read, None for the defaults. Paths and patterns are bound to the directory of the
    file that they were written in.
    """

    root: Path
    file: Path | None = None
    select: tuple[str, ...] | None = _setting(
        kinds.SELECTORS, None,
        "The rules to run: codes (`AL201`), prefixes (`AL2`), names (`unclosed-connection`) or `ALL`. "
        "Unset, `profile` decides.",
        example='select = ["AL1", "AL2", "bare-except"]',
    )  # fmt: skip
    ignore: tuple[str, ...] = _setting(
        kinds.SELECTORS, (),
        "Rules not to run. The more specific selector wins: `select = [\"AL2\"]` with `ignore = [\"AL203\"]`.",
        example='ignore = ["AL203"]', adds=True,
    )  # fmt: skip
    extend_select: tuple[str, ...] = _setting(
        kinds.SELECTORS, (), "Rules to run besides those of `select` or `profile`.",
        example='extend-select = ["AL208"]', adds=True,
    )  # fmt: skip
    extend_ignore: tuple[str, ...] = _setting(
        kinds.SELECTORS, (), "Rules not to run, besides those of `ignore`.",
        example='extend-ignore = ["AL203"]', adds=True,
    )  # fmt: skip
    per_file_ignores: kinds.PerFile = _setting(
        kinds.PER_FILE, (),
        "Rules not to run on files that match a pattern. A leading `!` negates the pattern.",
        example='[per-file-ignores]\n"tests/**" = ["AL203"]\n"!src/**" = ["ALL"]',
    )  # fmt: skip
    profile: str = _setting(
        kinds.PROFILE, "checklist",
        "The rules that run unless `select` says so: `errors` (what breaks or can break at run time), `checklist` "
        "(besides these every duty of the checklist) or `all` (advice too).",
        example='profile = "errors"',
    )  # fmt: skip
    fail_on: Severity = _setting(
        kinds.SEVERITY, Severity.WARNING,
        "The least severity of a finding that makes `check` end with exit status 1.",
        example='fail-on = "error"',
    )  # fmt: skip
    fixable: tuple[str, ...] = _setting(
        kinds.SELECTORS, ("ALL",), "Rules whose findings `--fix` may repair.", example='fixable = ["AL1"]',
    )  # fmt: skip
    unfixable: tuple[str, ...] = _setting(
        kinds.SELECTORS, (), "Rules whose findings `--fix` leaves alone.", example='unfixable = ["AL203"]', adds=True,
    )  # fmt: skip
    extend_safe_fixes: tuple[str, ...] = _setting(
        kinds.SELECTORS, (), "Rules whose unsafe fixes count as safe.",
        example='extend-safe-fixes = ["AL203"]', adds=True,
    )  # fmt: skip
    extend_unsafe_fixes: tuple[str, ...] = _setting(
        kinds.SELECTORS, (), "Rules whose safe fixes count as unsafe.",
        example='extend-unsafe-fixes = ["AL101"]', adds=True,
    )  # fmt: skip
    unsafe_fixes: bool | None = _setting(
        kinds.BOOL, None,
        "Whether `--fix` applies unsafe fixes. Unset, it doesn't, but their number is told; `false` hides them.",
        example="unsafe-fixes = true",
    )  # fmt: skip
    include: tuple[Pattern, ...] = _setting(
        kinds.PATTERNS, tuple(Pattern(f"*{suffix}", "/") for suffix in INCLUDED),
        "The files to look for in directories. Notebooks (`.ipynb`) and documents (`.md`, `.rst`) are read for the "
        "Python in them, all others are Python.",
        example='include = ["*.py", "*.ipynb"]',
    )  # fmt: skip
    extend_include: tuple[Pattern, ...] = _setting(
        kinds.PATTERNS, (), "Files to look for in directories, besides those of `include`.",
        example='extend-include = ["*.pyw"]', adds=True,
    )  # fmt: skip
    docstring_examples: bool = _setting(
        kinds.BOOL, False,
        "Whether the examples in docstrings (behind `>>>`) are checked too.",
        example="docstring-examples = true",
    )  # fmt: skip
    exclude: tuple[Pattern, ...] = _setting(
        kinds.PATTERNS, tuple(Pattern(name, "/") for name in EXCLUDED),
        "Files and directories to leave out: names (`generated`, `*_pb2.py`) or paths relative to the configuration "
        "file (`src/legacy/*.py`). Replaces the default; see `extend-exclude`.",
        example='exclude = [".venv", "generated"]',
    )  # fmt: skip
    extend_exclude: tuple[Pattern, ...] = _setting(
        kinds.PATTERNS, (), "Files and directories to leave out, besides those of `exclude`.",
        example='extend-exclude = ["notebooks"]', adds=True,
    )  # fmt: skip
    force_exclude: bool = _setting(
        kinds.BOOL, False,
        "Leave out excluded files even when they are named on the command line, as pre-commit does.",
        example="force-exclude = true",
    )  # fmt: skip
    respect_gitignore: bool = _setting(
        kinds.BOOL, True, "Leave out what `.gitignore`, `.ignore` and `.git/info/exclude` name.",
        example="respect-gitignore = false",
    )  # fmt: skip
    src: tuple[Path, ...] = _setting(
        kinds.PATHS, (),
        "Further directories that hold the project's own modules, relative to the configuration file; globs are "
        "expanded. Modules are found without it in the directory of the importing file's package, in every directory "
        "from there up to the project's root, and in the `src` of each.",
        example='src = ["src", "packages/*/src"]',
    )  # fmt: skip
    target_duckdb: Target | None = _setting(
        kinds.VERSION, None,
        "The DuckDB that the code runs on: a version or a requirement. Unset, it is read from uv.lock, poetry.lock, "
        "pylock.toml, requirements or pyproject.toml; where these are silent, every supported version is meant.",
        example='target-duckdb = "1.4"',
    )  # fmt: skip
    target_dagster: Target | None = _setting(
        kinds.VERSION, None,
        "The Dagster that the code runs on: a version or a requirement. Unset, it is read as DuckDB's is.",
        example='target-dagster = "~=1.12"',
    )  # fmt: skip
    known_connections: tuple[str, ...] = _setting(
        kinds.NAMES, (),
        "Names of functions that give a DuckDB connection where the project's code can't show it.",
        example='known-connections = ["get_duckdb_connection"]',
    )  # fmt: skip
    all_assets: bool = _setting(
        kinds.BOOL, False,
        "Whether the duties of the checklist (log, add metadata, handle errors …) hold in every asset, also in those "
        "that don't touch DuckDB.",
        example="all-assets = true",
    )  # fmt: skip
    sql_rules: tuple[Path, ...] = _setting(
        kinds.FILES, (),
        "Files with rules of your own, each a SELECT over the project's facts (`asset-lint query` lists these) whose "
        "rows are findings; relative to the configuration file, globs are expanded. Needs `asset-lint[query]`.",
        example='sql-rules = ["rules/no_orphans.sql", "rules/team/*.sql"]', adds=True,
    )  # fmt: skip
    trust_code: bool = _setting(
        kinds.BOOL, False,
        "Whether `verify` may run the code under test without saying so first.",
        example="trust-code = true",
    )  # fmt: skip
    output_format: str = _setting(
        kinds.FORMAT, "full", "How findings are printed.", example='output-format = "github"',
    )  # fmt: skip
    baseline: Path | None = _setting(
        kinds.PATH, None,
        "The file of known findings that `asset-lint baseline write` writes: `check` and `--fix` pass over them. "
        "Unset, it is `asset-lint-baseline.json` in the project's root, if there is one.",
        example='baseline = "asset-lint-baseline.json"',
    )  # fmt: skip

    def ignored(self, path: Path) -> tuple[str, ...]:
        """The selectors that ``per-file-ignores`` takes out for the file ``path``."""
        if not self.per_file_ignores:
            return ()
        absolute = os.path.abspath(path)
        found: list[str] = []
        for pattern, selectors in self.per_file_ignores:
            negated = pattern.text.startswith("!")
            plain = Pattern(pattern.text[1:], pattern.base) if negated else pattern
            if matcher((plain,)).match_within(absolute) is not negated:
                found += selectors
        return tuple(found)

    def items(self) -> Iterator[tuple[str, object]]:
        """Every setting's key and value, as plain data (what TOML or JSON can say)."""
        for setting in SETTINGS.values():
            yield setting.key, setting.plain(getattr(self, _field(setting.key)))


def _field(key: str) -> str:
    return key.replace("-", "_")


#: Every setting by its key, in the order of the documentation.
SETTINGS: Mapping[str, Setting] = {
    each.name.replace("_", "-"): Setting(each.name.replace("_", "-"), default=each.default, **each.metadata)
    for each in fields(Config)
    if each.metadata
}


#: What a configuration file may say: the settings, and the file that it builds on.
KEYS: Mapping[str, Setting] = {
    "extend": Setting(
        "extend", kinds.PATH, None,
        "A configuration file whose settings this one builds on; the path is relative to this file.",
        'extend = "../asset-lint.toml"', False,
    ),
    **SETTINGS,
}  # fmt: skip

#: The settings of one source (a file, an inline option, the flags), by field name.
Layer = Mapping[str, object]


def read(table: Mapping[str, object], base: Path, origin: str) -> Layer:
    """Validate the settings in ``table``; ``origin`` (a file, "the command line") opens every error's message."""
    layer: dict[str, object] = {}
    for key, value in table.items():
        setting = SETTINGS.get(key)
        if setting is None:
            raise ConfigError(
                f"{origin}: unknown setting `{key}`{kinds.closest(key.replace('_', '-'), list(SETTINGS))}"
            )
        try:
            layer[_field(key)] = setting.kind.read(value, base)
        except ValueError as error:
            raise ConfigError(f"{origin}: `{key}`: {error}") from None
    return layer


def merge(below: Layer, above: Layer) -> Layer:
    """The settings of ``above`` over those of ``below``.

    A new ``select`` also drops what ``below`` adds to or takes from its own, and so does ``fixable``.
    """
    merged = dict(below)
    if "select" in above:
        for name in ("ignore", "extend_select", "extend_ignore"):
            merged.pop(name, None)
    if "fixable" in above:
        merged.pop("unfixable", None)
    for name, value in above.items():
        adds = SETTINGS[name.replace("_", "-")].adds and name in merged
        merged[name] = (
            (*cast("tuple[object, ...]", merged[name]), *cast("tuple[object, ...]", value)) if adds else value
        )
    return merged


def build(root: Path, file: Path | None, layer: Layer) -> Config:
    """The configuration that ``layer`` and the defaults make."""
    return Config(root, file, **cast("dict[str, Any]", dict(layer)))
