"""From files to findings, and from findings to fixed files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.errors import AssetLintError, FixError, SourceError
from asset_lint.finding import Finding, Span
from asset_lint.registry import INVALID_SYNTAX, Registry
from asset_lint.source import Source, uncollected

from .check import Checker
from .choose import Answer, choose
from .comments import add_comments, suppressed
from .fix import repair, result_of
from .result import FileResult, Mode, write
from .visit import what

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config

__all__ = ["Answer", "FileResult", "Mode", "add_comments", "choose", "run", "suppressed", "write"]

_WORTH_WORKERS = 16  # files to parse for each process
_MAX_ROUNDS = 10


def run(
    files: Sequence[tuple[Path, Config]],
    registry: Registry,
    *,
    mode: Mode,
    jobs: int,
    stdin: bytes | None = None,
    baseline: Baseline | None = None,
    ignore_noqa: bool = False,
    on_file: Callable[[str], None] | None = None,
    gated: bool = True,
    leave: Callable[[Finding], bool] = lambda finding: False,
    suppressed: bool = False,
) -> Iterator[FileResult]:
    """The results of ``files``, in their order.

    ``stdin`` is the content of the one file there then is. ``on_file`` is told the path of each file that is done.
    ``leave`` says which findings are not to be fixed; where processes can't be forked it must be picklable.
    ``suppressed`` asks a check for what comments and the baseline keep silent, too.
    Nothing is written: that is :func:`write`'s business, and it may be done while iterating. Fixes are found against
    the files as they stand before, whatever their order and the number of ``jobs``.

    Raises ConfigError at once for an unknown rule in a configuration, and for a rule in SQL that can't be used;
    RuleError and FixError while iterating.
    """
    for config in {id(config): config for _, config in files}.values():
        registry.validate(config)
    overlay = {} if stdin is None else {str(path): stdin for path, _ in files}
    session = _Session(files, registry, mode, gated, ignore_noqa, baseline, leave, suppressed, overlay)
    for config in {id(config): config for _, config in files if config.sql_rules}.values():
        session.checker.judge(config)
    results = _results(session, jobs, on_file or (lambda path: None))
    return results if mode is Mode.CHECK else _settled(session, results, jobs)


_kept: list[_Session] = []


class _Session:
    """One pass over files: what every worker needs to know."""

    def __init__(
        self,
        files: Sequence[tuple[Path, Config]],
        registry: Registry,
        mode: Mode,
        gated: bool,
        ignore_noqa: bool,
        baseline: Baseline | None,
        leave: Callable[[Finding], bool],
        suppressed: bool,
        overlay: Mapping[str, bytes],
    ) -> None:
        self.arguments = (files, registry, mode, gated, ignore_noqa, baseline, leave, suppressed)
        self.leave = leave
        self.suppressed = suppressed
        self.files = files
        self.mode = mode
        self.overlay = overlay
        self.registry = registry
        self.checker = Checker(registry, gated=gated, ignore_noqa=ignore_noqa, baseline=baseline, overlay=overlay)

    def __reduce__(self) -> tuple[object, ...]:
        return _Session, (*self.arguments, self.overlay)

    def over(self, overlay: Mapping[str, bytes]) -> _Session:
        """The same files with other content."""
        return _Session(*self.arguments, overlay)

    def data(self, index: int) -> bytes:
        """A file's content; raises SourceError."""
        path = self.files[index][0]
        known = self.overlay.get(str(path))
        return Source.read(path).data if known is None else known

    def is_heavy(self, index: int) -> bool:
        """Whether the file takes more than a look; also where that look fails: :meth:`result` says how."""
        path, config = self.files[index]
        try:
            return self.checker.is_heavy(str(path), self.data(index), config)
        except Exception:
            return True

    def result(self, index: int) -> FileResult:
        """Check or fix one file."""
        path, config = self.files[index]
        try:
            data = self.data(index)
            if self.mode is Mode.CHECK:
                return result_of(str(path), self.checker.check(str(path), data, config), suppressed=self.suppressed)
            return repair(self.checker, str(path), data, config, self.leave)
        except (SourceError, FixError) as error:
            return FileResult(str(path), error=str(error))
        except AssetLintError:
            raise
        except Exception as error:
            return FileResult(str(path), error=f"asset-lint itself failed on {path}: {what(error)}")

    def crashed(self, index: int, how: str) -> FileResult:
        """What is said of a file that took its process down."""
        path = str(self.files[index][0])
        page = self.registry.pages[INVALID_SYNTAX]
        message = f"the parser crashed on this file ({how})"
        finding = Finding(page.code, page.name, message, page.severity, path, Span(0, 0, 1, 1, 1, 1), 1)
        return FileResult(path, (finding,))


def _results(session: _Session, jobs: int, on_file: Callable[[str], None]) -> Iterator[FileResult]:
    """The results in the order of the files. Meanwhile no garbage is collected: nearly all that is made stays."""
    _kept[:] = [session]  # until the next run: what follows, most often the end of the process, needn't wait for it
    with uncollected():
        yield from _checked(session, jobs, on_file)


def _checked(session: _Session, jobs: int, on_file: Callable[[str], None]) -> Iterator[FileResult]:
    count = len(session.files)
    heavy: list[int] = []
    if jobs > 1 and count >= 2 * _WORTH_WORKERS:
        heavy = [index for index in range(count) if session.is_heavy(index)]
    jobs = min(jobs, len(heavy) // _WORTH_WORKERS)
    if jobs < 2:
        for index in range(count):
            result = session.result(index)
            on_file(result.path)
            yield result
        return
    from .workers import spread

    done: dict[int, FileResult] = {}
    answers = spread(session.result, heavy, jobs, session.crashed)
    waiting = set(heavy)
    for index in range(count):
        if index not in waiting:
            done[index] = session.result(index)
            on_file(done[index].path)
        while index not in done:
            finished, result = next(answers)
            done[finished] = result
            on_file(result.path)
        yield done.pop(index)


def _settled(session: _Session, results: Iterator[FileResult], jobs: int) -> Iterator[FileResult]:
    """Fixing one file may help or hurt another: go round until no file changes any more."""
    found = list(results)
    changed = _changes(found)
    seen = [changed]
    while changed and len(session.files) > 1:
        session = session.over({**session.overlay, **changed})
        again = list(_results(session, jobs, lambda path: None))
        changed = _changes(again)
        found = [after.following(before) for before, after in zip(found, again, strict=True)]
        if changed in seen or len(seen) > _MAX_ROUNDS:
            raise FixError(f"the fixes of these files undo each other: {', '.join(sorted(changed))}")
        seen.append(changed)
    yield from found


def _changes(results: Sequence[FileResult]) -> dict[str, bytes]:
    return {
        each.path: each.source.encode(each.text)
        for each in results
        if each.source is not None and each.text is not None
    }
