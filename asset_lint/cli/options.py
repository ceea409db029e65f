"""The options of the commands that check files, and how they become settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from asset_lint.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from asset_lint.config.files import ConfigFiles

F = TypeVar("F", bound=Callable[..., Any])

_SECTIONS = SELECTION, FIXING, RUNNING, FILES, OUTPUT, OTHER = (
    "Rules", "Fixes", "Running", "Files", "Output", "Other options",
)  # fmt: skip

_WITH_REASON = frozenset(("--add-noqa", "--add-ignore"))


class Option(click.Option):
    """An option that is shown under a heading."""

    def __init__(self, *args: Any, section: str = OTHER, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.section = section


class Command(click.Command):
    """A command whose options are shown in sections. ``--add-noqa`` and its like take a value only behind a ``=``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, after telling a lone ``--add-noqa`` from one with a reason."""
        end = args.index("--") if "--" in args else len(args)
        lone = _WITH_REASON.intersection(name for parameter in self.params for name in parameter.opts)
        args = [f"{arg}=" if at < end and arg in lone else arg for at, arg in enumerate(args)]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {name: [] for name in _SECTIONS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections[parameter.section if isinstance(parameter, Option) else OTHER].append(record)
        for section, records in sections.items():
            if records:
                with formatter.section(section):
                    formatter.write_dl(records)


class Format(click.ParamType):  # type: ignore[type-arg]  # generic in some versions of click only
    """A format of findings, or one of the command's ``own``. Knows them all only when it must: that takes imports."""

    name = "format"

    def __init__(self, *own: str) -> None:
        self.own = own

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as it stands, or a usage error."""
        from asset_lint.config import kinds

        try:
            return value if value in self.own else kinds.FORMAT.read(value, Path())
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The names that begin so."""
        from click.shell_completion import CompletionItem

        from asset_lint.config.kinds import FORMATS

        return [CompletionItem(name) for name in (*self.own, *FORMATS) if name.startswith(incomplete)]


#: What the help says; completion and the settings know them from :mod:`asset_lint.config.kinds`.
FORMATS = "full, concise, grouped, json, json-lines, github, gitlab, junit, markdown, pylint, rdjson or sarif"


def _listed(name: str, section: str, metavar: str = "RULES", help: str = "", **attributes: Any) -> Callable[[F], F]:
    return click.option(name, cls=Option, section=section, multiple=True, metavar=metavar, help=help, **attributes)


def _switch(name: str, section: str, help: str) -> Callable[[F], F]:
    return click.option(name, cls=Option, section=section, default=None, help=help)


_CONFIGURATION = (
    _listed("--select", SELECTION, help="Rules to run: codes, prefixes, names or ALL, separated by commas."),
    _listed("--ignore", SELECTION, help="Rules not to run."),
    _listed("--extend-select", SELECTION, help="Rules to run besides those that are selected."),
    _listed("--extend-ignore", SELECTION, help="Rules not to run, besides those that are ignored."),
    _listed("--per-file-ignores", SELECTION, "PATTERN:RULES", help="Rules not to run on some files."),
    click.option(
        "--profile", cls=Option, section=SELECTION, metavar="PROFILE",
        help="What runs unless rules are selected: errors, checklist (default) or all.",
    ),
    click.option(
        "--target-duckdb", cls=Option, section=SELECTION, metavar="VERSION",
        help="The DuckDB that the code runs on: a version or a requirement.",
    ),
    click.option(
        "--target-dagster", cls=Option, section=SELECTION, metavar="VERSION",
        help="The Dagster that the code runs on: a version or a requirement.",
    ),
    _listed("--exclude", FILES, "PATTERNS", help="Files and directories to leave out, instead of the default ones."),
    _listed("--extend-exclude", FILES, "PATTERNS", help="Further files and directories to leave out."),
    _switch("--force-exclude/--no-force-exclude", FILES, "Leave out excluded files even when they are named."),
    _switch("--respect-gitignore/--no-respect-gitignore", FILES, "Leave out what git ignores."),
    click.option(
        "--config", cls=Option, multiple=True, metavar="FILE|KEY=VALUE",
        help='A configuration file to use instead of those found, or a setting: --config "fail-on = \'error\'".',
    ),
    click.option("--isolated", cls=Option, is_flag=True, help="Ignore all configuration files."),
    click.option(
        "-j", "--jobs", cls=Option, type=click.IntRange(min=1), metavar="N",
        help="How many processes check at a time; by default as many as there are processors.",
    ),
)  # fmt: skip


