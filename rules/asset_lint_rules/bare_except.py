from asset_lint.rule import Handler, Rule


class BareExcept(Rule):
    """Never use a bare `except`."""

    code = "AL301"
    message = "`{clause}` in `{function}` also swallows a cancelled run and every typo: the step goes green. {cure}"

    def visit_handler(self, handler: Handler) -> None:
        if not handler.catches_everything or handler.reraises:
            return
        clause = "except:" if handler.node.type is None else "except BaseException:"
        self.report(handler.place, clause=clause, function=handler.function.name, cure="Name what you expect")
