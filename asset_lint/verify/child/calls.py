"""The calls and lines of the user's functions: which contexts they receive; where they are cancelled."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .loading import contexts_by_code
from .record import Recorder


@contextlib.contextmanager
def interrupted(recorder: Recorder, at: int) -> Iterator[None]:
    """Cancel the run when line ``at`` (they are counted as they are executed) of the user's functions is reached."""
    left = at

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if event == "call":
            return trace if recorder.own(frame) else None
        if event == "line":
            left -= 1
            if left == 0:
                recorder.tell("interrupted", place=recorder.place())
                os.kill(os.getpid(), signal.SIGTERM)
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(None)


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
