"""Round frame rate, size and frame counts to those that a model can generate."""

from __future__ import annotations

import math
from fractions import Fraction

from ..base import FrameGrid, Limits, RendererError


def native_rate(fps: Fraction, limits: Limits) -> Fraction:
    """Return the model's frame rate: its native one, or the reel's over a whole number."""
    if limits.fps is not None:
        return limits.fps
    if limits.max_fps is None or fps <= limits.max_fps:
        return fps
    return fps / math.ceil(fps / limits.max_fps)


def native_size(width: int, height: int, multiple: int, max_pixels: int | None) -> tuple[int, int]:
    """Return the size to generate, for frames that cover ``width`` x ``height`` when scaled.

    Of the sizes divisible by ``multiple`` with at most ``max_pixels`` pixels, it is the one with
    most pixels after the crop, up to those of the target; of several, the smallest. For 1080x1920
    in steps of 32 and at most 544 * 960 pixels it is 544x960, cropped by 2 columns on either side.
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
    """Return the largest frame count of a call; None for no limit."""
    if grid.counts:
        return max(grid.counts)
    if grid.most is None:
        return None
    return grid.offset + (grid.most - grid.offset) // grid.step * grid.step


def count_for(frames: int, grid: FrameGrid) -> int | None:
    """Return the smallest possible frame count of at least ``frames``; None if there is none."""
    if grid.counts:
        return min((count for count in grid.counts if count >= frames), default=None)
    wanted = max(frames, grid.least)
    count = grid.offset + -(-(wanted - grid.offset) // grid.step) * grid.step
    longest = longest_count(grid)
    return count if longest is None or count <= longest else None


def chunk_lengths(frames: int, grid: FrameGrid, overlap: int) -> list[int]:
    """Return the fewest and most equal chunks that cover ``frames`` frames with an overlap.

    Raises:
        RendererError: the longest chunk does not exceed the overlap.
    """
    single = count_for(frames, grid)
    if single is not None:
        return [single]
    longest = longest_count(grid)
    assert longest is not None
    if longest <= overlap:
        raise RendererError(f"chunks of {longest} frames cannot overlap by {overlap}")
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
