from asset_lint.rule import Evidence, Fix, Function, Place, Rule, WrongConfig


class ConfigNotDagsterConfig(Rule):
    """Type the `config` of an asset by a class derived from `dagster.Config`.

    ## What it does
    Finds `config` parameters of assets, ops and asset checks that have no annotation, or are typed by a pydantic
    `BaseModel`, a dataclass or another class that is no `dagster.Config`.

    ## Why is this bad?
    Dagster makes the schema of the run's configuration of that class. It can't of others:
    `DagsterInvalidPythonicConfigDefinitionError` when the module is imported, and the code location does not load.

    ## Example
    ```python
    from pydantic import BaseModel


    class Limits(BaseModel):
        rows: int = 10


    @asset
    def orders(config: Limits) -> int:
        return config.rows
    ```

    ## Use instead
    ```python
    from dagster import Config


    class Limits(Config):
        rows: int = 10


    @asset
    def orders(config: Limits) -> int:
        return config.rows
    ```

    ## Fix safety
    Safe: the base class is replaced, where the class has plain fields only.

    ## Options
    None. Builtin types (`dict`, `int` …) are accepted by Dagster.

    ## References
    - [Dagster: run configuration](https://docs.dagster.io/guides/operate/configuration/run-configuration)
    """

    code = "AL702"
    message = "the `config` of `{function}` is typed `{written}`, no `dagster.Config`: Dagster refuses the definition"
    evidence = Evidence.DEFINITION_REFUSED
    untyped_message = (
        "the `config` of `{function}` has no type: Dagster refuses the definition. Type it by a `dagster.Config`"
    )

    def visit_function(self, function: Function) -> None:
        wrong = function.wrong_config
        if wrong is None:
            return
        self.report(
            wrong.parameter,
            message=self.message if wrong.written else self.untyped_message,
            function=function.name,
            written=wrong.written,
            because=[(Place(wrong.klass.module, wrong.klass.node), "defined here")] if wrong.klass else (),
            fix=self.derived(wrong),
            hint="derive the class from `dagster.Config`",
        )

    def derived(self, wrong: WrongConfig) -> Fix | None:
        if wrong.base is None or wrong.base.module is not self.module:
            return None
        rewrite = self.rewrite()
        rewrite.replace(wrong.base, rewrite.import_name("dagster", "Config", near=wrong.base))
        rewrite.drop_import("pydantic", "BaseModel")
        return rewrite.fix("Derive it from `dagster.Config`")
