"""The assets that ``verify`` ran, as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from asset_lint.verify import Witness

Place = tuple[str, str]  # a file and a function in it
_LONG = 160  # characters that are told of what was seen


@dataclass
class Row:
    """What is shown of one asset: where it stands, its witness, and each finding's code, verdict and words for it."""

    place: Place
    witness: Witness
    verdicts: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, code: str, verdict: str, words: str) -> None:
        """One more finding."""
        self.verdicts.append((code, verdict, words))

    @property
    def codes(self) -> set[str]:
        """The rules that say something of it."""
        return {code for code, _, _ in self.verdicts}

    def of(self, *verdicts: str) -> str:
        """The codes of some verdicts, with how often each stands there."""
        counts = Counter(code for code, verdict, _ in self.verdicts if verdict in verdicts)
        return ", ".join(code if number == 1 else f"{number} {code}" for code, number in sorted(counts.items()))

    @property
    def ran(self) -> str:
        """The scenarios in which it ran, and the tables that were generated for that."""
        scenarios = ", ".join(scenario.value for scenario in self.witness.runs)
        generated = ", ".join(self.witness.generated)
        return f"{scenarios}; on generated data: {generated}" if generated else scenarios

    @property
    def note(self) -> str:
        """Why it could not be run, and what was seen."""
        codes: dict[str, list[str]] = {}
        for code, verdict, words in self.verdicts:
            if verdict in ("confirmed", "seen"):
                codes.setdefault(words, []).append(code)
        seen = [f"{', '.join(dict.fromkeys(of_words))}: {_shortened(words)}" for words, of_words in codes.items()]
        return "\n".join([*filter(None, [_shortened(self.witness.failure)]), *seen])


def table(rows: Sequence[Row], *, color: bool) -> str:
    """The assets with what was run and what that said, for people."""
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    width = 0 if color else 160
    stream = StringIO()
    console = Console(file=stream, force_terminal=color, no_color=not color, width=width or None, soft_wrap=False)
    grid = Table(show_edge=False, pad_edge=False, header_style="bold")
    for heading, style in (
        ("asset", "bold"), ("ran", "dim"), ("confirmed", "red"), ("refuted", "green"), ("not reached", "yellow"),
        ("what was seen", ""),
    ):  # fmt: skip
        grid.add_column(heading, style=style, overflow="fold")
    shown = [row for row in rows if row.verdicts or row.witness.failure]
    for row in shown:
        unit = row.witness.unit
        name = f"{unit.name}\n[not bold dim]{unit.file}:{unit.line}[/]"
        cells = (row.ran, row.of("confirmed", "seen"), row.of("refuted"), row.of("not reached"), row.note)
        grid.add_row(name, *("\n".join(map(_plain, cell.split("\n"))) for cell in cells))
    if shown:
        console.print(grid)
        console.print()
    told = Counter(verdict for row in rows for _, verdict, _ in row.verdicts)
    silent = sum(bool(row.witness.failure) for row in rows)
    console.print(
        f"{len(rows)} asset{'s' * (len(rows) != 1)}: {told['confirmed'] + told['seen']} findings confirmed, "
        f"{told['refuted']} refuted, {told['not reached']} not reached"
        + (f"; {len(rows) - len(shown)} ran without a finding" if shown and len(rows) > len(shown) else "")
        + (f"; {silent} could not be run to the end" if silent else "")
    )
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def _shortened(words: str) -> str:
    return words if len(words) <= _LONG else f"{words[:_LONG].rstrip()}…"


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    from rich.markup import escape

    from asset_lint.report.safe import visible

    return escape(visible(text))
