"""A slot fitted to a model's limits, and the model's frames fitted to the slot."""
