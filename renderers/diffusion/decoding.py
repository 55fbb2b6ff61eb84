"""VAE decoding in spatial tiles, blended where they overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from ..base import Frame
from .loading import Tensor

OVERLAP = 48
"""Pixels that two tiles share: three latents of Wan 2.2 5B, whose tiles for 8 GB decode a fifth
more than the frame has."""


def tile_ranges(length: int, most: int, overlap: int) -> list[tuple[int, int]]:
    """Return the ranges of the fewest tiles of one size that cover a side.

    Args:
        length: of the side.
        most: of a tile, if that is more than twice the overlap.
        overlap: that two tiles share, at least.

    >>> tile_ranges(52, 60, 4), tile_ranges(52, 30, 4)
    ([(0, 52)], [(0, 28), (24, 52)])
    """
    most = max(most, 2 * overlap + 1)
    if length <= most:
        return [(0, length)]
    count = -(-(length - overlap) // (most - overlap))
    size = -(-(length + (count - 1) * overlap) // count)
    starts = [round(number * (length - size) / (count - 1)) for number in range(count)]
    return [(start, start + size) for start in starts]


def frame_tiles(length: int, other: int, scale: int, most_pixels: int) -> list[tuple[int, int]]:
    """Return the ranges of a frame's tiles, along its longer side, in latents.

    Args:
        length, other: its sides, in latents.
        scale: pixels to a latent position, of one side.
        most_pixels: of a tile.
    """
    most = int(most_pixels / (scale * scale * other))
    return tile_ranges(length, most, -(-OVERLAP // scale))


def tiled_share(width: int, height: int, scale: int, most_pixels: int) -> float:
    """Return the pixels of all tiles of a frame, for a pixel of the frame."""
    length, other = max(width, height) // scale, min(width, height) // scale
    tiles = frame_tiles(length, other, scale, most_pixels)
    return sum(end - start for start, end in tiles) / length


def pixels_of_tile(width: int, height: int, scale: int, most_pixels: int) -> int:
    """Return the pixels of one of a frame's tiles; arguments as in `tiled_share`."""
    other, length = sorted((width // scale, height // scale))
    start, end = frame_tiles(length, other, scale, most_pixels)[0]
    return (end - start) * other * scale * scale


def decode_tiled(
    latents: Tensor, decode: Callable[[Tensor], Iterator[Tensor]], scale: int, most_pixels: int
) -> Iterator[Frame]:
    """Yield the frames of a video as RGB, decoded in tiles along its longer side.

    Whole frames are yielded as they are decoded; of tiles, the whole video is held in RAM, in 8
    bits.

    Args:
        latents: shape ``(1, channels, latent frames, height, width)``.
        decode: from latents to pieces of shape ``(1, 3, frames, height, width)``, in -1..1.
        scale: pixels to a latent position, of one side.
        most_pixels: of a tile.
    """
    axis = 3 if latents.shape[3] >= latents.shape[4] else 4
    ranges = frame_tiles(latents.shape[axis], latents.shape[7 - axis], scale, most_pixels)
    video: list[Frame] = []
    size = [side * scale for side in latents.shape[3:]]
    ends = [0, *(end * scale for _, end in ranges)]
    for (before, _), (start, end) in zip(pairwise(ends), ranges, strict=True):
        tile = latents.narrow(axis, start, end - start)
        frames = (to_frame(image) for piece in decode(tile) for image in piece[0].unbind(1))
        if len(ranges) == 1:
            yield from frames
            return
        for number, frame in enumerate(frames):
            if len(video) == number:
                video.append(np.empty((*size, 3), np.uint8))
            # Views with the tiled side first.
            whole, part = (image.swapaxes(0, axis - 3) for image in (video[number], frame))
            paste(whole, part, start * scale, before - start * scale)
    yield from video


def paste(whole: Frame, part: Frame, start: int, shared: int) -> None:
    """Put a part into a frame, with a crossfade over its first rows.

    It takes the middle half of them: near its own edge, a part lacks what lies beyond.

    Args:
        whole: written to.
        part: to put there.
        start: its first row.
        shared: rows that were filled before.
    """
    if shared > 0:
        settle = shared // 4
        rows = np.arange(shared) - settle
        share = np.clip((rows + 1) / (shared - 2 * settle + 1), 0, 1)[:, None, None]
        old = whole[start : start + shared].astype(np.float64)
        whole[start : start + shared] = np.rint(old + (part[:shared] - old) * share)
    whole[start + max(0, shared) : start + len(part)] = part[max(0, shared) :]


def to_frame(image: Tensor) -> Frame:
    """Convert an image of shape ``(3, height, width)`` in -1..1 to a frame of 8 bits."""
    levels = image.float().add(1.0).mul(127.5).round_().clamp_(0, 255).byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())
