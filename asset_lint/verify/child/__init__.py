"""The side that runs foreign code: the server that forks, and what happens in a forked process.

Only here are dagster, duckdb and pandas imported; nothing outside this package imports it.
"""
