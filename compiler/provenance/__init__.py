"""Signed origin: the C2PA manifest of a finished video, written and verified."""
