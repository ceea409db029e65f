"""Settings: where they are read from, which of them hold, and what is said of wrong ones."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import jsonschema
import pytest

from asset_lint import config as settings
from asset_lint.config import KEYS, SETTINGS, Config, kinds
from asset_lint.config.files import ConfigFiles
from asset_lint.config.patterns import Pattern
from asset_lint.config.schema import schema
from asset_lint.config.targets import Target
from asset_lint.config.toml import load
from asset_lint.errors import ConfigError
from asset_lint.finding import Severity

SCHEMA = Path(settings.__file__).parents[1] / "schema" / "asset-lint.schema.json"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository that the test runs in."""
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    return path


def write(path: str, text: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def of(directory: str = ".", *options: str, **flags: object) -> Config:
    given = {key.replace("_", "-"): value for key, value in flags.items()}
    return ConfigFiles(options=options, flags=given).of(directory)


class TestTheFiles:
    def test_without_any_the_defaults_hold(self, project: Path) -> None:
        assert of() == Config(project)

    @pytest.mark.parametrize("name", ["asset-lint.toml", ".asset-lint.toml"])
    def test_a_file_of_our_own_holds_settings_at_its_top(self, name: str, project: Path) -> None:
        write(name, 'profile = "errors"')
        assert of() == Config(project, project / name, profile="errors")

    def test_pyproject_holds_them_in_its_tool_table(self) -> None:
        write("pyproject.toml", '[project]\nname = "x"\n[tool.asset-lint]\nfail-on = "info"\n')
        assert of().fail_on is Severity.INFO

    def test_a_pyproject_without_the_table_is_passed_over(self, project: Path) -> None:
        write("asset-lint.toml", 'profile = "errors"')
        write("package/pyproject.toml", '[project]\nname = "x"\ndescription = "uses asset-lint"')
        assert of("package").file == project / "asset-lint.toml"

    def test_a_broken_pyproject_that_never_speaks_of_us_is_none_of_our_business(self, project: Path) -> None:
        write("pyproject.toml", "[project\nname =")
        assert of() == Config(project)

    def test_our_own_file_wins_over_pyproject_and_the_hidden_one_over_both(self) -> None:
        write("pyproject.toml", '[tool.asset-lint]\nprofile = "all"')
        write("asset-lint.toml", 'profile = "errors"')
        assert of().profile == "errors"
        write(".asset-lint.toml", 'profile = "checklist"')
        assert of().profile == "checklist"

    def test_the_nearest_one_upward_holds_alone(self) -> None:
        write("asset-lint.toml", 'profile = "errors"\nfail-on = "info"')
        write("a/asset-lint.toml", 'profile = "all"')
        assert (of("a/b/c").profile, of("a/b/c").fail_on) == ("all", Severity.WARNING)
        assert (of("b").profile, of("b").fail_on) == ("errors", Severity.INFO)

    def test_one_object_serves_all_directories_below_a_file(self) -> None:
        write("asset-lint.toml", "")
        files = ConfigFiles()
        assert files.of("a/b") is files.of("c")

    def test_a_byte_order_mark_does_no_harm(self) -> None:
        Path("asset-lint.toml").write_bytes(b'\xef\xbb\xbfprofile = "all"')
        assert of().profile == "all"

    def test_a_configuration_survives_the_way_to_another_process(self) -> None:
        write("asset-lint.toml", 'exclude = ["a"]\ntarget-duckdb = "1.4"\n[per-file-ignores]\n"b" = ["AL1"]')
        config = of()
        assert pickle.loads(pickle.dumps(config)) == config


class TestTheRoot:
    def test_is_where_the_configuration_lies(self, project: Path) -> None:
        write("a/asset-lint.toml", "")
        assert of("a/b").root == project / "a"

    def test_is_the_repository_without_one(self, project: Path) -> None:
        assert of("a/b").root == project

    def test_is_the_nearer_of_the_two(self, project: Path) -> None:
        write("asset-lint.toml", 'profile = "all"')
        (project / "inner" / ".git").mkdir(parents=True)
        inner = of("inner/src")
        assert (inner.root, inner.profile) == (project / "inner", "all")

    def test_is_the_nearest_packaging_outside_a_repository(self, project: Path) -> None:
        outside = project.parent / "outside"
        write(f"{outside}/pyproject.toml", '[project]\nname = "x"')
        assert of(f"{outside}/src/x").root == outside

    def test_is_the_top_of_the_package_where_nothing_else_tells(self, project: Path) -> None:
        outside = project.parent / "outside"
        write(f"{outside}/x/__init__.py", "")
        write(f"{outside}/x/y/__init__.py", "")
        assert of(f"{outside}/x/y").root == outside

    def test_is_the_top_of_the_package_from_a_folder_of_it_without_init(self, project: Path) -> None:
        outside = project.parent / "outside"
        write(f"{outside}/x/__init__.py", "")
        write(f"{outside}/x/y/data.txt", "")
        assert of(f"{outside}/x/y").root == outside


class TestExtend:
    def test_builds_on_another_file(self) -> None:
        write("shared/base.toml", 'profile = "errors"\nfail-on = "info"\nextend-exclude = ["a"]')
        write("asset-lint.toml", 'extend = "shared/base.toml"\nfail-on = "error"\nextend-exclude = ["b"]')
        config = of()
        assert (config.profile, config.fail_on) == ("errors", Severity.ERROR)
        assert [pattern.text for pattern in config.extend_exclude] == ["a", "b"]

    def test_reads_the_table_of_a_pyproject(self) -> None:
        write("pyproject.toml", '[tool.asset-lint]\nprofile = "errors"')
        write("a/asset-lint.toml", 'extend = "../pyproject.toml"')
        assert of("a").profile == "errors"

    def test_leaves_the_paths_of_each_file_relative_to_it(self, project: Path) -> None:
        write("shared/base.toml", 'src = ["code"]\nexclude = ["old"]')
        write("asset-lint.toml", 'extend = "shared/base.toml"')
        assert of().src == (project / "shared" / "code",)
        assert of().exclude == (Pattern("old", f"{project}/shared"),)

    def test_finds_a_file_through_the_environment(self, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
        monkeypatch.setenv("SHARED", str(project / "shared"))
        write("shared/base.toml", 'profile = "errors"')
        write("asset-lint.toml", 'extend = "$SHARED/base.toml"')
        assert of().profile == "errors"

    def test_of_a_missing_file_is_an_error(self, project: Path) -> None:
        write("asset-lint.toml", 'extend = "nowhere.toml"')
        with pytest.raises(ConfigError, match=r"asset-lint\.toml: `extend`: there is no file .*nowhere\.toml"):
            of()

    def test_in_a_circle_is_an_error(self) -> None:
        write("asset-lint.toml", 'extend = "b.toml"')
        write("b.toml", 'extend = "asset-lint.toml"')
        with pytest.raises(ConfigError, match="goes round in a circle"):
            of()


class TestTheCommandLine:
    def test_wins_over_files_and_flags_over_inline_settings(self) -> None:
        write("asset-lint.toml", 'profile = "errors"\nfail-on = "error"\nforce-exclude = true')
        config = of(".", 'profile = "all"', 'fail-on = "info"', profile="checklist")
        assert (config.profile, config.fail_on, config.force_exclude) == ("checklist", Severity.INFO, True)

    def test_select_replaces_all_that_files_select_and_ignore(self) -> None:
        write("asset-lint.toml", 'select = ["AL1"]\nignore = ["AL102"]\nextend-select = ["AL2"]')
        config = of(select=["AL301"])
        assert (config.select, config.ignore, config.extend_select) == (("AL301",), (), ())

    def test_ignore_and_extend_add_to_what_files_say(self) -> None:
        write("asset-lint.toml", 'select = ["AL1"]\nignore = ["AL102"]')
        config = of(ignore=["AL103"], extend_select=["AL2"])
        assert (config.select, config.ignore, config.extend_select) == (("AL1",), ("AL102", "AL103"), ("AL2",))

    def test_fixable_replaces_unfixable_too(self) -> None:
        write("asset-lint.toml", 'unfixable = ["AL1"]')
        assert of(fixable=["AL1"]).unfixable == ()
        assert of(unfixable=["AL2"]).unfixable == ("AL1", "AL2")

    def test_a_file_given_there_holds_everywhere(self) -> None:
        write("a/asset-lint.toml", 'profile = "errors"')
        given = write("given.toml", 'profile = "all"')
        assert ConfigFiles(file=given).of("a").profile == "all"

    def test_isolated_reads_none(self, project: Path) -> None:
        write("asset-lint.toml", "what is this")
        assert ConfigFiles(isolated=True).of(".") == Config(project)

    @pytest.mark.parametrize("text", ["nonsense", "x = ["])
    def test_an_inline_setting_must_be_toml(self, text: str) -> None:
        with pytest.raises(ConfigError, match="is neither an existing file nor `key = value` in TOML"):
            of(".", text)


class TestErrors:
    """Each names the file, the key and what was expected."""

    def test_an_unknown_key_gets_a_suggestion(self, project: Path) -> None:
        write("asset-lint.toml", 'selct = ["AL1"]')
        with pytest.raises(ConfigError) as raised:
            of()
        assert str(raised.value) == f"{project}/asset-lint.toml: unknown setting `selct`; did you mean `select`?"

    def test_an_underscore_is_not_a_hyphen(self) -> None:
        write("pyproject.toml", '[tool.asset-lint]\nfail_on = "info"')
        with pytest.raises(ConfigError, match=r"pyproject\.toml: unknown setting `fail_on`; did you mean `fail-on`\?"):
            of()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("select = 'AL1'", "`select`: expected a list of strings, got a string"),
            ("select = ['AL1', 2]", "`select`: expected a list of strings, got an integer in it"),
            ("ignore = ['']", "`ignore`: a rule selector must not be empty"),
            (
                "profile = 'eror'",
                "`profile`: expected one of errors, checklist, all, got `eror`; did you mean `errors`?",
            ),
            (
                "fail-on = 'warn'",
                "`fail-on`: expected one of error, warning, info, got `warn`; did you mean `warning`?",
            ),
            ("fail-on = 1", "`fail-on`: expected a string, got an integer"),
            ("force-exclude = 'yes'", "`force-exclude`: expected true or false, got a string"),
            ("unsafe-fixes = 1.5", "`unsafe-fixes`: expected true or false, got a float"),
            ("exclude = ['a', '[b']", "`exclude`: `[b` has an unclosed `[`"),
            ("extend-exclude = ['{b']", "`extend-exclude`: `{b` has an unclosed `{`"),
            ("exclude = ['']", "`exclude`: a pattern must not be empty"),
            (
                "per-file-ignores = ['a']",
                "`per-file-ignores`: expected a table of patterns and lists of rule selectors",
            ),
            ("per-file-ignores = {'a' = 'AL1'}", "`per-file-ignores`: `a`: expected a list of strings, got a string"),
            ("target-duckdb = 'one'", "`target-duckdb`: `one` is no version"),
            ("target-duckdb = '>=2,<1'", "`target-duckdb`: no version is `>=2,<1`"),
            ("src = [{}]", "`src`: expected a list of strings, got a table in it"),
            ("baseline = ''", "`baseline`: a path must not be empty"),
            ("known-connections = 2020-01-01", "`known-connections`: expected a list of strings, got a date or time"),
            ("output-format = 'xml'", f"`output-format`: expected one of {', '.join(kinds.FORMATS)}, got `xml`"),
            ("extend = 3", "`extend`: expected the path of a configuration file"),
            ("select = [", "broken TOML: "),
        ],
    )
    def test_a_wrong_value(self, text: str, message: str, project: Path) -> None:
        write("asset-lint.toml", text)
        with pytest.raises(ConfigError) as raised:
            of()
        assert str(raised.value).startswith(f"{project}/asset-lint.toml: {message}")

    def test_broken_toml_tells_its_line(self) -> None:
        write("pyproject.toml", "[tool.asset-lint]\nprofile = errors\n")
        with pytest.raises(ConfigError, match=r"pyproject\.toml: broken TOML: .*line 2"):
            of()

    def test_the_table_must_be_one(self) -> None:
        write("pyproject.toml", "[tool]\nasset-lint = 3")
        with pytest.raises(ConfigError, match=r"`tool\.asset-lint` must be a table"):
            of()

    def test_text_that_is_no_utf_8(self) -> None:
        Path("asset-lint.toml").write_bytes(b"# \xff")
        with pytest.raises(ConfigError, match=r"asset-lint\.toml: broken TOML"):
            of()

    def test_flags_are_named_as_such(self) -> None:
        with pytest.raises(ConfigError, match="command line: `fail-on`: expected one of"):
            of(fail_on="never")


