"""Pure functions over whole frames and exact fractions: no file, no OTIO, no ffmpeg."""
