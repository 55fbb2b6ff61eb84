"""Flatten an OpenTimelineIO timeline to a video file with ffmpeg."""
