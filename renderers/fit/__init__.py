"""Fit a slot to a model's limits, and the model's frames to the slot."""
