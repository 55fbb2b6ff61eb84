"""The tables of a font file: https://learn.microsoft.com/typography/opentype/spec/."""

from __future__ import annotations

import struct


def font_tables(data: bytes) -> dict[bytes, int]:
    """Return the offsets of the tables of the first font in a file.

    Raises:
        struct.error: it is too short.
    """
    start = struct.unpack_from(">L", data, 12)[0] if data[:4] == b"ttcf" else 0
    count = struct.unpack_from(">H", data, start + 4)[0]
    records = (struct.unpack_from(">4sLLL", data, start + 12 + 16 * n) for n in range(count))
    return {tag: offset for tag, _, offset, _ in records}


def has_colour(data: bytes) -> bool:
    """Whether a font file has bitmaps in colour, or coloured layers of outlines."""
    try:
        tables = font_tables(data)
        layered = tables.get(b"COLR")
        version, records = struct.unpack_from(">HH", data, layered) if layered else (0, 0)
        if layered and version:
            records += struct.unpack_from(">L", data, layered + 14)[0]
    except struct.error:
        return False
    return bool({b"CBDT", b"sbix"} & tables.keys() or records)
