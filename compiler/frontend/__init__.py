"""Script and narration in: reading, validation with places, transcripts, alignment."""
