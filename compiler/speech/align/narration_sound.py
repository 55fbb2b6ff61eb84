"""The sound of a narration: decoded if it is needed, and what alignment measures in it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....renderers.files.digest import text_digest
from ....renderers.files.user_folders import cache_folder
from ...media.sample_file import SampleFile, SampleSource
from ...media.samples import duration_of, speech_blocks, speech_samples
from ...sync.types import Interval
from ..pauses import speech_frames, speech_of
from .kept_arrays import KeptArrays
from .mfcc import HOP, Array, cepstra, normalised

IN_MEMORY_S = 30 * 60
"""Seconds of the longest sound whose samples stay in memory (58 MB)."""
KEPT_FROM_S = 60
"""Seconds of a sound from which measures are kept: those of shorter ones take no time."""
_AT_ONCE = 1000
"""Frames whose samples are converted at once."""


class NarrationSound:
    """A narration, mono at 16 kHz, and its measures every 10 ms.

    Args:
        source: its samples, or what decodes them.
        kept: measures of former runs.
    """

    def __init__(
        self, source: SampleSource | Callable[[], SampleSource], kept: KeptArrays | None = None
    ):
        self._source = source
        self._kept = kept

    @cached_property
    def samples(self) -> SampleSource:
        """The samples."""
        return self._source() if callable(self._source) else self._source

    @cached_property
    def power(self) -> Array:
        """Mean square of the samples of each frame."""
        return self._measured("power", self._power)

    @property
    def frames(self) -> int:
        """Number of whole frames."""
        return len(self.power)

    def speech(self, firsts: Sequence[int] = (0,)) -> list[Interval]:
        """Return the intervals with speech, by energy: each stretch has a noise of its own.

        Args:
            firsts: frames at which stretches of like sound begin, ascending.
        """
        return speech_of(
            self._by_stretch("speech", firsts, lambda part, first: speech_frames(part) + first)
        )

    def cepstra(self, firsts: Sequence[int] = (0,)) -> Array:
        """Return the cepstra of all frames, each stretch normalised as if there were no others.

        Args:
            firsts: frames at which stretches of like sound begin, ascending.
        """
        return self._by_stretch("cepstra", firsts, lambda part, _: normalised(cepstra(part)))

    def _by_stretch(
        self,
        name: str,
        firsts: Sequence[int],
        measure: Callable[[SampleSource, int], NDArray[Any]],
    ) -> NDArray[Any]:
        """Return what is measured of each stretch, whose first frame is the second argument."""

        def measured() -> NDArray[Any]:
            edges = [*(first * HOP for first in firsts), len(self.samples)]
            found = [
                measure(_Part(self.samples, slice(first, last)), first // HOP)
                for first, last in itertools.pairwise(edges)
            ]
            return found[0] if len(found) == 1 else np.concatenate(found)

        digest = text_digest(json.dumps(list(firsts)))[:16]
        return self._measured(f"{name}-{digest}", measured)

    def _measured(self, name: str, measure: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        if self._kept is None:
            return measure()
        return self._kept.array(name, measure)

    def _power(self) -> Array:
        count = len(self.samples) // HOP
        found = np.empty(count, np.float32)
        for first in range(0, count, _AT_ONCE):
            last = min(count, first + _AT_ONCE)
            part = self.samples[first * HOP : last * HOP].astype(np.float64).reshape(-1, HOP)
            found[first:last] = np.mean(part**2, axis=1)
        return found


class _Part:
    """Samples in a row of others."""

    def __init__(self, whole: SampleSource, part: slice):
        self._whole = whole
        self._first, self._last, _ = part.indices(len(whole))

    def __len__(self) -> int:
        return self._last - self._first

    def __getitem__(self, part: slice, /) -> NDArray[np.int16]:
        first, last, _ = part.indices(len(self))
        return self._whole[self._first + first : self._first + max(first, last)]


def sound_of(path: Path, kept: KeptArrays | None = None) -> NarrationSound:
    """Return the sound of a file.

    Args:
        path: of the file.
        kept: measures of former runs.

    Raises:
        WorkError: the file cannot be read; later, if its samples are needed: it cannot be decoded.
    """
    length = duration_of(path)

    def decoded() -> SampleSource:
        if length > IN_MEMORY_S:
            try:
                return SampleFile(speech_blocks(path), cache_folder())
            except OSError:  # There is no room for a file.
                pass
        return speech_samples(path)

    return NarrationSound(decoded, kept if length >= KEPT_FROM_S else None)
