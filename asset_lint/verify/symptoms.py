"""How each symptom shows itself in what was observed."""

from __future__ import annotations

from asset_lint.evidence import Evidence

from .judge import Probe

PROBES: dict[Evidence, Probe] = {}
