"""Which rules are found, and which of them a configuration selects."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from asset_lint.config import Config
from asset_lint.config.patterns import Pattern
from asset_lint.errors import ConfigError, RuleError, UsageError
from asset_lint.finding import Finding, Severity, Span
from asset_lint.registry import Registry, load
from asset_lint.rule import Rule

Install = Callable[..., None]


def rule_text(name: str, code: str, **more: str) -> str:
    """The module of a rule, as its author would write it."""
    lines = [f"{key} = {value}" for key, value in more.items()]
    return dedent(f'''\
        from __future__ import annotations

        import libcst as cst

        from asset_lint.rule import Function, Rule, Severity


        class {name}(Rule):
            """Never do that."""

            code = "{code}"
            message = "do not do that"
            {"; ".join(lines)}

            def visit_Call(self, node: cst.Call) -> None:
                self.report(node)

            def visit_asset(self, asset: Function) -> None:
                self.report(asset.place)
        ''')


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a distribution with a rule pack, as pip would lay it out; no other pack is installed."""
    site = tmp_path / "site"
    site.mkdir()
    elsewhere = [entry for entry in sys.path if not any(Path(entry).glob("*.dist-info"))]
    monkeypatch.setattr(sys, "path", [str(site), *elsewhere])

    def make(package: str, *, distribution: str = "", entry: str | None = None, **modules: str) -> None:
        folder = site / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for name, text in modules.items():
            path = folder.joinpath(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text)
        info = site / f"{distribution or package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or package}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(
            f"[console_scripts]\nx = y:z\n\n[asset_lint.rules]\n{entry or f'mine = {package}'}\n"
        )
        for known in [name for name in sys.modules if name.partition(".")[0] == package]:
            monkeypatch.delitem(sys.modules, known)

    return make


def codes(registry: Registry) -> list[str]:
    return [rule.code for rule in registry.rules]


# -- finding rules ----------------------------------------------------------------------------------------------------


def test_rules_are_found_in_every_module_of_every_pack(install: Install) -> None:
    install("first_pack", one=rule_text("One", "XA102"), inner__deep=rule_text("Deep", "XA101"))
    install("second_pack", distribution="Second.Pack", two=rule_text("Two", "YB1"))
    assert codes(load()) == ["XA101", "XA102", "YB1"]


def test_a_rule_imported_from_another_module_counts_once(install: Install) -> None:
    install("reexporting", one=rule_text("One", "XC101"), two="from .one import One\n__all__ = ['One']\n")
    assert codes(load()) == ["XC101"]


def test_a_base_class_without_a_code_is_no_rule(install: Install) -> None:
    base = "from asset_lint.rule import Rule\n\n\nclass Base(Rule):\n    message = ''\n"
    install("with_base", base=base, one=rule_text("One", "XD101"))
    assert codes(load()) == ["XD101"]


def test_loading_rules_does_not_import_libcst(install: Install, tmp_path: Path) -> None:
    install("lazy_pack", one=rule_text("One", "XE101"))
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from asset_lint.registry import load\n"
        "rule = load().find('XE101').rule\n"
        "assert not [name for name in sys.modules if name.startswith('libcst')]\n"
        "module = sys.modules[rule.__module__]\n"
        "assert module.cst.Name('x').value == 'x'\n"
        "import libcst\n"
        "assert module.cst.Name is libcst.Name\n"
    )
    root = str(Path(__file__).parents[1])
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "site"), root], check=True)


def test_no_rules_at_all_is_an_error(install: Install) -> None:
    with pytest.raises(RuleError, match="no rules are installed"):
        load()


def test_a_pack_without_rules_is_an_error(install: Install) -> None:
    install("good_pack", one=rule_text("One", "XF101"))
    install("empty_pack", nothing="")
    with pytest.raises(RuleError, match=r"`empty_pack`.*has no rules"):
        load()


def test_a_pack_that_cannot_be_imported_is_an_error(install: Install) -> None:
    install("broken_pack", one="import does_not_exist\n")
    with pytest.raises(RuleError, match=r"`broken_pack` \(entry point `mine` of broken-pack\).*does_not_exist"):
        load()


def test_an_entry_point_that_names_no_package_is_an_error(install: Install) -> None:
    install("some_pack", entry="mine = no_such_package", one=rule_text("One", "XG101"))
    with pytest.raises(RuleError, match="no_such_package"):
        load()


