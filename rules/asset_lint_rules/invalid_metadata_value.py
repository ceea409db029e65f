from asset_lint.rule import Data, Evidence, Fix, Function, MetadataEntry, PyKind, Rule

K = PyKind
BY_KIND = {
    **dict.fromkeys((K.DATE, K.DATETIME, K.TIMESTAMP, K.TIMEDELTA, K.UUID, K.ERROR, K.DTYPE), "str"),
    **dict.fromkeys((K.SET, K.TUPLE, K.VIEW, K.RANGE, K.INDEX), "list"),
    K.NP_INT: "int",
    K.NP_BOOL: "bool",
    K.NP_FLOAT: "float",
    K.DECIMAL: "float",
}
BY_WRAPPER = {
    "int": ("int", {K.NP_INT}),
    "bool": ("bool", {K.NP_BOOL}),
    "float": ("float", {K.NP_INT, K.NP_FLOAT, K.DECIMAL, K.INT, K.BOOL}),
    **dict.fromkeys(("text", "md", "path", "url"), ("str", set(PyKind) - {K.FRAME, K.SERIES, K.POLARS_FRAME})),
}
COLUMNS = frozenset((K.SERIES, K.FRAME, K.POLARS_FRAME, K.POLARS_SERIES, K.NP_ARRAY))


class InvalidMetadataValue(Rule):
    """Give Dagster plain Python values as metadata.

    ## What it does
    Finds metadata that Dagster refuses or cannot store: numpy numbers and bools as pandas' `sum()`, `count()` or
    `any()` give them, `Decimal`, dates, sets, tuples (`df.shape`), frames, exceptions, at the top or inside of lists
    and dicts; and arguments of the wrong type in `MetadataValue.int(…)`, `.float(…)`, `.json(…)` and their like.

    ## Why is this bad?
    The values are checked when the work is done: the run fails with `DagsterInvalidMetadata`, `SerializationError` or
    `CheckError`, and a result that was right is thrown away. A `MetadataValue` wrapper does not convert anything.

    ## Example
    ```python
    @asset
    def trips(context: AssetExecutionContext, raw_trips: pd.DataFrame) -> pd.DataFrame:
        context.add_output_metadata({"missing_fares": raw_trips["fare"].isnull().sum()})
        return raw_trips
    ```

    ## Use instead
    ```python
    @asset
    def trips(context: AssetExecutionContext, raw_trips: pd.DataFrame) -> pd.DataFrame:
        context.add_output_metadata({"missing_fares": int(raw_trips["fare"].isnull().sum())})
        return raw_trips
    ```

    ## Fix safety
    Safe: the value is wrapped in `int()`, `float()`, `bool()`, `str()` or `list()`, whatever fits its kind. No fix is
    offered for frames and columns, nor where the value may be of another kind too.

    ## Options
    None.

    ## References
    - [Dagster: asset metadata](https://docs.dagster.io/guides/build/assets/metadata-and-tags)
    """

    code = "AL107"
    message = (
        "the metadata{key} of `{function}` is {what}, which Dagster does not take{inside}: the run fails when its work "
        "is done. {cure}"
    )
    evidence = Evidence.METADATA_REFUSED

    def visit_function(self, function: Function) -> None:
        for entry in function.metadata_entries:
            if bad := entry.refused:
                self.refuse(function, entry, bad)

    def refuse(self, function: Function, entry: MetadataEntry, bad: list[Data]) -> None:
        cure = self.cure(entry, bad)
        kinds = bad[0].kinds - COLUMNS - {K.TIMESTAMP} or bad[0].kinds  # a mean may be a time, but hardly is
        inside = f" in `MetadataValue.{entry.wrapper}`" if entry.wrapper not in ("", "mapping") else ""
        self.report(
            entry.place,
            function=function.name,
            key=f" `{entry.key}`" if entry.key else "",
            what=" or ".join(sorted(kind.value for kind in kinds)),
            inside=inside,
            cure=f"Write `{cure}(…)`" if cure else "Give a plain Python value",
            because=[(data.made, "made here") for data in bad if data.made and not entry.place.holds(data.made)],
            fix=self.wrapped(function, entry, cure) if cure and entry.always_refused else None,
            hint="give a count, a `dict` of plain values, or `MetadataValue.md(frame.head().to_markdown())`"
            if bad[0].kinds & COLUMNS else "",
        )  # fmt: skip

    def cure(self, entry: MetadataEntry, bad: list[Data]) -> str:
        kinds = frozenset(kind for data in bad for kind in data.kinds)
        if entry.wrapper in BY_WRAPPER:
            function, fitting = BY_WRAPPER[entry.wrapper]
            return function if kinds & fitting else ""
        if kinds & {K.NP_FLOAT, K.DECIMAL}:
            return "float"
        found = {BY_KIND.get(kind, "") for kind in kinds - COLUMNS}
        return found.pop() if len(found) == 1 else ""

    def wrapped(self, function: Function, entry: MetadataEntry, cure: str) -> Fix | None:
        if entry.wrapper == "mapping" or not function.is_builtin(cure):
            return None
        rewrite = self.rewrite()
        rewrite.wrap_call(entry.place, cure)
        return rewrite.fix(f"Convert it with `{cure}()`")
