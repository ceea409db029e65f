"""Which version of asset-lint this is."""

from __future__ import annotations


def version() -> str:
    """The version of the installed distribution."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("asset-lint")
    except PackageNotFoundError:
        return "0+uninstalled"
