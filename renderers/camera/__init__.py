"""The `camera` renderer: a virtual camera over stills."""
