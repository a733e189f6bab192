"""Benchmarks that anyone can rerun: each prints a table and, last, one JSON line of flat keys."""
