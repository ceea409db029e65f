"""Texts that fixes write: what ``print`` puts together, as one f-string."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst


def joined_text(arguments: Sequence[cst.Arg], separator: cst.BaseExpression | None) -> cst.BaseExpression | None:
    """The text that ``print`` makes of its positional arguments, as one expression; None where that isn't plain."""
    between = " "
    if separator is not None:
        if not isinstance(separator, cst.SimpleString) or not isinstance(separator.evaluated_value, str):
            return None
        between = separator.evaluated_value
    if not arguments or any(argument.star for argument in arguments):
        return None
    if len(arguments) == 1:
        return arguments[0].value
    parts: list[str] = []
    for argument in arguments:
        part = _part(argument.value)
        if part is None:
            return None
        parts.append(part)
    text = _escaped(between).join(parts)
    quote = next((quote for quote in (_quote_of(arguments), '"', "'") if quote not in text), None)
    if quote is None or "\\" in text or "\n" in text:
        return None
    node = cst.parse_expression(f"f{quote}{text}{quote}")
    if isinstance(node, cst.FormattedString) and all(isinstance(p, cst.FormattedStringText) for p in node.parts):
        node = cst.parse_expression(f"{quote}{text.replace('{{', '{').replace('}}', '}')}{quote}")
    return node


def _part(value: cst.BaseExpression) -> str | None:
    """What stands for a value in an f-string."""
    if isinstance(value, cst.SimpleString):
        plain = value.prefix == "" and len(value.quote) == 1
        return _escaped(value.raw_value) if plain else None
    code = cst.Module([]).code_for_node(value)
    if isinstance(value, cst.FormattedString):
        return code[2:-1] if value.start in ('f"', "f'") else None
    if isinstance(value, (cst.Name, cst.Attribute, cst.Subscript, cst.Call, cst.Integer)):
        return f"{{{code}}}"
    return None


def _quote_of(arguments: Sequence[cst.Arg]) -> str:
    for argument in arguments:
        if isinstance(argument.value, cst.SimpleString):
            return argument.value.quote[:1]
        if isinstance(argument.value, cst.FormattedString):
            return argument.value.end[:1]
    return '"'


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
