"""What every test may rely on."""

from __future__ import annotations

import os
import signal

# A runner in the background may have been told to ignore Ctrl-C; processes that tests start must not inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.pop("GITHUB_STEP_SUMMARY", None)  # what tests find doesn't belong on the page of the job that runs them
