"""Pictures through ffmpeg: filtergraphs, transitions, codecs, the encoder."""
