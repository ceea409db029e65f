"""Which baseline holds for which files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.finding import Finding, Severity, Span, Suppressed
from asset_lint.report.common import Silent

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


def alike(files: Files) -> Iterator[Files]:
    """``files`` in groups to be looked at together: no two baselines in one; all that have none yet are one group."""
    from asset_lint.baseline import Baseline

    groups: dict[Path | None, list[tuple[Path, Config]]] = {}
    known: dict[int, Path | None] = {}
    for path, config in files:
        if id(config) not in known:
            known[id(config)] = Baseline.place(config) if Baseline.exists(config) else None
        groups.setdefault(known[id(config)], []).append((path, config))
    yield from groups.values()


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


def silent(files: Files, results: Sequence[FileResult], registry: Registry) -> Silent:
    """What was found but is not reported, and what the baselines know that was not found."""
    by_path = {result.path: result for result in results}
    gone = Counter(stale(files, results, registry))
    suppressed: list[Suppressed] = []
    compared = False
    for place, group in by_baseline(files):
        baseline = load(group)
        compared = compared or baseline is not None
        for result in (by_path[str(path)] for path, _ in group):
            if result.final is None:
                continue
            for each in result.suppressed:
                known = not each.commented
                if each.commented and baseline is not None:  # it may have got its comment after the baseline was made
                    (key,) = baseline.keys(result.final, [each.finding])
                    if key is not None and gone[place, key] > 0:
                        gone[place, key] -= 1
                        known = True
                shown = result.final.shown(replace(each.finding, fix=None))
                suppressed.append(replace(each, finding=shown, known=known))
    ordered = sorted(suppressed, key=lambda each: each.finding.order)
    lost = (_finding(key, place.parent, registry) for place, key in gone.elements())
    return Silent(tuple(ordered), tuple(lost), compared)


def _finding(key: Key, folder: Path, registry: Registry) -> Finding:
    page = registry.pages.get(key.code)
    path = os.path.relpath(folder / key.path)
    message = f"no longer found: {key.line}"
    name, severity = (page.name, page.severity) if page else (key.code, Severity.WARNING)
    return Finding(key.code, name, message, severity, path, Span(0, 0, 1, 1, 1, 1), 1, key.function)
