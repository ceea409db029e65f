"""Which rules there are, and which of them a configuration selects for a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.errors import ConfigError, RuleError, UsageError
from asset_lint.finding import Finding, Severity
from asset_lint.rule import Rule

from .packs import installed, libcst_on_demand, rules_of
from .pages import INVALID_SYNTAX, OWN, UNKNOWN_CODE, UNUSED_SUPPRESSION, Page, page_of

if TYPE_CHECKING:
    from asset_lint.config import Config

    from .sql import SqlRule

__all__ = [
    "INVALID_SYNTAX", "UNKNOWN_CODE", "UNUSED_SUPPRESSION",
    "Page", "Registry", "Selection", "closest", "load",
]  # fmt: skip

CODE = re.compile(r"[A-Z]+[0-9]+")
PREFIX = re.compile(r"[A-Z]+[0-9]*")
ALL = "ALL"
_WHOLE = 1000  # a code or a name is more specific than any prefix

#: The least severity that is reported of rules that no selector names.
_FLOORS = {"errors": Severity.ERROR, "checklist": Severity.WARNING, "all": Severity.INFO}


@dataclass(frozen=True, slots=True)
class Selection:
    """What a file is checked for.

    ``codes`` are those that run. Of those in ``named`` (by a selector) everything is reported, of the others (that
    the profile alone brings in) what is at least as bad as ``floor``.
    """

    codes: frozenset[str]
    named: frozenset[str]
    floor: Severity

    def reports(self, finding: Finding) -> bool:
        """Whether a finding is to be shown."""
        if finding.code == INVALID_SYNTAX:
            return True
        return finding.code in self.codes and (finding.code in self.named or finding.severity >= self.floor)


class Registry:
    """Rules by code, in order. ``pages`` has the tool's own codes too, ``prefixes`` the letters of all codes.

    Raises RuleError for no rules, for two of one code or name, and for a rule that lacks what every rule has.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return Registry, (self.rules,)

    def __init__(self, rules: Iterable[type[Rule]]) -> None:
        self.rules: tuple[type[Rule], ...] = tuple(sorted(rules, key=lambda rule: (rule.code, rule.__qualname__)))
        if not self.rules:
            raise RuleError("no rules are installed: no distribution offers the entry-point group `asset_lint.rules`")
        self.pages: dict[str, Page] = {page.code: page for page in OWN}
        self._by_name: dict[str, str] = {page.name: page.code for page in OWN}
        for rule in self.rules:
            _examine(rule)
            page = page_of(rule)
            for taken, what in ((self.pages.get(rule.code), rule.code), (self._page(rule.name), rule.name)):
                if taken is not None:
                    raise RuleError(f"two rules are called `{what}`: {_where(taken)} and {_where(page)}")
            self.pages[rule.code] = page
            self._by_name[rule.name] = rule.code
        self.pages = dict(sorted(self.pages.items()))
        self.prefixes = frozenset(code.rstrip("0123456789") for code in self.pages)
        self.sql: dict[str, SqlRule] = {}  # by code
        self._adopted: dict[Path, SqlRule] = {}
        self._selections: dict[tuple[int, tuple[str, ...]], tuple[Config, Selection]] = {}

    # -- rules in SQL -------------------------------------------------------------------------------------------------

    def sql_rules(self, config: Config) -> list[SqlRule]:
        """The rules in SQL that a configuration names; from then on they are known as all others are.

        Raises ConfigError for a file that can't be used, or whose code or name is taken.
        """
        return [self._adopt(file) for file in config.sql_rules]

    def _adopt(self, file: Path) -> SqlRule:
        known = self._adopted.get(file)
        if known is not None:
            return known
        from .sql import read

        rule = read(file)
        for taken, what in ((self.pages.get(rule.code), "code"), (self._page(rule.name), "name")):
            if taken is not None:
                word = rule.code if what == "code" else rule.name
                raise ConfigError(f"{file}: the {what} `{word}` is taken by {_where(taken)}")
        self._adopted[file] = self.sql[rule.code] = rule
        self.pages = dict(sorted({**self.pages, rule.code: rule.page}.items()))
        self._by_name[rule.name] = rule.code
        self.prefixes |= {rule.code.rstrip("0123456789")}
        self._selections.clear()
        return rule

    def running_sql(self, config: Config) -> list[SqlRule]:
        """Those that run: their codes are selected, for some files at least."""
        rules = self.sql_rules(config)
        codes = self._select(config, ()).codes if rules else frozenset()
        return [rule for rule in rules if rule.code in codes]

    def _page(self, name: str) -> Page | None:
        return self.pages.get(self._by_name.get(name, ""))

    def find(self, word: str) -> Page:
        """The page of a code or name; raises UsageError with the nearest one."""
        page = self.pages.get(word.upper()) or self._page(word.lower())
        if page is None:
            raise UsageError(f"there is no rule `{word}`{closest(word, [*self.pages, *self._by_name])}")
        return page

    def code_of(self, word: str) -> str | None:
        """The code that a code or name stands for, None where there is no such rule."""
        return word if word in self.pages else self._by_name.get(word)

    def selects(self, word: str) -> bool:
        """Whether ``word`` is a selector of rules."""
        try:
            self._expand(word, "")
        except ConfigError:
            return False
        return True

    def names(self) -> Iterator[str]:
        """Every code and every name."""
        yield from self.pages
        yield from self._by_name

    # -- selection ----------------------------------------------------------------------------------------------------

    def select(self, config: Config, path: Path) -> frozenset[type[Rule]]:
        """The rules that run on the file ``path``; raises ConfigError for an unknown selector."""
        codes = self.selection(config, path).codes
        return frozenset(rule for rule in self.rules if rule.code in codes)

    def validate(self, config: Config) -> None:
        """Raise ConfigError for an unknown selector, or an unusable rule in SQL, anywhere in ``config``."""
        self.sql_rules(config)
        for key in ("select", "ignore", "extend-select", "extend-ignore", "fixable", "unfixable",
                    "extend-safe-fixes", "extend-unsafe-fixes"):  # fmt: skip
            self._reach(getattr(config, key.replace("-", "_")) or (), key)
        for _, selectors in config.per_file_ignores:
            self._reach(selectors, "per-file-ignores")

    def selection(self, config: Config, path: Path) -> Selection:
        """What the file ``path`` is checked for; raises ConfigError for an unknown selector."""
        ignored = config.ignored(path)
        key = (id(config), ignored)
        known = self._selections.get(key)
        if known is None:
            self.sql_rules(config)
            # the configuration is kept, so that no other can get its id
            known = self._selections[key] = (config, self._select(config, ignored))
        return known[1]

    def _select(self, config: Config, ignored: Sequence[str]) -> Selection:
        wanted = self._reach(config.extend_select, "extend-select")
        if config.select is not None:
            wanted = _more_specific(wanted, self._reach(config.select, "select"))
        unwanted = _more_specific(
            self._reach(config.ignore, "ignore"), self._reach(config.extend_ignore, "extend-ignore")
        )
        named = {code for code, reach in wanted.items() if reach > unwanted.get(code, -1)}
        # what the profile alone brings in gives way to every selector that ignores it
        codes = named if config.select is not None else named | (self.pages.keys() - unwanted.keys())
        out = self._reach(ignored, "per-file-ignores")
        codes = (codes - out.keys()) | {INVALID_SYNTAX}
        return Selection(frozenset(codes), frozenset(named & codes), _FLOORS[config.profile])

    def decide(self, yes: Sequence[str], no: Sequence[str], keys: tuple[str, str]) -> frozenset[str]:
        """The codes for which the most specific selector stands in ``yes``; ``no`` wins a tie.

        ``keys`` are the settings that the selectors come from.
        """
        wanted, unwanted = self._reach(yes, keys[0]), self._reach(no, keys[1])
        return frozenset(code for code, reach in wanted.items() if reach > unwanted.get(code, -1))

    def _reach(self, selectors: Sequence[str], key: str) -> dict[str, int]:
        """For each code how specific the most specific of ``selectors`` is that holds it."""
        found: dict[str, int] = {}
        for selector in selectors:
            codes, reach = self._expand(selector, key)
            for code in codes:
                found[code] = max(reach, found.get(code, 0))
        return found

    def _expand(self, selector: str, key: str) -> tuple[Iterable[str], int]:
        if selector == ALL:
            return self.pages, 0
        code = self.code_of(selector)
        if code is not None:
            return (code,), _WHOLE
        if PREFIX.fullmatch(selector):
            codes = [code for code in self.pages if code.startswith(selector)]
            if codes:
                return codes, len(selector)
        known = [*self.names(), *self.prefixes, ALL]
        raise ConfigError(f"`{key}`: unknown rule selector `{selector}`{closest(selector, known)}")


