"""Running renderers: the pool, the store, recipes, retries, Ray."""
