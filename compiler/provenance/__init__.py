"""Provenance: the C2PA manifest of a finished video, signed and verified."""
