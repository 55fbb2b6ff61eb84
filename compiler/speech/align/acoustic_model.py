"""PocketSphinx's acoustic model of US English, read with NumPy.

Phonetically tied mixtures: a codebook of 128 Gaussians per phone and feature stream, shared by all
senones (tied states) of that phone. File layouts as in PocketSphinx's `bin_mdef.c`, `ms_gauden.c`,
`ptm_mgau.c` and `tmat.c`. The decoder itself is not used: only with the likelihood of every senone
in every frame can one search compare readings, skipped tokens and unscripted speech.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .mfcc import CEPSTRA, Array

FOLDER = Path(__file__).parent / "en_us"
"""The model, and the CMU Pronouncing Dictionary."""
SILENCE = "SIL"
STATES = 3
"""Emitting states of a phone, left to right."""
_LOG_STEP = 1024 * float(np.log(1.0001))
"""Natural logarithm per unit of a stored mixture weight."""
BLOCK = 64
"""Most frames scored at once: too few for OpenBLAS to start threads, which on a busy machine wait
for each other ten times as long as they work."""
_ROWS = 16
"""Senones scored at once."""
_POSITIONS = {"inside": 0, "begin": 1, "end": 2, "single": 3}


@dataclass(frozen=True, slots=True, eq=False)
class AcousticModel:
    """Senones, their Gaussians, and the senones of each phone in context.

    Attributes:
        phones: names of the context-free phones; ``phones.index("AA")`` is the phone's number.
        first_states: senones of each context-free phone, ``[phones, 3]``.
        codebook: the phone whose Gaussians a senone uses, ``[senones]``.
        loop, step: log probability of staying in and of leaving a state, ``[phones, 3]``.
    """

    phones: tuple[str, ...]
    first_states: NDArray[np.int64]
    codebook: NDArray[np.int64]
    loop: Array
    step: Array
    _keys: NDArray[np.int64]
    _sequences: NDArray[np.int64]
    _quadratic: tuple[Array, ...]
    """Per stream ``[phones, 128, 27]``: coefficients of squares and values, and constants."""
    _weights: tuple[Array, ...]
    """Per stream ``[senones, 128]``, not logarithms."""

    def states(self, phone: str, left: str, right: str, position: str) -> NDArray[np.int64]:
        """Return the three senones of a phone between two others (a triphone).

        Args:
            phone, left, right: names; `SILENCE` at a pause.
            position: in its word: ``begin``, ``inside``, ``end`` or ``single``.
        """
        number, before, after = (self.phones.index(name) for name in (phone, left, right))
        for place in (_POSITIONS[position], 0, 1, 2, 3):
            key = _key(number, before, after, place)
            found = int(np.searchsorted(self._keys, key))
            if found < len(self._keys) and self._keys[found] == key:
                return np.asarray(self._sequences[found])
        return np.asarray(self.first_states[number])

    def densities(self, features: Array) -> Densities:
        """Return the densities of all Gaussians.

        Args:
            features: ``[frames, 39]``, at most `BLOCK` frames.
        """
        values, most = [], []
        ones = np.ones((1, len(features)), np.float32)
        for stream in range(3):
            part = features.T[stream * CEPSTRA : (stream + 1) * CEPSTRA]
            terms = np.concatenate([part * part, part, ones])
            density = np.matmul(self._quadratic[stream], terms)
            top = density.max(axis=1, keepdims=True)
            density -= top
            values.append(np.exp(density, out=density))
            most.append(top[:, 0])
        return Densities(tuple(values), tuple(most))

    def phone_scores(self, densities: Densities) -> Array:
        """Return log likelihoods of the states of context-free phones, ``[frames, phones, 3]``."""
        total = 0.0
        for values, most, weights in zip(
            densities.values, densities.most, self._weights, strict=True
        ):
            mixed = np.matmul(weights[self.first_states], values)
            mixed += 1e-30
            total += np.log(mixed, out=mixed) + most[:, None]
        return np.asarray(total).transpose(2, 0, 1)

    def expected(self, densities: Densities, senones: NDArray[np.int64]) -> list[Moments]:
        """Return what each frame would be if it came from its senone, by stream."""
        books, frames = self.codebook[senones], np.arange(len(senones))
        found = []
        for values, weights, quadratic in zip(
            densities.values, self._weights, self._quadratic, strict=True
        ):
            share = values[books, :, frames] * weights[senones] + np.float32(1e-30)
            share /= share.sum(axis=1, keepdims=True)
            terms = np.matmul(share[:, None], quadratic[books])[:, 0]
            found.append(Moments(-2 * terms[:, :CEPSTRA], terms[:, CEPSTRA : 2 * CEPSTRA]))
        return found

    def gaussians(self, stream: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the means and variances of a stream, ``[phones, 128, 13]``."""
        terms = self._quadratic[stream].astype(np.float64)
        variance = -0.5 / terms[:, :, :CEPSTRA]
        return terms[:, :, CEPSTRA : 2 * CEPSTRA] * variance, variance

    def with_gaussians(
        self, gaussians: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]
    ) -> AcousticModel:
        """Return the model with other means and variances, by stream."""
        return replace(self, _quadratic=tuple(_terms(*stream) for stream in gaussians))

    def shares(self) -> NDArray[np.float64]:
        """Return how often each Gaussian of cepstra is its phone's, ``[phones, 128]``."""
        weights = self._weights[0]
        found = np.stack(
            [weights[self.codebook == phone].mean(axis=0) for phone in range(len(self.phones))]
        ).astype(np.float64)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    def score(self, densities: Densities, senones: NDArray[np.int64]) -> Array:
        """Return log likelihoods ``[frames, len(senones)]``.

        All matrix products are of one shape: in others, BLAS may add in another order, and a senone
        would score by which others it is scored with.
        """
        order = np.argsort(self.codebook[senones], kind="stable")
        books = self.codebook[senones[order]]
        edges = [0, *(np.flatnonzero(np.diff(books)) + 1).tolist(), len(books)]
        frames = densities.values[0].shape[2]
        mixed = np.empty((len(senones), frames), np.float32)
        total = np.zeros_like(mixed)
        part = np.zeros((_ROWS, self._weights[0].shape[1]), np.float32)
        product = np.empty((_ROWS, frames), np.float32)
        for values, most, all_weights in zip(
            densities.values, densities.most, self._weights, strict=True
        ):
            weights = all_weights[senones[order]]
            for first, last in itertools.pairwise(edges):
                for start in range(first, last, _ROWS):
                    rows = slice(start, min(start + _ROWS, last))
                    part[: rows.stop - start] = weights[rows]
                    np.matmul(part, values[books[first]], out=product)
                    mixed[rows] = product[: rows.stop - start]
            mixed += 1e-30
            np.log(mixed, out=mixed)
            mixed += most[books]
            total += mixed
        scores = np.empty((frames, len(senones)), np.float32)
        scores[:, order] = total.T
        return scores


