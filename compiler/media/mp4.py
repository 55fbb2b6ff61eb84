"""Properties of an MP4 that libav does not expose: rotation, even frames, completeness, flags.

ISO/IEC 14496-12 (ISO base media file format): boxes of a 32-bit length and a four-letter name; the
display matrix of a track and its enabled flag are in its header (``tkhd``).
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_MANIFEST = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def rotation_of(path: Path) -> int:
    """Return the clockwise rotation of the first picture track, in multiples of 90 degrees.

    0 if there is none; a mirrored picture counts as rotated by 180.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        end = path.stat().st_size
        for track in _tracks(stream, end, b"vide"):
            for box in _find(stream, *track, (b"tkhd",)):
                header = _read(stream, box, 96)
                start = 52 if header[:1] == b"\1" else 40
                a, b = struct.unpack(">2i", header[start : start + 8])
                return round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360
    return 0


def has_even_frames(path: Path) -> bool:
    """Whether all frames of the first picture track but the last are equally long, to the tick.

    Many phones round the time of each frame to a millisecond.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        for track in _tracks(stream, path.stat().st_size, b"vide"):
            for box in _find(stream, *track, (b"mdia", b"minf", b"stbl", b"stts")):
                _, entries, _, _, last, _ = struct.unpack(">6I", _read(stream, box, 24))
                return bool(entries == 1 or (entries == 2 and last == 1))
    return False


def is_whole(path: Path) -> bool:
    """Whether no box extends beyond the end of the file, so that nothing is truncated.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        position, end = 0, path.stat().st_size
        while position + 8 <= end:
            stream.seek(position)
            head = stream.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 0:
                return True
            length = int.from_bytes(head[8:], "big") if length == 1 else length
            if length < 8 or position + length > end:
                return False
            position += length
    return True


def disable_subtitles(path: Path) -> None:
    """Clear the flag by which players show subtitle tracks unasked; ffmpeg always sets it.

    Raises:
        OSError: the file cannot be changed.
    """
    with path.open("r+b") as stream:
        for track in list(_tracks(stream, path.stat().st_size, b"sbtl")):
            for start, _ in list(_find(stream, *track, (b"tkhd",))):
                stream.seek(start + 3)
                flags = stream.read(1)[0]
                stream.seek(start + 3)
                stream.write(bytes([flags & ~1]))


def holds_manifest(path: Path) -> bool:
    """Whether the file holds a C2PA manifest: a ``uuid`` box of its kind (C2PA 2.2, A.5.2).

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        boxes = list(_find(stream, 0, path.stat().st_size, (b"uuid",)))
        return any(_read(stream, box, 16) == _MANIFEST for box in boxes)


def _tracks(stream: BinaryIO, end: int, handler: bytes) -> Iterator[tuple[int, int]]:
    """Yield the contents of the tracks of a kind, as (start, end)."""
    for track in _find(stream, 0, end, (b"moov", b"trak")):
        boxes = [_read(stream, box, 12) for box in _find(stream, *track, (b"mdia", b"hdlr"))]
        if any(box[8:12] == handler for box in boxes):
            yield track


def _find(
    stream: BinaryIO, start: int, end: int, names: tuple[bytes, ...]
) -> Iterator[tuple[int, int]]:
    """Yield the contents, as (start, end), of every box at a path of names."""
    position = start
    while position + 8 <= end:
        stream.seek(position)
        length, name = struct.unpack(">I4s", stream.read(8))
        begin = position + 8
        if length == 1:
            length = int.from_bytes(stream.read(8), "big")
            begin += 8
        stop = end if length == 0 else position + length
        if stop < begin or stop > end:
            return
        if name == names[0]:
            if len(names) == 1:
                yield begin, stop
            else:
                yield from _find(stream, begin, stop, names[1:])
        position = stop


def _read(stream: BinaryIO, box: tuple[int, int], most: int) -> bytes:
    stream.seek(box[0])
    return stream.read(min(most, box[1] - box[0])).ljust(most, b"\0")
