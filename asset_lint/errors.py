"""The exceptions of asset-lint, each with the exit code that the command line gives it.

::

    AssetLintError            2  could not do its job
    ├── ConfigError           2  broken or contradictory configuration
    ├── UsageError            2  wrong command line (a missing path, an unknown code)
    ├── SourceError           2  a file that cannot be read or written
    │   └── InvalidSyntax     -  a file that cannot be parsed: becomes the finding AL000
    ├── RuleError             2  a rule that raised, or no rules, or two rules of one code
    └── FixError              2  a fix whose result would not parse or does not come to rest
"""

from __future__ import annotations


class AssetLintError(Exception):
    """Base of all; ``exit_code`` is what the process ends with when nobody catches it."""

    exit_code = 2


class ConfigError(AssetLintError):
    """The configuration cannot be used; the message names the file and the key."""


class UsageError(AssetLintError):
    """The command line cannot be carried out."""


class SourceError(AssetLintError):
    """A file cannot be read or written; the message names it."""


class InvalidSyntax(SourceError):
    """A file that is not Python we can parse.

    ``line`` and ``column`` are 1-based; they become the place of the finding AL000.
    """

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


class RuleError(AssetLintError):
    """A rule misbehaved; the message names the rule and the file."""


class FixError(AssetLintError):
    """Fixing broke an invariant; nothing was written."""
