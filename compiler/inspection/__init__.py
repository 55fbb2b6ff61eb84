"""Measuring a finished reel against the timeline it was made from."""
