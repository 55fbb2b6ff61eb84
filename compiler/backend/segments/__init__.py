"""Segments of the picture: planned, encoded or copied, kept in a store, joined."""