_RUNNING = (
    click.option("--database", cls=Option, section=RUNNING, metavar="FILE", help="The database to run on a copy of."),
    click.option("--setup", cls=Option, section=RUNNING, metavar="FILE", help="SQL that makes the database."),
    click.option(
        "--input", "inputs", cls=Option, section=RUNNING, multiple=True, metavar="NAME=FILE",
        help="The value of an upstream asset: a Parquet, CSV or JSON file.",
    ),
    click.option(
        "-m", "--module", "modules", cls=Option, section=RUNNING, multiple=True, metavar="MODULE",
        help="A module whose Definitions say what resources there are; by default those that are found.",
    ),
    click.option(
        "--timeout", cls=Option, section=RUNNING, type=click.FloatRange(min=1), default=60, metavar="SECONDS",
        help="How long one run may take (default 60).",
    ),
    click.option("--allow-network", cls=Option, section=RUNNING, is_flag=True, help="Let assets reach the network."),
    click.option("--report", cls=Option, section=RUNNING, metavar="FILE", help="Write a page (HTML) of what was run."),
    click.option("--trust", cls=Option, section=RUNNING, is_flag=True, help="Don't say that code is going to be run."),
)  # fmt: skip


def running(command: F) -> F:
    """Give a command the options that say how assets are run."""
    for option in reversed(_RUNNING):
        command = option(command)
    return command


def configuration(command: F) -> F:
    """Give a command the options that :func:`config_files` reads."""
    for option in reversed(_CONFIGURATION):
        command = option(command)
    return command


def config_files(given: Mapping[str, Any]) -> ConfigFiles:
    """The configuration that the options in ``given`` make together with the files; raises ConfigError, UsageError."""
    from asset_lint.config import SETTINGS
    from asset_lint.config.files import ConfigFiles

    file: Path | None = None
    settings: list[str] = []
    for text in given.get("config", ()):
        if not Path(text).is_file():
            if text.endswith(".toml") and "=" not in text:
                raise UsageError(f"--config: there is no file {text}")
            settings.append(text)
        elif file is not None:
            raise UsageError(f"--config: more than one configuration file: {file} and {text}")
        else:
            file = Path(text)
    if file is not None and given.get("isolated"):
        raise UsageError(f"--config {file} cannot be used together with --isolated")
    flags: dict[str, object] = {}
    for key in SETTINGS:
        value = given.get(key.replace("-", "_"))
        if value is None or value == ():
            continue
        if key == "per-file-ignores":
            flags[key] = _per_file(value)
        else:
            flags[key] = split(value) if isinstance(value, tuple) else value
    return ConfigFiles(file=file, options=settings, flags=flags, isolated=bool(given.get("isolated")))


def split(values: Sequence[str]) -> list[str]:
    """Lists of words with commas between them, as one; commas in braces belong to a pattern."""
    words: list[str] = []
    for value in values:
        depth = 0
        words.append("")
        for char in value:
            depth += (char == "{") - (char == "}")
            if char == "," and depth <= 0:
                words.append("")
            else:
                words[-1] += char
    return [word.strip() for word in words if word.strip()]


def _per_file(values: Sequence[str]) -> dict[str, list[str]]:
    ignores: dict[str, list[str]] = {}
    for entry in split(values):
        pattern, colon, selector = entry.rpartition(":")
        if not colon or not pattern or not selector:
            raise UsageError(f"--per-file-ignores: expected `pattern:rule`, got `{entry}`")
        ignores.setdefault(pattern.strip(), []).append(selector.strip())
    return ignores
