"""Which baseline holds for which files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline, Key
    from asset_lint.config import Config
    from asset_lint.engine import FileResult
    from asset_lint.registry import Registry

Files = Sequence[tuple[Path, "Config"]]


def by_baseline(files: Files) -> Iterator[tuple[Path, Files]]:
    """``files`` by the file of their baseline."""
    from asset_lint.baseline import Baseline

    groups: dict[Path, list[tuple[Path, Config]]] = {}
    for path, config in files:
        groups.setdefault(Baseline.place(config), []).append((path, config))
    yield from groups.items()


def load(files: Files) -> Baseline | None:
    """The baseline of ``files`` that share one; None where there is none. One that is configured must exist."""
    from asset_lint.baseline import Baseline

    return Baseline.of(files[0][1])


def stale(files: Files, results: Sequence[FileResult], registry: Registry) -> Iterator[tuple[Path, Key]]:
    """What the baselines of ``files`` know but what is no longer found, each with the file of its baseline."""
    known = {each.path: each.known for each in results}
    for place, group in by_baseline(files):
        if not (baseline := load(group)):
            continue
        checked = [(path, config) for path, config in group if known.get(str(path)) is not None]
        selected = {baseline.path_of(str(path)): registry.selection(config, path).codes for path, config in checked}
        found = [key for path, _ in checked for key in known[str(path)] or ()]

        def runs(key: Key, selected: Mapping[str, frozenset[str]] = selected) -> bool:
            return key.code in selected[key.path] or key.code not in registry.pages

        for key in baseline.stale(found, (str(path) for path, _ in checked), runs):
            yield place, key
