"""Kinds of Python values that Dagster, or a type annotation, takes or refuses, and what pandas, numpy, polars and the
standard library give: one closed table of measured results.

A cell says ``kind``, ``kind|kind`` (one of these), ``kind:kind`` (a column of the latter). What no cell names is of
unknown kind.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import cache


class PyKind(enum.Enum):
    """Kind of a Python value; the value of each member is what a message calls it."""

    NONE = "None"
    BOOL = "a bool"
    INT = "an int"
    FLOAT = "a float"
    STR = "a str"
    BYTES = "bytes"
    DECIMAL = "a `Decimal`"
    DATE = "a `date`"
    DATETIME = "a `datetime`"
    TIMEDELTA = "a `timedelta`"
    NP_INT = "a numpy integer"
    NP_FLOAT = "a `numpy.float64`"
    NP_BOOL = "a `numpy.bool`"
    NP_ARRAY = "a numpy array"
    TIMESTAMP = "a pandas `Timestamp`"
    FRAME = "a pandas DataFrame"
    SERIES = "a pandas Series"
    GROUPS = "a pandas GroupBy"
    INDEX = "a pandas Index"
    DTYPE = "a dtype"
    POLARS_FRAME = "a polars DataFrame"
    POLARS_LAZY = "a polars LazyFrame"
    POLARS_SERIES = "a polars Series"
    POLARS_SCHEMA = "a polars Schema"
    ARROW_TABLE = "an Arrow table"
    ARROW_SCHEMA = "an Arrow schema"
    LIST = "a list"
    DICT = "a dict"
    TUPLE = "a tuple"
    SET = "a set"
    VIEW = "a view of a dict"
    RANGE = "a `range`"
    UUID = "a `UUID`"
    ERROR = "an exception"
    TYPE = "a class"


FRAMES = frozenset((PyKind.FRAME, PyKind.POLARS_FRAME, PyKind.ARROW_TABLE))
"""The tables that a library holds in memory, and DuckDB scans by the name of their variable."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One of ``kinds``; ``item`` is the kind of the elements of a column."""

    kinds: frozenset[PyKind]
    item: PyKind | None = None


K = PyKind

#: What isinstance says: the dotted names of the classes (without ``object``) that values of a kind belong to.
CLASSES: dict[PyKind, str] = {
    K.BOOL: "builtins.bool builtins.int",
    K.INT: "builtins.int",
    K.FLOAT: "builtins.float",
    K.STR: "builtins.str",
    K.BYTES: "builtins.bytes",
    K.DECIMAL: "decimal.Decimal",
    K.DATE: "datetime.date",
    K.DATETIME: "datetime.datetime datetime.date",
    K.TIMEDELTA: "datetime.timedelta",
    K.NP_INT: "numpy.integer numpy.number numpy.generic numpy.int64 numpy.int32",
    K.NP_FLOAT: "numpy.floating numpy.number numpy.generic numpy.float64 builtins.float",
    K.NP_BOOL: "numpy.bool numpy.bool_ numpy.generic",
    K.NP_ARRAY: "numpy.ndarray",
    K.TIMESTAMP: "pandas.Timestamp datetime.datetime datetime.date",
    K.FRAME: "pandas.DataFrame pandas.core.frame.DataFrame",
    K.SERIES: "pandas.Series pandas.core.series.Series",
    K.INDEX: "pandas.Index",
    K.POLARS_FRAME: "polars.DataFrame polars.dataframe.frame.DataFrame",
    K.POLARS_LAZY: "polars.LazyFrame",
    K.POLARS_SERIES: "polars.Series",
    K.ARROW_TABLE: "pyarrow.Table pyarrow.lib.Table",
    K.LIST: "builtins.list",
    K.DICT: "builtins.dict",
    K.TUPLE: "builtins.tuple",
    K.SET: "builtins.set",
    K.UUID: "uuid.UUID",
}

