"""Known findings: what they are recognised by, and how their file is written, updated and pruned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asset_lint.baseline import Baseline
from asset_lint.errors import ConfigError, SourceError
from asset_lint.finding import Finding, Severity
from asset_lint.source import Source

FILE = "project/a.py"


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "project").mkdir()
    (tmp_path / FILE).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(
    text: str, *words: str, path: str = FILE, code: str = "XB1", function: str = "f"
) -> tuple[Source, list[Finding]]:
    """Findings at every place where one of ``words`` stands."""
    source = Source(path, text.encode())
    findings = []
    for word in words:
        at = text.find(word)
        while at >= 0:
            span = source.span(at, at + len(word))
            findings.append(Finding(code, "x", "", Severity.ERROR, path, span, span.line, function))
            at = text.find(word, at + 1)
    return source, findings


def known(*found: tuple[Source, list[Finding]], path: str = "baseline.json") -> Baseline:
    baseline = Baseline(Path(path))
    return baseline.written(baseline.count(found))


def lines_of(baseline: Baseline, found: tuple[Source, list[Finding]]) -> list[int]:
    """The lines of the findings that the baseline does not know."""
    return [each.span.line for each in baseline.divided(*found)[0]]


@pytest.mark.parametrize(
    "text",
    [
        "x = leak(1, 2)\n",
        "\n\nimport os\n\nx = leak(1, 2)\n",
        "if True:\n    x = leak(1,2)  # moved\n",
        "x = leak(\n    1,\n    2,  # split\n)\n",
        "x = leak(1, 2)\r\n",
    ],
)
def test_a_known_finding_is_recognised_wherever_it_moves_and_however_it_is_laid_out(text: str) -> None:
    assert lines_of(known(found("x = leak(1, 2)\n", "leak")), found(text, "leak")) == []


@pytest.mark.parametrize(
    "other",
    [
        found("x = leak(1, 3)\n", "leak"),
        found("x = leak(1, 2)\n", "leak", code="XB2"),
        found("x = leak(1, 2)\n", "leak", function="g"),
        found("x = leak(1, 2)\n", "leak", path="project/b.py"),
    ],
    ids=["other words", "another rule", "another function", "another file"],
)
def test_what_differs_is_new(other: tuple[Source, list[Finding]]) -> None:
    assert lines_of(known(found("x = leak(1, 2)\n", "leak")), other) == [1]


def test_equal_findings_are_counted_and_the_later_ones_are_new() -> None:
    baseline = known(found("leak()\nleak()\n", "leak"))
    assert lines_of(baseline, found("leak()\n", "leak")) == []
    assert lines_of(baseline, found("leak()\n\nleak()\nleak()\n", "leak")) == [4]


def test_a_finding_inside_a_statement_is_known_by_the_whole_statement() -> None:
    baseline = known(found("foo(\n    leak,\n)\n", "leak"))
    assert lines_of(baseline, found("foo(leak)\n", "leak")) == []
    assert lines_of(baseline, found("bar(leak)\n", "leak")) == [1]


def test_findings_about_comments_are_known_by_the_comment() -> None:
    baseline = known(found("# noqa: XB1\n", "# noqa"))
    assert lines_of(baseline, found("\n# noqa: XB1\n", "# noqa")) == []
    assert lines_of(baseline, found("# noqa: XB2\n", "# noqa")) == [1]


def test_broken_syntax_is_never_known() -> None:
    broken = found("x = (\n", "(", code="AL000")
    assert lines_of(known(broken), broken) == [1]


def test_paths_are_relative_to_the_file_not_to_the_working_directory(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(found("leak()\n", "leak"), path="project/baseline.json").save()
    text = (workplace / "project/baseline.json").read_text()
    assert json.loads(text)["findings"].keys() == {"a.py"}
    monkeypatch.chdir(workplace / "project")
    baseline = Baseline.read(Path("baseline.json"))
    assert lines_of(baseline, found("leak()\n", "leak", path="a.py")) == []


def test_the_file_is_stable_sorted_and_has_one_finding_a_line() -> None:
    one = found("leak()\nleak('é')\n", "leak")
    other = found("leak()\n" + "x" * 200 + " = leak\n", "leak", path="project/Z.py")
    known(other, one).save()
    first = Path("baseline.json").read_bytes()
    known(one, other).save()
    assert Path("baseline.json").read_bytes() == first
    text = first.decode()
    assert text.endswith("}\n")
    assert text.index("project/Z.py") < text.index("project/a.py")
    entries = [line.strip() for line in text.splitlines() if '"code"' in line]
    assert len(entries) == 4
    assert all(len(entry) < 200 for entry in entries)
    assert "leak ( 'é' )" in text
    assert lines_of(Baseline.read(Path("baseline.json")), other) == []


def test_an_empty_baseline_can_be_written_and_read() -> None:
    Baseline(Path("baseline.json")).save()
    assert Baseline.read(Path("baseline.json")).counts == {}


def test_updating_keeps_what_is_known_of_other_files() -> None:
    Path("project/b.py").touch()
    before = known(found("leak()\n", "leak"), found("leak()\n", "leak", path="project/b.py"))
    now = found("leak(2)\n", "leak")
    after = before.updated(before.count([now]), [FILE])
    assert lines_of(after, now) == []
    assert lines_of(after, found("leak()\n", "leak")) == [1]
    assert lines_of(after, found("leak()\n", "leak", path="project/b.py")) == []


def test_updating_and_pruning_drop_files_that_are_gone() -> None:
    before = known(found("leak()\n", "leak", path="project/gone.py"))
    assert before.updated({}, []).counts == {}
    assert before.pruned({}, []).counts == {}


def test_pruning_drops_what_is_mended_and_adds_nothing() -> None:
    before = known(found("leak()\nleak()\nleak(2)\n", "leak"))
    now = found("leak()\nleak(3)\n", "leak")
    after = before.pruned(before.count([now]), [FILE])
    assert list(after.counts.values()) == [1]
    assert lines_of(after, now) == [2]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"version": 1, "findings": {"a.py": [{}]}}', "is no baseline: 'function'"),
        ('{"version": 99, "findings": {}}', "of version 99, expected 1"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_broken_file_is_an_error(text: str | None, complaint: str) -> None:
    if text is not None:
        Path("baseline.json").write_text(text)
    with pytest.raises(ConfigError, match=f"^baseline.json: .*{complaint}"):
        Baseline.read(Path("baseline.json"))


def test_a_file_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(SourceError, match="cannot write"):
        Baseline(Path("nowhere/baseline.json")).save()
