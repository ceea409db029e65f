from asset_lint.rule import Connection, Evidence, Fix, Origin, Rule, Safety


class HardcodedDatabasePath(Rule):
    """Never hardcode the path of a database in an asset.

    ## What it does
    Finds compute functions that open a database file whose path the code alone decides: a literal, a constant (of this
    module or an imported one), an f-string or a `Path` of literals, a default argument nobody overrides, a file beside
    the module, a literal handed to a helper that opens it.

    ## Why is this bad?
    Every environment opens the same file, relative to whatever the working directory happens to be: a run in another
    directory makes a new, empty database and fails on its missing tables, and a test works on production's data.

    ## Example
    ```python
    @asset
    def orders() -> pd.DataFrame:
        with duckdb.connect("warehouse.duckdb") as conn:
            return conn.execute("SELECT * FROM raw_orders").df()
    ```

    ## Use instead
    ```python
    @asset
    def orders(database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            return conn.execute("SELECT * FROM raw_orders").df()


    defs = Definitions(assets=[orders], resources={"database": DuckDBResource(database=EnvVar("DUCKDB_DATABASE"))})
    ```

    ## Fix safety
    Unsafe: the asset takes a `DuckDBResource`: the one that its code location binds, else as the parameter `database`,
    and binding it is left to you, as above. Path and options of the connection are the resource's from then on. Offered
    where the connection stands in a `with`, and the asset doesn't give its path to others.

    ## Options
    `known-connections`: functions that give connections which the code itself can't show to be any.

    ## References
    - [Dagster: DuckDB](https://docs.dagster.io/integrations/libraries/duckdb)
    - [Dagster: environment variables](https://docs.dagster.io/guides/operate/configuration/using-environment-variables-and-secrets)
    """

    code = "AL203"
    message = (
        "`{function}` opens a database file whose path stands in the code: every environment and test opens the same "
        "one. Take it from a resource"
    )
    evidence = Evidence.FOREIGN_DATABASE
    hint = 'bind a resource: `resources={"database": DuckDBResource(database=EnvVar("DUCKDB_DATABASE"))}`'

    def visit_connection(self, connection: Connection) -> None:
        function = self.in_function
        if connection.origin is Origin.LITERAL and function.in_compute_function and not function.is_test:
            self.report(
                connection.opened,
                function=function.name,
                because=connection.steps,
                hint=self.hint,
                fix=self.taken_from_resource(connection),
            )

    def taken_from_resource(self, connection: Connection) -> Fix | None:
        """One resource a file, one file at a time: the next gets its own once this one has its name."""
        function = self.in_function
        literal = [c for c in function.connections if c.origin is Origin.LITERAL]
        same_file = [c.opened for c in literal if c is connection or (c.path and c.path == connection.path)]
        if literal[0].opened not in same_file or not function.is_compute or function.takes_resources_by_key:
            return None
        if not all(function.is_with_item(opened) and not function.gives_on(opened) for opened in same_file):
            return None
        rewrite = self.rewrite()
        wanted = function.duckdb_resource_key or "database"
        name = rewrite.free_name(wanted, near=connection.opened)
        if name != wanted:
            name = rewrite.free_name("database", near=connection.opened)
        resource = rewrite.import_name("dagster_duckdb", "DuckDBResource", near=function.place)
        rewrite.add_parameter(function.place, name, resource)
        for opened in same_file:
            rewrite.replace(opened, f"{name}.get_connection()")
        return rewrite.fix(f"Take a `DuckDBResource` as the parameter `{name}`", Safety.UNSAFE)
