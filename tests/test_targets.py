"""Which versions of DuckDB the code may meet, and where that is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from asset_lint.config import targets
from asset_lint.config.targets import ANY, Target, find, parse

LOCKED = '[[package]]\nname = "duckdb"\nversion = "1.4.2"\n'
V1_0, V1_2, V1_4, V1_5, V2_0 = targets.DUCKDB


class TestRequirements:
    @pytest.mark.parametrize(
        ("text", "minimum", "maximum"),
        [
            ("1.4", (1, 4), (1, 5)),
            ("1.4.2", (1, 4, 2), (1, 4, 3)),
            ("==1.4.2", (1, 4, 2), (1, 4, 3)),
            ("== 1.4.*", (1, 4), (1, 5)),
            (">=1.2,<2", (1, 2), (2,)),
            (">=1.2 <2", (1, 2), (2,)),
            ("<2,>=1.2,>=1.4", (1, 4), (2,)),
            ("~=1.4", (1, 4), (2,)),
            ("~=1.4.1", (1, 4, 1), (1, 5)),
            ("^1.2", (1, 2), (2,)),
            ("^0.3.1", (0, 3, 1), (0, 4)),
            ("~1.4", (1, 4), (1, 5)),
            ("~1.4.2", (1, 4, 2), (1, 5)),
            (">1.5", (1, 5), None),
            ("<=1.2", None, (1, 2, 1)),
            ("!=1.3.0", None, None),
            ("*", None, None),
            ("^1.2 || ^2.0", (1, 2), (3,)),
            ("2.0.0rc1", (2, 0, 0), (2, 0, 1)),
            ("==1.4.2+local.1", (1, 4, 2), (1, 4, 3)),
        ],
    )
    def test_a_requirement_is_a_range(
        self, text: str, minimum: tuple[int, ...] | None, maximum: tuple[int, ...] | None
    ) -> None:
        assert parse(text) == Target(minimum, maximum)

    @pytest.mark.parametrize("text", ["", "latest", ">=", "1.4;", ">=2,<2", ">=2,<1.5", "1.x"])
    def test_anything_else_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"version"):
            parse(text)

    def test_it_is_written_as_a_range(self) -> None:
        assert [str(parse(text)) for text in ("1.4", ">=1.2", "*")] == [">=1.4,<1.5", ">=1.2", "any"]


class TestSupport:
    """A known version stands for the releases up to the next one."""

    @pytest.mark.parametrize(
        ("text", "versions"),
        [
            ("*", targets.DUCKDB),
            ("1.4.2", (V1_4,)),
            ("1.3.2", (V1_2,)),
            ("0.9", (V1_0,)),
            (">=1.2,<2", (V1_2, V1_4, V1_5)),
            ("<2.0.0", (V1_0, V1_2, V1_4, V1_5)),
            (">=1.5.3", (V1_5, V2_0)),
            (">=2", (V2_0,)),
            ("3.1", (V2_0,)),
            ("<=1.4", (V1_0, V1_2, V1_4)),
        ],
    )
    def test_of_the_known_versions(self, text: str, versions: tuple[tuple[int, ...], ...]) -> None:
        assert parse(text).versions() == versions


class TestFinding:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / ".git").mkdir()
        return tmp_path

    def test_nothing_is_known_of_an_empty_project(self, project: Path) -> None:
        assert find("duckdb", project) == ANY

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("uv.lock", f'version = 1\n[[package]]\nname = "dagster"\nversion = "1.9"\n\n{LOCKED}'),
            ("poetry.lock", '[[package]]\nname = "duckdb"\nversion = "1.4.2"\ndescription = ""\n'),
            ("pylock.toml", '[[packages]]\nname = "duckdb"\nversion = "1.4.2"\n'),
            ("pylock.dev.toml", '[[packages]]\r\nname = "duckdb"\r\nversion = "1.4.2"\r\n'),
            ("requirements.txt", "dagster==1.9\nduckdb==1.4.2  # pinned\n"),
            ("requirements-dev.txt", "DuckDB[all]==1.4.2 ; python_version >= '3.9' \\\n    --hash=sha256:0\n"),
            ("pyproject.toml", '[project]\ndependencies = ["dagster", "duckdb==1.4.2"]'),
            ("pyproject.toml", '[project.optional-dependencies]\ndev = ["duckdb (==1.4.2)"]'),
            ("pyproject.toml", '[dependency-groups]\ndev = [{include-group = "x"}, "duckdb==1.4.2"]'),
            ("pyproject.toml", '[tool.poetry.dependencies]\nduckdb = "1.4.2"'),
            ("pyproject.toml", '[tool.poetry.group.dev.dependencies]\nduckdb = {version = "1.4.2", optional = true}'),
            ("setup.cfg", "[options]\ninstall_requires =\n    dagster\n    duckdb==1.4.2\n"),
        ],
    )  # fmt: skip
    def test_a_version_is_found_in(self, name: str, text: str, project: Path) -> None:
        (project / name).write_bytes(text.encode())
        assert find("duckdb", project) == parse("1.4.2")

    @pytest.mark.parametrize("name", ["duckdb-engine", "dagster-duckdb", "duckdb_extras"])
    def test_other_packages_are_not_mistaken_for_it(self, name: str, project: Path) -> None:
        (project / "uv.lock").write_text(f'[[package]]\nname = "{name}"\nversion = "0.1"\n')
        (project / "requirements.txt").write_text(f"{name}==0.1\n")
        (project / "pyproject.toml").write_text(f'[project]\nname = "duckdb"\ndependencies = ["{name}==0.1"]')
        assert find("duckdb", project) == ANY

    def test_a_name_may_be_spelt_with_underscores(self, project: Path) -> None:
        (project / "requirements.txt").write_text("dagster_duckdb==0.29\n")
        assert find("dagster-duckdb", project) == parse("0.29")

    def test_a_lock_file_says_more_than_a_requirement_beside_it(self, project: Path) -> None:
        (project / "pyproject.toml").write_text('[project]\ndependencies = ["duckdb>=1"]')
        (project / "uv.lock").write_text('[[package]]\nname = "duckdb"\nversion = "1.5.6"\n')
        assert find("duckdb", project) == parse("1.5.6")

    def test_compiled_requirements_say_more_than_their_source(self, project: Path) -> None:
        (project / "requirements.in").write_text("duckdb\nduckdb>=1\n")
        (project / "requirements.txt").write_text("duckdb==1.5.6\n")
        assert find("duckdb", project) == parse("1.5.6")

    def test_a_workspace_member_is_locked_at_the_root(self, project: Path) -> None:
        member = project / "packages" / "a"
        member.mkdir(parents=True)
        (member / "pyproject.toml").write_text('[project]\ndependencies = ["duckdb>=1.2"]')
        (project / "uv.lock").write_text('[[package]]\nname = "duckdb"\nversion = "1.4.2"\n')
        assert find("duckdb", member) == parse("1.4.2")

    def test_a_lock_that_contradicts_the_requirement_belongs_to_something_else(self, project: Path) -> None:
        inner = project / "examples"
        inner.mkdir()
        (inner / "requirements.txt").write_text("duckdb>=2\n")
        (project / "uv.lock").write_text('[[package]]\nname = "duckdb"\nversion = "1.4.2"\n')
        assert find("duckdb", inner) == parse(">=2")

    def test_several_locked_versions_are_all_meant(self, project: Path) -> None:
        entries = [f'[[package]]\nname = "duckdb"\nversion = "{version}"\n' for version in ("1.4.2", "2.0.0")]
        (project / "uv.lock").write_text("\n".join(entries))
        assert find("duckdb", project).versions() == (V1_4, V1_5, V2_0)

    def test_the_search_ends_at_the_root_of_the_repository(self, project: Path) -> None:
        (project / "requirements.txt").write_text("duckdb==1.4.2\n")
        (project / "inner" / ".git").mkdir(parents=True)
        assert find("duckdb", project / "inner") == ANY

    def test_the_search_ends_where_it_is_told_to(self, project: Path) -> None:
        (project / "requirements.txt").write_text("duckdb==1.4.2\n")
        (project / "a" / "b").mkdir(parents=True)
        assert find("duckdb", project / "a" / "b", project / "a") == ANY
        assert find("duckdb", project / "a" / "b", project) == parse("1.4.2")

    @pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "requirements.txt", "setup.cfg"])
    def test_a_broken_file_says_nothing(self, name: str, project: Path) -> None:
        (project / name).write_bytes(
            b'[[package\nname = "duckdb"\xff\nversion = \nduckdb==what\nduckdb @ git+https://x'
        )
        assert find("duckdb", project) == ANY

    def test_a_lock_file_is_not_read_where_it_is_a_directory(self, project: Path) -> None:
        (project / "uv.lock").mkdir()
        assert find("duckdb", project) == ANY
