"""Which configuration holds for which directory: the nearest file upward, under what the command line says."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asset_lint.errors import ConfigError

from . import Config, Layer, build, merge, read, toml

#: The files that may hold settings, the first one found in a directory wins.
NAMES = (".asset-lint.toml", "asset-lint.toml", "pyproject.toml")
_MARKS = ("pyproject.toml", "setup.py", "setup.cfg")
_TELLING = (*NAMES, ".git", *_MARKS[1:])


def load(file: Path) -> Layer | None:
    """The settings of ``file`` and of those it extends; None for a pyproject.toml without ``[tool.asset-lint]``."""
    return _load(file, ())


def inline(text: str) -> Layer:
    """The settings of ``--config "key = value"``, paths relative to the working directory."""
    origin = f"--config `{text}`"
    try:
        table = toml.load(text)
    except ValueError:
        tip = "is neither an existing file nor `key = value` in TOML"
        raise ConfigError(f"{origin} {tip}") from None
    return read(table, Path.cwd(), origin)


def _load(file: Path, through: tuple[Path, ...]) -> Layer | None:
    if file in through:
        raise ConfigError(f"{through[-1]}: `extend` goes round in a circle: {' -> '.join(map(str, (*through, file)))}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from None
    own = file.name == "pyproject.toml"
    if own and b"asset-lint" not in data:
        return None
    try:
        document = toml.load(data.decode("utf-8-sig"))
    except ValueError as error:
        raise ConfigError(f"{file}: broken TOML: {error}") from None
    table: object = document
    if own:
        tools = document.get("tool")
        table = tools.get("asset-lint") if isinstance(tools, dict) else None
        if table is None:
            return None
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: `tool.asset-lint` must be a table")
    base = file.parent
    settings = dict(table)
    extended = settings.pop("extend", None)
    layer = read(settings, base, str(file))
    if extended is None:
        return layer
    if not isinstance(extended, str):
        raise ConfigError(f"{file}: `extend`: expected the path of a configuration file")
    parent = Path(os.path.normpath(base / os.path.expandvars(os.path.expanduser(extended))))
    if not parent.is_file():
        raise ConfigError(f"{file}: `extend`: there is no file {parent}")
    return merge(_load(parent, (*through, file)) or {}, layer)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a directory inherits: its file and settings, the root they make, and the root that packaging marks."""

    file: Path | None
    layer: Layer
    root: str | None
    marked: str | None


class ConfigFiles:
    """Finds the :class:`Config` of a directory; each directory and file is looked at once.

    ``flags`` are the command line's and win over ``options`` (``--config "key = value"``), which win over files.
    ``file`` replaces every file that would be found; ``isolated`` means that none is looked for.
    """

    def __init__(
        self,
        *,
        file: Path | None = None,
        options: Sequence[str] = (),
        flags: Mapping[str, object] | None = None,
        isolated: bool = False,
    ) -> None:
        self._cwd = Path.cwd()
        self._over: Layer = {}
        for text in options:
            self._over = merge(self._over, inline(text))
        self._over = merge(self._over, read(flags or {}, self._cwd, "command line"))
        self._fixed = isolated or file is not None
        self._file = Path(os.path.abspath(file)) if file is not None else None
        self._below: Layer = (load(self._file) or {}) if self._file is not None else {}
        self._found: dict[str, _Found] = {}
        self._configs: dict[tuple[str, Path | None], Config] = {}

    def of(self, directory: Path | str, names: Collection[str] | None = None) -> Config:
        """The configuration for files in ``directory``; the same object for the same file and root.

        ``names`` are the directory's entries, for a caller that has just listed them.
        """
        path = os.path.abspath(directory)
        found = self._look(path, names)
        root = found.root or found.marked or self._fallback(path)
        key = (root, found.file)
        config = self._configs.get(key)
        if config is None:
            config = self._configs[key] = build(Path(root), found.file, merge(found.layer, self._over))
        return config

    def _look(self, path: str, names: Collection[str] | None = None) -> _Found:
        found = self._found.get(path)
        if found is None:
            parent = os.path.dirname(path)
            above = _Found(self._file, self._below, None, None) if parent == path else self._look(parent)
            if names is None:
                names = [name for name in _TELLING if os.path.exists(f"{path}/{name}")]
            found = self._found[path] = self._own(path, names, above)
        return found

    def _own(self, path: str, names: Collection[str], above: _Found) -> _Found:
        if not self._fixed:
            for name in NAMES:
                if name in names and os.path.isfile(f"{path}/{name}"):
                    file = Path(path, name)
                    layer = load(file)
                    if layer is not None:
                        return _Found(file, layer, path, None)
        if ".git" in names:
            return _Found(above.file, above.layer, path, None)
        if any(name in names for name in _MARKS):
            return _Found(above.file, above.layer, above.root, path)
        return above

    def _fallback(self, path: str) -> str:
        """The root where nothing marks one: the working directory, else what holds the package; a folder of a package
        need not have an ``__init__.py`` itself."""
        cwd = str(self._cwd)
        if f"{path}/".startswith(f"{cwd.rstrip('/')}/"):
            return cwd
        while True:
            parent = os.path.dirname(path)
            if path == parent or not any(os.path.isfile(f"{folder}/__init__.py") for folder in (path, parent)):
                return path
            path = parent
