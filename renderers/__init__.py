"""Recipes into frames: renderers, the store that keeps their media, the pool that runs them."""
