"""The command ``verify``: runs assets, and says which findings that confirms."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.config import Config
from asset_lint.config.files import ConfigFiles
from asset_lint.discovery import discover
from asset_lint.documents import is_document
from asset_lint.errors import UsageError
from asset_lint.evidence import Evidence, Scenario
from asset_lint.finding import Finding, Note, Span
from asset_lint.report import Context, render
from asset_lint.verify import Limits, Sandbox, Task, Unit, Verdict, Witness, observe
from asset_lint.version import version

from . import known
from .options import config_files, split
from .table import Row, table
from .terminal import colored, processors, tell, write, write_file

if TYPE_CHECKING:
    from asset_lint.engine import FileResult
    from asset_lint.engine.located import Located
    from asset_lint.registry import Registry
    from asset_lint.verify import Judgement

Place = tuple[str, str]  # a file and a function in it
NOTICE = """\
asset-lint verify runs the code that it verifies: each asset in a process of its own, on a copy of the database, with
no network and no writing elsewhere as far as this system can enforce it. `--trust`, or `trust-code = true` in the
configuration, keeps this notice away.
"""
RUNNABLE = ("asset", "multi_asset", "integration", "asset_check", "multi_asset_check")


@dataclass
class Verification:
    """One run of ``verify`` over the user's own assets. ``given`` are the command line's options by name."""

    paths: Sequence[str]
    given: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)
    versions: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def registry(self) -> Registry:
        """The rules."""
        from asset_lint.registry import load

        return load()

    @cached_property
    def _words(self) -> tuple[list[str], list[str]]:
        """What is selected: rules, and assets by name."""
        rules: list[str] = []
        assets: list[str] = []
        for word in split(self.given["select"]):
            (rules if self.registry.selects(word) else assets).append(word)
        return rules, assets

    @cached_property
    def configs(self) -> ConfigFiles:
        """The configuration of each directory."""
        return config_files({**self.given, "select": tuple(self._words[0])})

    @cached_property
    def base(self) -> Config:
        """The configuration where the command runs."""
        return self.configs.of(Path.cwd())

    def run(self) -> int:
        """Do it; returns the exit status. Raises AssetLintError where nothing can be run at all."""
        from asset_lint.engine.located import Locator

        found = discover(self.paths or (".",), self.configs)
        self.problems += found.problems
        files = [(path, config) for path, config in found.files if not is_document(str(path))]
        results = self._checked(files)
        locator = Locator(files, self.registry)
        located = [each for each in locator.compute_functions() if each.kind in RUNNABLE]
        units = {self.unit(each): each for each in located if self._wanted(each)}
        if not units and not self.given["quiet"]:
            tell("warning: No assets found under the given paths")
        announce(self.given, self.base)
        said = [finding for result in results for finding in result.findings]
        leading = {place: locator.leading_to(place) for place in {(each.path, each.function) for each in said}}
        witnesses = self._observed(units, said, leading)
        findings, rows = self._judged(said, leading, units, witnesses)
        for sentence in self.problems:
            tell(f"error: {sentence}")
        self._report(findings, rows, results)
        if self.problems:
            return 2
        least = {str(path): config.fail_on for path, config in files}
        bad = any(each.severity >= least[each.path] for each in findings if each.verdict != "refuted")
        return int(bad and not self.given["exit_zero"])

    # -- what is there ------------------------------------------------------------------------------------------------

    def _checked(self, files: known.Files) -> list[FileResult]:
        from asset_lint.engine import Mode, run

        results = []
        for group in known.alike(files):
            jobs = self.given["jobs"] or processors()
            for result in run(group, self.registry, mode=Mode.CHECK, jobs=jobs, baseline=known.load(group)):
                results.append(result)
                if result.error is not None:
                    self.problems.append(result.error)
        return results

    def _wanted(self, located: Located) -> bool:
        names = self._words[1]
        bare = located.function.rpartition(".")[2]
        return not names or any(fnmatchcase(bare, name) for name in names)

    def unit(self, located: Located) -> Unit:
        """A compute function as something to run."""
        return unit_of(located, self.given)

    # -- running ------------------------------------------------------------------------------------------------------

    def _observed(
        self, units: Mapping[Unit, Located], said: Sequence[Finding], leading: Mapping[Place, Sequence[Place]]
    ) -> list[Witness]:
        from .progress import Progress

        def scenarios(unit: Unit) -> Iterable[Scenario]:
            place = (units[unit].path, units[unit].function)
            for finding in said:
                if place in leading[finding.path, finding.function]:
                    evidence = self._evidence(finding.code)
                    yield from evidence.scenarios if evidence else ()

        if not units:
            return []
        quiet = bool(self.given["quiet"])
        with Sandbox(processors()) as sandbox, Progress(len(units), quiet=quiet) as progress:
            self.versions = sandbox.versions
            return list(observe(sandbox, list(units), scenarios, on_unit=lambda unit: progress.step(unit.file)))

    def _evidence(self, code: str) -> Evidence | None:
        rule = self.registry.pages[code].rule
        return rule.evidence if rule else None

    # -- judging ------------------------------------------------------------------------------------------------------

    def _judged(
        self,
        said: Sequence[Finding],
        leading: Mapping[Place, Sequence[Place]],
        units: Mapping[Unit, Located],
        witnesses: Sequence[Witness],
    ) -> tuple[list[Finding], list[Row]]:
        places = {each: (units[each.unit].path, units[each.unit].function) for each in witnesses}
        rows = {place: Row(place, witness) for witness, place in places.items()}
        findings: list[Finding] = []
        for finding in said:
            reached = [rows[place] for place in leading[finding.path, finding.function] if place in rows]
            if not reached and self._words[1]:
                continue  # of an asset that nobody asked for
            evidence = self._evidence(finding.code)
            if evidence is None or not reached:
                for row in reached[:1]:
                    row.add(finding.code, "not reached", "no run would show it")
                findings.append(replace(finding, verdict="not reached"))
                continue
            # what is said of a helper is shown by any of the assets that lead to it
            judged = [(row.witness.judge(evidence), row) for row in reached]
            judgement, row = min(judged, key=lambda pair: list(Verdict).index(pair[0].verdict))
            row.add(finding.code, judgement.verdict.value, _words(judgement))
            findings.append(_with(finding, judgement))
        for place, row in rows.items():
            findings += self._unsuppressed(place[0], self._seen_only(place, row, units[row.witness.unit].line))
        findings.sort(key=lambda each: each.order)
        return findings, list(rows.values())

    def _unsuppressed(self, path: str, findings: Iterable[Finding]) -> list[Finding]:
        from asset_lint.source import Source
        from asset_lint.suppression import Suppressions

        found = list(findings)
        return Suppressions(Source.read(Path(path)), self.registry).kept(found) if found else []

    def _seen_only(self, place: Place, row: Row, line: int) -> Iterable[Finding]:
        """Errors that a run shows and that the code alone did not: only where what it shows is beyond doubt."""
        path = Path(place[0])
        selection = self.registry.selection(self.configs.of(path.absolute().parent), path)
        for rule in self.registry.rules:
            if rule.evidence not in BEYOND_DOUBT or rule.code not in selection.codes or rule.code in row.codes:
                continue
            judgement = row.witness.judge(rule.evidence)
            if judgement.verdict is Verdict.CONFIRMED:
                row.add(rule.code, "seen", _words(judgement))
                yield Finding(
                    rule.code, rule.name, f"seen when `{row.witness.unit.name}` ran: {_words(judgement)}",
                    rule.severity, place[0], Span(0, 0, line, 1, line, 1), line, place[1], verdict="confirmed",
                )  # fmt: skip

    # -- telling ------------------------------------------------------------------------------------------------------

    def _report(self, findings: Sequence[Finding], rows: Sequence[Row], results: Sequence[FileResult]) -> None:
        output_format = self.given["output_format"] or "table"
        if output_format == "table":
            text = table(rows, color=colored())
        elif output_format == "json":
            text = render("json", findings, self._context(results))
        else:
            reported = [each for each in findings if each.verdict != "refuted"]
            text = render(output_format, reported, self._context(results))
        if self.given["report"]:
            write_file(Path(self.given["report"]), self._page(findings, rows, results))
        if self.given["output_file"]:
            write_file(Path(self.given["output_file"]), text)
        else:
            write(text)

    def _page(self, findings: Sequence[Finding], rows: Sequence[Row], results: Sequence[FileResult]) -> str:
        from asset_lint.report.page import Mark, page

        from .sections import section

        context = self._context(results)
        sections = []
        for row in rows:
            marks = []
            for finding in findings:
                seen = next((note.message for note in finding.notes if note.message.startswith(finding.verdict)), "")
                if (finding.path, finding.function) == row.place and finding.verdict:
                    marks.append(Mark(finding.span.line, finding.code, finding.message, finding.verdict, seen))
            sections.append(section(row.witness, row.place[0], marks, context))
        return page("What was verified", sections, self.versions)

    def _context(self, results: Sequence[FileResult]) -> Context:
        from .checking import repository

        texts = {result.path: result.source.text for result in results if result.source is not None}
        return Context(
            lambda path: texts.get(path) or Path(path).read_text(encoding="utf-8", errors="replace"),
            self.registry.pages,
            repository(Path.cwd()),
            version(),
            color=colored() and self.given["output_file"] is None,
            problems=tuple(self.problems),
        )


def announce(given: Mapping[str, Any], config: Config) -> None:
    """Say that code is about to be run, unless that is known."""
    if not (given["trust"] or config.trust_code or given["quiet"]):
        tell(NOTICE)


#: Symptoms that can have but one cause.
BEYOND_DOUBT = frozenset(
    (
        Evidence.VALUE_NOT_STORED, Evidence.READ_AFTER_CLOSE, Evidence.UNFINISHED_RESULT, Evidence.TYPE_REFUSED,
        Evidence.METADATA_REFUSED, Evidence.CONFLICTING_CONNECTION, Evidence.CONTEXT_REFUSED, Evidence.ROWS_LOST,
    )
)  # fmt: skip


def unit_of(located: Located, given: Mapping[str, Any]) -> Unit:
    """A compute function as something to run, in the circumstances that the options say."""
    inputs = dict(_input(text) for text in given["inputs"])
    modules = tuple(given["modules"])
    database = given["database"] or ""
    if database and not Path(database).is_file():
        raise UsageError(f"--database: there is no file {database}")
    try:
        setup = Path(given["setup"]).read_text(encoding="utf-8") if given["setup"] else ""
    except OSError as error:
        raise UsageError(f"--setup: cannot read {given['setup']}: {error.strerror}") from None
    seconds = float(given["timeout"])
    task = Task(
        modules=(located.module,),
        root=located.root,
        search=located.search,
        definitions_in=modules or located.definitions_in,
        database=os.path.abspath(database) if database else "",
        setup=setup,
        inputs=inputs,
        allow_network=bool(given["allow_network"]),
        limits=Limits(wall=seconds, cpu=max(1, round(seconds))),
    )
    file = os.path.relpath(os.path.abspath(located.path), located.root)
    return Unit(file, located.function, located.line, task)


def _input(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not equals or not Path(file).is_file():
        raise UsageError(f"--input: expected NAME=FILE with a file that exists, got `{text}`")
    return name, os.path.abspath(file)


def _words(judgement: Judgement) -> str:
    where = f" ({judgement.scenario.value})" if judgement.scenario and judgement.scenario is not Scenario.NORMAL else ""
    return f"{judgement.seen}{where}"


def _with(finding: Finding, judgement: Judgement) -> Finding:
    """A finding with what runs said of it."""
    notes = finding.notes
    if judgement.seen:
        how = "a run on generated data" if judgement.generated else "a run"
        told = (
            judgement.verdict.value
            if judgement.verdict is Verdict.NOT_REACHED
            else f"{judgement.verdict.value} by {how}"
        )
        notes = (*notes, Note(finding.path, finding.span, f"{told}: {_words(judgement)}"))
    return replace(finding, verdict=judgement.verdict.value, notes=notes)
