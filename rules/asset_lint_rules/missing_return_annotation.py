from asset_lint.rule import Fix, Function, Rule, Severity


class MissingReturnAnnotation(Rule):
    """Annotate what an asset returns.

    ## What it does
    Finds assets that touch DuckDB and give a value, or yield, without a return annotation. (AL704 speaks of those that
    give nothing.)

    ## Why is this bad?
    Dagster checks what an asset gives against its annotation, before anything is stored, and shows it in the catalog.
    Without one a frame that became a list on some path, or a connection that was returned by mistake, is found out by
    whoever reads the asset, if at all.

    ## Example
    ```python
    @asset
    def shifts(context: AssetExecutionContext, database: DuckDBResource):
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_shifts").df()
    ```

    ## Use instead
    ```python
    @asset
    def shifts(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_shifts").df()
    ```

    ## Fix safety
    Safe, and offered where the kind of the value is known and the same on every path: a frame, a `MaterializeResult`, a
    list, a dict, a number, a text.

    ## Options
    `all-assets`: ask it of assets that do not touch DuckDB too.

    ## References
    - [Dagster: types of assets](https://docs.dagster.io/guides/build/assets/defining-assets)
    """

    code = "AL706"
    severity = Severity.INFO
    duty = True
    message = "`{function}` does not say what it gives: nothing checks it, and readers have to guess. Annotate it{cure}"

    def visit_asset(self, asset: Function) -> None:
        giving = asset.giving
        if asset.node.returns is None and not giving.nothing:
            known = giving.known_type
            cure = f", `-> {known[1]}`" if known else ""
            hint = "write the type behind `->`, e.g. `Iterator[MaterializeResult]` where it yields"
            self.report(asset.name_place, function=asset.name, cure=cure, hint=hint, fix=self.annotated(asset))

    def annotated(self, asset: Function) -> Fix | None:
        known = asset.giving.known_type
        if known is None:
            return None
        module, name = known
        rewrite = self.rewrite()
        rewrite.annotate_return(asset.place, rewrite.import_name(module, name, near=asset.place) if module else name)
        return rewrite.fix(f"Write `-> {name}`")
