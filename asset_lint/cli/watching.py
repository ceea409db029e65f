"""``check --watch``: the same run again whenever a file changes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from asset_lint.config import targets
from asset_lint.config.files import NAMES, ConfigFiles
from asset_lint.discovery import discover
from asset_lint.errors import AssetLintError

from .terminal import BrokenPipe, is_terminal, tell, write

Snapshot = dict[str, tuple[int, int, int]]

_INTERVAL = 0.4  # seconds between two looks, at least
_SHARE = 10  # of the time, looking may take one part in so many
_QUIET = 0.1  # seconds without a change before a change counts as over
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"
# Beside the files that are checked: what decides on what is found in them.
_DECIDING = (*NAMES, ".gitignore", "uv.lock", "poetry.lock", "pylock.toml", "requirements.txt")


def watch(paths: Sequence[str], configs: Callable[[], ConfigFiles], run: Callable[[], object]) -> None:
    """Run, and run again after each change of what ``paths`` mean or of the configuration, until interrupted.

    Raises BrokenPipe where nobody reads what is said any more; what else goes wrong is told, and mended by a change.
    """
    while True:
        before = snapshot(paths, configs)
        if is_terminal():
            write(_CLEAR)
        try:
            run()
        except BrokenPipe:
            raise
        except AssetLintError as error:
            tell(f"error: {error}")
        tell("Watching for changes (Ctrl-C ends it) …")
        changed = wait(before, lambda: snapshot(paths, configs))
        tell(f"{changed} has changed.")
        targets.find.cache_clear()


def wait(before: Snapshot, look: Callable[[], Snapshot], sleep: Callable[[float], None] = time.sleep) -> str:
    """Wait until something has changed and then nothing does; gives the first of what has, by its path."""
    while True:
        since = time.monotonic()
        now = look()
        if now != before:
            break
        sleep(max(_INTERVAL, _SHARE * (time.monotonic() - since)))
    while True:
        sleep(_QUIET)
        settled = look()
        if settled == now:
            return min(os.path.relpath(path) for path, _ in now.items() ^ before.items()) if now != before else "a file"
        now = settled


def snapshot(paths: Sequence[str], configs: Callable[[], ConfigFiles]) -> Snapshot:
    """How the files stand now: those that would be checked, those of their projects, and what decides on them."""
    found: Snapshot = {}
    try:
        files = configs()
        roots = [str(files.of(path if os.path.isdir(path) else os.path.dirname(path) or ".").root) for path in paths]
        checked = discover([path for path in dict.fromkeys((*paths, *roots)) if os.path.exists(path)], files).files
        baselines = {str(config.baseline or config.root / "asset-lint-baseline.json") for _, config in checked}
    except AssetLintError:  # a configuration that is being written
        checked, baselines, roots = (), set(), ["."]
    folders = {os.path.dirname(os.path.abspath(path)) for path, _ in checked}
    names = [str(path) for path, _ in checked]
    names += [f"{folder}/{name}" for folder in {*folders, *_above(folders), *roots} for name in _DECIDING]
    for name in (*names, *baselines):
        try:
            at = os.stat(name)
        except OSError:
            continue
        found[os.path.abspath(name)] = (at.st_mtime_ns, at.st_size, at.st_ino)
    return found


def _above(folders: Iterable[str]) -> Iterable[str]:
    return {str(parent) for folder in folders for parent in Path(folder).parents}