class TestPerFileIgnores:
    @pytest.mark.parametrize(
        ("pattern", "path", "matches"),
        [
            ("tests/**", "tests/a/b.py", True),
            ("tests/*", "tests/a/b.py", True),
            ("tests", "tests/a/b.py", True),
            ("tests/", "tests/a.py", True),
            ("tests/**", "src/tests.py", False),
            ("b.py", "a/b.py", True),
            ("*_test.py", "a/b_test.py", True),
            ("a/*.py", "c/a/b.py", False),
            ("**/a/*.py", "c/a/b.py", True),
            ("**/a/*.py", "a/b.py", True),
            ("{a,c}/*.py", "c/b.py", True),
            ("[a-c].py", "b.py", True),
            ("[!a-c].py", "b.py", False),
            ("?.py", "b.py", True),
            (r"\[x\].py", "[x].py", True),
            ("a.py", "axpy", False),
            ("./a.py", "a.py", True),
            ("!src/**", "tests/a.py", True),
            ("!src/**", "src/a.py", False),
        ],
    )
    def test_a_pattern_matches_a_name_or_a_path_below_the_configuration(
        self, pattern: str, path: str, matches: bool
    ) -> None:
        config = of(per_file_ignores={pattern: ["AL2"]})
        assert config.ignored(Path(path)) == (("AL2",) if matches else ())

    def test_a_pattern_may_lead_out_of_the_configurations_directory(self, project: Path) -> None:
        write("a/asset-lint.toml", '[per-file-ignores]\n"../b/*" = ["AL2"]')
        config = of("a")
        assert config.ignored(project / "b" / "c.py") == ("AL2",)
        assert config.ignored(project / "a" / "c.py") == ()

    def test_the_selectors_of_all_matching_patterns_add_up(self) -> None:
        config = of(per_file_ignores={"a/*": ["AL1"], "*.py": ["AL2", "AL3"], "b": ["AL4"]})
        assert config.ignored(Path("a/x.py")) == ("AL1", "AL2", "AL3")

    def test_a_special_character_in_the_projects_own_path_means_itself(self, tmp_path: Path) -> None:
        write(f"{tmp_path}/a+b[1]/asset-lint.toml", '[per-file-ignores]\n"x/*" = ["AL2"]')
        config = of(f"{tmp_path}/a+b[1]")
        assert config.ignored(tmp_path / "a+b[1]" / "x" / "c.py") == ("AL2",)


