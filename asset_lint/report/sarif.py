"""SARIF 2.1.0, for code scanning and editors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asset_lint.finding import Finding, Fix, Note, Severity, Span, Suppressed

from .common import Context, Silent
from .places import fingerprints, uri, within

_LEVEL = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_BASE = "%SRCROOT%"
_FINGERPRINT = "assetLint/v1"

Json = Mapping[str, Any]


def render(findings: Sequence[Finding], context: Context) -> str:
    """One run as a SARIF log; with what it is silent about, if that is wanted."""
    silent = context.silent or Silent()
    told = [*findings, *(each.finding for each in silent.suppressed)]
    codes = sorted({finding.code: finding for finding in (*told, *silent.gone)}.items())
    index = {code: at for at, (code, _) in enumerate(codes)}
    results = [
        _result(finding, index[finding.code], fingerprint, context)
        for finding, fingerprint in zip(told, fingerprints(told, context), strict=True)
    ]
    if context.silent is not None:
        results += [_gone(finding, index[finding.code], context) for finding in silent.gone]
        results = [dict(result, **state) for result, state in zip(results, _states(findings, silent), strict=True)]
    run = {
        "tool": {
            "driver": {
                "name": "asset-lint",
                "version": context.version,
                "semanticVersion": context.version,
                "rules": [_rule(finding, context) for _, finding in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_BASE: {"description": {"text": "The root of the repository that was checked."}}},
        "invocations": [
            {
                "executionSuccessful": not context.problems,
                "toolExecutionNotifications": [
                    {"level": "error", "message": {"text": problem}} for problem in context.problems
                ],
            }
        ],
        "results": results,
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _rule(finding: Finding, context: Context) -> Json:
    page = context.pages.get(finding.code)
    severity = page.severity if page else finding.severity
    summary = page.summary if page else finding.name.replace("-", " ")
    text = page.text if page else summary
    return {
        "id": finding.code,
        "name": "".join(word.capitalize() for word in finding.name.split("-")),
        "shortDescription": {"text": summary},
        "fullDescription": {"text": summary},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": _LEVEL[severity]},
        "properties": {"problem.severity": _problem(severity), "tags": ["dagster", "duckdb"]},
    }


def _problem(severity: Severity) -> str:
    return "recommendation" if severity is Severity.INFO else str(severity)


def _result(finding: Finding, index: int, fingerprint: str, context: Context) -> Json:
    message = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    location = _location(finding.path, finding.span, context)
    if finding.function:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.function, "kind": "function"}]
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVEL[finding.severity],
        "message": _message(message),
        "locations": [location],
        "partialFingerprints": {_FINGERPRINT: fingerprint},
    }
    if finding.notes:
        result["codeFlows"] = [{"threadFlows": [{"locations": list(_steps(finding, context))}]}]
        result["relatedLocations"] = [{"id": at, **_told(note, context)} for at, note in enumerate(finding.notes)]
    if finding.fix is not None and finding.fix.edits and not finding.span.cell:  # its text would need JSON's escapes
        result["fixes"] = [_fix(finding.path, finding.fix, context)]
    return result


def _states(findings: Sequence[Finding], silent: Silent) -> Iterator[Json]:
    """What suppresses each result, and what the baseline says of it: the standard wants either of all or of none."""
    for suppressions, state in (
        *(([], "new") for _ in findings),
        *(([_suppression(each)], "unchanged" if each.known else "new") for each in silent.suppressed),
        *(([], "absent") for _ in silent.gone),
    ):
        yield {"suppressions": suppressions, **({"baselineState": state} if silent.compared else {})}


def _suppression(suppressed: Suppressed) -> Json:
    kind = {"kind": "inSource" if suppressed.commented else "external"}
    return {**kind, "justification": suppressed.reason} if suppressed.reason else kind


def _gone(finding: Finding, index: int, context: Context) -> Json:
    location: dict[str, Any] = {"physicalLocation": {"artifactLocation": _uri(finding.path, context)}}
    if finding.function:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.function, "kind": "function"}]
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": _LEVEL[finding.severity],
        "message": _message(finding.message),
        "locations": [location],
    }


def _steps(finding: Finding, context: Context) -> Iterator[Json]:
    if all((note.path, note.span) != (finding.path, finding.span) for note in finding.notes):
        own = {**_location(finding.path, finding.span, context), "message": _message(finding.message)}
        yield {"location": own, "importance": "essential"}
    for note in finding.notes:
        yield {"location": _told(note, context)}


def _told(note: Note, context: Context) -> Json:
    return {**_location(note.path, note.span, context), "message": _message(note.message)}


def _message(text: str) -> Json:
    # a viewer would make a link of `[…](…)`, which can come from a string in the code
    return {"text": text.replace("](", "] (")}


def _fix(path: str, fix: Fix, context: Context) -> Json:
    replacements = [
        {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}
        if edit.text
        else {"deletedRegion": _region(edit.span)}
        for edit in fix.edits
    ]
    change = {"artifactLocation": _uri(path, context), "replacements": replacements}
    return {
        "description": {"text": fix.message},
        "artifactChanges": [change],
        "properties": {"applicability": str(fix.safety)},
    }


def _location(path: str, span: Span, context: Context) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _uri(path, context), "region": _region(span.physical)}}


def _uri(path: str, context: Context) -> dict[str, str]:
    named = {"uri": uri(path, context.root)}
    return named if within(path, context.root) is None else {**named, "uriBaseId": _BASE}


def _region(span: Span) -> Json:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
