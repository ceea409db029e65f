from asset_lint.rule import ASSET_CONTEXT, Evidence, Fix, Function, Parameter, Place, Rule, Severity


class UnannotatedContext(Rule):
    """Always annotate an asset's context: `AssetExecutionContext`.

    ## What it does
    Finds assets that touch DuckDB and take a context without saying of which type.

    ## Why is this bad?
    Nothing completes or checks what the asset asks of its context: `context.add_ouput_metadata(...)` passes every type
    checker and raises `AttributeError` at the end of a run, when the work is done. And whoever hands the context on can
    only guess which of Dagster's context types the other function must take.

    ## Example
    ```python
    @asset
    def suppliers(context, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_suppliers").df()
    ```

    ## Use instead
    ```python
    @asset
    def suppliers(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_suppliers").df()
    ```

    ## Fix safety
    Safe: it is the type that Dagster gives an asset whose context has no annotation.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too. The rule is silent in a module with
    `from __future__ import annotations`: there an annotation is a string, which Dagster refuses on a context (`Cannot
    annotate context parameter with type AssetExecutionContext`). No fix of any rule annotates a context there.

    ## References
    - [Dagster: AssetExecutionContext](https://docs.dagster.io/api/dagster/execution#dagster.AssetExecutionContext)
    """

    code = "AL403"
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.CONTEXT_UNDECLARED
    message = (
        "the context of `{function}` has no type: a misspelt member is found only when the run fails at it. "
        "Write `{name}: AssetExecutionContext`"
    )

    def visit_asset(self, asset: Function) -> None:
        context = asset.context
        if context is not None and context.annotation is None and not asset.module.future_annotations:
            place = Place(asset.module, context.node)
            self.report(place, function=asset.name, name=context.name, fix=self.annotated(context, place))

    def annotated(self, context: Parameter, place: Place) -> Fix | None:
        rewrite = self.rewrite()
        rewrite.annotate(place, rewrite.import_name("dagster", ASSET_CONTEXT, near=self.in_function.place))
        return rewrite.fix(f"Annotate `{context.name}`")
