"""Write the tables of `asset_lint/model/knowledge` from the wheels of DuckDB and Dagster.

    python scripts/generate_knowledge.py [--wheels FOLDER]

Downloads one wheel per supported version with pip (kept in FOLDER if given) and only reads them: nothing of theirs is
imported. DuckDB's stubs say what a method gives; from 2.0 on relations are Python code, which is parsed. Whatever the
annotations leave open is said below by hand, and the script fails where that no longer fits the wheels.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

TABLES = Path(__file__).resolve().parent.parent / "asset_lint" / "model" / "knowledge"

DUCKDB = {"1.0": "1.0.0", "1.2": "1.2.2", "1.4": "1.4.5", "1.5": "1.5.6", "2.0": "2.0.0"}
DAGSTER = {"1.9": "1.9.3", "1.13": "1.13.29"}
PYTHON = "3.11"  # the only one that all these DuckDB versions have wheels for

ABSENT = "-"

# Annotated Any in DuckDB 2.0; the kinds are those of actual calls.
ANY_RESULTS = {
    "relation": {
        "df": "FRAME_PANDAS",
        "fetchdf": "FRAME_PANDAS",
        "to_df": "FRAME_PANDAS",
        "arrow": "READER",
        "to_arrow_reader": "READER",
        "fetch_arrow_reader": "READER",
        "fetch_record_batch": "READER",
        "to_arrow_table": "ARROW_TABLE",
        "fetch_arrow_table": "ARROW_TABLE",
        "pl": "FRAME_POLARS",
    },
    "module": {"df": "FRAME_PANDAS", "to_arrow_reader": "READER", "to_arrow_table": "ARROW_TABLE"},
}
# Annotated with a bare list or Any in DuckDB 1.0 to 1.3, `dtypes` as strings in 1.4.
LOOSE_RESULTS = {"fetchall": "ROWS", "fetchmany": "ROWS", "fetchdf": "FRAME_PANDAS", "dtypes": "TYPE"}
# A dict of tensors, not of arrays, whatever the annotation.
TENSORS = frozenset({"torch", "tf"})

# What a call gives in other circumstances than the annotation's, by version; "" is every version not named.
VARIANTS: dict[str, dict[str, dict[str, str]]] = {
    "connection": {f"{name}: no rows": {"2.0": "RELATION", "": "NONE"} for name in ("sql", "query", "from_query")},
    "module": {f"{name}: no rows": {"2.0": "RELATION", "": "NONE"} for name in ("sql", "query", "from_query")}
    | {"df: given": {"": "RELATION"}, "arrow: given": {"": "RELATION"}},
    "relation": {"query: no rows": {"2.0": "RELATION", "": "NONE"}},
}
# Overloads on `lazy` exist in the stubs of 1.4 and 1.5; 2.0's relation has it without saying so.
LAZY_2_0 = {"relation": ("pl",)}

DAGSTER_DECORATORS = {
    "compute": (
        "asset asset_check multi_asset multi_asset_check multi_observable_source_asset observable_source_asset op"
    ),
    "compose": "graph graph_asset graph_multi_asset job",
    "define": (
        "asset_sensor component_instance config_mapping dagster_type_loader daily_partitioned_config definitions"
        " dynamic_partitioned_config executor failure_hook hourly_partitioned_config input_manager io_manager logger"
        " monthly_partitioned_config multi_asset_sensor partitioned_config repository resource run_failure_sensor"
        " run_status_sensor schedule sensor static_partitioned_config success_hook template_var"
        " usable_as_dagster_type weekly_partitioned_config"
    ),
}
# Public names that end in Context and are no contexts of a function's parameter.
NO_CONTEXTS = frozenset({"IAttachDifferentObjectToOpContext"})

# How stubs and docstrings, and the modules that only warn, say that a name is deprecated.
DEPRECATED = re.compile(r"Deprecated: use (\w+)\(\) instead")
DEPRECATED_MODULE = re.compile(r"`duckdb\.(\w+)` is deprecated [^\"]*Please use `duckdb\.(\w+)` instead")

Table = dict[str, str]
"""Name to kind, of one version."""


class Wheel:
    """A wheel, read as it lies."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        self.files = frozenset(self._zip.namelist())

    def tree(self, *candidates: str) -> ast.Module:
        """The first of these files that the wheel holds, parsed."""
        for name in candidates:
            if name in self.files:
                return ast.parse(self._zip.read(name))
        raise SystemExit(f"{self._zip.filename} holds none of {', '.join(candidates)}")

    def text(self, name: str) -> str:
        """One of its files."""
        return self._zip.read(name).decode()

    def module(self, dotted: str) -> ast.Module | None:
        """A module of the wheel by its import name."""
        path = dotted.replace(".", "/")
        for name in (f"{path}.py", f"{path}/__init__.py"):
            if name in self.files:
                return ast.parse(self._zip.read(name))
        return None


