"""The compiled loops in NumPy and OpenCV, for machines without a C compiler.

Sixteen consecutive outputs share most of their inputs, so each such block is a small dense matrix,
and a pass is a series of matrix products. It takes two to three times as long as `_kernel.c`; the
results differ by the rounding of sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dither import quantise

BLOCK = 16
"""Outputs per matrix product."""
MOST_WORK = 250_000
"""Multiplications per product. OpenBLAS starts threads for more than 262,144 (its
``interface/gemm.c``), which would compete with the encoder's."""

_Floats = NDArray[np.float32]


def separable(
    plane: _Floats,
    row_first: NDArray[np.int32],
    row_weights: _Floats,
    column_first: NDArray[np.int32],
    column_weights: _Floats,
    out: NDArray[Any],
) -> None:
    """Resample a plane along both axes into ``out``, ``float32`` or ``uint8`` (dithered)."""
    rows, down = _blocks(row_first, row_weights)
    columns, across = _blocks(column_first, column_weights)
    across = np.ascontiguousarray(across.transpose(0, 2, 1))
    inputs = across.shape[1]
    source = np.ascontiguousarray(plane)
    # Bands of rows, so that the intermediate result fits into the cache.
    band = max(1, MOST_WORK // (BLOCK * inputs) // BLOCK) * BLOCK
    for top in range(0, out.shape[0], band):
        bottom = min(top + band, out.shape[0])
        part = np.empty((bottom - top, source.shape[1]), np.float32)
        _rows(source, rows, down, top, part)
        made = np.empty((bottom - top, out.shape[1]), np.float32)
        for block, first in enumerate(columns):
            begin = block * BLOCK
            count = min(BLOCK, out.shape[1] - begin)
            # Samples beyond the last have weight 0.
            taken = part[:, first : first + inputs]
            matrix = across[block, : taken.shape[1], :count]
            np.matmul(taken, matrix, out=made[:, begin : begin + count])
        if out.dtype == np.uint8:
            quantise(made, out[top:bottom], top)
        else:
            out[top:bottom] = made


def _rows(source: _Floats, first: list[int], weights: _Floats, top: int, out: _Floats) -> None:
    """Compute output rows from ``top``, a multiple of `BLOCK`, into ``out``."""
    inputs = weights.shape[2]
    stride = max(1, MOST_WORK // (BLOCK * inputs))
    for left in range(0, source.shape[1], stride):
        for begin in range(0, out.shape[0], BLOCK):
            block = (top + begin) // BLOCK
            count = min(BLOCK, out.shape[0] - begin)
            taken = source[first[block] : first[block] + inputs, left : left + stride]
            matrix = weights[block, :count, : len(taken)]
            np.matmul(matrix, taken, out=out[begin : begin + count, left : left + stride])


def _blocks(first: NDArray[np.int32], weights: _Floats) -> tuple[list[int], _Floats]:
    """Return the first input of each block, and the matrices: ``(blocks, BLOCK, inputs)``."""
    length, taps = weights.shape
    blocks = -(-length // BLOCK)
    starts = first[::BLOCK]
    ends = first[np.minimum(np.arange(1, blocks + 1) * BLOCK, length) - 1] + taps
    inputs = int((ends - starts).max())
    matrices = np.zeros((blocks * BLOCK, inputs), np.float32)
    places = first - np.repeat(starts, BLOCK)[:length]
    matrices[np.arange(length)[:, None], places[:, None] + np.arange(taps)] = weights
    return [int(place) for place in starts], matrices.reshape(blocks, BLOCK, inputs)
