from __future__ import annotations

import libcst as cst

from asset_lint.rewrite.texts import joined_text
from asset_lint.rule import Evidence, Fix, Rule, Severity

IDLE = frozenset(("end", "flush"))  # what a log line has no use for


class PrintInAsset(Rule):
    """Never print in what Dagster runs: log it.

    ## What it does
    Finds calls of `print` in compute functions.

    ## Why is this bad?
    What is printed is no event of the run: it stands in the compute logs of whichever machine ran the step, without a
    time, a level or the asset's name, if anybody keeps those. Nobody can search for it, filter it, or be alerted by it.

    ## Example
    ```python
    @asset
    def returns(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            returns = conn.execute("SELECT * FROM raw_returns").df()
        print("rows:", len(returns))
        return returns
    ```

    ## Use instead
    ```python
    @asset
    def returns(context: AssetExecutionContext, database: DuckDBResource) -> pd.DataFrame:
        with database.get_connection() as conn:
            returns = conn.execute("SELECT * FROM raw_returns").df()
        context.log.info(f"rows: {len(returns)}")
        return returns
    ```

    ## Fix safety
    Safe: the same text is logged by `context.log.info`, in an `except` clause by `context.log.error`. Offered where the
    function takes a context and the text is plain to put together.

    ## Options
    None. What is printed to a file (`file=`) is not meant, nor what a script prints under `if __name__ == "__main__"`.

    ## References
    - [Dagster: logging](https://docs.dagster.io/guides/monitor/logging)
    """

    code = "AL503"
    severity = Severity.WARNING
    evidence = Evidence.PRINTED_ONLY
    words = ("print",)
    message = "`print` in `{function}` is no event of the run, so nobody finds it there. Write `{cure}`"

    def visit_Call(self, node: cst.Call) -> None:
        function = self.in_function
        if not isinstance(node.func, cst.Name) or node.func.value != "print" or function.is_test:
            return
        named = {argument.keyword.value for argument in node.args if argument.keyword is not None}
        if function.in_compute_function and function.is_builtin("print") and "file" not in named:
            level = "error" if any(h.holds(self.span(node)) for h in function.handlers) else "info"
            cure = f"{function.context_in_sight or 'context'}.log.{level}(…)"
            taken = "" if function.context_in_sight else "take a `context` and "
            hint = f"{taken}write `{cure}`"
            self.report(node, function=function.name, cure=cure, hint=hint, fix=self.logged(node, level))

    def logged(self, node: cst.Call, level: str) -> Fix | None:
        context = self.in_function.context_in_sight
        given = {a.keyword.value: a.value for a in node.args if a.keyword is not None and a.keyword.value not in IDLE}
        texts = [argument for argument in node.args if argument.keyword is None]
        message = joined_text(texts, given.pop("sep", None))
        if context is None or message is None or given:
            return None
        rewrite = self.rewrite()
        log = cst.Attribute(cst.Attribute(cst.Name(context), cst.Name("log")), cst.Name(level))
        argument = node.args[-1].with_changes(value=message, keyword=None, equal=cst.MaybeSentinel.DEFAULT)
        rewrite.replace(node, node.with_changes(func=log, args=[argument]))
        return rewrite.fix(f"Write `{context}.log.{level}`")