def test_two_rules_of_one_code_are_an_error_that_names_both(install: Install) -> None:
    install("pack_a", one=rule_text("One", "XH101"))
    install("pack_b", two=rule_text("Two", "XH101"))
    with pytest.raises(RuleError, match=r"`XH101`: pack_a\.one\.One and pack_b\.two\.Two"):
        load()


def test_two_rules_of_one_name_are_an_error(install: Install) -> None:
    install("pack_c", one=rule_text("Same", "XI101"))
    install("pack_d", two=rule_text("Same", "XI102"))
    with pytest.raises(RuleError, match="`same`"):
        load()


def test_the_codes_of_the_tool_itself_are_taken(install: Install) -> None:
    install("pack_e", one=rule_text("One", "AL001"))
    with pytest.raises(RuleError, match=r"`AL001`: AL001 of asset-lint itself"):
        load()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('code = "X-1"', "expected letters and digits"),
        ('code = "XJ1"\n    message = 3', "needs a `message`"),
        ('code = "XJ1"\n    def visit_conection(self, connection): ...', "did you mean `visit_connection`"),
        ('code = "XJ1"\n    def leave_Call(self, node): ...', "`leave_Call`"),
    ],
)
def test_a_rule_that_could_never_speak_is_an_error(body: str, complaint: str) -> None:
    namespace: dict[str, type[Rule]] = {}
    text = f'from asset_lint.rule import Rule\nclass Odd(Rule):\n    """Never."""\n    message = ""\n    {body}\n'
    exec(text, {"__name__": "odd"}, namespace)
    with pytest.raises(RuleError, match=complaint):
        Registry([namespace["Odd"]])


def test_a_rule_without_a_page_is_an_error() -> None:
    with pytest.raises(RuleError, match="docstring"):
        Registry([type("Silent", (Rule,), {"code": "XK1", "message": ""})])


def test_a_pack_written_against_the_rule_module_type_checks(install: Install, tmp_path: Path) -> None:
    text = rule_text("One", "XL101", severity="Severity.WARNING")
    install("typed_pack", one=text, two=text.replace("asset.place", "asset.plaice"))
    root = Path(__file__).parents[1]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--follow-imports=silent"]
    done = subprocess.run(
        [*command, f"--cache-dir={tmp_path / 'cache'}", "one.py", "two.py"],
        cwd=tmp_path / "site" / "typed_pack",
        env={"MYPYPATH": str(root), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in done.stdout.splitlines() if ": error:" in line] == [
        'two.py:19: error: "Function" has no attribute "plaice"; maybe "place"?  [attr-defined]'
    ]


# -- pages ------------------------------------------------------------------------------------------------------------


class LoudRule(Rule):
    """Never shout. Nobody listens
    to it.

    More.
    """

    code = "ZA101"
    message = "shouting"


class QuietRule(Rule):
    """Never whisper."""

    code = "ZA201"
    message = "whispering"
    severity = Severity.WARNING


class AdviceRule(Rule):
    """Never mumble."""

    code = "ZB101"
    message = "mumbling"
    severity = Severity.INFO


@pytest.fixture
def registry() -> Registry:
    return Registry([AdviceRule, QuietRule, LoudRule])


def test_every_code_has_a_page(registry: Registry) -> None:
    assert list(registry.pages) == ["AL000", "AL001", "AL002", "ZA101", "ZA201", "ZB101"]
    assert registry.pages["ZA101"].summary == "Never shout. Nobody listens to it."
    assert "# asset-lint: ignore" in registry.pages["AL001"].text


@pytest.mark.parametrize("word", ["ZA101", "za101", "loud-rule", "Loud-Rule"])
def test_a_page_is_found_by_code_or_name_in_any_case(registry: Registry, word: str) -> None:
    assert registry.find(word).code == "ZA101"


def test_an_unknown_page_is_an_error_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UsageError, match="no rule `loud-rul`; did you mean `loud-rule`"):
        registry.find("loud-rul")


# -- selection --------------------------------------------------------------------------------------------------------


def chosen(registry: Registry, root: Path, file: str = "a.py", **settings: Any) -> list[str]:
    config = Config(root, **settings)
    return sorted(registry.selection(config, root / file).codes - {"AL000"})


