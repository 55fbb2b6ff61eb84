"""VAE decoding in chunks: never all frames as floats at once, with crossfades between chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..base import Frame
from .loading import Tensor

OVERLAP = 4
"""Latent frames that two chunks share: one to settle in at either end, the rest to crossfade."""


def chunk_ranges(latents: int, most: int) -> list[tuple[int, int]]:
    """Return the ranges of latent frames to decode together, each sharing `OVERLAP` with the next.

    Args:
        latents: their number.
        most: in one chunk.

    >>> chunk_ranges(10, 20), chunk_ranges(10, 6)
    ([(0, 10)], [(0, 6), (2, 8), (4, 10)])
    """
    most = max(most, OVERLAP + 2)
    ranges = [(0, min(latents, most))]
    while ranges[-1][1] < latents:
        start = ranges[-1][1] - OVERLAP
        ranges.append((start, min(latents, start + most)))
    return ranges


def decode_video(
    latents: Tensor, decode: Callable[[Tensor], Tensor], scale: int, most_frames: int
) -> Iterator[Frame]:
    """Yield the frames of a video's latents as RGB, with one chunk in memory at a time.

    Latent frame 0 is frame 0; each later one stands for ``scale`` frames. The first latent of any
    chunk decodes to a single frame, the last of its group. In an overlap the new chunk lacks its
    past and the old one its future: each contributes its settled half, with a crossfade between.

    Args:
        latents: shape ``(1, channels, latent frames, height, width)``.
        decode: to shape ``(1, 3, frames, height, width)``, in -1..1.
        scale: frames to a latent frame.
        most_frames: decoded at once.
    """
    count = latents.shape[2]
    held: list[Tensor] = []
    for start, end in chunk_ranges(count, (most_frames - 1) // scale + 1):
        video = decode(latents[:, :, start:end])[0]
        frames = [video[:, number] for number in range(video.shape[1])]
        if start > 0:
            frames = [*_crossfade(held, frames[: len(held)], scale), *frames[len(held) :]]
        keep = scale * (OVERLAP - 1) + 1 if end < count else 0
        # Copies: a view would keep the whole chunk in memory.
        held = [frame.clone() for frame in frames[len(frames) - keep :]]
        for frame in frames[: len(frames) - keep]:
            yield to_frame(frame)


def _crossfade(old: list[Tensor], new: list[Tensor], settle: int) -> list[Tensor]:
    length = len(old) - 2 * settle
    faded = []
    for number, (one, other) in enumerate(zip(old, new, strict=True)):
        share = min(1.0, max(0.0, (number - settle + 1) / (length + 1)))
        faded.append(one + (other - one) * share)
    return faded


def to_frame(image: Tensor) -> Frame:
    """Convert an image of shape ``(3, height, width)`` in -1..1 to a frame of 8 bits."""
    levels = image.float().add(1.0).mul(127.5).round_().clamp_(0, 255).byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())
