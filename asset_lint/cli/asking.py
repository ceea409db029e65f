"""The commands that print what the model knows of a project: ``query`` and ``graph``."""

from __future__ import annotations

from typing import Any

import click

from .options import OUTPUT, Command, Option, configuration


@click.command(
    cls=Command,
    short_help="Ask about a project in SQL.",
    epilog="""\
\b
Examples:
  asset-lint query                                          the tables and their columns
  asset-lint query "FROM assets WHERE group_name IS NULL"   what the project has
  asset-lint query "FROM tables" src/ --output-format csv   of the files below src/ alone
  asset-lint query - < question.sql                         a statement from standard input

\b
Needs more than a check does: pip install "asset-lint[query]"
""",
)
@click.argument("statement", required=False, metavar="[STATEMENT]")
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option(
    "--output-format", "shape", cls=Option, section=OUTPUT, type=click.Choice(["table", "json", "csv", "markdown"]),
    default="table", help="How the rows are printed.",
)  # fmt: skip
@click.option("-o", "--output-file", cls=Option, section=OUTPUT, metavar="FILE", help="Write the rows to a file.")
@click.option("-q", "--quiet", cls=Option, section=OUTPUT, is_flag=True, help="Print rows and errors, nothing else.")
def query(statement: str | None, paths: tuple[str, ...], **given: Any) -> int:
    """Ask in SQL about assets, dependencies, connections, queries, tables and findings.

    The facts are those that a check goes by, read off the code below PATHS (the working directory by default), as
    tables of a DuckDB in memory that reaches no file and no network. Without a statement: which tables there are.
    """
    from .querying import answer

    return answer(statement, paths, given)


@click.command(
    cls=Command,
    short_help="Print assets, databases and tables.",
    epilog="""\
\b
Examples:
  asset-lint graph                                   of everything below the working directory
  asset-lint graph src/ --output-format mermaid      a drawing, for Markdown
  asset-lint graph --output-format json -o now.json  for other programs
""",
)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option(
    "--output-format", "shape", cls=Option, section=OUTPUT, type=click.Choice(["table", "json", "mermaid"]),
    default="table", help="How it is printed.",
)  # fmt: skip
@click.option("-o", "--output-file", cls=Option, section=OUTPUT, metavar="FILE", help="Write it to a file.")
@click.option("-q", "--quiet", cls=Option, section=OUTPUT, is_flag=True, help="Print the graph and errors alone.")
def graph(paths: tuple[str, ...], **given: Any) -> int:
    """Print the assets below PATHS, what they depend on, the databases they open, the tables they make and read.

    All of it is read off the code; `?` is what the code does not show. CONFLICTS names the rules (AL207, AL211) that
    see assets fight over a database file.
    """
    from .graphs import draw

    return draw(paths, given)


COMMANDS = (graph, query)
