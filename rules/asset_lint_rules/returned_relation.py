from asset_lint.rule import Output, ResultKind, Rule


class ReturnedRelation(Rule):
    """Never return relations from assets."""

    code = "AL101"
    message = "`{function}` gives back a DuckDB relation"

    def visit_output(self, output: Output) -> None:
        if output.kinds & {ResultKind.RELATION, ResultKind.GROUPED} and self.function.refuses_duckdb_objects:
            self.report(output.place, function=self.function.name, because=output.made)
