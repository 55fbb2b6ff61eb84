"""Names that timelines and those who read them share."""

NAMESPACE = "otio_gvideo"
"""Key of everything of ours in OTIO metadata."""
