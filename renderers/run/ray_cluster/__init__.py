"""Slots rendered on a Ray cluster."""
