"""Convert frame rates by interpolation, never across a cut.

`FlowInterpolator` estimates forward and backward motion with OpenCV's DIS optical flow (Kroeger et
al., "Fast Optical Flow using Dense Inverse Search", 2016), warps both frames to the new time (flows
as in Jiang et al., "Super SloMo", 2018, eq. 4) and blends them; pixels occluded in one
frame come from the other. `RifeInterpolator` runs a RIFE network from an ONNX file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Frame, RendererError, UnavailableError
from ..error_text import one_line

CUT_SHARE = 0.6
"""Least share of occluded pixels, both ways, at a cut: 0.77 to 1 between different stills, up to
0.3 in fast motion, 0.4 in a flash of light."""
FLOW_WIDTH = 240
"""Width of the frames that flow is estimated on, in pixels. Larger ones cost more and are no better
(``benchmarks/interpolate.py``)."""
SMALLEST_SIDE = 32
"""Of frames that flow is estimated on, in pixels; smaller ones are enlarged."""

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")

Flow = NDArray[np.float32]
"""Shape ``(height, width, 2)``: displacement of each pixel, x then y, in pixels."""
Estimate: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.uint8]], Flow]


class Interpolator(Protocol):
    """Interpolates between two RGB frames of the same shape ``(height, width, 3)``."""

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """Return frames at ``times``, between 0 (the first frame) and 1 (the second)."""
        ...


def retime(
    frames: Iterator[Frame],
    native_fps: Fraction,
    fps: Fraction,
    count: int,
    interpolator: Interpolator,
) -> Iterator[Frame]:
    """Yield ``count`` frames at ``fps`` from RGB frames at ``native_fps``.

    Frame ``n`` is that at time ``n / fps``; one that coincides with a native frame is the native
    frame itself. At most two native frames are buffered.
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
    """Return RIFE if there is an ONNX file, else optical flow."""
    return FlowInterpolator() if rife is None else RifeInterpolator(rife)


class FlowInterpolator:
    """Forward and backward optical flow, with an occlusion-aware blend."""

    def __init__(self) -> None:
        self._dis = dense_flow("medium")

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """Interpolate; at a cut, repeat the nearer frame."""
        flows = flows_between(first, second, self._dis)
        hidden = _mismatch(*flows), _mismatch(*reversed(flows))
        if is_cut(*hidden):
            return _nearer(first, second, times)
        return [_blend(first, second, flows, hidden, time) for time in times]


def _blend(
    first: Frame,
    second: Frame,
    flows: tuple[Flow, Flow],
    hidden: tuple[NDArray[np.float32], NDArray[np.float32]],
    time: float,
) -> Frame:
    """Return the frame at a time; weights are computed at the size of the flows."""
    forward, backward = flows
    height, width = first.shape[:2]
    rest = 1 - time
    to_first = time * time * backward - rest * time * forward
    to_second = rest * rest * forward - time * rest * backward
    grid = _grid(forward.shape[1], forward.shape[0])
    # A pixel occluded in one frame comes from the other.
    seen_first = 1 - _sampled(hidden[1], grid + to_second)
    seen_second = 1 - _sampled(hidden[0], grid + to_first)
    weight_first = rest * (seen_first + 1e-3)
    weight_second = time * (seen_second + 1e-3)
    share = weight_second / (weight_first + weight_second)
    from_first, from_second = (
        _sampled(frame, _enlarged_flow(flow, width, height) + _grid(width, height))
        for frame, flow in ((first, to_first), (second, to_second))
    )
    part = np.asarray(
        cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR), np.float32
    )
    return np.asarray(cv2.blendLinear(from_first, from_second, 1 - part, part), np.uint8)


def _nearer(first: Frame, second: Frame, times: list[float]) -> list[Frame]:
    return [first if time < 0.5 else second for time in times]


