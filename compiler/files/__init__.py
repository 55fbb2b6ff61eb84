"""Paths, names and writes of files, and inputs that are never written to."""