def load() -> Registry:
    """The rules of all installed packs.

    Raises RuleError where there are none, where a pack can't be imported, and where two rules share a code or name.
    """
    with libcst_on_demand():
        return Registry(rule for pack in installed() for rule in rules_of(pack))


def closest(word: str, words: Iterable[str]) -> str:
    """``; did you mean `x`?`` with the one of ``words`` that is most like ``word``, "" where none is."""
    import difflib

    by_lower = {known.lower(): known for known in words}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean `{by_lower[close[0]]}`?" if close else ""


def _more_specific(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {code: max(one.get(code, 0), other.get(code, 0)) for code in {*one, *other}}


def _where(page: Page) -> str:
    if page.rule is not None:
        return f"{page.rule.__module__}.{page.rule.__qualname__}"
    return f"{page.code} of asset-lint itself" if page.pack == "asset_lint" else page.pack


def _examine(rule: type[Rule]) -> None:
    """Refuse a rule that could never speak, or whose words are missing."""
    where = f"{rule.__module__}.{rule.__qualname__}"
    if not isinstance(rule.code, str) or not CODE.fullmatch(rule.code):
        raise RuleError(f"the rule {where} has the code {rule.code!r}: expected letters and digits, like `XY101`")
    if not isinstance(getattr(rule, "message", None), str) or not (rule.__doc__ or "").strip():
        raise RuleError(f"the rule {where} needs a `message` and a docstring, which is its page")
    for name in dir(rule):
        if name.startswith("leave_"):
            raise RuleError(f"the rule {where} defines `{name}`: rules are called on the way in only, as `visit_…`")
        if name.startswith("visit_") and name[6:7].islower() and not hasattr(Rule, name):
            known = [each for each in dir(Rule) if each.startswith("visit_")]
            raise RuleError(f"the rule {where} defines `{name}`, which is never called{closest(name, known)}")
