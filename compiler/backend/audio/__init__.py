"""Audio of a timeline: read, mix, duck, limit, normalise loudness."""
