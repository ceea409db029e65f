from asset_lint.rule import ContextFault, Evidence, Fix, Function, Place, Rule


class WrongContextType(Rule):
    """Annotate a context with the type that Dagster gives to the function.

    ## What it does
    Finds contexts of assets, ops and asset checks that are annotated with a type which Dagster refuses there: an
    asset's context on a check, or on an op that a job runs; a check's context on an asset or op; `Optional`, unions,
    `Any`, subclasses and whatever is no context. And contexts handed to another asset or op as if it were a function.

    ## Why is this bad?
    Most of these are refused when the module is imported, and the whole code location is gone. Some pass: an
    `AssetExecutionContext` on an asset check fails at every run from Dagster 1.7 on, one on an op when a job runs it,
    after `Definitions.validate_loadable` found nothing.

    ## Example
    ```python
    @asset_check(asset="orders")
    def orders_are_there(context: AssetExecutionContext) -> AssetCheckResult:
        context.log.info("counting")
        return AssetCheckResult(passed=True)
    ```

    ## Use instead
    ```python
    @asset_check(asset="orders")
    def orders_are_there(context: AssetCheckExecutionContext) -> AssetCheckResult:
        context.log.info("counting")
        return AssetCheckResult(passed=True)
    ```

    ## Fix safety
    Safe: the annotation is replaced and the import mended. No fix is offered where the body uses what the right context
    lacks.

    ## Options
    `target-dagster`: which versions are meant; otherwise what the lock file or the requirements say.

    ## References
    - [Dagster: execution contexts](https://docs.dagster.io/api/dagster/execution)
    """

    code = "AL402"
    message = "the context of `{function}` is annotated `{written}`, which Dagster refuses: {when}. Write `{right}`"
    evidence = Evidence.CONTEXT_REFUSED
    invoked_message = (
        "`{callee}` is called with a context, but Dagster made it an `{kind}`: the call fails. Move what both need to "
        "a plain function"
    )

    def visit_function(self, function: Function) -> None:
        if (fault := function.context_fault) is not None:
            self.report(
                fault.annotation,
                function=function.name,
                written=fault.written,
                when=f"{fault.when} {fault.versions}".rstrip(),
                right=fault.right,
                because=[(fault.by, "run here")] if fault.by else (),
                fix=self.right(function, fault) if fault.usable else None,
            )
        for invocation in function.invocations_with_context:
            callee = invocation.callee
            self.report(
                invocation.call,
                message=self.invoked_message,
                callee=callee.name,
                kind=invocation.kind,
                because=[(Place(callee.module, callee.node), "defined here")],
            )

    def right(self, function: Function, fault: ContextFault) -> Fix | None:
        rewrite = self.rewrite()
        rewrite.replace(fault.annotation, rewrite.import_name("dagster", fault.right, near=fault.annotation))
        for module, name in function.imports_in(fault.annotation):
            rewrite.drop_import(module, name)
        return rewrite.fix(f"Declare it `{fault.right}`")
