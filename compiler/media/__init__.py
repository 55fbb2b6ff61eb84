"""Media files: running ffmpeg, probing, decoding samples, reading back."""
