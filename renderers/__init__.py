"""Recipes into frames: the renderers, the store that keeps their media and the pool that runs them."""
