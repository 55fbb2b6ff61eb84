"""Measures of the frames of a video: change from frame to frame, and black."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageSequence

from ...renderers.base import RendererError
from ...renderers.error_text import system_reason
from ...renderers.files.open_media import open_input
from ...renderers.image.open_image import ImageFileError, image_file
from ...renderers.image.stills import load_still
from ..errors import WorkError
from ..media.media_info import MediaInfo

_WIDTH = 96
BLACK, NEARLY_BLACK = 20.0, 40.0
"""Luma, 0 to 255, of the brightest hundredth of a frame that is black, or nearly so."""
FROZEN_CHANGE = 0.02
"""Change from frame to frame below which the picture stands still."""
_PLAIN = 2.0
"""Range of luma of a still without detail."""
PREVIEWS = (".gif", ".webp")
Luma = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FrameMeasure:
    """A video, frame by frame.

    Attributes:
        change: mean absolute difference of luma from the frame before, 0 for the first.
        bright: luma of the brightest hundredth of each frame.
        duration_s: sum of the frames' times in an animated image; 0 for a video.
        lumas: small grey copies of the frames that were to be kept, by number.
    """

    change: NDArray[np.float64]
    bright: NDArray[np.float64]
    duration_s: Fraction = Fraction(0)
    lumas: Mapping[int, Luma] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of decoded frames."""
        return len(self.change)

    @property
    def black(self) -> NDArray[np.bool_]:
        """Whether each frame is black."""
        return self.bright < BLACK

    def sharpness(self, frame: int) -> float:
        """Return the factor by which a change exceeds the largest one near it."""
        low, high = max(1, frame - 8), min(self.frames, frame + 9)
        near = np.concatenate([self.change[low:frame], self.change[frame + 1 : high]])
        return float(self.change[frame] / max(float(np.max(near, initial=0.0)), 0.05))


def measure_frames(
    video: Path,
    on_frame: Callable[[int], None] | None = None,
    kept: Container[int] = (),
) -> FrameMeasure:
    """Decode a whole video or animated image, small and grey.

    Args:
        video: the file.
        on_frame: called with the number of frames decoded so far.
        kept: numbers of the frames to keep, for `FrameMeasure.lumas`.

    Raises:
        WorkError: it cannot be decoded.
    """
    lumas: dict[int, Luma] = {}
    changes: list[float] = []
    bright: list[float] = []
    before: Luma | None = None
    duration_s = Fraction(0)
    decoded = _animation(video) if video.suffix.lower() in PREVIEWS else _video(video)
    for number, (luma, time_s) in enumerate(decoded):
        if number in kept:
            lumas[number] = luma
        changes.append(0.0 if before is None else difference(luma, before))
        bright.append(_brightest(luma))
        duration_s += time_s
        before = luma
        if on_frame is not None:
            on_frame(len(changes))
    return FrameMeasure(np.array(changes), np.array(bright), duration_s, lumas)


def difference(luma: Luma, other: Luma) -> float:
    """Return the mean absolute difference of two frames."""
    return float(np.abs(luma - other).mean())


def is_dark(luma: Luma, limit: float = BLACK) -> bool:
    """Whether a frame is black, or darker than a limit of luma."""
    return _brightest(luma) < limit


def _brightest(luma: Luma) -> float:
    return float(np.percentile(luma, 99))


def is_flat(luma: Luma) -> bool:
    """Whether a frame has one brightness, as of a single colour."""
    return bool(np.ptp(luma) < _PLAIN)


def is_black(still: Path, limit: float = BLACK) -> bool:
    """Whether a still is black, or darker than a limit of luma; False if it cannot be read."""
    try:
        return is_dark(_small(np.asarray(load_still(still).convert("L"))), limit)
    except RendererError:
        return False


def is_plain(still: Path) -> bool:
    """Whether a still has one brightness, so that no move over it shows; False if unreadable."""
    try:
        return is_flat(_small(np.asarray(load_still(still).convert("L"))))
    except RendererError:
        return False


def source_frame(media: MediaInfo, number: int) -> Luma | None:
    """Decode one frame of media, small and grey; None if it cannot be decoded.

    Args:
        media: a video or an image sequence.
        number: of the frame, from 0.
    """
    try:
        if media.images:
            image = media.images[min(number, len(media.images) - 1)]
            return None if image is None else _small(np.asarray(load_still(image).convert("L")))
        assert media.video is not None
        time_s = number / media.video.fps + media.video.start
        with open_input(media.path) as container:
            stream = container.streams.video[0]
            began = Fraction(container.start_time or 0, av.time_base)
            container.seek(int((time_s + began) * av.time_base))
            luma = None
            for frame in container.decode(stream):
                luma = _luma(frame)
                if frame.time is None or frame.time - began >= time_s - 1 / (2 * media.video.fps):
                    break
            return luma
    except (av.error.FFmpegError, OSError, IndexError, RendererError):
        return None


def runs(mask: NDArray[np.bool_], least: int) -> list[tuple[int, int]]:
    """Return the runs ``[start, end)`` of at least ``least`` true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [
        (int(start), int(end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start >= least
    ]


def _video(path: Path) -> Iterator[tuple[Luma, Fraction]]:
    try:
        with open_input(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                yield _luma(frame), Fraction(0)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise WorkError(f"{path}: its picture cannot be decoded: {system_reason(error)}") from error


def _luma(frame: av.VideoFrame) -> Luma:
    height = max(2, round(_WIDTH * frame.height / frame.width))
    small = frame.reformat(_WIDTH, height, "gray", interpolation="AREA")
    return small.to_ndarray().astype(np.float32)


def _animation(path: Path) -> Iterator[tuple[Luma, Fraction]]:
    # Not every ffmpeg decodes animated WebP; Pillow does.
    try:
        with image_file(path) as image:
            for frame in ImageSequence.Iterator(image):
                luma = _small(np.asarray(frame.convert("L")))
                yield luma, Fraction(int(frame.info.get("duration", 0)), 1000)
    except ImageFileError as error:
        raise WorkError(f"{path}: its picture cannot be decoded: {error}") from error


def _small(gray: NDArray[np.uint8]) -> Luma:
    """Return a small image, in the full range as frames of videos are decoded."""
    height = max(2, round(_WIDTH * gray.shape[0] / gray.shape[1]))
    small = cv2.resize(gray, (_WIDTH, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32)
