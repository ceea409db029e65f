"""What every test may rely on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from asset_lint.verify import Sandbox

# A runner in the background may have been told to ignore Ctrl-C; processes that tests start must not inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples at every run: who changes something else is not to be told of an old fault by chance. To look for
# such faults: `pytest --hypothesis-profile=default`.
settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")

os.environ.pop("GITHUB_STEP_SUMMARY", None)  # what tests find doesn't belong on the page of the job that runs them


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One for all tests of a worker: to start one costs as much as twenty runs. Tests of its life have their own."""
    from asset_lint.verify import Sandbox

    with Sandbox(2) as started:
        yield started
