from asset_lint.rule import Function, Rule, Severity, WorkKind


class UnhandledDuckdbError(Rule):
    """x"""

    code = "AL303"
    message = "m {function}"
    severity = Severity.WARNING
    duty = True

    def visit_asset(self, asset: Function) -> None:
        queries = [work for work in asset.work if work.kind is WorkKind.QUERY and not work.in_memory]
        if any(guard.specific and guard.handles for query in queries for guard in query.guards):
            return
        unhandled = [query for query in queries if not query.is_handled]
        if unhandled:
            self.report(unhandled[0].call, function=asset.name, because=[(p, "x") for p in unhandled[0].steps])
