"""A schedule as an OpenTimelineIO timeline, and back."""
