"""Nothing that a project contains gets out of the place where a format quotes it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import jsonschema
import pytest
from format_tools import CODE_QUALITY, CONTROL, DIAGNOSTICS, FORMATS, check_junit, hostile, rendered
from hypothesis import given, settings
from hypothesis import strategies as st

from asset_lint.report import render
from asset_lint.report.safe import visible

_PIECES = [
    "\x1b[2J", "\x1b]0;t\x07", "\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\x00", "\x08", "\x7f",
    "\u202e", "\ufffe", "\uffff", "\udc80", "::error::", "::stop-commands::x", "%0A", "##[group]", "##vso[task.done]",
    "`", "``", "|", "\\", "\\|", "<b>", "</code>", "</details>", "<script>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;",
    "&#96;", "&", '"', "'", "[x](https://e.org)", "![](//e.org)", "https://e.org", "www.e.org", "a@b.org", "@everyone",
    "#1", "GH-1", "!1", "**", "__", "_", "*", "~~", "# ", "- ", "+", "---", "===", "> ", "1. ", "\t", "    ", "$x$",
    "[^1]", "word", "ä", "日本", " ", ",", ":", "a.py", "/", "..", "{", "}",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(_PIECES) | st.text(max_size=4), min_size=1, max_size=6).map("".join)


def words_of_all_kinds(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on many ``words``."""
    return settings(max_examples=40, deadline=None)(given(words=WORDS)(test))


def shown(output_format: str, words: str) -> str:
    sample, finding = hostile(words)
    return render(output_format, [finding], sample.context())


@pytest.mark.parametrize("output_format", FORMATS)
@words_of_all_kinds
def test_no_format_lets_control_characters_or_commands_out(output_format: str, words: str) -> None:
    text = shown(output_format, words)
    assert CONTROL.search(text) is None
    assert text.endswith("\n")
    text.encode("utf-8")
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == (1 if output_format == "github" else 0)


@words_of_all_kinds
def test_json_lines_stay_lines(words: str) -> None:
    (line,) = shown("json-lines", words).splitlines()
    assert json.loads(line)["message"] == f"m {words}"


@words_of_all_kinds
def test_lines_stay_lines(words: str) -> None:
    assert len(shown("pylint", words).splitlines()) == 1
    assert re.fullmatch(r".+:\n  1:1 AL201 \[\*\] m .*\n\n", shown("grouped", words))


@pytest.mark.parametrize(("output_format", "schema"), [("gitlab", CODE_QUALITY), ("rdjson", DIAGNOSTICS)])
@words_of_all_kinds
def test_reports_keep_to_their_schema(output_format: str, schema: dict[str, Any], words: str) -> None:
    document = json.loads(shown(output_format, words))
    jsonschema.Draft202012Validator(schema).validate(document)
    json.dumps(document, ensure_ascii=False).encode("utf-8")


@words_of_all_kinds
def test_junit_stays_one_case(words: str) -> None:
    root = check_junit(shown("junit", words))
    (failure,) = root.iter("failure")
    assert failure.get("message") == visible(f"m {words}").replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
    assert not list(failure)


@words_of_all_kinds
def test_markdown_shows_words_and_nothing_else(words: str) -> None:
    text = shown("markdown", words)
    tokens = rendered(text)
    count = {
        kind: sum(token.type == kind for token in tokens)
        for kind in ("tr_open", "td_open", "list_item_open", "heading_open")
    }
    assert count == {"tr_open": 4, "td_open": 6, "list_item_open": 5, "heading_open": 1}
    allowed = "heading table thead tbody tr th td bullet_list list_item paragraph inline text html_block html_inline"
    assert {re.sub("_(open|close)$", "", token.type) for token in tokens} <= set(allowed.split())
    html = [token.content for token in tokens if token.type in ("html_inline", "html_block")]
    assert {part for each in html for part in each.split("\n") if part} <= {
        "<code>", "</code>", "<details><summary>Why, and what to do</summary>", "</details>",
    }  # fmt: skip
    assert html.count("<code>") == html.count("</code>")


@words_of_all_kinds
def test_markdown_holds_nothing_that_a_service_would_link_or_notify(words: str) -> None:
    text = unescape(shown("markdown", words))
    assert re.search(r"@\w|://|www\.", text, re.IGNORECASE) is None
    prose = re.sub(r"<code>.*?</code>", "", unescape(shown("markdown", words).replace("&#60;", "(")))
    assert re.search(r"[#!$%&~]\w|GH-\d", prose, re.IGNORECASE) is None
