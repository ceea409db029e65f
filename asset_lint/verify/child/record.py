"""Tells the parent what happens, as it happens: one JSON line an event."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

_RETRIERS = {"backoff", "tenacity", "stamina", "retrying", "retry"}
_LONG = 4000  # characters that are kept of a text


class Recorder:
    """Writes events to a pipe. ``project`` is the folder of the user's code, ``database`` the file it is given."""

    def __init__(self, pipe: int, project: str, database: str) -> None:
        self.project = os.path.realpath(project) + os.sep
        self.database = os.path.realpath(database)
        self._pipe = pipe
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def tell(self, kind: str, **facts: Any) -> None:
        """An event: its kind, its facts, the seconds since the start."""
        event = {"kind": kind, "at": round(time.monotonic() - self._began, 5), **facts}
        data = json.dumps(event, default=repr).encode() + b"\n"
        self._write(data)

    def to(self, pipe: int) -> None:
        """Tell another pipe or file from now on."""
        self._pipe = pipe

    def pass_on(self, file: Path) -> None:
        """Tell what another process of this run has written to ``file``."""
        if file.exists():
            self._write(file.read_bytes())

    def _write(self, data: bytes) -> None:
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[os.write(self._pipe, view) :]

    def own(self, frame: FrameType) -> bool:
        """Whether the user wrote the code of a frame."""
        return frame.f_code.co_filename.startswith(self.project)

    def place(self) -> dict[str, Any] | None:
        """Where in the user's code the call came from: file, line, function; None where no such code led here.

        ``library`` names the package of Dagster's that stands between, ``entered`` the function by which the user's
        code was entered.
        """
        library, retried_by = "", ""
        place: dict[str, Any] | None = None
        for frame in frames():
            if self.own(frame):
                name = frame.f_code.co_name
                if place is None:
                    file = frame.f_code.co_filename[len(self.project) :].replace(os.sep, "/")
                    place = {"file": file, "line": frame.f_lineno, "function": name, "library": library}
                place["entered"] = name
                place["retried_by"] = retried_by
            elif frame.f_globals.get("__name__", "").partition(".")[0] in _RETRIERS or _is_backoff(frame):
                retried_by = frame.f_globals["__name__"]
            elif place is None and (module := frame.f_globals.get("__name__", "")).startswith("dagster_"):
                library = module
        return place


def _is_backoff(frame: FrameType) -> bool:
    return bool(frame.f_globals.get("__name__") == "dagster._utils.backoff")


def frames() -> Iterator[FrameType]:
    """The frames of this thread outside this package, the innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if not frame.f_globals.get("__name__", "").startswith("asset_lint.verify."):
            yield frame
        frame = frame.f_back


def shortened(value: object) -> str:
    """A value as text of bounded length."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONG else text[:_LONG] + "…"


def error_facts(error: BaseException) -> dict[str, Any]:
    """An exception's class, where that comes from, and its message; and the same of what it came of."""
    origin = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    facts: dict[str, Any] = {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "bases": [base.__name__ for base in type(error).__mro__[1:-2]],
        "message": shortened(str(error)),
    }
    if origin is not None and origin is not error:
        facts["of"] = {"type": type(origin).__name__, "message": shortened(str(origin))}
    return facts