ALL = ["AL001", "AL002", "ZA101", "ZA201", "ZB101"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ALL),
        ({"select": ("ZA101",)}, ["ZA101"]),
        ({"select": ("quiet-rule",)}, ["ZA201"]),
        ({"select": ("ZA",)}, ["ZA101", "ZA201"]),
        ({"select": ("Z",)}, ["ZA101", "ZA201", "ZB101"]),
        ({"select": ("ALL",)}, ALL),
        ({"select": ()}, []),
        ({"select": ("ZA101",), "extend_select": ("ZB",)}, ["ZA101", "ZB101"]),
        ({"ignore": ("ZA",)}, ["AL001", "AL002", "ZB101"]),
        ({"extend_ignore": ("AL0",)}, ["ZA101", "ZA201", "ZB101"]),
        ({"select": ("ZA",), "ignore": ("ZA2",)}, ["ZA101"]),
        ({"select": ("ZA201",), "ignore": ("ZA",)}, ["ZA201"]),
        ({"ignore": ("ALL",), "extend_select": ("ZA1",)}, ["ZA101"]),
        ({"select": ("ZA101",), "ignore": ("loud-rule",)}, []),
        ({"select": ("ZA",), "ignore": ("ZA",)}, []),
    ],
)
def test_the_most_specific_selector_wins_and_ignoring_wins_a_tie(
    registry: Registry, tmp_path: Path, settings: dict[str, Any], expected: list[str]
) -> None:
    assert chosen(registry, tmp_path, **settings) == expected


def test_broken_syntax_cannot_be_ignored(registry: Registry, tmp_path: Path) -> None:
    config = Config(tmp_path, select=("ZA",), ignore=("AL000", "ALL"))
    assert "AL000" in registry.selection(config, tmp_path / "a.py").codes


def test_rules_are_ignored_file_by_file(registry: Registry, tmp_path: Path) -> None:
    ignores = ((Pattern.parse("tests/**", tmp_path), ("ZA",)), (Pattern.parse("*_old.py", tmp_path), ("ALL",)))
    assert "ZA101" in chosen(registry, tmp_path, "src/a.py", per_file_ignores=ignores)
    assert chosen(registry, tmp_path, "tests/a.py", per_file_ignores=ignores) == ["AL001", "AL002", "ZB101"]
    assert chosen(registry, tmp_path, "src/a_old.py", per_file_ignores=ignores) == []


@pytest.mark.parametrize(
    ("profile", "reported"),
    [("errors", ["ZA101"]), ("checklist", ["ZA101", "ZA201"]), ("all", ["ZA101", "ZA201", "ZB101"])],
)
def test_a_profile_sets_the_least_severity(
    registry: Registry, tmp_path: Path, profile: str, reported: list[str]
) -> None:
    selection = registry.selection(Config(tmp_path, profile=profile), tmp_path / "a.py")
    assert [rule.code for rule in registry.rules if selection.reports(finding(rule))] == reported


def test_a_rule_that_is_named_is_reported_whatever_the_profile(registry: Registry, tmp_path: Path) -> None:
    config = Config(tmp_path, profile="errors", extend_select=("ZB1",))
    selection = registry.selection(config, tmp_path / "a.py")
    assert selection.reports(finding(AdviceRule))
    assert not selection.reports(finding(QuietRule))


def finding(rule: type[Rule]) -> Finding:
    return Finding(rule.code, rule.name, "", rule.severity, "a.py", Span(0, 0, 1, 1, 1, 1), 1)


@pytest.mark.parametrize("key", ["select", "ignore", "extend_select", "extend_ignore", "fixable", "extend_safe_fixes"])
def test_an_unknown_selector_is_an_error_with_the_nearest(registry: Registry, tmp_path: Path, key: str) -> None:
    config = Config(tmp_path, **{key: ("ZA101", "loud-rle")})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=f"`{key.replace('_', '-')}`.*`loud-rle`; did you mean `loud-rule`"):
        registry.validate(config)


def test_unknown_selectors_for_files_that_are_not_checked_are_errors_too(registry: Registry, tmp_path: Path) -> None:
    config = Config(tmp_path, per_file_ignores=((Pattern.parse("never.py", tmp_path), ("ZA999",)),))
    with pytest.raises(ConfigError, match="`per-file-ignores`: unknown rule selector `ZA999`"):
        registry.validate(config)


def test_selectors_decide_for_fixes_as_they_do_for_rules(registry: Registry) -> None:
    assert registry.decide(("ALL",), ("ZA",), ("a", "b")) == {"AL000", "AL001", "AL002", "ZB101"}
    assert registry.decide(("ZA101", "ZB"), ("ZA", "ZB"), ("a", "b")) == {"ZA101"}
