"""A model's own rate, size and counts of frames, as near as can be to what is wanted."""

from __future__ import annotations

import math
from fractions import Fraction

from ..base import FrameGrid, Limits, RendererError


def native_rate(fps: Fraction, limits: Limits) -> Fraction:
    """The rate a model works at: its own, or a whole part of the reel's that it can do."""
    if limits.fps is not None:
        return limits.fps
    if limits.max_fps is None or fps <= limits.max_fps:
        return fps
    return fps / math.ceil(fps / limits.max_fps)


def native_size(width: int, height: int, multiple: int, max_pixels: int | None) -> tuple[int, int]:
    """The size to generate at, for frames that cover ``width`` x ``height`` when scaled.

    Of all sizes with sides divisible by ``multiple`` and at most ``max_pixels`` pixels it is the
    one that keeps the most pixels after the crop, never more than the target has; among equals the
    smallest. For 1080x1920 in steps of 32 and 544 * 960 pixels that is 544x960, of which 2 columns
    are cropped on either side.
    """
    best: tuple[int, int] = (multiple, multiple)
    best_rank = (0, 0)
    for columns in range(1, math.ceil(width / multiple) + 1):
        wide = columns * multiple
        rows = {wide * height // (width * multiple), -(-wide * height // (width * multiple))}
        if max_pixels is not None:
            rows.add(max_pixels // (wide * multiple))
        for row in rows:
            high = max(1, min(row, math.ceil(height / multiple))) * multiple
            if max_pixels is not None and wide * high > max_pixels:
                continue
            kept = min(wide * height, high * width, width * height)
            rank = (kept, -wide * high)
            if rank > best_rank:
                best, best_rank = (wide, high), rank
    return best


def longest_count(grid: FrameGrid) -> int | None:
    """The most frames of one call; None where there is no bound."""
    if grid.counts:
        return max(grid.counts)
    if grid.most is None:
        return None
    return grid.offset + (grid.most - grid.offset) // grid.step * grid.step


def count_for(frames: int, grid: FrameGrid) -> int | None:
    """The smallest number of frames that a model can make and that is enough; None for none."""
    if grid.counts:
        return min((count for count in grid.counts if count >= frames), default=None)
    wanted = max(frames, grid.least)
    count = grid.offset + -(-(wanted - grid.offset) // grid.step) * grid.step
    longest = longest_count(grid)
    return count if longest is None or count <= longest else None


def chunk_lengths(frames: int, grid: FrameGrid, overlap: int) -> list[int]:
    """Lengths of the chunks that give at least ``frames`` frames, ``overlap`` of each shared.

    As few as can be, and as equal as can be.

    Raises:
        RendererError: a chunk is no longer than what it shares with the one before.
    """
    single = count_for(frames, grid)
    if single is not None:
        return [single]
    longest = longest_count(grid)
    assert longest is not None
    if longest <= overlap:
        raise RendererError(f"chunks of {longest} frames cannot share {overlap} with each other")
    missing = frames - overlap
    chunks = math.ceil(missing / (longest - overlap))
    lengths = []
    for left in range(chunks, 0, -1):
        length = count_for(math.ceil(missing / left) + overlap, grid)
        assert length is not None
        lengths.append(length)
        missing -= length - overlap
        if missing <= 0:
            break
    return lengths
