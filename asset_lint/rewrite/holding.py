"""Holding a connection in a ``with`` block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asset_lint.model.holding import Holding

    from .rewriting import Rewrite


def hold(rewrite: Rewrite, holding: Holding) -> None:
    """Hold a connection in the ``with`` block that the model has found for it; what closes it by hand goes."""
    if not holding.assigned:
        rewrite.open_in_with(holding.opening, rewrite.free_name("connection", near=holding.opening))
        return
    rewrite.hold_in_with(holding.opening, holding.until, drop=holding.idle)
    if holding.guard is not None:
        rewrite.unwrap_try(holding.guard)
