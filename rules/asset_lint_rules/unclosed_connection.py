from asset_lint.rule import Connection, Rule, Severity, Way


class UnclosedConnection(Rule):
    """Never leave a connection open."""

    code = "AL201"
    message = "connection {name}of `{function}` is not closed on every way out"

    def visit_connection(self, connection: Connection) -> None:
        for leak in connection.leaks[:1]:
            self.report(connection.opened, name=connection.name + " ", function=self.function.name, because=[(leak.node, f"still open {leak.way.value}")], severity=Severity.INFO if connection.in_memory else None)
