from asset_lint.rule import Connection, Origin, Rule


class HardcodedDatabasePath(Rule):
    """Never hardcode database paths in assets."""

    code = "AL203"
    message = "`{function}` opens a database file whose path is written in the code"

    def visit_connection(self, connection: Connection) -> None:
        if connection.origin is Origin.LITERAL and self.function.compute and not self.function.is_test:
            self.report(connection.opened, function=self.function.name, because=connection.steps)
