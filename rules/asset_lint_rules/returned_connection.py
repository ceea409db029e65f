from asset_lint.rule import Output, ResultKind, Rule


class ReturnedConnection(Rule):
    """Never return connections from assets."""

    code = "AL102"
    message = "`{function}` gives back a DuckDB connection"

    def visit_output(self, output: Output) -> None:
        if ResultKind.CONNECTION in output.kinds and self.function.refuses_duckdb_objects:
            self.report(output.place, function=self.function.name, because=output.made)
