"""Measurements of asset-lint: how fast it is, what it finds, what its fixes keep.

Each is run as ``python -m benchmarks.<name>``.
"""
