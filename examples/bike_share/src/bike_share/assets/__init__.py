"""The assets, one module a subject."""
