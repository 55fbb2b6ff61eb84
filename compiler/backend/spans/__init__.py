"""A timeline's picture as spans: the media of every frame, flattened from its tracks."""
