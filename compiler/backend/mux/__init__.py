"""Video, audio, captions and chapters muxed into one file."""
