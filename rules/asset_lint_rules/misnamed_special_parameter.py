from asset_lint.rule import Evidence, Fix, Function, Misnamed, Misnaming, Rule


class MisnamedSpecialParameter(Rule):
    """Call the context `context` and the config `config`.

    ## What it does
    Finds parameters of assets, ops and asset checks that are annotated as a context or as a `Config`, but named `ctx`,
    `cfg` and the like, and a `context` that is not the first parameter.

    ## Why is this bad?
    Dagster knows these two by name (`context`, `_context`, `context_` or `_`, and `config`). It takes any other
    parameter for an upstream asset: `Input asset "["ctx"]" is not produced by any of the provided asset ops`, when the
    job is put together. A `context` further back is refused at definition.

    ## Example
    ```python
    @asset
    def orders(ctx: AssetExecutionContext) -> int:
        ctx.log.info("one order")
        return 1
    ```

    ## Use instead
    ```python
    @asset
    def orders(context: AssetExecutionContext) -> int:
        context.log.info("one order")
        return 1
    ```

    ## Fix safety
    Safe: the parameter is renamed where it is declared and used. No fix is offered where the right name is taken, or in
    modules with `from __future__ import annotations`, where the annotation would be refused next.

    ## Options
    None. The rule is silent where an asset of that key exists.

    ## References
    - [Dagster: asset context](https://docs.dagster.io/guides/build/assets/asset-context)
    """

    code = "AL707"
    message = "`{name}` of `{function}` is {how}: the definitions are refused. {cure}"
    evidence = Evidence.PARAMETER_TAKEN_FOR_ASSET
    hides = ("AL604",)  # an asset whose parameters are known has known dependencies

    def visit_function(self, function: Function) -> None:
        for misnamed in function.misnamed_parameters:
            kind = "config" if misnamed.how is Misnaming.CONFIG else "context"
            self.report(
                misnamed.parameter,
                name=misnamed.name,
                function=function.name,
                how=misnamed.how.value,
                cure="Put it first" if misnamed.how is Misnaming.NOT_FIRST else f"Call it `{kind}`",
                fix=self.renamed(function, misnamed),
            )

    def renamed(self, function: Function, misnamed: Misnamed) -> Fix | None:
        if not misnamed.right or self.module.future_annotations:
            return None
        rewrite = self.rewrite()
        rewrite.rename_parameter(function.place, misnamed.name, misnamed.right)
        return rewrite.fix(f"Call it `{misnamed.right}`")
