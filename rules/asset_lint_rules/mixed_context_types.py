import ast
from collections.abc import Sequence

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
    or tests the type. The functions that a context is handed to are mended where they stand in the same module and
    serve assets alone, without needing an op's context, together with the asset that hands its own on; else neither the
    call nor such an asset has a fix.

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
        annotation = self.redeclarable(function, hand)
        return self.declared(function, [annotation], Safety.SAFE) if annotation is not None else None

    def redeclarable(self, function: Function, hand: HandedContext) -> ast.expr | None:
        """The annotation of what the context is handed to, where that may be mended here."""
        if use_of(hand.callee, hand.parameter.arg).op_only or hand.callee.module is not function.module:
            return None
        return hand.parameter.annotation if function.serves_assets_alone(hand.callee) else None

    def renamed(self, asset: Function, parameter: Parameter) -> Fix | None:
        annotations = [parameter.annotation]
        for hand in asset.handed_contexts:
            if asset.context_types(hand.parameter, hand.callee) == {OP_CONTEXT}:
                annotations.append(self.redeclarable(asset, hand))  # else what is wrong would only move there
        risky = use_of(asset.definition, parameter.name).op_only
        return self.declared(asset, annotations, Safety.UNSAFE if risky else Safety.SAFE)

    def declared(self, function: Function, annotations: Sequence[ast.expr | None], safety: Safety) -> Fix | None:
        rewrite = self.rewrite()
        for annotation in dict.fromkeys(annotations):
            place = function.naming(annotation, OP_CONTEXT) if annotation is not None else None
            if place is None:
                return None
            rewrite.replace(place, rewrite.import_name("dagster", ASSET_CONTEXT, near=place))
            rewrite.drop_import(*function.imported_from(place, "dagster", OP_CONTEXT))
        return rewrite.fix(f"Declare it `{ASSET_CONTEXT}`", safety)
