"""Recordings with known word times, made worse in known ways, and scores of what aligners find."""
