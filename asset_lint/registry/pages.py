"""What can be said of each code: a rule's page, and those of the findings that are the tool's own."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.finding import Severity

if TYPE_CHECKING:
    from asset_lint.rule import Rule

INVALID_SYNTAX = "AL000"
UNUSED_SUPPRESSION = "AL001"
UNKNOWN_CODE = "AL002"


@dataclass(frozen=True, slots=True)
class Page:
    """``text`` is the documentation in Markdown, ``rule`` the class (None for the tool's own findings), ``pack`` the
    package that it comes from."""

    code: str
    name: str
    message: str
    severity: Severity
    text: str
    rule: type[Rule] | None = None
    pack: str = "asset_lint"

    @property
    def summary(self) -> str:
        """The page's first sentence."""
        return " ".join(self.text.partition("\n\n")[0].split())


def page_of(rule: type[Rule]) -> Page:
    """The page that a rule's docstring is."""
    text = inspect.cleandoc(rule.__doc__ or "")
    return Page(rule.code, rule.name, rule.message, rule.severity, text, rule, rule.__module__.partition(".")[0])


OWN = (
    Page(
        INVALID_SYNTAX,
        "invalid-syntax",
        "the file cannot be parsed",
        Severity.ERROR,
        """\
Never leave a file that cannot be parsed.

## What it does
Reports files that mention Dagster or DuckDB and that no parser takes: broken syntax, an unknown encoding, bytes that do
not decode, a NUL byte, nesting so deep that no parser survives it.

## Why is this bad?
Python cannot import the file either, so its assets do not exist. Nothing else in it was checked.

## Example
```python
@dg.asset
def orders(:
    ...
```

## Use instead
```python
@dg.asset
def orders():
    ...
```

## Fix safety
There is no fix.

## Options
None. This finding can be neither ignored nor suppressed; leave the file out with `exclude`.
""",
    ),
    Page(
        UNUSED_SUPPRESSION,
        "unused-suppression",
        "suppresses nothing",
        Severity.WARNING,
        """\
Never keep a suppression that suppresses nothing.

## What it does
Reports comments (`# noqa: AL201`, `# asset-lint: ignore[AL201]`, `disable`, `enable`, `file-ignore`) that name a rule
which finds nothing there. It speaks only of rules that ran, never of other tools' codes nor of a bare `# noqa`.

## Why is this bad?
Whoever reads the comment believes that there is a fault, and the next real one in this place goes unseen.

## Example
```python
with duckdb.connect(path) as conn:  # noqa: AL201
    ...
```

## Use instead
```python
with duckdb.connect(path) as conn:
    ...
```

## Fix safety
The fix is safe: it removes the code, and the comment where no code is left.

## Options
None.
""",
    ),
    Page(
        UNKNOWN_CODE,
        "unknown-code-in-suppression",
        "names no rule",
        Severity.WARNING,
        """\
Never name a rule that does not exist in a suppression.

## What it does
Reports suppression comments whose code has the prefix of an installed rule pack but is no rule of it, names that look
like a misspelt rule's, and `# asset-lint:` comments that cannot be read.

## Why is this bad?
The comment does nothing: what it was written for is reported all the same, or comes back unseen under another code.

## Example
```python
conn = duckdb.connect(path)  # asset-lint: ignore[unclosed-conection] closed at exit
```

## Use instead
```python
conn = duckdb.connect(path)  # asset-lint: ignore[unclosed-connection] closed at exit
```

## Fix safety
The fix is safe: it removes the code, and the comment where no code is left.

## Options
None.
""",
    ),
)
