"""Calls with one more argument, and f-strings with a parameter's mark in place of a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import libcst as cst

from .errors import Impossible


def with_argument(call: cst.Call, value: cst.BaseExpression, keyword: str | None) -> cst.Call:
    """``call`` with one more argument behind those it has, laid out as they are."""
    if not call.args:
        raise Impossible("no argument to stand behind")
    last = call.args[-1]
    over_lines = isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace)
    between: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        newline = call.whitespace_before_args.first_line.newline
        between = call.whitespace_before_args.with_changes(
            first_line=cst.TrailingWhitespace(newline=newline), empty_lines=()
        )  # its comments are not for this argument
    closing = last.whitespace_after_arg
    ends_with_comma = isinstance(last.comma, cst.Comma)
    if isinstance(last.comma, cst.Comma):
        closing = last.comma.whitespace_after
    if isinstance(closing, cst.ParenthesizedWhitespace) and isinstance(between, cst.ParenthesizedWhitespace):
        between = between.with_changes(first_line=closing.first_line)  # a comment stays behind what it is on
        closing = closing.with_changes(first_line=cst.TrailingWhitespace(newline=closing.first_line.newline))
    new = cst.Arg(value)
    if keyword is not None:
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        new = new.with_changes(keyword=cst.Name(keyword), equal=equal)
    if ends_with_comma:
        new = new.with_changes(comma=cst.Comma(whitespace_after=closing))
    elif over_lines and len(call.args) == 1 and isinstance(closing, cst.ParenthesizedWhitespace):
        new = new.with_changes(comma=cst.Comma(whitespace_after=closing))  # as formatters end one argument a line
    else:
        new = new.with_changes(whitespace_after_arg=closing)
    before = last.with_changes(comma=cst.Comma(whitespace_after=between), whitespace_after_arg=cst.SimpleWhitespace(""))
    return call.with_changes(args=[*call.args[:-1], before, new])


def with_marks(text: cst.BaseExpression, is_bound: Callable[[cst.BaseExpression], bool]) -> cst.BaseExpression:
    """An f-string (or several side by side) with ``?`` in place of the quoted values that are to be bound."""
    if isinstance(text, cst.ConcatenatedString):
        left, right = with_marks(text.left, is_bound), with_marks(text.right, is_bound)
        return text.with_changes(left=left, right=right)
    if not isinstance(text, cst.FormattedString):
        return text
    parts: list[cst.BaseFormattedStringContent] = []
    unquote = False
    for part in text.parts:
        if isinstance(part, cst.FormattedStringText):
            value = part.value
            if unquote:
                if not value.startswith("'"):
                    raise Impossible("the value is not in quotes")
                value, unquote = "?" + value[1:], False
            if parts and isinstance(before := parts[-1], cst.FormattedStringText):
                parts[-1] = before.with_changes(value=before.value + value)
            else:
                parts.append(part.with_changes(value=value))
        elif isinstance(part, cst.FormattedStringExpression) and is_bound(part.expression):
            opening = parts[-1] if parts else None
            if unquote or not isinstance(opening, cst.FormattedStringText) or not opening.value.endswith("'"):
                raise Impossible("the value is not in quotes")
            parts[-1] = opening.with_changes(value=opening.value[:-1])
            unquote = True
        else:
            if unquote:
                raise Impossible("the value is not in quotes")
            parts.append(part)
    if unquote:
        raise Impossible("the value is not in quotes")
    if any(isinstance(part, cst.FormattedStringExpression) for part in parts):
        return text.with_changes(parts=parts)
    return _plain(text, "".join(cast("cst.FormattedStringText", part).value for part in parts))


def with_text_changed(text: cst.BaseExpression, pattern: re.Pattern[str], new: str) -> cst.BaseExpression:
    """A string, an f-string or several side by side with ``new`` for the one stretch that ``pattern`` finds."""
    if len(pattern.findall(_written(text))) != 1:
        raise Impossible("it does not stand there once")
    return _changed(text, pattern, new)


def _written(text: cst.BaseExpression) -> str:
    if isinstance(text, cst.ConcatenatedString):
        return _written(text.left) + _written(text.right)
    if isinstance(text, cst.FormattedString):
        return "\0".join(part.value for part in text.parts if isinstance(part, cst.FormattedStringText))
    return text.value if isinstance(text, cst.SimpleString) else ""


def _changed(text: cst.BaseExpression, pattern: re.Pattern[str], new: str) -> cst.BaseExpression:
    if isinstance(text, cst.ConcatenatedString):
        return text.with_changes(left=_changed(text.left, pattern, new), right=_changed(text.right, pattern, new))
    if isinstance(text, cst.FormattedString):
        parts = [
            part.with_changes(value=pattern.sub(new, part.value)) if isinstance(part, cst.FormattedStringText) else part
            for part in text.parts
        ]
        return text.with_changes(parts=parts)
    return text.with_changes(value=pattern.sub(new, text.value)) if isinstance(text, cst.SimpleString) else text


def _plain(text: cst.FormattedString, value: str) -> cst.SimpleString:
    """An f-string without values as the plain string that it is."""
    prefix = text.start.rstrip("\"'").replace("f", "").replace("F", "")
    value = value.replace("{{", "{").replace("}}", "}")
    return cst.SimpleString(f"{prefix}{text.end}{value}{text.end}", lpar=text.lpar, rpar=text.rpar)
