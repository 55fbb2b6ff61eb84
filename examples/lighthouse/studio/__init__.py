"""The small studio that draws, speaks and scores the example film."""
