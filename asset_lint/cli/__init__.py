"""The command line. Nothing outside this package prints or ends the process."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from asset_lint.errors import AssetLintError, UsageError
from asset_lint.version import version as installed_version

from . import adopting, asking
from .options import (
    FILES,
    FIXING,
    FORMATS,
    OUTPUT,
    RUNNING,
    SELECTION,
    Command,
    Format,
    Option,
    config_files,
    configuration,
    running,
)
from .terminal import BrokenPipe, silence, tell, write

_COMPLETION = "_ASSET_LINT_COMPLETE"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if _COMPLETION in os.environ:
            from click.shell_completion import shell_complete

            return shell_complete(group, {}, "asset-lint", _COMPLETION, os.environ[_COMPLETION])
        with group.make_context("asset-lint", given) as context:
            return int(group.invoke(context) or 0)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 130
    except click.ClickException as error:
        error.show()
        return 2
    except (BrokenPipe, BrokenPipeError):
        silence(sys.stdout)
        return BrokenPipe.exit_code
    except AssetLintError as error:
        _tell_error(str(error))
        return error.exit_code
    except OSError as error:
        _tell_error(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 2
    except Exception as error:
        if "-v" in given or "--verbose" in given:
            import traceback

            tell(traceback.format_exc())
        _tell_error(f"{type(error).__name__}: {error} (a fault in asset-lint itself; -v shows where)")
        return 2


def program() -> NoReturn:
    """The console script: :func:`main`, then the end at once.

    Taking the trees of a whole project apart node by node would cost a tenth of the run, and so would looking through
    them for garbage: hardly any is made.
    """
    gc.disable()
    status = main()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BrokenPipeError:
        status = BrokenPipe.exit_code
    except OSError as error:
        with contextlib.suppress(OSError):
            os.write(2, f"error: {error.strerror}\n".encode())
        status = 2
    os._exit(status)


def _tell_error(text: str) -> None:
    from asset_lint.report.safe import visible

    tell("error: " + "\n".join(visible(line) for line in text.split("\n")))


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        write(_version_line())
        context.exit()


def _version_line() -> str:
    return f"asset-lint {installed_version()}\n"


@click.group(
    "asset-lint",
    commands=(*adopting.COMMANDS, *asking.COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\
\b
Examples:
  asset-lint check src/                  check all assets below src/
  asset-lint check src/ --fix            repair what can be repaired safely
  asset-lint check --profile errors      only what breaks at run time
  asset-lint rule AL201                  what a rule wants, and why

Run `asset-lint check --help` for the options of a command.
""",
)
@click.option(
    "-V", "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version,
    help="Print the version.",
)  # fmt: skip
def group() -> None:
    """A linter for Dagster assets that use DuckDB."""


