import ast

from asset_lint.rule import (
    ASSET_CONTEXT,
    OP_CONTEXT,
    Evidence,
    Fix,
    Function,
    HandedContext,
    Parameter,
    Place,
    Rule,
    Safety,
    Severity,
    use_of,
)  # fmt: skip


class MixedContextTypes(Rule):
    """Never mix `OpExecutionContext` and `AssetExecutionContext`.

    ## What it does
    Finds assets whose context is annotated `OpExecutionContext`, and calls that hand an asset's context to a project
    function which declares that it takes an `OpExecutionContext` only.

    ## Why is this bad?
    Dagster gives the function what it declares: an asset that asks for an `OpExecutionContext` gets one, without
    `add_asset_metadata`. Since Dagster 1.9 an `AssetExecutionContext` is no `OpExecutionContext`: `isinstance` tests
    turn false, and members that only ops have raise `AttributeError` in the middle of a run. Where such a member or
    test is used the finding is an error, else a warning.

    ## Example
    ```python
    @asset
    def orders(context: OpExecutionContext) -> int:
        context.log.info("counting")
        return 1
    ```

    ## Use instead
    ```python
    @asset
    def orders(context: AssetExecutionContext) -> int:
        context.log.info("counting")
        return 1
    ```

    ## Fix safety
    Safe: the annotation is renamed and the import mended. Unsafe where the function uses what only ops' contexts have,
    or tests the type. The function that a context is handed to is mended where it stands in the same module and serves
    assets alone, without needing an op's context; else neither the call nor an asset that hands its own on has a fix.

    ## Options
    None.

    ## References
    - [Dagster: contexts](https://docs.dagster.io/api/dagster/execution)
    """

    code = "AL401"
    severity = Severity.WARNING
    evidence = Evidence.CONTEXT_OF_OTHER_TYPE
    message = (
        "the context of the asset `{function}` is declared `OpExecutionContext`: it lacks what assets' contexts have. "
        "Write `AssetExecutionContext`"
    )
    handed_message = (
        "an asset's context goes to `{callee}`, which declares `OpExecutionContext` only. "
        "Declare `AssetExecutionContext`, or the union of both"
    )

    def visit_asset(self, asset: Function) -> None:
        parameter = asset.context
        if parameter is None or asset.context_types(parameter.node) != {OP_CONTEXT}:
            return
        broken = use_of(asset.definition, parameter.name).asset_only
        self.report(
            Place(asset.module, parameter.node),
            function=asset.name,
            because=[(broken, "only assets' contexts have this")] if broken else (),
            severity=Severity.ERROR if broken else None,
            fix=self.renamed(asset, parameter),
        )

    def visit_function(self, function: Function) -> None:
        if function.giver_of_contexts == {ASSET_CONTEXT}:
            for hand in function.handed_contexts:
                if function.context_types(hand.parameter, hand.callee) == {OP_CONTEXT}:
                    self.handed(function, hand)

    def handed(self, function: Function, hand: HandedContext) -> None:
        if hand.giver not in (None, function.definition) and function.declares(hand.giver, ASSET_CONTEXT):
            return  # the function in between declares an asset's context itself: the call there is reported
        broken = use_of(hand.callee, hand.parameter.arg).op_only
        self.report(
            hand.call,
            message=self.handed_message,
            callee=hand.callee.name,
            because=[
                *((step, "handed on here") for step in hand.steps),
                (Place(hand.callee.module, hand.parameter), "declared here"),
                *([(broken, "breaks here")] if broken else []),
            ],
            severity=Severity.ERROR if broken else None,
            fix=self.redeclared(function, hand),
        )

    def redeclared(self, function: Function, hand: HandedContext) -> Fix | None:
        if use_of(hand.callee, hand.parameter.arg).op_only:
            return None
        if hand.callee.module is not function.module or not function.serves_assets_alone(hand.callee):
            return None
        return self.declared(function, hand.parameter.annotation, Safety.SAFE)

    def renamed(self, asset: Function, parameter: Parameter) -> Fix | None:
        for hand in asset.handed_contexts:
            if asset.context_types(hand.parameter, hand.callee) == {OP_CONTEXT} and not self.redeclared(asset, hand):
                return None  # what is wrong would only move there
        risky = use_of(asset.definition, parameter.name).op_only
        return self.declared(asset, parameter.annotation, Safety.UNSAFE if risky else Safety.SAFE)

    def declared(self, function: Function, annotation: ast.expr | None, safety: Safety) -> Fix | None:
        place = function.naming(annotation, OP_CONTEXT) if annotation is not None else None
        if place is None:
            return None
        rewrite = self.rewrite()
        rewrite.replace(place, rewrite.import_name("dagster", ASSET_CONTEXT, near=place))
        rewrite.drop_import(*function.imported_from(place, "dagster", OP_CONTEXT))
        return rewrite.fix(f"Declare it `{ASSET_CONTEXT}`", safety)
