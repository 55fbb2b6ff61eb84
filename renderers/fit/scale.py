"""Crop, scale and convert native RGB frames to planar YUV 4:2:0 of BT.709.

Frames are converted to float luma and chroma at their native size, then each plane is scaled: less
work than scaling RGB, and rounded once, at the end.

Formulas: ITU-R BT.709-6. Chroma is sited left, the default of H.264.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..base import Frame
from .planner import SlotPlan

_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y, _CB, _CR = 219 / 255, 112 / 255 / (1 - _KB), 112 / 255 / (1 - _KR)
RGB_TO_YUV = np.array(
    [
        [_Y * _KR, _Y * _KG, _Y * _KB, 16],
        [-_CB * _KR, -_CB * _KG, _CB * (1 - _KB), 128],
        [_CR * (1 - _KR), -_CR * _KG, -_CR * _KB, 128],
    ]
)
"""Full-range RGB to limited-range Y, Cb and Cr, shape ``(3, 4)``."""
_FORWARD = RGB_TO_YUV.astype(np.float32)
_BACK = np.linalg.inv(np.vstack([RGB_TO_YUV, [0, 0, 0, 1]]))[:3].astype(np.float32)
_SOFTEN = np.array([[0.25, 0.5, 0.25]], np.float32)


def finish_frame(frame: Frame, plan: SlotPlan) -> Frame:
    """Convert a native RGB frame of shape ``(height, width, 3)`` to a finished I420 frame."""
    kept = cropped(frame, plan)
    luma, blue, red = _floats(cv2.transform(kept.astype(np.float32), _FORWARD))
    width, height = plan.width, plan.height
    out = np.empty((height * 3 // 2, width), np.uint8)
    quarter = height // 2 * (width // 2)
    flat = out.reshape(-1)[width * height :]
    _round(_scaled(luma, width, height), out[:height])
    half = (height // 2, width // 2)
    _round(_chroma(blue, width, height), flat[:quarter].reshape(half))
    _round(_chroma(red, width, height), flat[quarter:].reshape(half))
    return out


def cropped(frame: Frame, plan: SlotPlan) -> Frame:
    """Return the crop of a native frame, to whole pixels, as a view."""
    height, width = frame.shape[:2]
    left, top = (int(edge) for edge in plan.crop)
    wide = min(width - left, max(1, round(plan.width / plan.scale)))
    high = min(height - top, max(1, round(plan.height / plan.scale)))
    return frame[top : top + high, left : left + wide]


def native_from_finished(rgb: Frame, plan: SlotPlan) -> Frame:
    """Scale a finished RGB frame back to a native one; pixels outside the crop repeat the edge."""
    call = plan.calls[0]
    left, top = (int(edge) for edge in plan.crop)
    wide = min(call.width - left, max(1, round(plan.width / plan.scale)))
    high = min(call.height - top, max(1, round(plan.height / plan.scale)))
    small = cv2.resize(rgb, (wide, high), interpolation=cv2.INTER_AREA)
    right, bottom = call.width - left - wide, call.height - top - high
    edges = (top, bottom, left, right)
    return np.asarray(cv2.copyMakeBorder(small, *edges, cv2.BORDER_REPLICATE), np.uint8)


def rgb_of(frame: Frame) -> Frame:
    """Convert an I420 frame to RGB; return an RGB frame unchanged."""
    if frame.ndim == 3:
        return frame
    height, width = frame.shape[0] * 2 // 3, frame.shape[1]
    flat = frame.reshape(-1)[width * height :]
    quarter = height // 2 * (width // 2)
    half = (height // 2, width // 2)
    planes = [frame[:height].astype(np.float32)]
    # Chroma is sited left: sample i lies at luma column 2i, row 2j + 1/2.
    matrix = np.array([[0.5, 0.0, 0.0], [0.0, 0.5, -0.25]])
    for plane in (flat[:quarter], flat[quarter:]):
        planes.append(_warped(plane.reshape(half).astype(np.float32), matrix, width, height))
    return np.asarray(cv2.transform(cv2.merge(planes), _BACK).round().clip(0, 255), np.uint8)


def _floats(picture: cv2.typing.MatLike) -> list[NDArray[np.float32]]:
    return [np.asarray(plane, np.float32) for plane in cv2.split(picture)]


def _scaled(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    if plane.shape == (height, width):
        return plane
    way = cv2.INTER_AREA if plane.shape[1] > width else cv2.INTER_LANCZOS4
    return np.asarray(cv2.resize(plane, (width, height), interpolation=way), np.float32)


def _chroma(plane: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    step_x, step_y = 2 * plane.shape[1] / width, 2 * plane.shape[0] / height
    if step_x > 1.5:
        plane = np.asarray(cv2.filter2D(plane, -1, _SOFTEN, borderType=cv2.BORDER_REPLICATE))
    # Finished chroma (i, j) is at luma (2i, 2j + 1/2), here in pixels of the native plane.
    matrix = np.array(
        [[step_x, 0.0, step_x / 4 - 0.5], [0.0, step_y, step_y / 2 - 0.5]],
    )
    return _warped(plane, matrix, width // 2, height // 2)


def _warped(
    plane: NDArray[np.float32], matrix: NDArray[np.float64], width: int, height: int
) -> NDArray[np.float32]:
    return np.asarray(
        cv2.warpAffine(
            plane,
            matrix,
            (width, height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _round(plane: NDArray[np.float32], out: NDArray[np.uint8]) -> None:
    # Rounds and saturates at 255; negative values of Lanczos are clipped first.
    cv2.convertScaleAbs(cv2.max(plane, 0.0), dst=out)  # type: ignore[call-overload]
