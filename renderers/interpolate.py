"""Frame-rate conversion: new frames between those that a model made, never across a cut.

`FlowInterpolator` estimates motion both ways with OpenCV's DIS optical flow (Kroeger et al., "Fast
Optical Flow using Dense Inverse Search", 2016), moves both frames to the wanted time (the flows to
it as in Jiang et al., "Super SloMo", 2018, eq. 4) and blends them; what only one of the two frames
sees, because something moved in front of it, is taken from that frame. `RifeInterpolator` runs a
RIFE network from an ONNX file.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from .base import Frame, RendererError, UnavailableError

CUT_LEVEL = 26.0
"""Mean difference in luma, of 255, that is left between two frames after motion at a cut."""
CUT_GAIN = 0.6
"""... and the share of the difference before motion that is left at the least."""
FLOW_WIDTH = 320
"""Flow is estimated on frames of about this width, and enlarged."""

Flow = NDArray[np.float32]
"""Shape ``(height, width, 2)``: where each pixel goes, in pixels, x then y."""


class Interpolator(Protocol):
    """Makes frames between two RGB frames of the same shape ``(height, width, 3)``."""

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """The frames at ``times``, each between 0 (the first frame) and 1 (the second)."""
        ...


def retime(
    frames: Iterator[Frame],
    native_fps: Fraction,
    fps: Fraction,
    count: int,
    interpolator: Interpolator,
) -> Iterator[Frame]:
    """Yield ``count`` frames at ``fps`` from RGB frames at ``native_fps``.

    Frame ``n`` shows the instant ``n / fps``. A frame that lies on a native one is that one, bit
    by bit; no more than two native frames are held.
    """
    first, second = next(frames, None), None
    held, index = 0, 0
    while index < count and first is not None:
        place = index * native_fps / fps
        while held < int(place):
            first = second if second is not None else next(frames, None)
            second, held = None, held + 1
        if first is None:
            return
        share = place - held
        if share == 0:
            yield first
            index += 1
            continue
        second = second if second is not None else next(frames, None)
        if second is None:
            return
        times = []
        while index < count and held < index * native_fps / fps < held + 1:
            times.append(float(index * native_fps / fps - held))
            index += 1
        yield from interpolator.between(first, second, times)


def interpolator_for(rife: Path | None = None) -> Interpolator:
    """RIFE where its ONNX file is given, else optical flow."""
    return FlowInterpolator() if rife is None else RifeInterpolator(rife)


class FlowInterpolator:
    """Optical flow both ways, and a blend that knows what is hidden."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """See `Interpolator`; at a cut each is the nearer frame."""
        small = [_small_luma(frame, FLOW_WIDTH) for frame in (first, second)]
        forward = np.asarray(self._dis.calc(small[0], small[1], None), np.float32)
        if is_cut(small[0], small[1], forward):
            return [first if time < 0.5 else second for time in times]
        backward = np.asarray(self._dis.calc(small[1], small[0], None), np.float32)
        size = (first.shape[1], first.shape[0])
        hidden = [
            _enlarged(_mismatch(*flows), size)
            for flows in ((forward, backward), (backward, forward))
        ]
        forward, backward = (_enlarged_flow(flow, size) for flow in (forward, backward))
        grid = _grid(size)
        return [_blend(first, second, forward, backward, hidden, grid, time) for time in times]


def _blend(
    first: Frame,
    second: Frame,
    forward: Flow,
    backward: Flow,
    hidden: list[NDArray[np.float32]],
    grid: Flow,
    time: float,
) -> Frame:
    rest = 1 - time
    to_first = time * time * backward - rest * time * forward
    to_second = rest * rest * forward - time * rest * backward
    from_first = _sampled(first, grid + to_first)
    from_second = _sampled(second, grid + to_second)
    # A pixel of one frame that the other does not show has no part in the other's share.
    seen_first = 1 - _sampled(hidden[1], grid + to_second)
    seen_second = 1 - _sampled(hidden[0], grid + to_first)
    weight_first = rest * (seen_first + 1e-3)
    weight_second = time * (seen_second + 1e-3)
    share = (weight_second / (weight_first + weight_second))[..., None]
    mixed = from_first + (from_second.astype(np.float32) - from_first) * share
    return np.asarray((mixed + 0.5).clip(0, 255), np.uint8)


def is_cut(first: NDArray[np.uint8], second: NDArray[np.uint8], forward: Flow) -> bool:
    """Whether two frames, as small luma, show different pictures: motion explains little."""
    plain = float(cv2.absdiff(first, second).mean())
    if plain < CUT_LEVEL:
        return False
    height, width = first.shape
    moved = _sampled(second, _grid((width, height)) + forward)
    left = float(cv2.absdiff(first, moved).mean())
    return left > CUT_LEVEL and left > plain * CUT_GAIN


def _mismatch(there: Flow, back: Flow) -> NDArray[np.float32]:
    """0 where going there and back ends at the start, 1 where it ends far from it."""
    height, width = there.shape[:2]
    returned = there + _sampled(back, _grid((width, height)) + there)
    error = np.square(returned).sum(axis=2)
    allowed = 0.5 + 0.01 * np.square(there).sum(axis=2)
    soft = (1 - np.exp(-error / (2 * allowed))).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(soft, (5, 5), 0))


def _small_luma(frame: Frame, width: int) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    height = max(32, round(frame.shape[0] * width / frame.shape[1]))
    if frame.shape[1] <= width:
        width, height = max(32, frame.shape[1]), max(32, frame.shape[0])
    return np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA))


def _enlarged(field: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR))


def _enlarged_flow(flow: Flow, size: tuple[int, int]) -> Flow:
    scale = np.array([size[0] / flow.shape[1], size[1] / flow.shape[0]], np.float32)
    return _enlarged(flow, size) * scale


def _grid(size: tuple[int, int]) -> Flow:
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    return np.dstack([x, y])


def _sampled(image: Any, at: Flow) -> NDArray[Any]:
    return np.asarray(cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


class RifeInterpolator:
    """RIFE from an ONNX file with inputs ``img0``, ``img1`` (``[1, 3, H, W]`` in 0..1, sides
    divisible by 32) and ``timestep`` (``[1]``), and the output ``output``.

    Raises:
        UnavailableError: onnxruntime is not installed, or there is no such file.
        RendererError: the file is no such network.
    """

    def __init__(self, path: Path):
        try:
            import onnxruntime  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            raise UnavailableError(
                "RIFE needs onnxruntime: pip install onnxruntime, or leave out the ONNX file"
            ) from error
        if not path.is_file():
            raise UnavailableError(f"{path}: there is no such ONNX file")
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), providers=onnxruntime.get_available_providers()
            )
        except Exception as error:  # onnxruntime's errors have no common base
            raise RendererError(f"{path}: onnxruntime cannot load it: {error}") from error
        inputs = {one.name for one in self._session.get_inputs()}
        if not {"img0", "img1", "timestep"} <= inputs:
            raise RendererError(f"{path}: not a RIFE network: its inputs are {sorted(inputs)}")

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """See `Interpolator`; at a cut each is the nearer frame."""
        small = [_small_luma(frame, FLOW_WIDTH) for frame in (first, second)]
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        if is_cut(*small, np.asarray(dis.calc(small[0], small[1], None), np.float32)):
            return [first if time < 0.5 else second for time in times]
        images = {"img0": _tensor(first), "img1": _tensor(second)}
        height, width = first.shape[:2]
        made = []
        for time in times:
            given = {**images, "timestep": np.array([time], np.float32)}
            (output,) = self._session.run(["output"], given)
            picture = np.asarray(output)[0, :, :height, :width].transpose(1, 2, 0)
            made.append(np.ascontiguousarray((picture * 255 + 0.5).clip(0, 255), np.uint8))
        return made


def _tensor(frame: Frame) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    padded = cv2.copyMakeBorder(frame, 0, -height % 32, 0, -width % 32, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.float32).transpose(2, 0, 1)[None] / 255
