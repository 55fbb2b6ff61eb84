"""The compiler: script and narration in, timeline and reel out."""
