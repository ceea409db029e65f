"""A linter for Dagster assets that use DuckDB."""
