"""One more parameter in a function's signature, in the style of the others."""

from __future__ import annotations

import libcst as cst

from .errors import Impossible

_Space = cst.BaseParenthesizableWhitespace

_ROOM = 52
"""So long may parameters be that `context: dg.AssetExecutionContext` still fits before them."""


def with_parameter(function: cst.FunctionDef, name: str, annotation: cst.BaseExpression | None) -> cst.FunctionDef:
    """``function`` with a parameter behind the last one that has no default; raises Impossible if it is there."""
    parameters = function.params
    named = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
    stars = [star for star in (parameters.star_arg, parameters.star_kwarg) if isinstance(star, cst.Param)]
    if any(parameter.name.value == name for parameter in (*named, *stars)):
        raise Impossible(f"there is a parameter {name} already")
    if any(parameter.default is not None for parameter in parameters.posonly_params):
        raise Impossible("a parameter without a default cannot follow one that has it")
    new = cst.Param(cst.Name(name), cst.Annotation(annotation) if annotation is not None else None)
    listed = list(parameters.params)
    place = sum(parameter.default is None for parameter in listed)
    is_last = place == len(listed) and not (
        parameters.star_kwarg or parameters.kwonly_params or isinstance(parameters.star_arg, (cst.Param, cst.ParamStar))
    )
    before = listed[place - 1] if place else None
    if before is not None:
        comma = before.comma if isinstance(before.comma, cst.Comma) else None
        between = _between(function, listed[: place - 1])
        if is_last:
            # What stood behind the last parameter (perhaps a comma and a newline) stands behind the new one.
            new = new.with_changes(
                comma=comma.with_changes(whitespace_after=_bare(comma)) if comma else before.comma,
                whitespace_after_param=before.whitespace_after_param,
            )
            before = before.with_changes(whitespace_after_param=cst.SimpleWhitespace(""))
            kept = between if comma is None else _with_comment(comma, between)
            listed[place - 1] = before.with_changes(comma=cst.Comma(whitespace_after=kept))
        else:
            new = new.with_changes(comma=cst.Comma(whitespace_after=_bare(comma) if comma else between))
    elif not is_last:
        new = new.with_changes(comma=cst.Comma(whitespace_after=_between(function, ())))
    listed.insert(place, new)
    return function.with_changes(params=parameters.with_changes(params=listed))


def with_first_parameter(
    function: cst.FunctionDef, name: str, annotation: cst.BaseExpression | None
) -> cst.FunctionDef:
    """``function`` with a parameter before all others; raises Impossible if it is there."""
    parameters = function.params
    if parameters.posonly_params:
        raise Impossible("the first parameters are given by position")
    if any(parameter.name.value == name for parameter in (*parameters.params, *parameters.kwonly_params)):
        raise Impossible(f"there is a parameter {name} already")
    new, star = (
        cst.Param(cst.Name(name), cst.Annotation(annotation) if annotation is not None else None),
        parameters.star_arg,
    )
    if (
        parameters.params
        or parameters.kwonly_params
        or parameters.star_kwarg
        or isinstance(star, (cst.Param, cst.ParamStar))
    ):
        between = _between(function, ())
        if _share_a_line(parameters) and isinstance(between, cst.ParenthesizedWhitespace):
            if len(cst.Module([]).code_for_node(parameters)) < _ROOM:
                between = cst.SimpleWhitespace(" ")
            else:
                parameters = _each_on_its_line(parameters, between)
        above = function.whitespace_before_params
        if isinstance(above, cst.ParenthesizedWhitespace) and any(line.comment for line in above.empty_lines):
            # What is said above the first parameter stays above it.
            between = above.with_changes(first_line=cst.TrailingWhitespace(newline=above.first_line.newline))
            function = function.with_changes(whitespace_before_params=above.with_changes(empty_lines=()))
        new = new.with_changes(comma=cst.Comma(whitespace_after=between))
    return function.with_changes(params=parameters.with_changes(params=[new, *parameters.params]))


def with_room(function: cst.FunctionDef, column: int, limit: int, step: str) -> cst.FunctionDef:
    """``function``, that stands at ``column``, with a line for each parameter where its header on one line is longer
    than ``limit``."""
    parameters = function.params
    header = cst.Module([]).code_for_node(
        function.with_changes(decorators=(), leading_lines=(), body=cst.SimpleStatementSuite([cst.Pass()]))
    )
    if "\n" in header.rstrip("\n") or column + len(header.rpartition(":")[0]) + 1 <= limit or not parameters.params:
        return function
    line = cst.ParenthesizedWhitespace(cst.TrailingWhitespace(), (), indent=True, last_line=cst.SimpleWhitespace(step))
    spread = _each_on_its_line(parameters, line)
    if spread is parameters:
        return function
    last = cst.Comma(whitespace_after=cst.ParenthesizedWhitespace(cst.TrailingWhitespace(), (), indent=True))
    listed = [*spread.params[:-1], spread.params[-1].with_changes(comma=last)]
    return function.with_changes(params=spread.with_changes(params=listed), whitespace_before_params=line)


def _each_on_its_line(parameters: cst.Parameters, between: cst.ParenthesizedWhitespace) -> cst.Parameters:
    """The parameters as formatters lay them out that have no room for all on one line; unchanged with stars."""
    *before, last = parameters.params
    if parameters.kwonly_params or parameters.star_kwarg or not isinstance(parameters.star_arg, cst.MaybeSentinel):
        return parameters
    closing = last.whitespace_after_param
    if isinstance(last.comma, cst.MaybeSentinel) and isinstance(closing, cst.ParenthesizedWhitespace):
        comma = cst.Comma(whitespace_after=closing)
        last = last.with_changes(comma=comma, whitespace_after_param=cst.SimpleWhitespace(""))
    spread = [each.with_changes(comma=cst.Comma(whitespace_after=between)) for each in before]
    return parameters.with_changes(params=[*spread, last])


