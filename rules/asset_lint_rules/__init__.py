"""The built-in rules of asset-lint, one module per rule."""
