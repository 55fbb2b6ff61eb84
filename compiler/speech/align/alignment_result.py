"""The result of forced alignment: times and margins of tokens, and speech outside the script."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter

from ...sync.types import Interval


@dataclass(frozen=True, slots=True)
class ForcedAlignment:
    """Where tokens are spoken.

    Attributes:
        times: of each token; None if it is not spoken.
        margins: log likelihood ratio of each token to any other speech, in nats a frame; about 2
            for clear speech that says it, below 0 for speech that does not.
        unscripted: speech outside the script, each with the token that follows it.
        fillers: the same for "uh" and "um", and for noises.
        skipped: tokens that fit the sound so little that the first pass skipped them.
        contrast: lead of the best phone over the mean of all, in nats a frame: 13 in a studio, 8 in
            noise at 10 dB or in a church. Margins shrink in proportion.
        stretches: of like sound, if there are several: the second at which each begins, and its
            contrast.
    """

    times: tuple[Interval | None, ...]
    margins: tuple[float, ...]
    unscripted: tuple[tuple[int, Interval], ...]
    contrast: float
    fillers: tuple[tuple[int, Interval], ...] = ()
    skipped: frozenset[int] = frozenset()
    stretches: tuple[tuple[Fraction, float], ...] = ()

    @property
    def firsts(self) -> list[int]:
        """Return the frames at which stretches begin."""
        return [int(start * 100) for start, _ in self.stretches] or [0]

    def contrast_at(self, second: Fraction) -> float:
        """Return the contrast of the stretch at a second."""
        begun = bisect_right(self.stretches, second, key=itemgetter(0))
        return self.stretches[begun - 1][1] if begun else self.contrast

    def margin_of(self, group: Sequence[int]) -> float:
        """Return the mean margin of some tokens, weighted by their lengths."""
        lengths = [float(time.duration) if (time := self.times[i]) else 0.0 for i in group]
        margins = [self.margins[index] for index in group]
        total = sum(margin * length for margin, length in zip(margins, lengths, strict=True))
        return total / max(sum(lengths), 1e-6)
