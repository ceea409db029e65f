"""What the code does: runs assets with real Dagster and real DuckDB in a sandbox, observes, and judges.

The parent's side (this package but for ``child``) starts processes, hands them tasks and reads what they saw. It
imports neither the code under test nor Dagster, DuckDB or pandas; only ``child`` does. Nothing here knows the model or
the rules: what a run shows is a witness of its own.

``task``          what one process is to do, and how it ended
``sandbox``       gives each run a folder and a database, keeps it in its bounds, and clears up
``helpers``       the processes that it does that with
``projects``      the user's project as a run finds it
``observations``  what a run was seen to do
``judge``         whether that is the symptom that a rule warns of
``assets``        the user's own assets, each run in the scenarios that what is said of it needs
``generated``     tables for those that find none, from the ``columns`` that their queries read
``proofs``        whether a fix may stay
``pairs``         the fixture cases of rules, run side by side
"""

from __future__ import annotations

from .assets import Unit, Witness, observe
from .judge import Judgement, Verdict, judge
from .observations import Observations
from .proofs import Fate, Proof, prove
from .sandbox import Patience, Sandbox, VerifyError
from .task import End, Limits, Outcome, Task

__all__ = [
    "End",
    "Fate",
    "Judgement",
    "Limits",
    "Observations",
    "Outcome",
    "Patience",
    "Proof",
    "Sandbox",
    "Task",
    "Unit",
    "Verdict",
    "VerifyError",
    "Witness",
    "judge",
    "observe",
    "prove",
]
