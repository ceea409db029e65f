from asset_lint.rule import Evidence, Fix, Function, Rule, Safety, Severity


class MissingNoneAnnotation(Rule):
    """Always annotate an asset that returns nothing with `-> None`.

    ## What it does
    Finds assets that touch DuckDB, give nothing (no value is returned on any path, nothing is yielded) and have no
    return annotation.

    ## Why is this bad?
    Without the annotation the `None` is a value like any other: Dagster hands it to the IO manager. The default one
    pickles it, so that each run leaves a file that means nothing; DuckDB's refuses it, and the run fails with
    `Unexpected 'None' output value`. And a downstream asset that takes the asset as a parameter gets that `None`
    instead of an error.

    ## Example
    ```python
    @asset
    def zones(database: DuckDBResource):
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE zones AS SELECT * FROM 'zones.parquet'")
    ```

    ## Use instead
    ```python
    @asset
    def zones(database: DuckDBResource) -> None:
        with database.get_connection() as conn:
            conn.execute("CREATE OR REPLACE TABLE zones AS SELECT * FROM 'zones.parquet'")
    ```

    ## Fix safety
    Safe. Unsafe where an IO manager that is not known may do something of its own with a `None`. There is no fix where
    an asset of the project takes the value as a parameter: it would get an error in the place of the `None`.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too.

    ## References
    - [Dagster: returning nothing](https://docs.dagster.io/guides/build/io-managers#using-io-managers-to-load-and-store-data)
    """

    code = "AL704"
    severity = Severity.WARNING
    duty = True
    evidence = Evidence.NONE_STORED
    message = "`{function}` returns nothing and does not say so: its IO manager has to store a `None`. Write `-> None`"

    def visit_asset(self, asset: Function) -> None:
        if asset.node.returns is None and asset.giving.nothing and not asset.giving.several:
            hint = "list it in `deps` of the assets that take it as a parameter, then write `-> None`"
            self.report(asset.name_place, function=asset.name, hint=hint, fix=self.annotated(asset))

    def annotated(self, asset: Function) -> Fix | None:
        if asset.giving.taken:
            return None
        rewrite = self.rewrite()
        rewrite.annotate_return(asset.place, "None")
        return rewrite.fix("Write `-> None`", Safety.SAFE if asset.giving.stored_as_usual else Safety.UNSAFE)
