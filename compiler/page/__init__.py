"""A timeline as one web page: read into plain data, pictures and sound small, laid out as HTML."""
