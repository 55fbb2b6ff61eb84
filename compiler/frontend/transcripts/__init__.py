"""Readers of timing files, one module per family of formats."""
