import ast

from asset_lint.rule import (
    Fix,
    Function,
    HandedContext,
    Parameter,
    Place,
    Rule,
    Safety,
    Severity,
    context_members,
)  # fmt: skip

ASSET, OP = "AssetExecutionContext", "OpExecutionContext"


def only_of(one: str, other: str) -> frozenset[str]:
    return context_members(one) - context_members(other)


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
    or tests the type. A call that hands the context on has no automatic cure: the other function may serve ops too.

    ## Options
    None.

    ## References
    - [Dagster: contexts](https://docs.dagster.io/api/dagster/execution)
    """

    code = "AL401"
    severity = Severity.WARNING
    message = (
        "the context of the asset `{function}` is declared `OpExecutionContext`: it lacks what assets' contexts have. "
        "Write `AssetExecutionContext`"
    )
    handed_message = (
        "an asset's context goes to `{callee}`, which declares `OpExecutionContext` only. "
        "Declare `AssetExecutionContext`, or the union of both"
    )

    def visit_asset(self, asset: Function) -> None:
        for parameter in asset.parameters:
            if asset.context_types(parameter.node) == {OP} and parameter is asset.context:
                members = asset.members_of(parameter.name)
                broken = [node for name, node in members.items() if name in only_of(ASSET, OP)]
                self.report(
                    Place(asset.module, parameter.node),
                    function=asset.name,
                    because=[(Place(asset.module, node), "only assets' contexts have this") for node in broken[:1]],
                    severity=Severity.ERROR if broken else None,
                    fix=self.renamed(asset, parameter),
                )

    def visit_function(self, function: Function) -> None:
        if function.giver_of_contexts != {ASSET}:
            return
        for hand in function.handed_contexts:
            declares = function.context_types(hand.parameter, hand.callee)
            if declares == {OP} and not self.reported_within(function, hand):
                self.hand_on(function, hand)

    def reported_within(self, function: Function, hand: HandedContext) -> bool:
        """The function in between declares an asset's context itself: the call there is reported, not this one."""
        if hand.giver is None or hand.giver is function.definition:
            return False
        return any(function.context_types(p, hand.giver) == {ASSET} for p in hand.giver.parameters)

    def hand_on(self, function: Function, hand: HandedContext) -> None:
        name = hand.parameter.arg
        uses = [n for m, n in function.members_of(name, hand.callee).items() if m in only_of(OP, ASSET)]
        test = function.type_test_of(name, hand.callee)
        breaking = [*uses[:1], *([test] if test is not None else [])]
        declared = Place(hand.callee.module, hand.parameter)
        self.report(
            hand.call,
            message=self.handed_message,
            callee=hand.callee.name,
            because=[
                *((step, "handed on here") for step in hand.steps),
                (declared, "declared here"),
                *((Place(hand.callee.module, node), "breaks here") for node in breaking[:1]),
            ],
            severity=Severity.ERROR if breaking else None,
            fix=None if breaking else self.redeclared(function, hand),
        )

    def redeclared(self, function: Function, hand: HandedContext) -> Fix | None:
        if hand.callee.module is not function.module or not function.serves_assets_alone(hand.callee):
            return None
        return self.declared(function, hand.parameter.annotation, Safety.SAFE)

    def renamed(self, asset: Function, parameter: Parameter) -> Fix | None:
        members = asset.members_of(parameter.name)
        risky = bool(members.keys() & only_of(OP, ASSET)) or asset.type_test_of(parameter.name) is not None
        return self.declared(asset, parameter.annotation, Safety.UNSAFE if risky else Safety.SAFE)

    def declared(self, function: Function, annotation: ast.expr | None, safety: Safety) -> Fix | None:
        place = function.naming(annotation, OP) if annotation is not None else None
        if place is None:
            return None
        rewrite = self.rewrite()
        rewrite.replace(place, rewrite.import_name("dagster", ASSET, near=place))
        rewrite.drop_import(*function.imported_from(place, "dagster", OP))
        return rewrite.fix(f"Declare it `{ASSET}`", safety)
