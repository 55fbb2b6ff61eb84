"""The stages of a compilation, a module each; `driver` and `api` string them together."""
