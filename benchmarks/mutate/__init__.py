"""Put one fault mechanically into a real function, knowing nothing of how a rule looks for it.

Works on the text and the stdlib ``ast``; imports nothing of asset-lint. ``OPERATORS`` names for each rule the ways in
which its fault is made.
"""

from __future__ import annotations

from .connections import CONNECTION_OPERATORS
from .contexts import CONTEXT_OPERATORS
from .databases import (
    CONFLICT_OPERATORS,
    PROCESS_OPERATORS,
    SHARING_OPERATORS,
    TOUCH_OPERATORS,
    WRITER_OPERATORS,
)
from .duties import DUTY_OPERATORS
from .errors import NONE_OPERATORS, RETRY_OPERATORS, SWALLOWED_OPERATORS, UNHANDLED_OPERATORS
from .handlers import HANDLER_OPERATORS
from .lifetimes import (
    BUSY_OPERATORS,
    DEPRECATED_OPERATORS,
    LAZY_RESULT_OPERATORS,
    REMOVED_OPERATORS,
    STALE_OPERATORS,
    UNKNOWN_OPERATORS,
)
from .paths import PATH_OPERATORS
from .repository import Candidate, Mutant, Operator, Repository
from .results import CONNECTION_RESULT_OPERATORS, RELATION_RESULT_OPERATORS
from .signatures import ANNOTATION_OPERATORS, CONFIG_OPERATORS, CONTEXT_TYPE_OPERATORS, NAME_OPERATORS
from .values import METADATA_OPERATORS, RESULT_OPERATORS

__all__ = ["OPERATORS", "Candidate", "Mutant", "Operator", "Repository"]

OPERATORS: dict[str, tuple[Operator, ...]] = {
    "AL101": RELATION_RESULT_OPERATORS,
    "AL102": CONNECTION_RESULT_OPERATORS,
    "AL103": LAZY_RESULT_OPERATORS,
    "AL104": STALE_OPERATORS,
    "AL105": BUSY_OPERATORS,
    "AL106": RESULT_OPERATORS,
    "AL107": METADATA_OPERATORS,
    "AL201": CONNECTION_OPERATORS,
    "AL203": PATH_OPERATORS,
    "AL207": WRITER_OPERATORS,
    "AL209": PROCESS_OPERATORS,
    "AL210": SHARING_OPERATORS,
    "AL211": CONFLICT_OPERATORS,
    "AL212": TOUCH_OPERATORS,
    "AL301": HANDLER_OPERATORS,
    "AL302": SWALLOWED_OPERATORS,
    "AL303": UNHANDLED_OPERATORS,
    "AL304": RETRY_OPERATORS,
    "AL305": NONE_OPERATORS,
    "AL401": CONTEXT_OPERATORS,
    "AL402": CONTEXT_TYPE_OPERATORS,
    "AL404": ANNOTATION_OPERATORS,
    "AL702": CONFIG_OPERATORS,
    "AL707": NAME_OPERATORS,
    "AL801": REMOVED_OPERATORS,
    "AL802": DEPRECATED_OPERATORS,
    "AL803": UNKNOWN_OPERATORS,
    **DUTY_OPERATORS,
}
