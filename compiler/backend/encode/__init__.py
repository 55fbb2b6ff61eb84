"""Filtergraphs, transitions, scaling, codecs and the encoder."""
