"""Media files: run ffmpeg, probe, decode audio, read back."""
