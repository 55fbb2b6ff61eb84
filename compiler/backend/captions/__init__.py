"""Captions: words into cues, cues into sidecar files, and into the picture."""