def download(package: str, version: str, folder: Path) -> Wheel:
    """That wheel, from the folder or else from the package index."""
    pattern = f"{package}-{version}-*.whl"
    if not list(folder.glob(pattern)):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        command += ["--python-version", PYTHON, "--dest", str(folder), f"{package}=={version}"]
        subprocess.run(command, check=True)
    return Wheel(next(folder.glob(pattern)))


# --- DuckDB --------------------------------------------------------------------------------------------------------


def kind_of(name: str, annotation: ast.expr | None) -> str:
    """The kind that an annotated result stands for."""
    if annotation is None:
        raise SystemExit(f"{name} has no result annotation")
    text = ast.unparse(annotation).replace("'", "").replace('"', "")
    text = re.sub(r"\b(?:pytyping|typing|builtins|sqltypes|polars|pandas|pyarrow\.lib|pyarrow|_duckdb)\.", "", text)
    text = re.sub(r"^Optional\[(.*)\]$", r"\1", re.sub(r" \| None$|^None \| ", "", text))
    if name in TENSORS:
        return "PLAIN"
    if name in LOOSE_RESULTS and re.match(r"(List|list|lst|Any)\b", text):
        return LOOSE_RESULTS[name]
    exact = {
        "DuckDBPyConnection": "CONNECTION",
        "Self": "CONNECTION",
        "DuckDBPyRelation": "RELATION",
        "GroupedRelation": "GROUPED",
        "RecordBatchReader": "READER",
        "DataFrame": {"pl": "FRAME_POLARS"}.get(name, "FRAME_PANDAS"),
        "LazyFrame": "LAZY_POLARS",
        "Table": "ARROW_TABLE",
        "tuple": "ROW" if name == "fetchone" else "PLAIN",
        "tuple[Any, ...]": "ROW",
        "dict": "NUMPY" if name == "fetchnumpy" else "PLAIN",
        "None": "NONE",
        "Expression": "EXPRESSION",
        "Appender": "APPENDER",
        "Any": "UNKNOWN",
    }
    if text in exact:
        return exact[text]
    if name == "fetchnumpy":
        return "NUMPY"
    if re.search(r"\bStatement\b", text):
        return "STATEMENT"
    if re.search(r"\bDuckDBPyType\b", text):
        return "TYPE"
    if re.match(r"(list|lst)\[dict\b", text):
        return "DICTS"
    if re.match(r"Iterator\b", text):
        return "ITERATOR"
    if re.match(r"(str|int|float|bool|bytes|list|lst|List|dict|set|Set|tuple)\b", text):
        return "PLAIN"
    return "UNKNOWN"


def is_property(function: ast.FunctionDef) -> bool:
    """Decorated with ``@property``."""
    return any(isinstance(node, ast.Name) and node.id == "property" for node in function.decorator_list)


def is_overload(function: ast.FunctionDef) -> bool:
    """Decorated with ``@overload``."""
    return any(ast.unparse(node).endswith("overload") for node in function.decorator_list)


