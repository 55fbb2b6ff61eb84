"""Segments of the picture: plan, copy or encode, cache, join."""
