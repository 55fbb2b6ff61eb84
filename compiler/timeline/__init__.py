"""The one answer on any OpenTimelineIO timeline: rate, length, size, layout, metadata, media."""
