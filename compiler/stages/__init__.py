"""The stages of a compilation, a module each; `driver` strings them together."""