def dense_flow(preset: Literal["fast", "medium"]) -> Estimate:
    """Return an estimator of dense flow between two luma planes (DIS)."""
    presets = {
        "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
        "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
    }
    dis = cv2.DISOpticalFlow.create(presets[preset])

    def estimate(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> Flow:
        # None lets OpenCV allocate the array; its type stubs lack this.
        return np.asarray(dis.calc(one, other, None), np.float32)  # type: ignore[call-overload]

    return estimate


def flows_between(first: Frame, second: Frame, estimate: Estimate) -> tuple[Flow, Flow]:
    """Return forward and backward flow between two frames, RGB or I420, at a small size."""
    one, other = (small_luma(frame, FLOW_WIDTH) for frame in (first, second))
    return estimate(one, other), estimate(other, one)


def flow_back(
    second: NDArray[np.uint8], there: Flow, back: Flow
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Warp the second of two luma planes onto the first, and return the mask of shared pixels.

    Args:
        second: of the flows' size.
        there, back: forward and backward flow.
    """
    return moved_back(second, there), _mismatch(there, back) < 0.5


def moved_back(second: NDArray[Any], there: Flow) -> NDArray[Any]:
    """Warp the second of two planes onto the first by the forward flow, of their size."""
    return _sampled(second, _grid(there.shape[1], there.shape[0]) + there)


def is_cut(*hidden: NDArray[np.float32]) -> bool:
    """Whether there is a cut between two frames, by the occlusion of each in the other."""
    return all(float((one > 0.5).mean()) > CUT_SHARE for one in hidden)


def _mismatch(there: Flow, back: Flow) -> NDArray[np.float32]:
    """Return occlusion by the forward-backward check: 0 if consistent, 1 if not."""
    height, width = there.shape[:2]
    returned = there + _sampled(back, _grid(width, height) + there)
    error = _length_squared(returned)
    allowed = 0.5 + 0.01 * _length_squared(there)
    soft = (1 - np.exp(-error / (2 * allowed))).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(soft, (5, 5), 0))


def _length_squared(flow: Flow) -> NDArray[np.float32]:
    x, y = flow[..., 0], flow[..., 1]
    return np.asarray(x * x + y * y)


def small_luma(frame: Frame, width: int) -> NDArray[np.uint8]:
    """Return the luma of a frame, RGB or I420, scaled down to about a width."""
    if frame.ndim == 3:
        luma = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    else:
        luma = frame[: frame.shape[0] * 2 // 3]
    height = round(luma.shape[0] * width / luma.shape[1])
    if luma.shape[1] <= width:
        width, height = luma.shape[1], luma.shape[0]
    # The minimum size for DIS's pyramid and patches.
    size = (max(SMALLEST_SIDE, width), max(SMALLEST_SIDE, height))
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA))


def _enlarged_flow(flow: Flow, width: int, height: int) -> Flow:
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return np.asarray(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)) * scale


@functools.lru_cache(maxsize=4)
def _grid(width: int, height: int) -> Flow:
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.dstack([x, y])
    grid.flags.writeable = False
    return grid


def _sampled(image: Any, at: Flow) -> NDArray[Any]:
    # With None, OpenCV reads both coordinates from one map; its type stubs lack this.
    return np.asarray(
        cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    )


class RifeInterpolator:
    """RIFE from an ONNX file with inputs ``img0``, ``img1`` (``[1, 3, H, W]`` in 0..1, sides
    divisible by 32) and ``timestep`` (``[1]``), and the output ``output``; float32 or float16.

    Raises:
        UnavailableError: onnxruntime or the file is missing.
        RendererError: the file is no RIFE network.
    """

    def __init__(self, path: Path):
        try:
            import onnxruntime  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            raise UnavailableError(
                "RIFE needs onnxruntime: pip install 'otio-gvideo[rife]', or leave out the setting"
            ) from error
        if not path.is_file():
            raise UnavailableError(f"{path}: ONNX file not found")
        self._path = path
        # Not TensorRT, which takes minutes to build an engine for each size.
        usable = [one for one in PROVIDERS if one in onnxruntime.get_available_providers()]
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=usable)
        except Exception as error:  # onnxruntime's errors have no common base
            raise RendererError(f"{path}: onnxruntime cannot load it: {one_line(error)}") from error
        types = {one.name: one.type for one in self._session.get_inputs()}
        outputs = {one.name for one in self._session.get_outputs()}
        if not {"img0", "img1", "timestep"} <= set(types) or "output" not in outputs:
            raise RendererError(
                f"{path}: not a RIFE network: its inputs are {sorted(types)} and its outputs "
                f"{sorted(outputs)}, not img0, img1, timestep and output"
            )
        self._types = {
            name: np.float16 if kind == "tensor(float16)" else np.float32
            for name, kind in types.items()
        }
        self._dis = dense_flow("fast")

    def between(self, first: Frame, second: Frame, times: list[float]) -> list[Frame]:
        """Interpolate; at a cut, repeat the nearer frame.

        Raises:
            RendererError: the network failed, perhaps out of memory.
        """
        flows = flows_between(first, second, self._dis)
        if is_cut(_mismatch(*flows), _mismatch(*reversed(flows))):
            return _nearer(first, second, times)
        images = {
            name: _tensor(frame).astype(self._types[name])
            for name, frame in (("img0", first), ("img1", second))
        }
        return [self._made(images, time, first.shape) for time in times]

    def _made(self, images: dict[str, Any], time: float, shape: tuple[int, ...]) -> Frame:
        given = {**images, "timestep": np.array([time], self._types["timestep"])}
        try:
            (output,) = self._session.run(["output"], given)
        except Exception as error:  # as above
            raise RendererError(f"{self._path}: cannot be run: {one_line(error)}") from error
        picture = np.asarray(output)[0, :, : shape[0], : shape[1]].transpose(1, 2, 0)
        return np.ascontiguousarray((picture * 255.0 + 0.5).clip(0, 255), np.uint8)


def _tensor(frame: Frame) -> NDArray[np.float32]:
    height, width = frame.shape[:2]
    padded = cv2.copyMakeBorder(frame, 0, -height % 32, 0, -width % 32, cv2.BORDER_REPLICATE)
    return np.asarray(padded.transpose(2, 0, 1)[None] / 255, np.float32)
