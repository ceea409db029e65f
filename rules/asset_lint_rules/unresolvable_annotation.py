from asset_lint.rewrite import drop_guarded, import_at_run_time
from asset_lint.rule import Cause, Evidence, Fix, Function, Place, Rule, Safety, Unresolved


class UnresolvableAnnotation(Rule):
    """Write annotations of assets so that Dagster can resolve them.

    ## What it does
    Finds types in the annotations of assets, ops and asset checks that are unknown when the function is defined:
    imported under `if TYPE_CHECKING:` only, or local to a function around it. And annotations of a `context` or a
    `config` that are strings: quoted, or by `from __future__ import annotations`.

    ## Why is this bad?
    Dagster looks at the annotations at once: it picks the context, the config schema and the type checks by them. What
    it can't resolve raises `DagsterInvalidDefinitionError`, and the code location does not load. Ruff's rules TC001 to
    TC003 and FA100 suggest exactly these changes; this keeps both tools in peace:

    ```toml
    [tool.ruff.lint.flake8-type-checking]
    runtime-evaluated-decorators = [
        "dagster.asset", "dagster.multi_asset", "dagster.op", "dagster.asset_check", "dagster.multi_asset_check",
    ]
    runtime-evaluated-base-classes = ["dagster.Config", "dagster.ConfigurableResource"]
    ```

    ## Example
    ```python
    from typing import TYPE_CHECKING

    from dagster import asset

    if TYPE_CHECKING:
        import pandas as pd


    @asset
    def orders(raw_orders: "pd.DataFrame") -> "pd.DataFrame":
        return raw_orders.dropna()
    ```

    ## Use instead
    ```python
    import pandas as pd
    from dagster import asset


    @asset
    def orders(raw_orders: "pd.DataFrame") -> "pd.DataFrame":
        return raw_orders.dropna()
    ```

    ## Fix safety
    Safe: the import is moved to run time, or the quotes are taken away. No fix is offered where that would make modules
    import each other in a circle. Unsafe: in a module with `from __future__ import annotations` the annotation of the
    context is dropped; Dagster then gives what fits. No fix ever annotates a context in such a module.

    ## Options
    None.

    ## References
    - [Ruff: runtime-evaluated decorators](https://docs.astral.sh/ruff/settings/#lint_flake8-type-checking_runtime-evaluated-decorators)
    """

    code = "AL404"
    message = (
        "`{name}` in {which} of `{function}` {cause}: Dagster can't resolve it when the module is imported. {cure}"
    )
    evidence = Evidence.DEFINITION_REFUSED
    whole_message = (
        "{which} of `{function}` {cause}, which Dagster does not resolve: the module can't be imported. {cure}"
    )
    cures = {
        Cause.TYPE_CHECKING: "Import it at run time",
        Cause.LOCAL: "Move its definition to the top of the module, or drop the annotation",
        Cause.LATER: "Move it above the function",
        Cause.QUOTED: "Write it without quotes",
        Cause.FUTURE: "Drop the annotation, or that import",
    }

    def visit_function(self, function: Function) -> None:
        for item in function.unresolved_annotations:
            which = f"the annotation of `{item.parameter.arg}`" if item.parameter else "the return annotation"
            cure = self.cures[item.cause]
            if item.cause is Cause.FUTURE and item.is_config:
                cure = "Drop that import"
            self.report(
                item.annotation,
                message=self.message if item.name else self.whole_message,
                name=item.name,
                which=which,
                function=function.name,
                cause=item.cause.value,
                cure=cure,
                because=[(guard.statement, "imported here") for guard in item.guards],
                fix=self.cure(item),
            )

    def cure(self, item: Unresolved) -> Fix | None:
        rewrite = self.rewrite()
        if item.cause is Cause.FUTURE and item.parameter is not None and not item.is_config:
            rewrite.drop_annotation(Place(self.module, item.parameter))
            for module, name in self.in_function.imports_in(item.annotation):
                rewrite.drop_import(module, name)
            for guard in item.guards:
                if self.module.mentions(guard.local) == 1:
                    drop_guarded(rewrite, guard)
            return rewrite.fix("Drop the annotation", Safety.UNSAFE)
        if item.cause not in (Cause.TYPE_CHECKING, Cause.QUOTED) or not item.movable:
            return None
        if item.cause is Cause.QUOTED:
            rewrite.replace(item.annotation, item.code)
        elif not item.guards:
            return None
        for guard in item.guards:
            import_at_run_time(rewrite, guard, near=self.in_function.place)
        return rewrite.fix("Import it at run time" if item.guards else "Write it without quotes")
