"""How near everything in a still is: from a map, a model, a mask, or as good as unknown."""
