from asset_lint.rule import Function, Place, Rule, Severity


class GenericResourceAnnotation(Rule):
    """Type a resource by its own class.

    ## What it does
    Finds parameters of assets, ops and asset checks annotated with the bare `ConfigurableResource`.

    ## Why is this bad?
    It runs if a resource of that key is bound, whatever it is: neither Dagster nor a type checker nor an editor knows
    what the resource can do, and a wrong binding shows in the middle of a run.

    ## Example
    ```python
    @asset
    def orders(database: ConfigurableResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS SELECT 1 AS order_id")
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE orders AS SELECT 1 AS order_id")
    ```

    ## Fix safety
    There is no fix: which class is meant, only its author knows.

    ## Options
    None.

    ## References
    - [Dagster: resources](https://docs.dagster.io/guides/build/external-resources)
    """

    code = "AL705"
    severity = Severity.WARNING
    message = (
        "`{name}` of `{function}` is typed as the bare `ConfigurableResource`: nothing checks what it can do. "
        "Name its class"
    )

    def visit_function(self, function: Function) -> None:
        for parameter in function.generic_resources:
            self.report(
                Place(function.module, parameter.node),
                name=parameter.name,
                function=function.name,
                hint="name the class, e.g. `DuckDBResource`",
            )
