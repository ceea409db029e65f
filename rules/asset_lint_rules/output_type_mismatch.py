import ast

from asset_lint.rule import Breach, Evidence, Fix, Function, Mismatch, PyKind, Rule, Severity

K = PyKind
WHOLE = {K.NP_INT, K.NP_BOOL}
CURES = {
    "builtins.int": WHOLE,
    "builtins.bool": {K.NP_BOOL},
    "builtins.float": {*WHOLE, K.INT, K.BOOL, K.DECIMAL},
}


class OutputTypeMismatch(Rule):
    """Give what the return annotation promises.

    ## What it does
    Finds results of assets and ops that fail the check that Dagster makes of their return annotation: numpy numbers
    where `int` or `bool` is promised, an `int` or `Decimal` for `float`, `None` or another kind of frame for a
    DataFrame, a bare value for `Output[...]`, an `Output` for a bare type, a value for `None`, unions. And results of
    asset checks whose `passed` is numpy's bool.

    ## Why is this bad?
    Dagster checks the value after the work is done, before it is stored: `DagsterTypeCheckDidNotPass`. A union is
    refused when the module is imported. With `-> MaterializeResult` a bare value is stored unnoticed, without metadata.

    ## Example
    ```python
    @asset
    def late_trips(trips: pd.DataFrame) -> int:
        return trips["late"].sum()
    ```

    ## Use instead
    ```python
    @asset
    def late_trips(trips: pd.DataFrame) -> int:
        return trips["late"].sum().item()
    ```

    ## Fix safety
    Safe: the value is converted by `int()`, `float()`, `bool()`, `.item()`, or wrapped in an `Output`, where it is of
    the wrong kind on every path. No fix is offered where a conversion would lose anything.

    ## Options
    None.

    ## References
    - [Dagster: types](https://docs.dagster.io/api/dagster/types)
    """

    code = "AL106"
    message = "`{function}` promises `{promised}` and gives {found}: the run fails when its result is checked. {cure}"
    evidence = Evidence.TYPE_REFUSED
    messages = {
        Breach.UNION: "`{function}` promises `{promised}`: Dagster refuses unions when the module is imported. {cure}",
        Breach.UNUSED_RESULT: "`{function}` promises `{promised}` and gives {found}, stored without metadata. {cure}",
        Breach.PASSED: "`passed` of the check `{function}` is {found}, no bool: the check fails with an error. {cure}",
    }  # fmt: skip

    def visit_function(self, function: Function) -> None:
        for mismatch in function.mismatches:
            fix, cure = self.cure(function, mismatch)
            made = mismatch.found.made if mismatch.found else None
            self.report(
                mismatch.place,
                message=self.messages.get(mismatch.breach, self.message),
                severity=Severity.WARNING if mismatch.breach is Breach.UNUSED_RESULT else None,
                function=function.name,
                promised=mismatch.promised.short,
                found=self.found(mismatch),
                cure=cure,
                because=[(made, "made here")] if made and not mismatch.place.holds(made) else (),
                fix=fix,
            )

    def found(self, mismatch: Mismatch) -> str:
        if mismatch.found is None:
            return {Breach.NOTHING: "nothing", Breach.WRAPPED: "an `Output` or `MaterializeResult`"}.get(
                mismatch.breach, "something else"
            )
        return " or ".join(sorted(kind.value for kind in mismatch.found.kinds))

    def cure(self, function: Function, mismatch: Mismatch) -> tuple[Fix | None, str]:
        promised, place = mismatch.promised, mismatch.place
        kinds = mismatch.found.kinds if mismatch.found else frozenset()
        rewrite = self.rewrite()
        match mismatch.breach:
            case Breach.BARE:
                rewrite.wrap_call(place, rewrite.import_name("dagster", "Output", near=place))
                return rewrite.fix("Wrap it in an `Output`") if mismatch.always else None, "Write `Output(…)`"
            case Breach.UNUSED_RESULT:
                return None, "Write `MaterializeResult(value=…)`, or promise the value's type"
            case Breach.UNION:
                return None, "Promise one type, or none"
            case Breach.WRAPPED:
                return None, f"Promise `Output[{promised.short}]`, or give the bare value"
            case Breach.NOTHING:
                return None, "Return the value, or promise `None`"
        name = promised.short
        if kinds == {K.INT} and name == "float" and isinstance(place.node, ast.Constant):
            rewrite.replace(place, f"{place.node.value!r}.0")
            return rewrite.fix("Write a float"), f"Write `{place.node.value!r}.0`"
        if kinds <= CURES.get(promised.name, set()):
            rewrite.wrap_call(place, name)
            usable = mismatch.always and function.is_builtin(name)
            return rewrite.fix(f"Convert it with `{name}()`") if usable else None, f"Write `{name}(…)`"
        if promised.name == "builtins.int" and kinds == {K.NP_INT, K.NP_FLOAT}:
            rewrite.call_method(place, "item")
            return rewrite.fix("Convert it with `.item()`") if mismatch.always else None, "Write `….item()`"
        if kinds == {K.NONE}:
            return None, f"Give {promised.short} on every path, or promise `{promised.short} | None`"
        return None, "Convert the value, or promise what it is"