@group.command(
    cls=Command,
    short_help="Check files and directories.",
    epilog="""\
\b
Examples:
  asset-lint check                                 everything below the working directory
  asset-lint check src/assets.py --select AL2      one file, the rules on connections
  asset-lint check --fix --unsafe-fixes --diff     show what could be repaired, change nothing
  asset-lint check --output-format github          annotate a pull request
  asset-lint check --stdin-filename a.py - < a.py  check what an editor holds

\b
Exit status:
  0  nothing found at or above `fail-on`
  1  findings; with --diff: something would be fixed
  2  a path, the configuration, a rule or the output failed
""",
)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option("--ignore-noqa", cls=Option, section=SELECTION, is_flag=True, help="Report what comments suppress, too.")
@click.option(
    "--report-suppressed", cls=Option, section=SELECTION, is_flag=True,
    help="Tell, marked as such, of what comments and the baseline keep silent (format sarif).",
)  # fmt: skip
@click.option("--fix", cls=Option, section=FIXING, is_flag=True, help="Repair what can be repaired safely.")
@click.option(
    "--unsafe-fixes/--no-unsafe-fixes", cls=Option, section=FIXING, default=None,
    help="Also apply fixes that may change what the code does; or do not even tell of them.",
)  # fmt: skip
@click.option("--diff", cls=Option, section=FIXING, is_flag=True, help="Show what fixes would change, change nothing.")
@click.option("--fix-only", cls=Option, section=FIXING, is_flag=True, help="Repair, and report nothing else.")
@click.option(
    "--exit-non-zero-on-fix", cls=Option, section=FIXING, is_flag=True, help="End with status 1 if anything was fixed.",
)  # fmt: skip
@click.option(
    "--fixable", cls=Option, section=FIXING, multiple=True, metavar="RULES", help="Rules whose findings may be fixed.",
)  # fmt: skip
@click.option(
    "--unfixable", cls=Option, section=FIXING, multiple=True, metavar="RULES", help="Rules whose findings are left.",
)  # fmt: skip
@click.option(
    "--verify", cls=Option, section=FIXING, is_flag=True,
    help="Keep a fix only if its asset, run before and after, shows that it is right.",
)  # fmt: skip
@adopting.options
@click.option(
    "--output-format", cls=Option, section=OUTPUT, type=Format(), metavar="FORMAT", envvar="ASSET_LINT_OUTPUT_FORMAT",
    show_envvar=True, help=FORMATS.replace(",", " (default),", 1) + ".",
)  # fmt: skip
@click.option("-o", "--output-file", cls=Option, section=OUTPUT, metavar="FILE", help="Write the findings to a file.")
@click.option("--statistics", cls=Option, section=OUTPUT, is_flag=True, help="Only count the findings of each rule.")
@click.option(
    "--fail-on", cls=Option, section=OUTPUT, metavar="SEVERITY",
    help="The least severity that gives exit status 1: error, warning (default) or info.",
)  # fmt: skip
@click.option("-e", "--exit-zero", cls=Option, section=OUTPUT, is_flag=True, help="End with status 0 despite findings.")
@click.option(
    "-q", "--quiet", cls=Option, section=OUTPUT, is_flag=True, help="Print findings and errors, nothing else."
)
@click.option(
    "-v", "--verbose", cls=Option, section=OUTPUT, is_flag=True, help="Tell what was read, and how long it took."
)
@running
@click.option("--show-files", cls=Option, section=FILES, is_flag=True, help="List the files that would be checked.")
@click.option("--show-settings", cls=Option, section=FILES, is_flag=True, help="Print the settings of the first file.")
@click.option(
    "--stdin-filename", cls=Option, section=FILES, metavar="FILE", help="What the file on standard input is called.",
)  # fmt: skip
@click.option("-n", "--no-cache", cls=Option, is_flag=True, help="Accepted for ruff's sake: nothing is cached.")
def check(paths: tuple[str, ...], **given: Any) -> int:
    """Check files and directories (the working directory by default; `-` is standard input)."""
    from .checking import Check

    if given["watch"]:
        from .watching import watch

        Check(paths, given).refuse_contradictions()
        watch(paths or (".",), lambda: config_files(given), lambda: Check(paths, given).run())
    return Check(paths, given).run()


def _rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from asset_lint.registry import load

    names = [name for page in load().pages.values() for name in (page.code, page.name)]
    return [name for name in names if name.startswith(incomplete)]


@group.command(cls=Command, short_help="Print a rule's page.")
@click.argument("code", required=False, metavar="[CODE]", shell_complete=_rules)
@click.option("--all", "everything", cls=Option, is_flag=True, help="All rules.")
@click.option(
    "--output-format", cls=Option, type=click.Choice(["text", "json"]), default="text", help="How it is printed."
)
def rule(code: str | None, everything: bool, output_format: str) -> None:
    """Print a rule's page: what it wants, why, an example, how it is fixed."""
    import json

    from . import pages

    if (code is None) is not everything:
        raise click.UsageError("give either the code or name of a rule, or --all")
    registry = pages.registry()
    chosen = list(registry.pages.values()) if code is None else [registry.find(code)]
    if output_format == "text":
        write(pages.rule_text(chosen))
    else:
        data = [pages.rule_json(page) for page in chosen]
        write(json.dumps(data if code is None else data[0], indent=2) + "\n")


