"""What any OpenTimelineIO timeline states: rate, length, size, layout, metadata, media."""
