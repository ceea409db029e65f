"""Options of ``check`` that do not go together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asset_lint.errors import UsageError

_WRITING = ("fix", "fix_only", "diff", "ignore_noqa")
#: What cannot be used together with the options behind it.
_APART: Mapping[str, tuple[str, ...]] = {
    "add_noqa": (*_WRITING, "add_ignore", "strict_baseline"),
    "add_ignore": (*_WRITING, "strict_baseline"),
    "interactive": ("diff", "verify", "watch"),
    "watch": ("diff", "add_noqa", "add_ignore", "show_files", "show_settings"),
    "diff_base": (*_WRITING[:-1], "add_noqa", "add_ignore"),
    "strict_baseline": ("diff", "fix_only"),
    "report_suppressed": ("fix", "fix_only", "diff", "diff_base"),
}
#: What needs files, not standard input.
_OF_FILES = ("add_noqa", "add_ignore", "diff_base", "interactive", "verify", "watch")
_WITH_STATISTICS = ("full", "concise", "grouped", "json")


def refuse(given: Mapping[str, Any], *, stdin: bool, output_format: str) -> None:
    """Raise UsageError where the options contradict each other."""

    def asked(name: str) -> bool:
        return given[name] is not None and given[name] is not False  # a reason may be empty

    for one, others in _APART.items():
        for other in others:
            if asked(one) and asked(other):
                raise UsageError(f"{option(one)} cannot be used together with {option(other)}")
    if given["verify"] and not any(given[each] for each in ("fix", "fix_only", "diff")):
        raise UsageError("--verify goes with --fix, --fix-only or --diff; `asset-lint verify` runs assets alone")
    if given["interactive"] and not (given["fix"] or given["fix_only"]):
        raise UsageError("--interactive goes with --fix or --fix-only")
    for each in _OF_FILES:
        if stdin and asked(each):
            raise UsageError(f"{option(each)} cannot be used with standard input")
    for each in ("add_noqa", "add_ignore"):
        if given[each] and not given[each].isprintable():
            raise UsageError(f"{option(each)}: a reason is one line of words, not {given[each]!r}")
    if given["report_suppressed"] and output_format != "sarif":
        raise UsageError(f"--report-suppressed goes with the format sarif, not {output_format}")
    if given["statistics"] and output_format not in _WITH_STATISTICS:
        formats = f"{', '.join(_WITH_STATISTICS[:-1])} and {_WITH_STATISTICS[-1]}"
        raise UsageError(f"--statistics goes with the formats {formats}, not {output_format}")


def option(name: str) -> str:
    """An option as it is written."""
    return f"--{name.replace('_', '-')}"