@group.command(cls=Command)
def rules() -> None:
    """List all rules."""
    from .pages import registry, rules_table

    write(rules_table(registry().pages.values()))


def _keys(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from asset_lint.config import KEYS

    return [key for key in KEYS if key.startswith(incomplete)]


@group.command(cls=Command)
@click.argument("key", required=False, metavar="[KEY]", shell_complete=_keys)
@click.option(
    "--output-format", cls=Option, type=click.Choice(["text", "json", "schema"]), default="text",
    help="How it is printed; schema is the JSON Schema of all settings.",
)  # fmt: skip
def config(key: str | None, output_format: str) -> None:
    """List all settings, or explain one."""
    from . import pages

    if output_format == "schema":
        if key is not None:
            raise click.UsageError("the schema is that of all settings: leave out the key")
        write(pages.schema_json())
    else:
        write(pages.config_text(key) if output_format == "text" else pages.config_json(key))


@group.command(cls=Command)
def version() -> None:
    """Print the version."""
    write(_version_line())


@group.command(
    cls=Command,
    short_help="Run assets, and see which findings that confirms.",
    epilog="""\
\b
Examples:
  asset-lint verify src/ --database warehouse.duckdb   run every asset, on a copy of that database
  asset-lint verify src/ --select daily_trips          one asset
  asset-lint verify --rules                            what the rules say of themselves, by their own cases

\b
Needs what the assets need, and: pip install "asset-lint[verify]"
""",
)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@running
@click.option("--rules", "of_rules", cls=Option, section=RUNNING, is_flag=True, help="Run the rules' own cases.")
@click.option("--fixtures", cls=Option, section=RUNNING, metavar="DIR", help="The folder with the rules' cases.")
@click.option(
    "--output-format", cls=Option, section=OUTPUT, type=Format("table"), metavar="FORMAT",
    help=f"table (default), {FORMATS}.",
)  # fmt: skip
@click.option("-o", "--output-file", cls=Option, section=OUTPUT, metavar="FILE", help="Write the output to a file.")
@click.option("-e", "--exit-zero", cls=Option, section=OUTPUT, is_flag=True, help="End with status 0 despite findings.")
@click.option("-q", "--quiet", cls=Option, section=OUTPUT, is_flag=True, help="Print the output and errors alone.")
def verify(paths: tuple[str, ...], **given: Any) -> int:
    """Run the assets in PATHS with real Dagster and real DuckDB, each by itself, and judge the findings by that.

    Each finding is confirmed, refuted (what it speaks of ran, and did no harm) or not reached. The database is copied;
    the original is never opened. A word of `--select` that names no rule names assets.
    """
    if given.pop("of_rules"):
        from .pairs import run_rules

        return run_rules(paths, given)
    from .verifying import Verification

    return Verification(paths, given).run()


@group.command(
    cls=Command,
    short_help="Serve an editor.",
    epilog="""\
\b
Needs more than a check does: pip install "asset-lint[server]"
""",
)
def server() -> int:
    """Speak the Language Server Protocol on standard input and output: what an editor starts.

    What is found while you type, the pages of rules, quick fixes, and "fix all" (source.fixAll.asset-lint). Settings
    are those of the configuration file, as `initializationOptions` or `workspace/didChangeConfiguration`.
    """
    try:
        from asset_lint.server import serve
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol"):
            raise
        raise UsageError(f'the language server needs {error.name}: pip install "asset-lint[server]"') from None
    serve()
    return 0


@group.command(cls=Command, short_help="Print a script for your shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that completes commands, options, rules and settings in a shell.

    \b
      eval "$(asset-lint completion bash)"     in ~/.bashrc
      eval "$(asset-lint completion zsh)"      in ~/.zshrc
      asset-lint completion fish | source      in ~/.config/fish/config.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # click has all that the choice allows
    # the shells' own classes first run the shell to ask for its version
    write(ShellComplete.source(kind(group, {}, "asset-lint", _COMPLETION)))
