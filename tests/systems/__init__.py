"""Other operating systems: missing modules, file names, sharing violations."""