#: The kind that an annotation of that name promises. Builtin types are left out: nobody checks them.
BY_ANNOTATION: dict[str, PyKind] = {
    "pandas.DataFrame": K.FRAME, "pandas.core.frame.DataFrame": K.FRAME, "pandas.Series": K.SERIES,
    "polars.DataFrame": K.POLARS_FRAME, "polars.LazyFrame": K.POLARS_LAZY, "polars.Series": K.POLARS_SERIES,
    "pyarrow.Table": K.ARROW_TABLE, "pyarrow.lib.Table": K.ARROW_TABLE, "datetime.datetime": K.DATETIME,
    "datetime.date": K.DATE, "datetime.timedelta": K.TIMEDELTA, "decimal.Decimal": K.DECIMAL, "uuid.UUID": K.UUID,
}  # fmt: skip

_TIME = "now utcnow today fromtimestamp utcfromtimestamp fromisoformat strptime combine"
_READERS = "read_csv read_parquet read_json read_feather read_sql read_sql_query read_sql_table json_normalize"
_SCALARS = {"int8 int16 int32 int64 uint8 uint32 uint64": "np_int", "float64": "np_float", "bool_ bool": "np_bool"}
_AVERAGES = "mean std var median percentile quantile nanmean nanstd nanvar nanmedian nanpercentile average"

#: Functions and classes of libraries by dotted name.
FUNCTIONS: dict[str, str] = {
    **{f"datetime.datetime.{name}": "datetime" for name in _TIME.split()},
    "datetime.datetime": "datetime", "datetime.date": "date", "datetime.timedelta": "timedelta",
    "datetime.date.today": "date", "datetime.date.fromisoformat": "date", "datetime.date.fromtimestamp": "date",
    "decimal.Decimal": "decimal", "uuid.uuid4": "uuid", "uuid.uuid1": "uuid", "uuid.UUID": "uuid",
    "time.time": "float", "time.perf_counter": "float", "time.monotonic": "float",
    "json.dumps": "str", "math.sqrt": "float", "math.floor": "int", "math.ceil": "int", "os.path.getsize": "int",
    **{f"pandas.{name}": "frame" for name in ("DataFrame", *_READERS.split())},
    **{f"pandas.Timestamp{tail}": "timestamp" for tail in ("", ".now", ".utcnow", ".today")},
    "pandas.Series": "series", "pandas.merge": "frame", "pandas.pivot_table": "frame", "pandas.concat": "frame|series",
    "pandas.to_datetime": "timestamp|series|index", "pandas.Timedelta": "timedelta",
    **{f"polars.{name}": "polars_frame" for name in "DataFrame read_csv read_parquet read_json from_pandas".split()},
    "polars.LazyFrame": "polars_lazy", "polars.scan_parquet": "polars_lazy", "polars.scan_csv": "polars_lazy",
    "polars.Series": "polars_series", "pyarrow.table": "arrow_table", "pyarrow.Table.from_pandas": "arrow_table",
    **{f"numpy.{name}": kind for names, kind in _SCALARS.items() for name in names.split()},
    **{f"numpy.{name}": "np_float" for name in _AVERAGES.split()},
    "numpy.sum": "np_int|np_float", "numpy.nansum": "np_int|np_float",
    **{f"numpy.{name}": "np_array" for name in "array asarray zeros ones arange linspace unique".split()},
}  # fmt: skip

#: Keywords with which a function gives something else.
SHAPING = frozenset("axis chunksize iterator keepdims out squeeze sheet_name return_counts retstep".split())

_SELF = "head tail copy dropna fillna drop_duplicates sort_values sort_index reset_index sample round abs replace"
_FRAME_SELF = f"{_SELF} drop rename merge assign astype query set_index filter sort nlargest nsmallest explode"
_SERIES_SELF = f"{_SELF} astype clip shift diff cumsum nlargest nsmallest rename map between_time add sub mul div"
_TESTS = "isnull isna notnull notna isin eq ne gt lt ge le duplicated"
_REDUCING = "sum mean std var median min max count nunique any all prod"
_STATISTICS = "mean median std var sem"
_POLARS_SELF = (
    "select filter with_columns head tail limit sort drop rename join unique cast fill_null drop_nulls sample"
)
_WHEN = {"isoformat": "str", "strftime": "str", "timestamp": "float", "date": "date"}

