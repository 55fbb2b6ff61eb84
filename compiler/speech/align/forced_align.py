"""Tokens placed by the sound alone: where each was said, which were not, and what else was.

Long recordings are followed in chunks, so that memory stays flat. The first way through may leave
the script; it gives the anchors. Between anchors every token that is believed to be said is then
placed for good.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...script.tokens import Token
from ...sync.types import Interval
from .acoustic_model import SILENCE, STATES, AcousticModel, english
from .lattice import Lattice, lattice_of
from .mfcc import Array, cepstra, normalised, with_deltas
from .viterbi import AlignedPiece, AlignmentPath, Penalties, best_path

FRAME = Fraction(1, 100)
"""Seconds between frames."""
ONSET = Fraction(128, 10_000)
"""Seconds from the start of a frame to the middle of its window."""
CHUNK = 4000
"""Frames that are followed at once."""
OVERLAP = 600
"""Frames at the end of a chunk that are heard again in the next."""
PACE = 0.06
"""Tokens a frame that nobody outruns."""
AHEAD = 80
"""Further tokens that are considered in a chunk."""
MOST_AHEAD = 2500
"""Tokens that are considered where none of the next was heard: much of the script is unsaid."""
SEGMENT = 1500
"""Frames from which an anchored pause ends a segment of the final placement."""
BELIEF = 0.35
"""By how much of the contrast a token may fall short of any other speech, and be said still."""
QUIET = -0.15
"""How far silence may score below any sound where nobody speaks, as a share of the contrast. Over
15 frames it is -0.3 to -0.7 in speech, in noise and reverberation too, and about 0 in pauses."""
FORCED_STRANGE = 10.0
"""What beginning something strange costs in the final placement, as a multiple of the contrast."""


@dataclass(frozen=True, slots=True)
class ForcedAlignment:
    """What was heard of some tokens.

    Attributes:
        times: of each token; None where it was not said.
        margins: how much likelier each token is than any other speech, in nats a frame; about 2
            for clear speech that says it, below 0 for speech that does not.
        strange: what is said and not in the script, with the token that follows it.
        contrast: how far the best phone stands out from the mean of all, in nats a frame: 13 in a
            studio, 8 in noise at 10 dB or in a church. Margins shrink in proportion.
    """

    times: tuple[Interval | None, ...]
    margins: tuple[float, ...]
    strange: tuple[tuple[int, Interval], ...]
    contrast: float


def listen(
    tokens: Sequence[Token],
    samples: NDArray[np.int16],
    on_progress: Callable[[float], None] | None = None,
    certain: frozenset[int] = frozenset(),
) -> ForcedAlignment:
    """Place tokens on a recording.

    Args:
        tokens: at least one.
        samples: mono, 16 kHz.
        on_progress: called with 0..1.
        certain: tokens that are said for sure, whatever the sound seems to say.
    """
    told = on_progress or (lambda _: None)
    ear = _Ear(samples)
    loose = ear.follow(tokens, lambda share: told(0.8 * share))
    said = {piece.token for piece in loose if not piece.strange}
    everything = range(len(tokens))
    doubtful = _runs([index for index in everything if index not in said])
    placed = ear.place(tokens, everything, loose)
    told(0.9)
    unsaid = {
        index
        for run in doubtful
        if not certain.intersection(run) and not ear.believes(run, placed)
        for index in run
    }
    if unsaid:
        kept = [index for index in everything if index not in unsaid]
        placed = ear.place(tokens, kept, loose)
    told(1.0)
    return ear.hearing(len(tokens), placed)


class _Ear:
    """A recording's features, and the level below which a word is worse than any other."""

    def __init__(self, samples: NDArray[np.int16]):
        self.model: AcousticModel = english()
        self.features = with_deltas(normalised(cepstra(samples)))
        self.frames = len(self.features)
        self.contrast = self._contrast()
        self.leeway = 0.14 * self.contrast
        """Nats a frame by which a word may fit worse than usual without being doubted."""
        self.level = 0.65 * (min(self.contrast, 13.5) - 9) - 0.5 - self.leeway
        self._margins: list[float] = []

    def _contrast(self) -> float:
        some = self._free(self.features[:: max(1, self.frames // 4000)])
        if not len(some):
            return 5.0
        best, silence = self._extremes(some)
        spread = best - some.mean(axis=1)
        voiced = silence - best < QUIET * spread.mean()
        return float(spread[voiced].mean() if voiced.any() else spread.mean())

    def _extremes(self, free: Array) -> tuple[Array, Array]:
        """What any sound scores at best, and what silence scores, from all phones' states."""
        number = self.model.phones.index(SILENCE) * STATES
        best = np.partition(free, -4, axis=1)[:, -4:].mean(axis=1)
        return best, free[:, number : number + STATES].max(axis=1)

    def _free(self, features: Array) -> Array:
        return self.model.score(features, self.model.first_states.ravel())

    def find(
        self, lattice: Lattice, first: int, last: int, prices: Penalties, *, whole: bool
    ) -> AlignmentPath | None:
        """The best way through frames ``[first, last)``."""
        free = self.model.first_states.ravel()
        senones, columns = np.unique(np.concatenate([lattice.senones, free]), return_inverse=True)
        scores = self.model.score(self.features[first:last], senones)
        count = len(lattice.senones)
        best, silence = self._extremes(scores[:, columns[count:]])
        apart = np.convolve(silence - best, np.full(15, 1 / 15), mode="same")[: len(best)]
        # Where nobody speaks, silence must not lose against strange speech.
        strange = np.where(
            apart > QUIET * self.contrast, silence - 1, best + np.float32(self.level)
        ).astype(np.float32)
        return best_path(lattice, scores, columns[:count], strange, prices, whole=whole)

    def follow(self, tokens: Sequence[Token], told: Callable[[float], None]) -> list[AlignedPiece]:
        """The whole recording, chunk by chunk, with leave to depart from the script."""
        pieces: list[AlignedPiece] = []
        frame = position = 0
        ahead = AHEAD
        while frame < self.frames and position < len(tokens):
            stop = min(self.frames, frame + CHUNK)
            window = tokens[position : position + int((stop - frame) * PACE) + ahead]
            at_end = position + len(window) == len(tokens)
            whole = stop == self.frames and at_end
            way = self.find(lattice_of(window, self.model), frame, stop, Penalties(), whole=whole)
            found = way.pieces if way else ()
            if self._adapts(found):
                continue
            heard = sum(p.end - p.start for p in found if not p.strange)
            lost = sum(p.end - p.start for p in found if p.strange)
            if lost > 2 * heard and not at_end and ahead < MOST_AHEAD:
                ahead = MOST_AHEAD
                continue
            last = stop == self.frames
            kept = [p for p in found if last or p.end <= stop - OVERLAP]
            while kept and kept[-1].strange and not last:
                kept.pop()
            pieces += [
                replace(p, token=p.token + position, start=p.start + frame, end=p.end + frame)
                for p in kept
            ]
            if last:
                break
            if kept:
                frame, position = frame + kept[-1].end, position + kept[-1].token + 1
                ahead = AHEAD
            else:
                pieces.append(AlignedPiece(position, frame, stop - OVERLAP, strange=True))
                frame = stop - OVERLAP
            told(frame / self.frames)
        return pieces

    def _adapts(self, found: Sequence[AlignedPiece]) -> bool:
        """Fit the level to how well this voice fits; whether that moved it much."""
        before = len(self._margins)
        self._margins += [piece.margin + self.level for piece in found if not piece.strange]
        if len(self._margins) < 20:
            return False
        level = float(np.percentile(self._margins, 60)) - self.leeway
        moved = level - self.level
        # A voice that fits much worse than any does is not saying the script.
        self.level += max(-self.leeway / 2, moved) if before < 20 else 0
        return before < 20 and abs(moved) > self.leeway / 4

    def place(
        self, tokens: Sequence[Token], which: Sequence[int], anchors: Sequence[AlignedPiece]
    ) -> list[AlignedPiece]:
        """Those tokens that are believed said, every one, segment by segment between anchors."""
        pieces: list[AlignedPiece] = []
        prices = Penalties(strange=FORCED_STRANGE * self.contrast, skip=1e9)
        said = {piece.token for piece in anchors if not piece.strange}
        for part, first, last in _segments(which, anchors, self.frames):
            within = [p for p in anchors if first <= p.start < last]
            if said.issuperset(part) and not any(p.strange for p in within):
                pieces += [p for p in within if p.token in set(part)]
                continue
            lattice = lattice_of([tokens[index] for index in part], self.model)
            way = self.find(lattice, first, last, prices, whole=True)
            numbers = [*part, part[-1] + 1]
            if way is not None:
                within = [
                    replace(p, token=numbers[p.token], start=p.start + first, end=p.end + first)
                    for p in way.pieces
                ]
            pieces += within
        return pieces

    def believes(self, run: Sequence[int], placed: Sequence[AlignedPiece]) -> bool:
        """Whether tokens that could be left out were said all the same.

        Said but slurred or misread words were left out at -0.1 to -0.3 of the contrast, unsaid
        sentences at -0.5 to -1.3 (two synthetic voices, without noise).
        """
        chosen = [p for p in placed if not p.strange and run[0] <= p.token <= run[-1]]
        frames = sum(p.end - p.start for p in chosen)
        if not frames:
            return False
        margin = sum(p.margin * (p.end - p.start) for p in chosen) / frames
        return margin > -BELIEF * self.contrast

    def hearing(self, count: int, placed: Sequence[AlignedPiece]) -> ForcedAlignment:
        """What was found, token by token, in seconds."""
        spans: list[list[AlignedPiece]] = [[] for _ in range(count)]
        for piece in placed:
            if not piece.strange:
                spans[piece.token].append(piece)
        return ForcedAlignment(
            times=tuple(_interval(span[0].start, span[-1].end) if span else None for span in spans),
            margins=tuple(
                sum(p.margin * (p.end - p.start) for p in span)
                / max(1, sum(p.end - p.start for p in span))
                for span in spans
            ),
            strange=tuple((p.token, _interval(p.start, p.end)) for p in placed if p.strange),
            contrast=self.contrast,
        )


def _interval(start: int, end: int) -> Interval:
    return Interval(start * FRAME + ONSET, end * FRAME + ONSET)


def _runs(numbers: Sequence[int]) -> list[list[int]]:
    """Numbers in order, grouped where they follow each other without a gap."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs


def _segments(
    which: Sequence[int], anchors: Sequence[AlignedPiece], frames: int
) -> list[tuple[list[int], int, int]]:
    """Tokens in groups, each with its frames: cut in pauses between two anchored tokens."""
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    disturbed = {piece.token for piece in anchors if piece.strange}
    for piece in anchors:
        if not piece.strange:
            starts.setdefault(piece.token, piece.start)
            ends[piece.token] = piece.end
    parts: list[tuple[list[int], int, int]] = []
    part: list[int] = []
    first = 0
    for index, token in enumerate(which):
        part.append(token)
        if index + 1 == len(which):
            break
        after = which[index + 1]
        if token not in ends or after not in starts or after != token + 1 or after in disturbed:
            continue
        gap, length = starts[after] - ends[token], ends[token] - first
        if (length >= SEGMENT and gap >= 10) or length >= 4 * SEGMENT:
            cut = (starts[after] + ends[token]) // 2
            parts.append((part, first, cut))
            part, first = [], cut
    if part:
        parts.append((part, first, frames))
    return parts
