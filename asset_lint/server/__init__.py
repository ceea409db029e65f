"""The language server: a thin layer between an editor's protocol and the engine.

``positions``  places of ours as places of the protocol
``session``    the buffers, the projects that they belong to, and what is found in them
``pages``      rules' pages, as files that an editor can open, and what hovers show
``actions``    quick fixes, "fix all", "ignore on this line"
``notebooks``  notebooks, whose cells are documents by themselves
``features``   the protocol's requests and notifications
"""

from __future__ import annotations

from .features import serve

__all__ = ["serve"]
