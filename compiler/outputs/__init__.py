"""The output files of a reel: their paths, the report's claims on them, the lock."""
