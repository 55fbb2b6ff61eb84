"""A timeline as one web page: plain data, thumbnails, waveforms, HTML."""