#: What properties give. ``self`` is the receiver's own kind.
ATTRIBUTES: dict[PyKind, dict[str, str]] = {
    K.FRAME: {
        "shape": "tuple:int", "size": "int", "ndim": "int", "empty": "bool", "columns": "index", "index": "index",
        "dtypes": "series:dtype", "values": "np_array", "T": "self",
    },
    K.SERIES: {
        "shape": "tuple:int", "size": "int", "ndim": "int", "empty": "bool", "index": "index", "dtype": "dtype",
        "values": "np_array", "is_unique": "bool", "hasnans": "bool", "nbytes": "int",
    },
    K.INDEX: {"shape": "tuple:int", "size": "int", "empty": "bool", "is_unique": "bool", "values": "np_array"},
    K.GROUPS: {"ngroups": "int", "groups": "dict"},
    K.NP_ARRAY: {"shape": "tuple:int", "size": "int", "ndim": "int", "dtype": "dtype"},
    K.POLARS_FRAME: {
        "shape": "tuple:int", "height": "int", "width": "int", "columns": "list", "schema": "polars_schema",
    },
    K.POLARS_SERIES: {"shape": "tuple:int", "dtype": "dtype", "name": "str"},
    K.ARROW_TABLE: {
        "shape": "tuple:int", "num_rows": "int", "num_columns": "int", "nbytes": "int", "column_names": "list",
        "schema": "arrow_schema",
    },
    K.TIMEDELTA: {"days": "int", "seconds": "int", "microseconds": "int"},
    K.DATE: {"year": "int", "month": "int", "day": "int"},
    K.DATETIME: {"year": "int", "month": "int", "day": "int", "hour": "int", "minute": "int"},
    K.TIMESTAMP: {"year": "int", "month": "int", "day": "int", "hour": "int", "minute": "int"},
    K.UUID: {"hex": "str"},
    K.TYPE: {"__name__": "str"},
}  # fmt: skip

#: What methods give. ``item`` is the kind of the receiver's elements.
METHODS: dict[PyKind, dict[str, str]] = {
    K.FRAME: {
        **dict.fromkeys(_FRAME_SELF.split(), "self"), **dict.fromkeys(_TESTS.split(), "frame:np_bool"),
        **dict.fromkeys(_REDUCING.split(), "series"), "duplicated": "series:np_bool", "describe": "frame",
        "groupby": "groups", "memory_usage": "series:np_int", "value_counts": "series:np_int", "to_numpy": "np_array",
        "count": "series:np_int", "nunique": "series:np_int", "to_csv": "str|none", "to_markdown": "str|none",
        "to_json": "str|none", "equals": "bool",
    },
    K.SERIES: {
        **dict.fromkeys(_SERIES_SELF.split(), "self"), **dict.fromkeys(_TESTS.split(), "series:np_bool"),
        **dict.fromkeys(_STATISTICS.split(), "np_float|timestamp"), "sum": "np_int|np_float", "prod": "np_int|np_float",
        "count": "np_int", "nunique": "int", "any": "np_bool", "all": "np_bool", "min": "item", "max": "item",
        "value_counts": "series:np_int", "unique": "np_array", "to_numpy": "np_array", "tolist": "list",
        "to_list": "list", "to_dict": "dict", "groupby": "groups", "describe": "series", "to_frame": "frame",
        "memory_usage": "int", "corr": "np_float", "equals": "bool", "items": "view",
    },
    K.GROUPS: {
        **dict.fromkeys(_REDUCING.split(), "series|frame"), "size": "series:np_int", "agg": "series|frame",
        "head": "series|frame", "first": "series|frame", "last": "series|frame",
    },
    K.INDEX: {"tolist": "list", "to_list": "list", "nunique": "int", "unique": "index", "astype": "index"},
    K.NP_ARRAY: {"tolist": "list", "any": "np_bool", "all": "np_bool", "mean": "np_float", "sum": "np_int|np_float"},
    K.NP_INT: {"astype": "self"},
    K.NP_FLOAT: {"astype": "self", "round": "self"},
    K.POLARS_FRAME: {
        **dict.fromkeys(_POLARS_SELF.split(), "self"), "describe": "polars_frame", "null_count": "polars_frame",
        "is_empty": "bool", "n_chunks": "int", "to_dicts": "list", "lazy": "polars_lazy", "to_pandas": "frame",
        "to_arrow": "arrow_table", "get_column": "polars_series", "to_series": "polars_series",
        "estimated_size": "int|float", "rows": "list", "row": "tuple", "is_duplicated": "polars_series",
    },
    K.POLARS_LAZY: {
        **dict.fromkeys(_POLARS_SELF.split(), "self"), "collect": "polars_frame", "collect_schema": "polars_schema",
    },
    K.POLARS_SERIES: {
        "unique": "self", "value_counts": "polars_frame", "to_list": "list", "n_unique": "int", "null_count": "int",
        "len": "int", "to_numpy": "np_array", "is_null": "self", "drop_nulls": "self", "cast": "self",
    },
    K.ARROW_TABLE: {"to_pandas": "frame", "to_pylist": "list", "to_pydict": "dict", "slice": "self", "select": "self"},
    K.DATETIME: {**_WHEN, "replace": "self", "astimezone": "self"},
    K.TIMESTAMP: {**_WHEN, "to_pydatetime": "datetime", "floor": "self", "normalize": "self"},
    K.DATE: {"isoformat": "str", "strftime": "str", "replace": "self"},
    K.TIMEDELTA: {"total_seconds": "float"},
    K.DECIMAL: {"quantize": "self", "normalize": "self"},
    K.DICT: {"keys": "view", "values": "view", "items": "view", "copy": "self"},
    K.SET: dict.fromkeys("union intersection difference symmetric_difference copy".split(), "self"),
}  # fmt: skip

