"""What is really seen in a video: how much each frame differs from the last, and its light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ...renderers.base import RendererError
from ...renderers.files.open_media import open_input
from ...renderers.image.stills import load_still
from ..errors import WorkError

_WIDTH = 96
BLACK = 20.0
"""Luma (16 is black) under which the brightest hundredth of a frame is nothing to see."""


@dataclass(frozen=True, slots=True)
class FrameMeasure:
    """A video, frame by frame.

    Attributes:
        change: mean absolute difference of luma from the frame before, 0 for the first.
        black: whether there is nothing to see.
    """

    change: NDArray[np.float64]
    black: NDArray[np.bool_]

    @property
    def frames(self) -> int:
        """How many frames were decoded."""
        return len(self.change)

    def sharpness(self, frame: int, around: int = 8) -> float:
        """How much a change stands out: by what factor it exceeds the largest near it."""
        low, high = max(1, frame - around), min(self.frames, frame + around + 1)
        near = np.concatenate([self.change[low:frame], self.change[frame + 1 : high]])
        return float(self.change[frame] / max(float(np.max(near, initial=0.0)), 0.05))


def look_at(video: Path, on_frame: Callable[[int], None] | None = None) -> FrameMeasure:
    """Decode a whole video, small and grey.

    Raises:
        WorkError: it cannot be decoded.
    """
    changes: list[float] = []
    black: list[bool] = []
    before: NDArray[np.float32] | None = None
    try:
        with open_input(video) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            height = max(2, round(_WIDTH * stream.height / stream.width))
            for index, frame in enumerate(container.decode(stream)):
                small = frame.reformat(_WIDTH, height, "gray", interpolation="AREA")
                luma = small.to_ndarray().astype(np.float32)
                changes.append(0.0 if before is None else float(np.abs(luma - before).mean()))
                black.append(float(np.percentile(luma, 99)) < BLACK)
                before = luma
                if on_frame is not None:
                    on_frame(index + 1)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise WorkError(f"{video}: its picture cannot be decoded: {error}") from error
    return FrameMeasure(np.array(changes), np.array(black, bool))


def is_black(still: Path) -> bool:
    """Whether a still has nothing to see; not where it cannot be read."""
    try:
        image = np.asarray(load_still(still).convert("L"))
    except RendererError:
        return False
    small = cv2.resize(image, (_WIDTH, _WIDTH), interpolation=cv2.INTER_AREA)
    # From full range to a video's.
    return float(np.percentile(small, 99)) * 219 / 255 + 16 < BLACK


def runs(mask: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` of at least ``least`` true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [
        (int(start), int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= least
    ]
