"""Latents into frames in pieces: never all frames as floats at once, no seam where pieces meet."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ..base import Frame
from .loading import Tensor

SHARED = 4
"""Latent frames that two pieces have in common: two to settle in, the rest to fade over."""


def pieces(latents: int, most: int) -> list[tuple[int, int]]:
    """Ranges of latent frames that are decoded together, each sharing `SHARED` with the next.

    Args:
        latents: how many there are.
        most: in one piece.

    >>> pieces(10, 20), pieces(10, 6)
    ([(0, 10)], [(0, 6), (2, 8), (4, 10)])
    """
    most = max(most, SHARED + 2)
    found = [(0, min(latents, most))]
    while found[-1][1] < latents:
        start = found[-1][1] - SHARED
        found.append((start, min(latents, start + most)))
    return found


def video_frames(
    latents: Tensor, decode: Callable[[Tensor], Tensor], scale: int, most_frames: int
) -> Iterator[Frame]:
    """Yield the frames of a video's latents as RGB, a piece in memory at a time.

    Latent frame 0 is frame 0; each later one stands for ``scale`` frames. The first latent of any
    piece decodes to a single frame, the last of those it stands for. In what two pieces share, the
    new one lacks what came before and the old one what comes after: each gives its settled half,
    and they fade into each other between.

    Args:
        latents: shape ``(1, channels, latent frames, height, width)``.
        decode: to shape ``(1, 3, frames, height, width)``, in -1..1.
        scale: frames to a latent one.
        most_frames: decoded at once.
    """
    count = latents.shape[2]
    held: list[Tensor] = []
    for start, end in pieces(count, (most_frames - 1) // scale + 1):
        video = decode(latents[:, :, start:end])[0]
        frames = [video[:, number] for number in range(video.shape[1])]
        if start > 0:
            frames = [*_faded(held, frames[: len(held)], scale), *frames[len(held) :]]
        keep = scale * (SHARED - 1) + 1 if end < count else 0
        # Copies: a view would keep the whole piece in memory.
        held = [frame.clone() for frame in frames[len(frames) - keep :]]
        for frame in frames[: len(frames) - keep]:
            yield to_frame(frame)


def _faded(old: list[Tensor], new: list[Tensor], settle: int) -> list[Tensor]:
    length = len(old) - 2 * settle
    made = []
    for number, (one, other) in enumerate(zip(old, new, strict=True)):
        share = min(1.0, max(0.0, (number - settle + 1) / (length + 1)))
        made.append(one + (other - one) * share)
    return made


def to_frame(picture: Tensor) -> Frame:
    """A picture of shape ``(3, height, width)`` in -1..1 as a frame of 8 bits."""
    levels = picture.float().add(1.0).mul(127.5).round_().clamp_(0, 255).byte()
    return np.ascontiguousarray(levels.permute(1, 2, 0).cpu().numpy())