class TestSrc:
    def test_is_relative_to_the_file_and_expands_globs_of_directories(self, project: Path) -> None:
        for path in ("packages/a/src", "packages/b/src"):
            Path(path).mkdir(parents=True)
        write("packages/file/README", "")
        write("asset-lint.toml", 'src = ["lib", "packages/*/src"]')
        found = of("packages/a").src
        assert found == (project / "lib", project / "packages/a/src", project / "packages/b/src")


class TestTheTable:
    """Everything that is said of settings comes from one table."""

    def test_the_schema_that_ships_is_the_tables(self) -> None:
        assert json.loads(SCHEMA.read_text()) == schema()

    @pytest.mark.parametrize("key", KEYS)
    def test_the_example_of_a_setting_is_valid(self, key: str) -> None:
        jsonschema.Draft7Validator.check_schema(schema())
        table = load(KEYS[key].example)
        assert set(table) == {key}
        jsonschema.validate(table, schema())
        if key in SETTINGS:
            settings.read(table, Path.cwd(), "example")

    @pytest.mark.parametrize("key", SETTINGS)
    def test_the_default_is_what_reading_it_gives(self, key: str, project: Path) -> None:
        setting = SETTINGS[key]
        default = setting.plain(setting.default)
        if default is None:
            assert getattr(Config(project), key.replace("-", "_")) is None
            return
        jsonschema.validate({key: default}, schema())
        read = settings.read({key: default}, Path("/"), "default")
        assert read[key.replace("-", "_")] == getattr(Config(project), key.replace("-", "_"))

    @pytest.mark.parametrize(
        "table",
        [
            {"selct": []},
            {"select": "AL1"},
            {"select": [""]},
            {"fail-on": "never"},
            {"force-exclude": "yes"},
            {"per-file-ignores": {"a": "AL1"}},
            {"output-format": "xml"},
        ],
    )
    def test_the_schema_refuses_what_reading_refuses(self, table: dict[str, object]) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(table, schema())
        with pytest.raises(ConfigError):
            settings.read(table, Path.cwd(), "test")

    def test_every_setting_is_shown_as_plain_data_that_reads_back(self) -> None:
        write("asset-lint.toml", 'target-duckdb = ">=1.2,<2"\nbaseline = "b.json"\n[per-file-ignores]\n"!a" = ["AL1"]')
        config = of()
        shown = {key: value for key, value in config.items() if value is not None}
        assert json.loads(json.dumps(shown)) == shown
        assert shown["per-file-ignores"] == {"!a": ["AL1"]}
        again = settings.build(config.root, config.file, settings.read(shown, config.root, "again"))
        assert (again.per_file_ignores, again.target_duckdb) == (config.per_file_ignores, Target((1, 2), (2,)))
