import libcst as cst

from asset_lint.rule import DeprecatedCall, Evidence, Fix, Function, Rule, Severity


class DeprecatedPydanticCall(Rule):
    """Call the methods of pydantic 2 by their names: `model_dump`, not `dict`.

    ## What it does
    Finds calls of `dict()`, `json()`, `copy()`, `parse_obj()`, `parse_raw()`, `construct()`, `schema()` and
    `update_forward_refs()` on a Dagster `Config`, a `ConfigurableResource` or another pydantic model of the project.
    The kind of the receiver decides, not the method's name.

    ## Why is this bad?
    Pydantic 2 deprecates them: each call raises a `PydanticDeprecatedSince20` warning in the log of the run, and
    pydantic 3 takes them away.

    ## Example
    ```python
    class SimulationConfig(Config):
        rows: int = 100


    @asset
    def simulation(context: AssetExecutionContext, config: SimulationConfig) -> None:
        context.add_output_metadata(config.dict())
    ```

    ## Use instead
    ```python
    class SimulationConfig(Config):
        rows: int = 100


    @asset
    def simulation(context: AssetExecutionContext, config: SimulationConfig) -> None:
        context.add_output_metadata(config.model_dump())
    ```

    ## Fix safety
    Safe: the method is called by its new name, where that takes the same arguments.

    ## Options
    `target-dagster`: with Dagster before 1.9, which runs on pydantic 1 too, the rule is silent.

    ## References
    - [Pydantic: migration guide](https://docs.pydantic.dev/latest/migration/#changes-to-pydanticbasemodel)
    """

    code = "AL703"
    severity = Severity.WARNING
    evidence = Evidence.DEPRECATED_CALL
    message = "`{old}()` of the model `{model}` is deprecated since pydantic 2, and warns at each call. Write `{new}()`"

    def visit_function(self, function: Function) -> None:
        for call in function.deprecated_pydantic_calls:
            self.report(call.method, old=call.old, new=call.new, model=call.klass, fix=self.renamed(call))

    def renamed(self, call: DeprecatedCall) -> Fix | None:
        if not call.same:
            return None
        rewrite = self.rewrite()
        rewrite.replace(rewrite.node(call.method, cst.Attribute).attr, cst.Name(call.new))
        return rewrite.fix(f"Call `{call.new}`")
