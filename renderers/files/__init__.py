"""Files: atomic writes, locks, names, and the formats that may be opened."""
