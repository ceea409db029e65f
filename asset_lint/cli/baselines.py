"""The commands ``baseline write``, ``update`` and ``prune``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.discovery import discover
from asset_lint.errors import UsageError
from asset_lint.report.common import counted
from asset_lint.report.safe import visible_path

from . import known
from .options import config_files
from .progress import Progress
from .terminal import processors, tell

if TYPE_CHECKING:
    from asset_lint.engine import FileResult


def change(how: str, paths: Sequence[str], given: Mapping[str, Any]) -> int:
    """Check ``paths`` and write their baselines; returns the exit status.

    Where a file could not be checked no baseline is written: it would forget what is known of that file.
    """
    configs = config_files(given)
    found = discover(paths or (".",), configs)
    problems = list(found.problems)
    if not found.files and not problems:
        tell("warning: No Python files found under the given paths")
    groups = list(known.by_baseline(found.files))
    results = {place: _check(group, given, problems) for place, group in groups}
    for sentence in problems:
        tell(f"error: {sentence}")
    if problems:
        return 2
    for place, group in groups:
        _write(how, place, group, results[place], quiet=bool(given["quiet"]))
    return 0


def _check(files: known.Files, given: Mapping[str, Any], problems: list[str]) -> list[FileResult]:
    from asset_lint.engine import Mode, run
    from asset_lint.registry import load

    registry = load()
    results = []
    with Progress(len(files), quiet=bool(given["quiet"])) as progress:
        for result in run(files, registry, mode=Mode.CHECK, jobs=given["jobs"] or processors(), on_file=progress.step):
            results.append(result)
            if result.error is not None:
                problems.append(result.error)
    return results


def _write(how: str, place: Path, files: known.Files, results: Sequence[FileResult], *, quiet: bool) -> None:
    from asset_lint.baseline import Baseline

    if how == "prune" and not place.exists():
        raise UsageError(f"there is no baseline to prune: {place}")
    old = Baseline.read(place) if how != "write" and place.exists() else Baseline(place)
    counts = old.count((result.source, result.findings) for result in results if result.source is not None)
    checked = [str(path) for path, _ in files]
    if how == "write":
        new = old.written(counts)
    else:
        new = (old.updated if how == "update" else old.pruned)(counts, checked)
    new.save()
    if not quiet:
        total = sum(new.counts.values())
        assets = len({(key.path, key.function) for key, count in new.counts.items() if key.function and count})
        where = visible_path(os.path.relpath(place))
        tell(f"{where}: {counted(total, 'known finding')} in {counted(assets, 'asset')}.")
