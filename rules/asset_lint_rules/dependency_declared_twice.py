from asset_lint.rule import DeclaredTwice, Evidence, Fix, Function, Rule, Severity


class DependencyDeclaredTwice(Rule):
    """Declare a dependency once: as a parameter, or in `deps`.

    ## What it does
    Finds assets that name in `deps=` an asset whose value a parameter receives, and `deps=` given one asset instead of
    a list.

    ## Why is this bad?
    The parameter says it all. Dagster up to 1.8 refuses the definition; since then the entry is idle, and whoever reads
    it looks for what it adds. A bare asset instead of a list is refused (an `AssetKey` from Dagster 1.13 on), and of a
    bare text each letter is taken for an asset.

    ## Example
    ```python
    @asset
    def raw_orders() -> pd.DataFrame:
        return pd.read_csv("orders.csv")


    @asset(deps=[raw_orders])
    def orders(raw_orders: pd.DataFrame) -> pd.DataFrame:
        return raw_orders.dropna()
    ```

    ## Use instead
    ```python
    @asset
    def raw_orders() -> pd.DataFrame:
        return pd.read_csv("orders.csv")


    @asset
    def orders(raw_orders: pd.DataFrame) -> pd.DataFrame:
        return raw_orders.dropna()
    ```

    ## Fix safety
    Safe: the entry is taken out of `deps`, or a list is put round the bare asset.

    ## Options
    `target-dagster`: which versions are meant; otherwise what the lock file or the requirements say.

    ## References
    - [Dagster: asset dependencies](https://docs.dagster.io/guides/build/assets/passing-data-between-assets)
    """

    code = "AL701"
    severity = Severity.WARNING
    evidence = Evidence.DEPENDENCY_TWICE
    message = "`{name}` is in the `deps` of `{function}` and its parameter too: {what}. Drop it from `deps`"
    bare_message = "`deps` of `{function}` is no list: {what}. Write `[…]`"

    def visit_function(self, function: Function) -> None:
        for twice in function.declared_twice:
            refused = {"": "Dagster refuses that", None: "that says nothing more"}
            self.report(
                twice.element,
                name=twice.name,
                function=function.name,
                what=refused.get(twice.refused, f"that says nothing more, and is refused {twice.refused}"),
                severity=Severity.ERROR if twice.refused == "" else None,
                because=[(twice.parameter, "the parameter")],
                fix=self.dropped(twice),
            )
        bare = function.bare_dependency
        if bare is not None:
            rewrite = self.rewrite()
            rewrite.put_in_list(bare.value)
            self.report(
                bare.value,
                message=self.bare_message,
                function=function.name,
                what=f"{bare.what} {bare.versions}".rstrip(),
                severity=Severity.ERROR,
                fix=rewrite.fix("Put a list round it"),
            )

    def dropped(self, twice: DeclaredTwice) -> Fix | None:
        rewrite = self.rewrite()
        rewrite.drop_element(twice.deps, twice.index, twice.decorator)
        return rewrite.fix("Drop it from `deps`")
