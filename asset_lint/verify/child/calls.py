"""Which contexts the user's functions receive, and which they declare."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .loading import contexts_by_code
from .record import Recorder


@contextlib.contextmanager
def watched(recorder: Recorder) -> Iterator[None]:
    """Tell of each call that hands a context to a function of the user's."""
    declared = contexts_by_code(recorder.project)

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not recorder.own(frame):
            return
        code = frame.f_code
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            received = type(frame.f_locals.get(name)).__name__
            if received.endswith("ExecutionContext"):
                says = declared.get(code, {}).get(name, "")
                recorder.tell("received", function=code.co_name, parameter=name, declared=says, received=received)

    sys.setprofile(profile)
    threading.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
