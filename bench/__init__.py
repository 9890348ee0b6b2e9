"""Benchmarks: what the product promises about speed, measured against the plain limit of the same machine in the same run."""