#: Attributes that a pandas DataFrame has of its own: any other name is one of its columns.
FRAME_ATTRIBUTES = frozenset(
    """T abs add add_prefix add_suffix agg aggregate align all any apply applymap asfreq asof assign astype at at_time
    attrs axes backfill between_time bfill bool boxplot clip columns combine combine_first compare convert_dtypes
    copy corr corrwith count cov cummax cummin cumprod cumsum describe diff div divide dot drop drop_duplicates
    droplevel dropna dtypes duplicated empty eq equals eval ewm expanding explode ffill fillna filter first
    first_valid_index flags floordiv from_dict from_records ge get groupby gt head hist iat idxmax idxmin iloc index
    infer_objects info insert interpolate isetitem isin isna isnull items iterrows itertuples join keys kurt
    kurtosis last last_valid_index le loc lt map mask max mean median melt memory_usage merge min mod mode mul
    multiply ndim ne nlargest notna notnull nsmallest nunique pad pct_change pipe pivot pivot_table plot pop pow
    prod product quantile query radd rank rdiv reindex reindex_like rename rename_axis reorder_levels replace
    resample reset_index rfloordiv rmod rmul rolling round rpow rsub rtruediv sample select_dtypes sem set_axis
    set_flags set_index shape shift size skew sort_index sort_values sparse squeeze stack std style sub subtract sum
    swapaxes swaplevel tail take to_clipboard to_csv to_dict to_excel to_feather to_gbq to_hdf to_html to_json
    to_latex to_markdown to_numpy to_orc to_parquet to_period to_pickle to_records to_sql to_stata to_string
    to_timestamp to_xarray to_xml transform transpose truediv truncate tz_convert tz_localize unstack update
    value_counts values var where xs""".split()
)

WHOLE = frozenset((K.INT, K.BOOL, K.NP_INT))
REAL = frozenset((K.FLOAT, K.NP_FLOAT))
NUMPY = frozenset((K.NP_INT, K.NP_FLOAT, K.NP_BOOL))
COLUMNS = frozenset((K.FRAME, K.SERIES))
MOMENTS = frozenset((K.DATE, K.DATETIME, K.TIMESTAMP))


@cache
def shape_of(cell: str) -> Shape:
    """A cell of the tables, read."""
    kinds, _, item = cell.partition(":")
    found = frozenset(PyKind[kind.upper()] for kind in kinds.split("|"))
    return Shape(found, PyKind[item.upper()] if item else None)
