"""Draw layers through warp meshes: sample positions are known at every eighth pixel of the frame.

A mesh holds, for every node of a grid over the frame, the position of its sample in the layer.
Between nodes positions are interpolated linearly along rows and columns, and samples bilinearly.
Empty cells of a layer are skipped, and so are cells occluded by an opaque layer.

A compiled kernel does it in one pass (``_mesh.c``). Without it OpenCV does the same in several, at
a fraction of the speed, and may round to another level.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..image.dither import noise, quantise
from ..image.resample import Floats
from ..image.yuv import Planes

try:
    from . import _mesh
except ImportError:  # Installed without a compiler.
    kernel: ModuleType | None = None
else:
    kernel = _mesh

STEP = 8
"""Pixels of luma between two nodes."""
UNITS = 64
"""Units to a level in the samples of a layer: precision for dithering after interpolation."""
BLOCK = 16
"""Side of the blocks of a matte whose least and largest value are stored, in samples."""
MOST_LAYERS = 4
"""Layers that the kernel draws over each other, at most."""
PAD = 64
"""Samples of padding around a layer: the outermost nodes are up to 16 pixels outside the frame."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as fixed-point planes, with `UNITS` to a level.

    Attributes:
        y: shape ``(height, width)``, both even.
        chroma: both planes, shape ``(2, height // 2, width // 2)``; sample (i, j) is sited at luma
            column 2i, row 2j + 1/2.
        matte: opacity, 0..255, shape of ``y``; None for the background.
        range: least and largest value of the matte in and around every `BLOCK`: shape
            ``(rows, columns, 2)``.
    """

    y: NDArray[np.int16]
    chroma: NDArray[np.int16]
    matte: NDArray[np.uint8] | None = None
    range: NDArray[np.uint8] | None = None


def make_layer(planes: Planes, matte: NDArray[np.uint8] | None = None) -> Layer:
    """Convert planes in levels to a layer, padded by `PAD` samples of luma that repeat its edge."""
    y, u, v = (
        _padded(np.asarray(cv2.addWeighted(plane, UNITS, plane, 0, 0, dtype=cv2.CV_16S)), pad)
        for plane, pad in ((planes.y, PAD), (planes.u, PAD // 2), (planes.v, PAD // 2))
    )
    chroma = np.stack([u, v])
    if matte is None:
        return Layer(y, chroma)
    matte = _padded(matte, PAD)
    return Layer(y, chroma, matte, _ranges(matte))


def _padded(plane: NDArray[Any], pad: int) -> NDArray[Any]:
    return np.asarray(cv2.copyMakeBorder(plane, pad, pad, pad, pad, cv2.BORDER_REPLICATE))


def node_grid(width: int, height: int) -> tuple[int, int]:
    """Return rows and columns of the nodes of a frame; the last are at or beyond its edge.

    Both are odd, as cells of chroma span two cells of luma.
    """
    return 2 * -(-height // (2 * STEP)) + 1, 2 * -(-width // (2 * STEP)) + 1


@functools.lru_cache(maxsize=8)
def node_places(width: int, height: int) -> NDArray[np.float32]:
    """Return nodes in frame widths from the middle, homogeneous: shape ``(3, rows, columns)``."""
    rows, columns = node_grid(width, height)
    x = (np.arange(columns) * STEP - (width - 1) / 2) / width
    y = (np.arange(rows) * STEP - (height - 1) / 2) / width
    across, down = np.meshgrid(x, y)
    return np.stack([across, down, np.ones_like(across)]).astype(np.float32)


def draw(out: NDArray[np.uint8], layers: Sequence[tuple[Layer, Floats]]) -> None:
    """Draw layers over each other.

    Args:
        out: a frame of planar YUV 4:2:0.
        layers: back to front, `MOST_LAYERS` at most. With each the position ``(x, y)`` in its
            ``y`` at each node: shape ``(2, rows, columns)``.
    """
    height, width = out.shape[0] * 2 // 3, out.shape[1]
    chroma = out[height:].reshape(2, height // 2, width // 2)
    clamped = [(layer, _clamped(nodes, layer)) for layer, nodes in layers]
    for planes, is_chroma in ((out[None, :height], False), (chroma, True)):
        drawn = tuple(
            (of.chroma if is_chroma else of.y[None], nodes, of.matte, of.range)
            for of, nodes in clamped
        )
        if kernel is not None:
            kernel.draw(planes, drawn, _noise(planes.shape[2]), is_chroma, False)
        else:
            for number, plane in enumerate(planes):
                _draw_opencv(plane, drawn, number, is_chroma)


def _clamped(nodes: Floats, of: Layer) -> Floats:
    """Clamp nodes to a layer, and so all positions between them."""
    height, width = of.y.shape
    clamped = np.empty(nodes.shape, np.float32)
    np.clip(nodes[0], 0, width - 3, out=clamped[0])
    np.clip(nodes[1], 1, height - 3, out=clamped[1])
    return clamped


def _ranges(matte: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the least and largest value of each block of a matte and the samples next to it."""
    kernel = np.ones((3, 3), np.uint8)
    edge = cv2.copyMakeBorder(
        matte, 0, -matte.shape[0] % BLOCK, 0, -matte.shape[1] % BLOCK, cv2.BORDER_REPLICATE
    )
    rows, columns = edge.shape[0] // BLOCK, edge.shape[1] // BLOCK

    def of_blocks(plane: NDArray[Any], extreme: np.ufunc) -> NDArray[np.uint8]:
        lines = extreme.reduce(np.asarray(plane).reshape(rows, BLOCK, -1), axis=1)
        return np.asarray(extreme.reduce(lines.reshape(rows, columns, BLOCK), axis=2))

    least = of_blocks(cv2.erode(edge, kernel), np.minimum)
    most = of_blocks(cv2.dilate(edge, kernel), np.maximum)
    return np.ascontiguousarray(np.stack([least, most], axis=-1))


@functools.lru_cache(maxsize=8)
def _noise(width: int) -> NDArray[np.int32]:
    """Return dither noise in units of the kernel's sums: shape ``(dither.ROWS, width)``."""
    return np.asarray(noise(width) * (UNITS << 16), np.int32)


def _draw_opencv(
    out: NDArray[np.uint8], layers: Sequence[tuple[Any, ...]], number: int, is_chroma: bool
) -> None:
    drawn = np.zeros(out.shape, np.float32)
    for samples, nodes, matte, _ in layers:
        x, y = _pixel_positions(nodes, out.shape, is_chroma)
        nearer = _sampled(samples[number], x, y)
        if matte is None:
            drawn = nearer
            continue
        luma = (x * 2, y * 2 + np.float32(0.5)) if is_chroma else (x, y)
        drawn += (nearer - drawn) * (_sampled(matte, *luma) * np.float32(1 / 255))
    quantise(drawn * np.float32(1 / UNITS), out)


def _sampled(plane: NDArray[Any], x: Floats, y: Floats) -> Floats:
    return np.asarray(
        cv2.remap(plane.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )


def _pixel_positions(
    nodes: Floats, shape: tuple[int, ...], is_chroma: bool
) -> tuple[Floats, Floats]:
    """Interpolate nodes to positions in a plane of a layer for each pixel of a plane of a frame."""
    cell = STEP // 2 if is_chroma else STEP
    at = [np.arange(length, dtype=np.float32) / cell for length in shape]
    if is_chroma:
        at[0] += np.float32(0.5 / STEP)
    columns, rows = np.meshgrid(at[1], at[0])
    x, y = (_sampled(plane, columns, rows) for plane in nodes)
    return (x / 2, (y - np.float32(0.5)) / 2) if is_chroma else (x, y)
