"""One file's bytes, text, places and slices, and its changes said as edits."""

from .edits import edits_between
from .file import Source
from .slices import Slice

__all__ = ["Slice", "Source", "edits_between"]
