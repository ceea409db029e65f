"""What the tests of the output formats share: real findings, hostile ones, and the grammars of what is printed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from samples import Sample

from asset_lint.config.kinds import FORMATS
from asset_lint.finding import Finding

__all__ = ["CODE_QUALITY", "CONTROL", "DIAGNOSTICS", "FORMATS", "check_junit", "hostile", "rendered"]


def record(required: dict[str, Any], /, **optional: Any) -> dict[str, Any]:
    """The schema of an object that must have some keys, may have others, and has no more."""
    return {
        "type": "object",
        "required": list(required),
        "properties": required | optional,
        "additionalProperties": False,
    }


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


STRING = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 1}

#: The report that https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format describes.
CODE_QUALITY = listed(
    record(
        {
            "description": STRING,
            "check_name": STRING,
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": record(
                {
                    "path": {"type": "string", "pattern": r"^(?!\./)"},  # GitLab wants it without a leading `./`
                    "positions": record(
                        {"begin": record({"line": COUNT}, column=COUNT)}, end=record({"line": COUNT}, column=COUNT)
                    ),
                }
            ),
        }
    )
)

_POSITION = record({}, line=COUNT, column=COUNT)
_RANGE = record({"start": _POSITION}, end=_POSITION)
_PLACE = record({"path": STRING}, range=_RANGE)
_SEVERITY = {"enum": ["UNKNOWN_SEVERITY", "ERROR", "WARNING", "INFO"]}
_SOURCE = record({"name": STRING}, url=STRING)

#: DiagnosticResult of https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
DIAGNOSTICS = record(
    {
        "diagnostics": listed(
            record(
                {"message": STRING, "location": _PLACE},
                severity=_SEVERITY,
                source=_SOURCE,
                code=record({"value": STRING}, url=STRING),
                suggestions=listed(record({"range": _RANGE, "text": {"type": "string"}})),
                original_output=STRING,
                related_locations=listed(record({"location": _PLACE}, message=STRING)),
            )
        )
    },
    source=_SOURCE,
    severity=_SEVERITY,
)

# junit-10.xsd of Jenkins' xUnit plugin, and of ruff's additions: the `line`, `column` and `properties` of a case.
_SUITE = {"name", "tests", "failures", "errors"}
_ATTRIBUTES: dict[str, tuple[set[str], set[str]]] = {  # those that must be there, those that may
    "testsuites": (set(), _SUITE | {"time"}),
    "testsuite": (_SUITE, {"package", "time", "skipped", "timestamp", "hostname", "id", "file", "log", "url"}),
    "testcase": ({"name"}, {"classname", "time", "group", "line", "column"}),
    "failure": (set(), {"message", "type"}),
    "error": (set(), {"message", "type"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
}
_INNER = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase"},
    "testcase": {"properties", "failure", "error"},
    "properties": {"property"},
}


def check_junit(text: str) -> ET.Element:
    """The root of a document, which must be as the grammar wants it, its counts right."""
    root = ET.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        required, optional = _ATTRIBUTES[element.tag]
        assert required <= set(element.attrib) <= required | optional, element.tag
        assert {inner.tag for inner in element} <= _INNER.get(element.tag, set()), element.tag
        if element.tag not in ("failure", "error"):
            assert not (element.text or "").strip(), element.tag
        if element.tag.startswith("testsuite"):
            for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
                assert int(element.attrib[attribute]) == len(list(element.iter(tag))), attribute
    return root


def rendered(text: str) -> list[Token]:
    """Markdown as GitHub would read it, flat: blocks and what stands in them."""
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [each for token in tokens for each in (token, *(token.children or ()))]


#: What no format may let out, but the newlines that it writes itself.
CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def hostile(words: str, new: str = "right") -> tuple[Sample, Finding]:
    """A finding with ``words`` in every place that the code under check has a say in, and a fix that writes ``new``."""
    sample = Sample(f"wrong  # {words}\nother  # {words}\n", path=f"{words}.py")
    finding = sample.finding(
        "wrong",
        message=f"m {words}",
        function=f"f {words}",
        hint=f"h {words}",
        notes=(sample.note("other", f"n {words}"), sample.note("other", f"o {words}", f"{words}/other.py")),
        fix=sample.fix(sample.edit("wrong", new), message=f"x {words}"),
    )
    return sample, finding
