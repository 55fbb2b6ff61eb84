"""Renderers compared on the user's own timeline: made, measured, shown."""
