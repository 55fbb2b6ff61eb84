"""Adaptation of features to a voice, its room and its noise, by constrained maximum likelihood.

After a first alignment, an affine map for each stream of features makes the frames likeliest under
the states they were aligned to (CMLLR: Gales, "Maximum likelihood linear transformations for
HMM-based speech recognition", Computer Speech and Language 12, 1998, section 2.2 and appendix B).
Here the map also sees the recent past: what a room adds to a frame is predicted from it, as in
linear prediction of late reverberation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .acoustic_model import BLOCK, AcousticModel
from .mfcc import CEPSTRA, Array, with_deltas

PAST = range(4, 10)
"""Frames back whose mean is the past: reflections that arrive after a sound has changed."""
MOST_FRAMES = 4000
"""Most frames that a map is estimated from."""
LEAST_FRAMES = 300
"""Frames below which none is: it has 351 parameters a stream."""
_ROUNDS, _SWEEPS = 2, 8
"""Estimates of the frames' Gaussians, and sweeps over the rows of a map for each."""
_Statistics = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """An affine map of each stream, ``[3, 13, 27]``: from its values, the past, and 1."""

    rows: NDArray[np.float64]

    def __call__(self, cepstra: Array, frames: NDArray[np.int64]) -> Array:
        """Return the features of some frames of a recording, ``[frames, 39]``."""
        return self.applied(_inputs(cepstra, frames))

    def applied(self, inputs: NDArray[np.float64]) -> Array:
        """Map inputs ``[frames, 3, 27]``."""
        mapped = np.matmul(inputs[:, :, None], self.rows.transpose(0, 2, 1))
        return np.asarray(mapped.reshape(len(inputs), -1), np.float32)


def _inputs(cepstra: Array, frames: NDArray[np.int64]) -> NDArray[np.float64]:
    streams = with_deltas(cepstra, frames).reshape(len(frames), 3, CEPSTRA)
    past = sum(cepstra[np.maximum(frames - back, 0)] for back in PAST) / len(PAST)
    shared = np.concatenate([past, np.ones((len(frames), 1))], axis=1)
    return np.concatenate([streams, np.repeat(shared[:, None], 3, axis=1)], axis=2)


def fitted_map(
    cepstra: Array, frames: NDArray[np.int64], senones: NDArray[np.int64], model: AcousticModel
) -> FeatureMap | None:
    """Return the map under which frames are likeliest to come from their senones.

    Args:
        cepstra: of a recording.
        frames: the frames to fit.
        senones: of each of them.
        model: whose senones they are.

    Returns:
        None if there are too few frames.
    """
    if len(frames) < LEAST_FRAMES:
        return None
    step = -(-len(frames) // MOST_FRAMES)
    senones, inputs = senones[::step], _inputs(cepstra, frames[::step])
    width = inputs.shape[2]
    rows = np.tile(np.eye(CEPSTRA, width), (3, 1, 1))
    for _ in range(_ROUNDS):
        quadratic = np.zeros((3, CEPSTRA, width, width))
        linear = np.zeros((3, CEPSTRA, width))
        for first in range(0, len(inputs), BLOCK):
            block = slice(first, first + BLOCK)
            densities = model.densities(FeatureMap(rows).applied(inputs[block]))
            for stream, expected in enumerate(model.expected(densities, senones[block])):
                known = inputs[block, stream]
                quadratic[stream] += known.T @ (expected.precision.T[:, :, None] * known)
                linear[stream] += expected.weighted_mean.T @ known
        for stream in range(3):
            _maximise(rows[stream], quadratic[stream], linear[stream], len(inputs))
    return FeatureMap(rows)


def _maximise(rows: _Statistics, quadratic: _Statistics, linear: _Statistics, frames: int) -> None:
    """Change a map ``[13, 27]`` to the likeliest, row after row: its determinant joins them.

    Args:
        rows: of the map, to start from.
        quadratic, linear: statistics of each row, ``[13, 27, 27]`` and ``[13, 27]``.
        frames: that the statistics are of.
    """
    inverse = np.linalg.inv(quadratic)
    for _ in range(_SWEEPS):
        for row, own in enumerate(inverse):
            # Cofactors of the row but for their scale, which `size` makes up for.
            cofactors = np.zeros(rows.shape[1])
            cofactors[:CEPSTRA] = np.linalg.inv(rows[:, :CEPSTRA])[:, row]
            towards = own @ cofactors
            a, b = float(cofactors @ towards), float(linear[row] @ towards)
            root = np.sqrt(b * b + 4 * a * frames)
            sizes = np.array([-b + root, -b - root]) / (2 * a)
            gains = frames * np.log(abs(sizes * a + b)) - sizes**2 * a / 2
            rows[row] = sizes[np.argmax(gains)] * towards + own @ linear[row]