def _share_a_line(parameters: cst.Parameters) -> bool:
    """Whether there are several, all on one line."""
    listed = (*parameters.params, *parameters.kwonly_params)
    spaces = [each.comma.whitespace_after for each in listed if isinstance(each.comma, cst.Comma)]
    return len(listed) > 1 and not any(isinstance(space, cst.ParenthesizedWhitespace) for space in spaces)


def annotated(parameter: cst.Param, annotation: cst.BaseExpression) -> cst.Param:
    """``parameter`` with an annotation; raises Impossible if it has one."""
    if parameter.annotation is not None:
        raise Impossible("it is annotated already")
    equal = parameter.equal
    if isinstance(equal, cst.AssignEqual):  # `x=None`, but `x: T = None`
        equal = cst.AssignEqual(cst.SimpleWhitespace(" "), cst.SimpleWhitespace(" "))
    return parameter.with_changes(annotation=cst.Annotation(annotation), equal=equal)


def with_argument(call: cst.Call, argument: cst.Arg) -> cst.Call:
    """``call`` with one more argument behind the others, or in the place of an empty one of its name."""
    same = next((a for a in call.args if _keyword(a) == _keyword(argument) != ""), None)
    if same is not None:
        if not isinstance(same.value, cst.Dict) or same.value.elements:
            raise Impossible("it is given already")
        full = same.with_changes(value=argument.value)
        return call.with_changes(args=[full if each is same else each for each in call.args])
    if not call.args:
        return call.with_changes(args=[argument])
    *before, last = call.args
    behind = last.comma if isinstance(last.comma, cst.Comma) else None
    space = next((a.comma.whitespace_after for a in before if isinstance(a.comma, cst.Comma)), None)
    if space is None and isinstance(call.whitespace_before_args, cst.ParenthesizedWhitespace):
        space = _without_comments(call.whitespace_before_args)
    comma = cst.Comma(whitespace_after=space or cst.SimpleWhitespace(" "))
    if behind is not None and isinstance(behind.whitespace_after, cst.ParenthesizedWhitespace):
        comma = cst.Comma(whitespace_after=_with_comment(behind, comma.whitespace_after))
        argument = argument.with_changes(comma=behind.with_changes(whitespace_after=_bare(behind)))
    elif behind is not None:
        argument = argument.with_changes(comma=behind)
    else:
        argument = argument.with_changes(whitespace_after_arg=last.whitespace_after_arg)
        last = last.with_changes(whitespace_after_arg=cst.SimpleWhitespace(""))
    return call.with_changes(args=[*before, last.with_changes(comma=comma), argument])


def _keyword(argument: cst.Arg) -> str:
    return argument.keyword.value if argument.keyword is not None else ""


def _between(function: cst.FunctionDef, others: list[cst.Param] | tuple[()]) -> _Space:
    """The space between two parameters: as between others, else as before the first if that is on a line of its own."""
    for parameter in reversed(others):
        if isinstance(parameter.comma, cst.Comma):
            return _bare(parameter.comma)
    first = function.whitespace_before_params
    if isinstance(first, cst.ParenthesizedWhitespace):
        return _without_comments(first)
    return cst.SimpleWhitespace(" ")


def _bare(comma: cst.Comma) -> _Space:
    space = comma.whitespace_after
    return _without_comments(space) if isinstance(space, cst.ParenthesizedWhitespace) else space


def _without_comments(space: cst.ParenthesizedWhitespace) -> _Space:
    return space.with_changes(first_line=cst.TrailingWhitespace(newline=space.first_line.newline), empty_lines=())


def _with_comment(comma: cst.Comma, between: _Space) -> _Space:
    """``between`` with the comments that ``comma`` has behind it."""
    space = comma.whitespace_after
    if not isinstance(space, cst.ParenthesizedWhitespace) or not isinstance(between, cst.ParenthesizedWhitespace):
        return between
    return between.with_changes(first_line=space.first_line, empty_lines=space.empty_lines)


def names_of_parameter(function: cst.FunctionDef, old: str, new: str) -> list[cst.Name]:
    """The names to change where a parameter is to be called ``new``: its own and its uses.

    Raises Impossible where ``new`` means something there already, or ``old`` is bound again.
    """
    found: list[cst.Name] = []
    stack: list[cst.CSTNode] = [function.body, function.params]
    while stack:
        node = stack.pop()
        if isinstance(node, cst.Name):
            if node.value == new:
                raise Impossible(f"{new} means something there")
            if node.value == old:
                found.append(node)
            continue
        if isinstance(node, (cst.FunctionDef, cst.Lambda)) and _binds(node.params, old):
            raise Impossible(f"{old} is bound again")
        if isinstance(node, (cst.Global, cst.Nonlocal)):
            raise Impossible("names of other functions")
        skipped = node.attr if isinstance(node, cst.Attribute) else node.keyword if isinstance(node, cst.Arg) else None
        stack.extend(child for child in node.children if child is not skipped)
    return found


def _binds(parameters: cst.Parameters, name: str) -> bool:
    listed = (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params)
    return any(parameter.name.value == name for parameter in listed)
