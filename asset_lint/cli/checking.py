"""The command ``check``: from its options to its output and exit status."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.config import Config
from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover, excluded
from asset_lint.errors import SourceError, UsageError
from asset_lint.report import Context, render
from asset_lint.report.common import counted
from asset_lint.report.safe import visible, visible_path
from asset_lint.version import version

from . import known
from .closing import closing, repaired, statistics
from .contradictions import refuse
from .options import config_files
from .progress import Progress
from .terminal import colored, is_terminal, processors, read_stdin, tell, write, write_file

if TYPE_CHECKING:
    from asset_lint.engine import FileResult, Mode
    from asset_lint.finding import Finding
    from asset_lint.registry import Registry

    from .changes import Changes

_FOR_PEOPLE = ("full", "concise", "grouped")


def repository(directory: Path) -> Path:
    """The root of the repository that holds ``directory``, else the directory itself."""
    for each in (directory, *directory.parents):
        if (each / ".git").exists():
            return each
    return directory


@dataclass
class Check:
    """One run of ``check``. ``given`` are the command line's options by name."""

    paths: Sequence[str]
    given: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)

    @cached_property
    def configs(self) -> ConfigFiles:
        """The configuration of each directory."""
        return config_files(self.given)

    @cached_property
    def base(self) -> Config:
        """The configuration where the command runs: it decides on the output."""
        return self.configs.of(Path.cwd())

    @cached_property
    def stdin_name(self) -> str | None:
        """What the file on standard input is called, None if files are to be read."""
        name: str | None = self.given["stdin_filename"]
        if "-" not in self.paths and (name is None or self.paths):
            return None
        if len(self.paths) > 1:
            raise UsageError("`-` (standard input) can't be combined with other paths")
        return name or "-"

    @property
    def quiet(self) -> bool:
        return bool(self.given["quiet"])

    @property
    def fixing(self) -> bool:
        return bool(self.given["fix"] or self.given["fix_only"])

    def problem(self, sentence: str) -> None:
        """Something could not be done: the exit status will be 2."""
        self.problems.append(sentence)
        tell(f"error: {sentence}")

    def note(self, sentence: str) -> None:
        """Tell something to who asked for more (``-v``)."""
        if self.given["verbose"]:
            tell(sentence)

    # -- the run ------------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Do it; returns the exit status. Raises AssetLintError where nothing can be done at all."""
        self.refuse_contradictions()
        files = self._files()
        if self.given["show_files"]:
            write(b"".join(os.fsencode(os.path.abspath(path)) + b"\n" for path, _ in files))
            return self._status(0)
        if self.given["show_settings"]:
            if not files:
                raise UsageError("there is no file whose settings could be shown")
            from .pages import settings_text

            write(settings_text(str(files[0][0]), files[0][1]))
            return self._status(0)
        if not files and not self.problems and not self.quiet:
            tell("warning: No Python files found under the given paths")
        from asset_lint.registry import load

        registry = load()
        for config in {id(config): config for config in (self.base, *(config for _, config in files))}.values():
            registry.validate(config)  # an unknown selector stops the run before it starts
        if self.given["add_noqa"] is not None or self.given["add_ignore"] is not None:
            return self._add_comments(files, registry)
        changes = self._changes()
        results = self._results(files, registry)
        if changes is not None:
            results = changes.narrowed(results)
        status = self._report(results, files, registry)
        if self.given["strict_baseline"] and self._tell_stale(files, results, registry):
            return self._status(max(status, int(not self.given["exit_zero"])))
        return status

    def refuse_contradictions(self) -> None:
        """Raise UsageError where the options do not go together."""
        refuse(self.given, stdin=self.stdin_name is not None, output_format=self.base.output_format)
        if self.given["interactive"]:
            from .choosing import require_terminal

            require_terminal()

    def _files(self) -> known.Files:
        if self.stdin_name is not None:
            config = self.configs.of(os.path.dirname(os.path.abspath(self.stdin_name)))
            if self.stdin_name != "-" and config.force_exclude and excluded(self.stdin_name, config):
                return ()
            return ((Path(self.stdin_name), config),)
        found = discover(self.paths or (".",), self.configs)
        for sentence in found.problems:
            self.problem(sentence)
        return found.files

    @cached_property
    def _stdin(self) -> bytes:
        return read_stdin()

    def _changes(self) -> Changes | None:
        """What has changed since the revision that was given; None where none was."""
        if self.given["diff_base"] is None:
            return None
        from .changes import Changes

        return Changes(self.given["diff_base"])

    @property
    def _jobs(self) -> int:
        return self.given["jobs"] or processors()

    @cached_property
    def _mode(self) -> Mode:
        from asset_lint.engine import Mode

        if self.given["diff"]:
            return Mode.DIFF
        return Mode.FIX if self.fixing else Mode.CHECK

    def _results(self, files: known.Files, registry: Registry) -> list[FileResult]:
        from asset_lint.engine import write

        since = time.monotonic()
        if self.given["verify"]:
            from .proving import proven
            from .verifying import announce

            announce(self.given, self.base)
            results, proofs = proven(
                files, registry, lambda leave: list(self._passes(files, registry, leave)), self.given, processors()
            )
            context = self._context(results, registry)
            if proofs.entries and not self.quiet:
                tell(proofs.text(context).rstrip("\n"))
            if self.given["report"]:
                write_file(Path(self.given["report"]), proofs.page(results, context))
        elif self.given["interactive"]:
            from .choosing import chosen

            results = chosen(files, registry, self.given)
        else:
            results = list(self._passes(files, registry))
        failed = [result.error for result in results if result.error is not None]
        if self.fixing and not (self.given["diff"] or self.given["interactive"]) and self.stdin_name is None:
            for result in results:
                try:
                    write(result)
                except SourceError as error:
                    failed.append(str(error))
        for sentence in failed:
            self.problem(sentence)
        if not self.quiet:
            for sentence in (result.note for result in results if result.note):
                tell(f"note: {sentence}")
        self.note(f"checked {len(results)} files in {time.monotonic() - since:.2f} s")
        for file in sorted({str(config.file) for _, config in files if config.file}):
            self.note(f"configuration: {file}")
        return results

    def _passes(
        self, files: known.Files, registry: Registry, leave: Callable[[Finding], bool] = lambda finding: False
    ) -> Iterator[FileResult]:
        """The results of all files; fixed, where that is wanted, but for the findings for which ``leave`` holds."""
        from asset_lint.engine import run

        with Progress(len(files), quiet=self.quiet) as progress:
            for group in known.alike(files):
                yield from run(
                    group,
                    registry,
                    mode=self._mode,
                    jobs=self._jobs,
                    stdin=self._stdin if self.stdin_name is not None else None,
                    baseline=known.load(group),
                    ignore_noqa=self.given["ignore_noqa"],
                    on_file=progress.step,
                    leave=leave,
                    suppressed=self.given["report_suppressed"],
                )

    def _add_comments(self, files: known.Files, registry: Registry) -> int:
        from asset_lint.engine import add_comments
        from asset_lint.suppression import Form

        form = Form.IGNORE if self.given["add_noqa"] is None else Form.NOQA
        reason = self.given["add_noqa"] or self.given["add_ignore"] or None
        added = sum(
            add_comments(group, registry, reason, form=form, jobs=self._jobs, baseline=known.load(group))
            for group in known.alike(files)
        )
        if not self.quiet:
            tell(f"Added {counted(added, f'{form.value} comment')}.")
        return self._status(0)

    def _tell_stale(self, files: known.Files, results: Sequence[FileResult], registry: Registry) -> bool:
        """Tell of what the baselines know but what is no longer found; whether there is anything."""
        stale = list(known.stale(files, results, registry))
        for place, key in stale:
            path = visible_path(os.path.relpath(place.parent / key.path))
            where = f" of `{key.function}`" if key.function else ""
            tell(f"{path}: {key.code}{where} is in the baseline, but no longer found: {visible(key.line)}")
        if stale:
            are, them = ("is", "it") if len(stale) == 1 else ("are", "them")
            tell(f"{counted(len(stale), 'known finding')} {are} stale; `asset-lint baseline prune` forgets {them}.")
        return bool(stale)

    # -- the output ---------------------------------------------------------------------------------------------------

    def _report(self, results: Sequence[FileResult], files: known.Files, registry: Registry) -> int:
        findings = sorted((each for result in results for each in result.shown), key=lambda each: each.order)
        fixed = sum(len(result.applied) for result in results)
        context = self._context(results, registry)
        if self.given["report_suppressed"]:
            context = replace(context, silent=known.silent(files, results, registry))
        if self.given["diff"] or self.given["fix_only"]:
            return self._repairs(results, findings, fixed, context)
        self._hand_back_stdin(results)
        text = self._text(findings, fixed if self.fixing else None, context)
        output_file: str | None = self.given["output_file"]
        if output_file is not None:
            write_file(Path(output_file), text)
        elif self.fixing and self.stdin_name is not None:
            tell(text.rstrip("\n"))  # standard output has the fixed text
        else:
            write(text)
        self._summarize(findings, context)
        least = {str(path): config.fail_on for path, config in files}
        found = any(each.severity >= least[result.path] for result in results for each in result.findings)
        return self._status(int((found and not self.given["exit_zero"]) or self._failed_on_fix(fixed)))

    def _text(self, findings: Sequence[Finding], fixed: int | None, context: Context) -> str:
        output_format = self.base.output_format
        if self.given["statistics"]:
            as_json = output_format == "json"
            text = statistics(findings, context, as_json=as_json)
            return text if as_json or self.quiet else text + closing(findings, fixed, context)
        text = render(output_format, findings, context)
        if output_format in _FOR_PEOPLE and not self.quiet:
            text += closing(findings, fixed, context)
        return text

    def _summarize(self, findings: Sequence[Finding], context: Context) -> None:
        """In a job of GitHub Actions, add what was found to the summary on the job's page."""
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if not summary or not (findings or context.problems):
            return
        try:
            with open(summary, "a", encoding="utf-8") as file:
                file.write(render("markdown", findings, context) + "\n")
        except OSError as error:  # the findings are told of elsewhere, so this changes nothing
            tell(f"warning: cannot write the summary of the job: {error.strerror or error}")

    def _repairs(self, results: Sequence[FileResult], findings: Sequence[Finding], fixed: int, context: Context) -> int:
        """``--diff`` and ``--fix-only`` report on nothing but the repairs."""
        if self.given["diff"]:
            from .diffs import guarded, unified

            write(guarded(b"".join(unified(result, safely=is_terminal()) for result in results)))
        else:
            self._hand_back_stdin(results)
        if not self.quiet:
            hidden = sum(context.hidden(finding.fix) for finding in findings)
            told = repaired(fixed, hidden, would=self.given["diff"])
            if told:
                tell(told.rstrip("\n"))
        if self.given["diff"]:
            return self._status(int(any(result.text is not None for result in results) and not self.given["exit_zero"]))
        return self._status(int(self._failed_on_fix(fixed)))

    def _hand_back_stdin(self, results: Sequence[FileResult]) -> None:
        """What came on standard input leaves on standard output, fixed."""
        if not self.fixing or self.stdin_name is None:
            return
        for result in results:
            if result.text is not None and result.source is not None:
                write(result.source.encode(result.text))
                return
        write(self._stdin)

    def _failed_on_fix(self, fixed: int) -> bool:
        return bool(fixed and self.given["exit_non_zero_on_fix"])

    def _status(self, status: int) -> int:
        return 2 if self.problems else status

    def _context(self, results: Sequence[FileResult], registry: Registry) -> Context:
        finals = {result.path: result for result in results if result.findings}

        def cell_of(path: str, cell: int) -> str | None:
            from asset_lint.documents import source_of
            from asset_lint.source import Source

            try:
                source = finals[path].final if path in finals else source_of(path, Source.read(Path(path)).data)
                return None if source is None else source.page(cell)
            except SourceError:
                return None

        machine = self.base.output_format not in _FOR_PEOPLE
        return Context(
            lambda path: cell_of(path, 0),
            registry.pages,
            repository(Path.cwd()),
            version() if self.base.output_format == "sarif" else "",
            self.base.unsafe_fixes,
            color=not machine and self.given["output_file"] is None and colored(),
            problems=tuple(self.problems),
            cells=cell_of,
        )
