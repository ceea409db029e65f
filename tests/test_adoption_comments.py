"""Keeping what is found: the comments that ``--add-ignore`` writes, and baselines that must not go stale."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Cli, Ran, add, asset, enter, runner


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return enter(tmp_path, monkeypatch)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Cli:
    return runner(monkeypatch, capfdbinary)


@pytest.fixture
def check(cli: Cli) -> Cli:
    def run(*arguments: str, stdin: bytes | None = None) -> Ran:
        return cli("check", "--output-format", "concise", *arguments, stdin=stdin)

    return run


class TestAddIgnore:
    @pytest.mark.parametrize(
        ("before", "after", "comments"),
        [
            ("plain", "plain  # asset-lint: ignore[XE104]", 1),
            ("plain, bad, bad", "plain, bad, bad  # asset-lint: ignore[XE101, XE104]", 1),
            ("plain  # why", "plain  # why  # asset-lint: ignore[XE104]", 1),
            ("plain  # noqa: F401", "plain  # noqa: F401  # asset-lint: ignore[XE104]", 1),
            (
                "plain, bad  # asset-lint: ignore[XE101] known",
                "plain, bad  # asset-lint: ignore[XE101, XE104] known",
                1,
            ),
            (
                "plain, bad  # asset-lint: ignore[bad-word,]",
                "plain, bad  # asset-lint: ignore[bad-word, XE104,]",
                1,
            ),
            (
                "# asset-lint: ignore[XE101] known\n    plain, bad",
                "# asset-lint: ignore[XE101, XE104] known\n    plain, bad",
                1,
            ),
            ("plain  # asset-lint: ignore", "plain  # asset-lint: ignore", 0),
            ("foo(\n    plain,\n    bad,\n)", "foo(\n    plain,  # asset-lint: ignore[XE101, XE104]\n    bad,\n)", 1),
            ("plain + '''\n'''", "plain + '''\n'''  # asset-lint: ignore[XE104]", 1),
            ("plain + \\\n  1", "plain + \\\n  1  # asset-lint: ignore[XE104]", 1),
            ("plain; bad", "plain; bad  # asset-lint: ignore[XE101, XE104]", 1),
            (
                "if plain:\n        bad",
                "if plain:  # asset-lint: ignore[XE104]\n        bad  # asset-lint: ignore[XE101]",
                2,
            ),
            ("fine", "fine", 0),
        ],
    )
    def test_writes_comments_that_leave_no_finding(self, before: str, after: str, comments: int, check: Cli) -> None:
        file = add("a.py", asset(before))
        ran = check("--add-ignore")
        assert (ran.status, ran.out) == (0, "")
        assert ran.err == f"Added {comments} ignore comment{'' if comments == 1 else 's'}.\n"
        assert file.read_text() == asset(after)
        assert check("--select", "ALL") == Ran(0, b"All checks passed!\n", "")

    def test_takes_a_reason_only_behind_an_equals_sign(self, check: Cli) -> None:
        one, two = add("a.py", asset("bad")), add("b.py", asset("bad"))
        assert check("--add-ignore", "a.py").err == "Added 1 ignore comment.\n"
        assert check("--add-ignore=see #123, before 2027", "b.py").status == 0
        assert "bad  # asset-lint: ignore[XE101]\n" in one.read_text()
        assert "bad  # asset-lint: ignore[XE101] see #123, before 2027\n" in two.read_text()
        assert check().status == 0

    def test_keeps_every_other_byte(self, check: Cli) -> None:
        text = "\ufeff" + asset("x = 'ä'\t", "bad \t", "\tplain  # ü".lstrip()).replace("\n", "\r\n") + "# end"
        file = add("a.py", text)
        assert check("--add-ignore").status == 0
        expected = text.replace("bad \t", "bad  # asset-lint: ignore[XE101]")
        expected = expected.replace("plain  # ü", "plain  # ü  # asset-lint: ignore[XE104]")
        assert file.read_bytes() == expected.encode()

    def test_is_idempotent(self, check: Cli) -> None:
        file = add("a.py", asset("bad, plain", "risky"))
        check("--add-ignore=why")
        once = file.read_bytes()
        assert check("--add-ignore=why").err == "Added 0 ignore comments.\n"
        assert file.read_bytes() == once

    @pytest.mark.parametrize("reason", ["one\ntwo", "one\rtwo", "\x1b[31mred"])
    def test_refuses_a_reason_that_is_no_line_of_words(self, reason: str, check: Cli) -> None:
        file = add("a.py", asset("bad"))
        for option in ("--add-ignore", "--add-noqa"):
            assert check(f"{option}={reason}").status == 2
        assert file.read_text() == asset("bad")

    @pytest.mark.parametrize("other", ["--add-noqa", "--fix", "--diff", "--fix-only", "--ignore-noqa", "-"])
    def test_goes_with_nothing_that_contradicts_it(self, other: str, check: Cli) -> None:
        file = add("a.py", asset("bad"))
        ran = check("--add-ignore", other, stdin=b"")
        assert ran.status == 2
        assert "cannot be used" in ran.err
        assert file.read_text() == asset("bad")


class TestStrictBaseline:
    @pytest.fixture(autouse=True)
    def known(self, cli: Cli) -> None:
        add("a.py", asset("bad", "plain", "risky"))
        add("b.py", asset("bad"))
        assert cli("baseline", "write").status == 0

    def test_is_content_while_all_is_found_that_is_known(self, check: Cli) -> None:
        assert check("--strict-baseline") == Ran(0, b"All checks passed!\n", "")

    def test_fails_where_something_has_been_mended(self, cli: Cli, check: Cli) -> None:
        add("a.py", asset("good", "plain", "risky"))
        assert check().status == 0
        ran = check("--strict-baseline")
        assert (ran.status, ran.out) == (1, "All checks passed!\n")
        assert ran.err == (
            "a.py: XE101 of `numbers` is in the baseline, but no longer found: bad\n"
            "1 known finding is stale; `asset-lint baseline prune` forgets it.\n"
        )
        assert check("--strict-baseline", "--exit-zero").status == 0
        cli("baseline", "prune")
        assert check("--strict-baseline").status == 0

    def test_names_each_of_equal_ones(self, cli: Cli, check: Cli) -> None:
        add("b.py", asset("bad", "bad", "bad"))
        cli("baseline", "write")
        add("b.py", asset("bad"))
        assert check("--strict-baseline").err.count("b.py: XE101") == 2

    def test_looks_at_the_files_that_are_checked_and_those_that_are_gone(self, check: Cli) -> None:
        add("a.py", asset("good"))
        assert check("--strict-baseline", "b.py").status == 0
        Path("a.py").unlink()
        ran = check("--strict-baseline", "b.py")
        assert (ran.status, ran.err.count("a.py: XE1")) == (1, 3)

    def test_asks_only_for_rules_that_run(self, check: Cli) -> None:
        add("a.py", asset("good", "plain", "risky"))
        assert check("--strict-baseline", "--select", "XE104").status == 0
        assert check("--strict-baseline", "--select", "XE101").status == 1

    def test_says_nothing_of_a_file_that_cannot_be_read(self, check: Cli) -> None:
        add("a.py", asset("bad = ("))
        ran = check("--strict-baseline")
        assert (ran.status, ran.codes, ran.err) == (1, ["AL000"], "")

    def test_sees_what_processes_find(self, cli: Cli, check: Cli) -> None:
        for number in range(40):
            add(f"m{number}.py", asset("bad"))
        cli("baseline", "write")
        assert check("--strict-baseline", "-j", "2").status == 0
        add("m7.py", asset("good"))
        assert check("--strict-baseline", "-j", "2").err.startswith("m7.py: XE101 of `numbers`")

    def test_goes_with_fixing(self, check: Cli) -> None:
        add("b.py", asset("bad", "bad"))  # the second one is new, and mended
        assert check("--strict-baseline", "--fix").status == 0
        assert Path("b.py").read_text() == asset("bad", "good")
