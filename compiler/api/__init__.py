"""The commands as functions, a module each."""
