"""One file's bytes, text, places and slices, and its changes said as edits."""

from .edits import applied, comments, differences
from .file import Source
from .garbage import uncollected
from .lexing import RECURSION_LIMIT
from .slices import Slice

__all__ = ["RECURSION_LIMIT", "Slice", "Source", "applied", "comments", "differences", "uncollected"]
