"""Measure a slot's finished video.

fidelity      SSIM to the keyframe, at its frame, after alignment
flicker       warping error of luma between frames (Lai et al., "Learning Blind Video Temporal
              Consistency", 2018)
motion        as the motion guard measures it, in the first second and over the whole video
smoothness    similarity of motion from frame to frame
drift         of colours, from the start to the end
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ...renderers.base import Frame, RendererError, Shot
from ...renderers.error_text import system_reason
from ...renderers.files.open_media import open_input
from ...renderers.fit.interpolate import FLOW_WIDTH, dense_flow, flow_back, small_luma
from ...renderers.fit.scale import rgb_of
from ...renderers.image.stills import load_still
from ...renderers.run.motion_detail import block_velocities
from ...renderers.run.motion_measure import GRID, MotionMeter
from ..errors import WorkError
from .still_similarity import LEAST_SHARED, frame_homography, likeness, warp_onto

STILL_WIDTH = 540
"""Width at which a frame is compared with its still, in pixels."""
DRIFT_WIDTH = 270
STILL = 0.1
"""Motion, in percent of the width per second, below which smoothness is undefined."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Measurements of a take.

    Attributes:
        fidelity: mean SSIM over the keyframes in the video, at most 1; None without keyframes.
        flicker: mean warping error of luma from frame to frame, in levels of 255.
        first_second: motion in the first second, in percent of the frame's width per second.
        motion: motion over the whole video, in the same unit.
        smoothness: evenness of motion, 1 for constant velocity, 0 for none; None without motion.
        drift: CIELAB distance (CIE 1976) of the mean colours of the first and the last half second,
            in their common area; None if the video leads from one still to another.
    """

    fidelity: float | None
    flicker: float
    first_second: float
    motion: float
    smoothness: float | None
    drift: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return the figures, rounded to four decimals."""
        return {name: value and round(value, 4) for name, value in asdict(self).items()}


def measure(media: Path, shot: Shot) -> Measures:
    """Measure the media of a shot.

    Raises:
        WorkError: the media, or a still, cannot be decoded.
    """
    places: dict[int, list[Path]] = {}
    for keyframe in shot.keyframes:
        places.setdefault(keyframe.frame - shot.start, []).append(keyframe.image)
    meter, steadiness = MotionMeter(shot.fps), _Steadiness()
    likenesses: list[float] = []
    half = max(1, round(shot.fps / 2))
    first, last = _Colours(0, half), _Colours(shot.frames - half, shot.frames)
    for number, frame in enumerate(meter.watch(_frames(media))):
        steadiness.see(frame)
        first.see(number, frame)
        last.see(number, frame)
        for still in places.get(number, ()):
            likenesses.append(_fidelity(still, frame, shot.fit))
    seen = meter.movement()
    stays = len({keyframe.image for keyframe in shot.keyframes}) == 1
    return Measures(
        fidelity=float(np.mean(likenesses)) if likenesses else None,
        flicker=steadiness.flicker(),
        first_second=seen.first_second,
        motion=seen.whole,
        smoothness=steadiness.smoothness() if seen.whole > STILL else None,
        drift=first.distance(last) if stays else None,
    )


def _frames(media: Path) -> Iterator[Frame]:
    try:
        with open_input(media) as container:
            container.streams.video[0].thread_type = "AUTO"
            for frame in container.decode(video=0):
                yield np.asarray(frame.to_ndarray(format="yuv420p"), np.uint8)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        what = f"its picture cannot be decoded: {system_reason(error)}"
        raise WorkError(f"{media}: {what}") from error


class _Steadiness:
    """Flicker and smoothness, from frame to frame."""

    def __init__(self) -> None:
        self._estimate = dense_flow("fast")
        self._before: NDArray[np.uint8] | None = None
        self._velocity: NDArray[np.float64] | None = None
        self._errors: list[float] = []
        self._changes = self._speeds = 0.0

    def see(self, frame: Frame) -> None:
        luma = small_luma(frame, FLOW_WIDTH)
        if self._before is not None:
            there, back = self._estimate(self._before, luma), self._estimate(luma, self._before)
            came, seen = flow_back(luma, there, back)
            if seen.any():
                difference = cv2.absdiff(self._before, came)
                self._errors.append(float(difference[seen].mean()))
            velocity = block_velocities(there, self._before, GRID)
            if self._velocity is not None:
                self._changes += _total(velocity - self._velocity)
                self._speeds += _total(velocity) + _total(self._velocity)
            self._velocity = velocity
        self._before = luma

    def flicker(self) -> float:
        return float(np.mean(self._errors)) if self._errors else 0.0

    def smoothness(self) -> float | None:
        # Between 0 and 1, by the triangle inequality.
        return 1 - self._changes / self._speeds if self._speeds else None


def _total(velocities: NDArray[np.float64]) -> float:
    return float(np.hypot(velocities[..., 0], velocities[..., 1]).sum())


class _Colours:
    """The middle frame of a range, for its mean colours."""

    def __init__(self, start: int, end: int):
        self._start, self._end = start, end
        self._middle: NDArray[np.uint8] | None = None

    def see(self, number: int, frame: Frame) -> None:
        if number == max(0, (self._start + self._end) // 2):
            rgb = rgb_of(frame)
            size = (DRIFT_WIDTH, max(2, round(DRIFT_WIDTH * rgb.shape[0] / rgb.shape[1])))
            self._middle = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)

    def distance(self, other: _Colours) -> float | None:
        """Return the distance of mean colours in the common area."""
        if self._middle is None or other._middle is None:
            return None
        one, two = self._middle, other._middle
        height, width = two.shape[:2]
        way = frame_homography(_grey(two), _grey(one))
        laid = warp_onto(one, way, width, height)
        if laid.inside.mean() < LEAST_SHARED:
            laid = warp_onto(one, np.eye(3), width, height)
        means = [
            cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[laid.inside].mean(0)
            for picture in (laid.picture, two)
        ]
        return float(np.linalg.norm(means[0] - means[1]))


def _fidelity(still: Path, frame: Frame, fit: str) -> float:
    try:
        picture = np.asarray(load_still(still))
    except RendererError as error:
        raise WorkError(str(error)) from error
    luma = frame[: frame.shape[0] * 2 // 3]
    height, width = luma.shape
    scale = STILL_WIDTH / width
    shown = _resized(luma, scale)
    over = (width / picture.shape[1], height / picture.shape[0])
    fitted = max(over) if fit == "cover" else min(over)
    given = _resized(_grey(picture), fitted * scale)
    # Luma of video has limited range.
    given = np.asarray((given * (219 / 255) + 16).round(), np.uint8)
    offset = [(given.shape[1 - axis] - shown.shape[1 - axis]) / 2 for axis in (0, 1)]
    guess = np.array([[1, 0, offset[0]], [0, 1, offset[1]], [0, 0, 1]])
    return likeness(given, shown, guess)[0]


def _resized(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    size = (max(16, round(picture.shape[1] * scale)), max(16, round(picture.shape[0] * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=method), np.uint8)


def _grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return BT.709 luma, full range."""
    weights = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
    return np.asarray(cv2.transform(rgb, weights), np.uint8).reshape(rgb.shape[:2])
