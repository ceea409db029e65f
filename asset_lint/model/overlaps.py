"""What happens to a database file while a connection to it is open."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .databases import Configuration
from .effects import Doing, Event
from .index import Place
from .values import depends_on_connection

if TYPE_CHECKING:
    from .flow import Flow
    from .values import Site


@dataclass(frozen=True)
class Overlap:
    """An event that meets an open connection to the same file. ``opened`` is where that was opened."""

    opened: Place
    name: str  # the variable that holds the connection, "" if none does
    configuration: Configuration
    event: Event
    steps: tuple[tuple[Place, str], ...] = ()  # from ``opened`` down to the call that really opens
    detached: Place | None = None  # the statement, if it ends the ``with`` of the connection and needs nothing of it

    @property
    def place(self) -> Place:
        """Where it happens, in the function at hand."""
        return self.event.place

    @property
    def doing(self) -> Doing:
        """What happens."""
        return self.event.doing

    @property
    def difference(self) -> str:
        """In what the configurations differ: ``read_only``, ``config``, ``ATTACH``; "" for what opens nothing."""
        other = self.event.configuration
        return "" if other is None else other.conflict(self.configuration)

    @property
    def with_resource(self) -> bool:
        """Whether exactly one of the two connections is opened by dagster_duckdb's resource or IO manager."""
        other = self.event.configuration
        return other is not None and other.by_resource != self.configuration.by_resource

    @property
    def because(self) -> list[tuple[Place, str]]:
        """The steps that lead to it."""
        return [(self.opened, "open since here"), *self.steps, *self.event.steps]


def overlaps_of(flow: Flow) -> list[Overlap]:
    """What happens in a function while a connection that it opens is open, in the order of the source."""
    found = [
        Overlap(site.opened, site.name, site.configuration, event, site.steps, _detached(flow, site, event))
        for site, event in flow.overlaps
        if site.opened.module is flow.module and event.place.module is flow.module
    ]
    return sorted(found, key=lambda overlap: (overlap.place.span.start, overlap.opened.span.start))


def _detached(flow: Flow, site: Site, event: Event) -> Place | None:
    """The statement of an event, if it could as well stand behind the ``with`` that holds the connection."""
    assert flow.definition is not None
    for block in flow.definition.nodes:
        if isinstance(block, (ast.With, ast.AsyncWith)) and block.items[0].context_expr is site.opened.node:
            last = block.body[-1]
            ends_it = isinstance(last, ast.Expr) and last.value is event.place.node and len(block.body) > 1
            if not ends_it or len(block.items) > 1:
                return None
            inner = [node for node in all_nodes(last) if isinstance(node, ast.expr)]
            needs_it = any(depends_on_connection(value) for node in inner for value in flow.seen.get(node, ()))
            return None if needs_it else Place(flow.module, last)
    return None
