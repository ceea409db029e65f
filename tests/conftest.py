"""What every test may rely on."""

from __future__ import annotations

import signal

# A runner in the background may have been told to ignore Ctrl-C; processes that tests start must not inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