@dataclass(frozen=True, slots=True, eq=False)
class Densities:
    """Densities of all Gaussians for some frames, by stream.

    Attributes:
        values: relative to the greatest of a codebook, ``[phones, 128, frames]``.
        most: logarithm of that, ``[phones, frames]``.
    """

    values: tuple[Array, ...]
    most: tuple[Array, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Expected precisions, and these times means, of a stream's Gaussians, ``[frames, 13]``."""

    precision: Array
    weighted_mean: Array


_Numbers = TypeVar("_Numbers", int, NDArray[np.int64])


def _key(phone: _Numbers, left: _Numbers, right: _Numbers, position: _Numbers) -> _Numbers:
    return ((phone * 64 + left) * 64 + right) * 4 + position


@cache
def english() -> AcousticModel:
    """Return the packaged model, read once: about 30 MB in memory."""
    folder = FOLDER
    content = (folder / "mdef").read_bytes()
    skip = 12 + struct.unpack_from("<i", content, 8)[0]
    counts = struct.unpack_from("<10i", content, skip)
    ci_count, phone_count, _, _, senone_count, _, sequence_count, _, tree_size, _ = counts
    place = skip + 40
    names = []
    for _ in range(ci_count):
        end = content.index(b"\0", place)
        names.append(content[place:end].decode("ascii"))
        place = end + 1
    place += -place % 4 + tree_size * 8
    table = np.frombuffer(
        content, np.dtype([("ssid", "<i4"), ("tmat", "<i4"), ("more", "u1", 4)]), phone_count, place
    )
    place += table.nbytes + 4
    sequences = np.frombuffer(content, "<u2", sequence_count * STATES, place)
    sequences = sequences.reshape(-1, STATES).astype(np.int64)
    triphones = table[ci_count:]
    position, phone, left, right = triphones["more"].astype(np.int64).T
    keys = _key(phone, left, right, position)
    order = np.argsort(keys)
    owner = np.zeros(senone_count, np.int64)
    owner[sequences[table["ssid"][:ci_count]].ravel()] = np.repeat(np.arange(ci_count), STATES)
    owner[sequences[triphones["ssid"]].ravel()] = np.repeat(phone, STATES)
    transitions = _floats(folder / "transition_matrices", 4).reshape(ci_count, STATES, STATES + 1)
    transitions = transitions[table["tmat"][:ci_count]]
    transitions = np.log(np.maximum(transitions / transitions.sum(2, keepdims=True), 1e-4))
    state = np.arange(STATES)
    return AcousticModel(
        phones=tuple(names),
        first_states=sequences[table["ssid"][:ci_count]],
        codebook=owner,
        loop=transitions[:, state, state].astype(np.float32),
        step=transitions[:, state, state + 1].astype(np.float32),
        _keys=keys[order],
        _sequences=sequences[triphones["ssid"][order]],
        _quadratic=_gaussians(folder, ci_count),
        _weights=_mixture_weights(folder / "sendump", senone_count),
    )


def _floats(path: Path, header: int) -> NDArray[np.float32]:
    """Return the values of an S3 file, after a header of so many integers."""
    content = path.read_bytes()
    start = content.index(b"endhdr\n") + 7 + 4
    size = struct.unpack_from("<i", content, start + 4 * (header - 1))[0]
    return np.frombuffer(content, "<f4", size, start + 4 * header)


def _gaussians(folder: Path, books: int) -> tuple[Array, ...]:
    """Return diagonal Gaussians of the streams as a matrix product: ``_ @ [x*x, x, 1]``."""
    means = _floats(folder / "means", 7).reshape(books, 3, -1, CEPSTRA).astype(np.float64)
    spread = _floats(folder / "variances", 7).reshape(means.shape).astype(np.float64)
    spread = np.maximum(spread, 1e-4)
    return tuple(_terms(means[:, stream], spread[:, stream]) for stream in range(3))


def _terms(mean: NDArray[np.float64], variance: NDArray[np.float64]) -> Array:
    constant = np.sum(mean**2 / variance + np.log(2 * np.pi * variance), axis=2, keepdims=True)
    terms = np.concatenate([-0.5 / variance, mean / variance, -0.5 * constant], axis=2)
    return np.ascontiguousarray(terms, np.float32)


def _mixture_weights(path: Path, senones: int) -> tuple[Array, ...]:
    """Return weights ``[senones, 128]`` of each stream; stored as negated logarithms in a byte."""
    content = path.read_bytes()
    size = 3 * 128 * senones
    stored = np.frombuffer(content, np.uint8, size, len(content) - size).reshape(3, 128, senones)
    return tuple(np.exp(-_LOG_STEP * np.ascontiguousarray(part.T, np.float32)) for part in stored)
