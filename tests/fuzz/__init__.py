"""Fuzzing of the product's readers: ``python -m tests.fuzz --help``."""
