"""Captions: words to cues, cues to sidecar files and to burned-in ASS."""