def parameter_names(function: ast.FunctionDef) -> dict[str, ast.expr | None]:
    """Parameters and their annotations."""
    arguments = function.args
    return {a.arg: a.annotation for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


class Surface:
    """The names of one receiver in one version."""

    def __init__(self) -> None:
        self.results: Table = {}
        self.attributes: Table = {}
        self.lazy: Table = {}
        self.default_connection: set[str] = set()
        self.replacements: Table = {}  # of what is deprecated
        self.removed: Table = {}  # methods it once had, with what to call instead

    def add(self, function: ast.FunctionDef) -> None:
        """Take in a method or function; of overloads the first is the plain call."""
        name = function.name
        if name.startswith("_"):
            return
        kind = kind_of(name, function.returns)
        said = DEPRECATED.match(ast.get_docstring(function) or "")
        if said is not None:
            self.replacements[name] = said[1]
        if is_property(function):
            self.attributes[name] = kind
            return
        parameters = parameter_names(function)
        lazy = parameters.get("lazy")
        if lazy is not None and "Literal[True]" in ast.unparse(lazy):
            self.lazy[f"{name}: lazy"] = kind
        if "connection" in parameters:
            self.default_connection.add(name)
        if not is_overload(function) or name not in self.results:
            self.results[name] = kind


def class_surface(body: list[ast.stmt]) -> Surface:
    """The methods of a class, and what it assigns to second names of them."""
    surface = Surface()
    for node in body:
        match node:
            case ast.FunctionDef():
                surface.add(node)
            case ast.Assign(targets=[ast.Name(id=alias)], value=ast.Name(id=name)) if name in surface.results:
                surface.results[alias] = surface.results[name]
            case _:
                pass
    return surface


def classes(tree: ast.Module) -> dict[str, ast.ClassDef]:
    """Top-level classes by name."""
    return {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}


def bound_names(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """What the top level of a module binds, with the statement that does."""
    for node in tree.body:
        match node:
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                for alias in names:
                    yield (alias.asname or alias.name).split(".")[0], node
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, node
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case _:
                pass


def replaced(tree: ast.Module) -> dict[str, str]:
    """``sql = _relation.module_sql`` at the top level of the package: name to the function's name."""
    found = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Attribute(value=ast.Name(id="_relation"), attr=of)):
                found[name] = of
            case _:
                pass
    return found


def attached(tree: ast.Module) -> dict[str, str]:
    """The functions that the package puts on the connection when imported: method to the function's name."""
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CONNECTION_METHODS":
            assert isinstance(node.value, ast.Dict)
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {ast.literal_eval(key): ast.unparse(value) for key, value in pairs if key is not None}
    raise SystemExit("_relation.py has no CONNECTION_METHODS")


def removed_methods(tree: ast.Module) -> Table:
    """What DuckDB 2 itself says to call instead of the methods that its relations lost."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_REMOVED_METHODS":
            table: Table = ast.literal_eval(node.value)
            return table
    raise SystemExit("_relation.py has no _REMOVED_METHODS")


def deprecated_modules(wheel: Wheel) -> Table:
    """The submodules that warn when they are imported, with what stands instead of each."""
    found = {}
    for path in wheel.files:
        if re.match(r"duckdb/[a-z]\w+/__init__\.py$", path):
            if said := DEPRECATED_MODULE.search(wheel.text(path)):
                found[said[1]] = said[2]
    return found


def settle_any(receiver: str, surface: Surface, functions: frozenset[str]) -> None:
    """Fill in what is annotated Any in Python code; each entry of the overlay must be needed, and none be lacking."""
    overlay = ANY_RESULTS.get(receiver, {})
    open_ends = {name for name in functions if surface.results.get(name) == "UNKNOWN"}
    if open_ends != set(overlay):
        raise SystemExit(f"the overlay of {receiver} says {sorted(overlay)}, annotated Any is {sorted(open_ends)}")
    surface.results.update(overlay)


def duckdb_surfaces(wheel: Wheel) -> tuple[dict[str, Surface], set[str], dict[str, str]]:
    """Surfaces by receiver, the package's public names, and the exceptions with their bases."""
    stub = wheel.tree("_duckdb-stubs/__init__.pyi", "duckdb-stubs/__init__.pyi")
    package = wheel.tree("duckdb/__init__.py")
    in_stub = classes(stub)
    names = {name for name, _ in bound_names(package) if not name.startswith("_")}
    # Submodules: packages, of which some have no __init__.py, and modules.
    names |= {found[1] for path in wheel.files if (found := re.match(r"duckdb/([a-z]\w+)(?:/\w+)?\.py$", path))}
    names |= {"duckdb"} if "duckdb-stubs/__init__.pyi" in wheel.files else set()

    surfaces = {"connection": class_surface(in_stub["DuckDBPyConnection"].body), "module": Surface()}
    for node in stub.body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            surfaces["module"].add(node)
    if "duckdb/_relation.py" in wheel.files:
        relation = wheel.tree("duckdb/_relation.py")
        surfaces["relation"] = class_surface(classes(relation)["DuckDBPyRelation"].body)
        surfaces["grouped"] = class_surface(classes(relation)["GroupedRelation"].body)
        surfaces["relation"].lazy |= {f"{name}: lazy": "LAZY_POLARS" for name in LAZY_2_0["relation"]}
        functions = {node.name: node for node in relation.body if isinstance(node, ast.FunctionDef)}
        for method, function in attached(relation).items():
            surfaces["connection"].results.setdefault(method, kind_of(method, functions[function].returns))
        from_relation = replaced(package)
        for name, function in from_relation.items():
            surfaces["module"].results[name] = kind_of(name, functions[function].returns)
            surfaces["module"].default_connection.add(name)
        for expression in wheel.tree("duckdb/_expression.py").body:
            if isinstance(expression, ast.FunctionDef) and expression.name in names:
                surfaces["module"].results.setdefault(expression.name, "EXPRESSION")
        settle_any("relation", surfaces["relation"], frozenset(surfaces["relation"].results))
        settle_any("module", surfaces["module"], frozenset(from_relation))
        surfaces["relation"].removed = removed_methods(relation)
    else:
        surfaces["relation"] = class_surface(in_stub["DuckDBPyRelation"].body)
        surfaces["grouped"] = Surface()
    surfaces["module"].replacements |= deprecated_modules(wheel)
    return surfaces, names, exceptions(in_stub)


def exceptions(in_stub: Mapping[str, ast.ClassDef]) -> dict[str, str]:
    """The exceptions of a stub, name to base."""
    bases = {
        name: node.bases[0].id for name, node in in_stub.items() if node.bases and isinstance(node.bases[0], ast.Name)
    }

    def is_exception(name: str) -> bool:
        return name == "Exception" or (name in bases and is_exception(bases[name]))

    return {name: base for name, base in bases.items() if is_exception(name)}


def merged(by_version: Mapping[str, Table]) -> Table:
    """One cell per name: its kind in every version in turn, or once where all agree."""
    cells = {}
    for name in sorted({name for table in by_version.values() for name in table}):
        columns = [table.get(name, ABSENT) for table in by_version.values()]
        cells[name] = columns[0] if len(set(columns)) == 1 else " ".join(columns)
    return cells


def presence(by_version: Mapping[str, set[str]]) -> Table:
    """A bit per version for each name."""
    names = sorted(set().union(*by_version.values()))
    return {name: "".join("1" if name in held else "0" for held in by_version.values()) for name in names}


def variant_cells(receiver: str, by_version: Mapping[str, dict[str, Surface]]) -> Table:
    """The cells of calls whose result hangs on how they are made."""
    cells: dict[str, Table] = {version: dict(surfaces[receiver].lazy) for version, surfaces in by_version.items()}
    for name, kinds in VARIANTS.get(receiver, {}).items():
        for version, surfaces in by_version.items():
            if name.split(":")[0] in surfaces[receiver].results:
                cells[version][name] = kinds.get(version, kinds.get("", ABSENT))
    # A version that has the method but not the variant: a keyword is refused there, else the plain result stands.
    for name in {name for table in cells.values() for name in table}:
        for version, surfaces in by_version.items():
            plain = ABSENT if name.endswith(": lazy") else surfaces[receiver].results.get(name.split(":")[0], ABSENT)
            cells[version].setdefault(name, plain)
    return merged(cells)


def duckdb_table(wheels: Mapping[str, Wheel]) -> dict[str, object]:
    """Everything that duckdb.json holds."""
    read = {version: duckdb_surfaces(wheel) for version, wheel in wheels.items()}
    by_version = {version: surfaces for version, (surfaces, _, _) in read.items()}
    receivers = ("connection", "grouped", "module", "relation")
    newest = list(read.values())[-1][2]
    for version, (_, _, tree) in read.items():
        # Stubs up to 1.3 leave out DatabaseError, which is there at run time.
        wrong = {
            n: b for n, b in tree.items() if newest.get(n) != b and (b, newest.get(n)) != ("Error", "DatabaseError")
        }
        if wrong:
            raise SystemExit(f"the exceptions of {version} hang otherwise: {wrong}")
    defaults = sorted({name for surfaces in by_version.values() for name in surfaces["module"].default_connection})
    return {
        "wheels": DUCKDB,
        "results": {r: merged({v: s[r].results for v, s in by_version.items()}) for r in receivers},
        "attributes": {r: merged({v: s[r].attributes for v, s in by_version.items()}) for r in receivers},
        "variants": {r: variant_cells(r, by_version) for r in receivers},
        "deprecated": {r: merged({v: s[r].replacements for v, s in by_version.items()}) for r in receivers},
        "removed": {r: {n: t for s in by_version.values() for n, t in sorted(s[r].removed.items())} for r in receivers},
        "default connection": defaults,
        "exceptions": dict(sorted(newest.items())),
        "names": presence({version: names for version, (_, names, _) in read.items()}),
    }


# --- Dagster -------------------------------------------------------------------------------------------------------


def public_names(wheel: Wheel) -> dict[str, str]:
    """The package's public names and the modules they are imported from ("" for its own)."""
    package = wheel.tree("dagster/__init__.py")
    found = {}
    for name, node in bound_names(package):
        home = node.module if isinstance(node, ast.ImportFrom) else None
        if not name.startswith("_") and isinstance(node, ast.ImportFrom) and (home or "").startswith("dagster"):
            found[name] = home or ""
    return found


def find_class(wheel: Wheel, module: str, name: str) -> tuple[str, ast.ClassDef] | None:
    """A class by the module it is imported from, through re-exports; with the module that defines it."""
    tree = wheel.module(module)
    if tree is None:
        return None
    for bound, node in bound_names(tree):
        if bound != name:
            continue
        if isinstance(node, ast.ClassDef):
            return module, node
        if isinstance(node, ast.ImportFrom) and node.module:
            real = next(alias.name for alias in node.names if (alias.asname or alias.name) == name)
            return find_class(wheel, node.module, real)
    return None


def members(wheel: Wheel, module: str, name: str) -> set[str]:
    """Public members of a class and of its bases in the package."""
    found = find_class(wheel, module, name)
    if found is None:
        return set()
    home, node = found
    names = set()
    for statement in ast.walk(node):
        match statement:
            case ast.Attribute(value=ast.Name(id="self"), attr=attribute, ctx=ast.Store()):
                names.add(attribute)
            case _:
                pass
    for entry in node.body:
        match entry:
            case ast.FunctionDef(name=defined) | ast.AsyncFunctionDef(name=defined):
                names.add(defined)
            case ast.AnnAssign(target=ast.Name(id=defined)) | ast.Assign(targets=[ast.Name(id=defined)]):
                names.add(defined)
            case _:
                pass
    for written in node.bases:
        base = written.value if isinstance(written, ast.Subscript) else written
        if isinstance(base, ast.Call) and isinstance(base.args[1], ast.List):  # NamedTuple("_X", [("field", type), …])
            names |= {ast.literal_eval(n.elts[0]) for n in base.args[1].elts if isinstance(n, ast.Tuple)}
        elif isinstance(base, ast.Name):
            names |= members(wheel, home, base.id)
    return {member for member in names if not member.startswith("_")}


def dagster_table(wheels: Mapping[str, Wheel]) -> dict[str, object]:
    """Everything that dagster.json holds."""
    names = {version: public_names(wheel) for version, wheel in wheels.items()}
    roles = {name: role for role, listed in DAGSTER_DECORATORS.items() for name in listed.split()}
    known = set().union(*names.values())
    decorators = {n for homes in names.values() for n, home in homes.items() if "decorator" in home}
    if decorators - set(roles) or set(roles) - known:
        raise SystemExit(f"unclassified decorators: {decorators - set(roles)}; not there: {set(roles) - known}")
    homes: dict[str, set[str]] = {}
    for found in names.values():
        for name, home in found.items():
            homes.setdefault(home, set()).add(name)
    contexts = {}
    for name in sorted(n for n in known if n.endswith("Context") and n not in NO_CONTEXTS):
        held = {v: members(wheel, names[v][name], name) if name in names[v] else set() for v, wheel in wheels.items()}
        if not any(held.values()):
            raise SystemExit(f"no members of {name} found")
        contexts[name] = presence(held)
    return {
        "wheels": DAGSTER,
        "names": presence({version: set(found) for version, found in names.items()}),
        "homes": {home: sorted(held) for home, held in sorted(homes.items())},
        "decorators": dict(sorted(roles.items())),
        "contexts": contexts,
    }


def write(name: str, table: dict[str, object]) -> None:
    """Write a table, one entry per line: small, and a change shows in a diff."""
    text = json.dumps(table, indent=0, sort_keys=False, separators=(",", ":"))
    (TABLES / name).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """Generate both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--wheels", type=Path, help="keep downloaded wheels in this folder, and take them from it")
    given: Path | None = parser.parse_args().wheels
    with tempfile.TemporaryDirectory() as temporary:
        folder = given or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        write("duckdb.json", duckdb_table({v: download("duckdb", exact, folder) for v, exact in DUCKDB.items()}))
        write("dagster.json", dagster_table({v: download("dagster", exact, folder) for v, exact in DAGSTER.items()}))


if __name__ == "__main__":
    main()
