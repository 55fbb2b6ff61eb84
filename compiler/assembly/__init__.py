"""A schedule and its script assembled as an OpenTimelineIO timeline."""
