"""``python -m asset_lint``."""

from .cli import program

program()
