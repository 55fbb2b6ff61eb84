"""Audio, transcripts and alignment: every word of the script in exact seconds."""
