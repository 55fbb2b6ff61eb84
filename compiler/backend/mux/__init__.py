"""Mux picture, sound, captions and chapters into one file; previews and the size limit."""
