"""Forced alignment: place tokens on a recording by the acoustic model.

Two passes, both in chunks, so that memory stays flat. In the first the path may leave the script:
its tokens are anchors, the others may be unspoken. The second drops unspoken tokens and places all
others between the anchors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, replace
from fractions import Fraction

import numpy as np

from ...script.tokens import Token
from ...sync.types import Interval
from .acoustic_model import english
from .alignment_result import ForcedAlignment
from .foreground import without_noise
from .lattice import lattice_of, senones_of
from .narration_sound import NarrationSound
from .observations import SHORT
from .repeats import has_filler_at_repeat, repeated
from .resume import resumed, until_lost, without_strays
from .search_memo import SearchMemo
from .segments import continues, pieces_by_token, segments
from .stretches import Stretches
from .unscripted_level import UnscriptedLevels
from .unspoken import room_of, unspoken_runs, without, without_room
from .viterbi import AlignedPiece, AlignmentPath, best_path
from .viterbi_advance import Penalties

FRAME = Fraction(1, 100)
"""Seconds between frames."""
ONSET = Fraction(28, 10_000)
"""Seconds from the start of a frame to the sound whose state begins in it, by labelled voices."""
FIRST_CHUNK, CHUNK = 4000, 12000
"""Frames of the first chunk of the first pass, which tells the voice's usual scores; of others."""
OVERLAP = 600
"""Frames that consecutive chunks share."""
BEAM = 80.0
"""Beam of the first pass, as a multiple of the contrast: some 5 seconds of doubt."""
PACE = 0.06
"""Tokens a frame of the fastest speech."""
LOOKAHEAD = 80
"""Further tokens in the lattice of a chunk."""
ALONE = 2000
"""Most frames of a search for a doubtful sentence by itself."""
MIN_MARGIN = -0.35
"""Least margin of spoken tokens, as a share of the contrast."""
UNSCRIPTED = 10.0
"""Penalty of unscripted speech in the second pass, as a multiple of the contrast."""


def forced_align(
    tokens: Sequence[Token],
    sound: NarrationSound,
    on_progress: Callable[[float], None] | None = None,
    trusted: frozenset[int] = frozenset(),
    *,
    foreign: bool = False,
    memo: SearchMemo | None = None,
) -> ForcedAlignment:
    """Place tokens on a recording.

    Args:
        tokens: at least one.
        sound: of the narration.
        on_progress: called with 0..1.
        trusted: tokens that are spoken for certain, whatever their scores.
        foreign: another language, whose sounds those of the model only resemble.
        memo: searches that were made before.
    """
    report = on_progress or (lambda _: None)
    aligner = _Aligner(sound, tokens, memo, foreign=foreign)
    anchors = aligner.first_pass(tokens, lambda share: report(0.8 * share))
    everything = range(len(tokens))
    scripted = [piece for piece in anchors if not piece.unscripted]
    skipped = without(everything, [[piece.token for piece in scripted]])
    hasty = without_room(tokens, skipped, trusted | repeated(tokens), scripted, aligner.frames)
    placed = aligner.second_pass(tokens, without(everything, hasty), anchors)
    report(0.9)
    by_token = pieces_by_token(placed)
    unspoken = unspoken_runs(
        tokens,
        skipped,
        lambda run: bool(trusted.intersection(run)) or aligner.is_spoken(run, by_token),
    )
    if unspoken:
        placed = aligner.second_pass(tokens, without(everything, unspoken), anchors)
        still = aligner.unspoken_alone(tokens, unspoken, placed)
        if len(still) < len(unspoken):
            placed = aligner.second_pass(tokens, without(everything, still), anchors)
    placed = without_noise(placed, aligner.recording, sound.power)
    report(1.0)
    return replace(aligner.result(len(tokens), placed), skipped=frozenset(skipped))


class _Aligner:
    """A recording, and the score that decides between a word and other speech."""

    def __init__(
        self,
        sound: NarrationSound,
        tokens: Sequence[Token],
        memo: SearchMemo | None,
        *,
        foreign: bool,
    ):
        known = senones_of(tokens[: LOOKAHEAD + int(SHORT * PACE)], english())
        self.recording = Stretches(sound, known, foreign=foreign)
        self.frames = self.recording.frames
        self.memo = memo
        self.contrast = self.recording.contrast
        self.contrasts = [part.contrast for part in self.recording.parts]
        self.foreign = foreign
        self.levels = UnscriptedLevels(self.recording, foreign=foreign)
        self._placed: dict[tuple[tuple[int, ...], int, int], list[AlignedPiece]] = {}

    def search(
        self,
        tokens: Sequence[Token],
        first: int,
        last: int,
        penalties: Penalties,
        *,
        to_end: bool,
        beam: float = np.inf,
    ) -> AlignmentPath | None:
        """Return the best path through frames ``[first, last)``."""
        if self.foreign:  # A filler would win against sounds that the model does not know.
            penalties = replace(penalties, filler=1e9)
        beam *= self.contrast
        settings = [first, last, *astuple(penalties), to_end, beam, self.contrast]
        settings += [self.levels.values, *self.recording.adapted(first, last)]
        # Until a noisy recording is adapted, the senones of the path are needed.
        memo = self.memo if self.recording.is_adapted else None
        path = memo.recall(settings, tokens) if memo else None
        if path is None:
            heard = self.recording.observations(first, last, self.levels.values)
            lattice = lattice_of(tokens, english())
            path = best_path(lattice, heard, penalties, to_end=to_end, beam=beam)
            if memo and path:
                memo.keep(settings, tokens, path)
        return path

    def first_pass(
        self, tokens: Sequence[Token], report: Callable[[float], None]
    ) -> list[AlignedPiece]:
        """Align the whole recording, chunk by chunk; the path may leave the script."""
        pieces: list[AlignedPiece] = []
        frame = position = 0
        while frame < self.frames and position < len(tokens):
            stop = min(self.frames, frame + (CHUNK if frame else FIRST_CHUNK))
            window = tokens[position : position + int((stop - frame) * PACE) + LOOKAHEAD]
            is_last = stop == self.frames
            to_end = is_last and position + len(window) == len(tokens)
            path = self.search(window, frame, stop, Penalties(), to_end=to_end, beam=BEAM)
            if path and (adapted := self.recording.adapt(frame, path.senones)):
                self.levels.judge(adapted)
                continue
            found = [
                replace(p, token=p.token + position, start=p.start + frame, end=p.end + frame)
                for p in (path.pieces if path else ())
            ]
            if self.levels.adapt(found):
                continue
            sure = until_lost(found, frame, stop)
            if len(sure) < len(found) and self.levels.relax():
                continue
            if len(sure) < len(found):
                self.levels.restore()
                begin, after = (sure[-1].end, sure[-1].token + 1) if sure else (frame, position)
                place = resumed(self.search, tokens, after, begin, stop)
                if place is not None and place != (position, frame):  # Else nothing is gained.
                    position, frame = place
                    pieces += [*sure, AlignedPiece(position, begin, frame, unscripted=True)]
                    continue
            self.levels.keep()
            kept = [p for p in found if is_last or p.end <= stop - OVERLAP]
            while kept and kept[-1].unscripted and not is_last:
                kept.pop()
            pieces += kept
            if is_last:
                break
            if kept:
                frame, position = kept[-1].end, kept[-1].token + 1
            else:
                pieces.append(AlignedPiece(position, frame, stop - OVERLAP, unscripted=True))
                frame = stop - OVERLAP
            report(frame / self.frames)
        return without_strays(pieces)

    def second_pass(
        self, tokens: Sequence[Token], spoken: Sequence[int], anchors: Sequence[AlignedPiece]
    ) -> list[AlignedPiece]:
        """Place every spoken token, segment by segment between anchors."""
        pieces: list[AlignedPiece] = []
        penalties = self._second_penalties()
        for segment in segments(spoken, anchors, self.frames):
            key = segment.tokens, segment.first, segment.last
            within = self._placed.get(key, segment.pieces)
            if not segment.is_placed and key not in self._placed:
                first, part = segment.first, segment.tokens
                chosen = [tokens[index] for index in part]
                path = self.search(chosen, first, segment.last, penalties, to_end=True)
                if path and has_filler_at_repeat(chosen, path.pieces):
                    plain = replace(penalties, filler=1e9)
                    path = self.search(chosen, first, segment.last, plain, to_end=True)
                numbers = [*part, part[-1] + 1]
                if path is not None:
                    within = [
                        replace(p, token=numbers[p.token], start=p.start + first, end=p.end + first)
                        for p in path.pieces
                    ]
                self._placed[key] = list(within)
            for piece in within:
                is_more = bool(pieces) and continues(pieces[-1], piece)
                pieces.append(replace(piece, start=pieces.pop().start) if is_more else piece)
        return pieces

    def is_spoken(self, run: Sequence[int], by_token: Mapping[int, Sequence[AlignedPiece]]) -> bool:
        """Whether tokens that the first pass skipped are spoken nevertheless.

        Slurred or misread words were skipped at margins of -0.1 to -0.3 of the contrast, unspoken
        sentences at -0.5 to -1.3 (two synthetic voices, without noise).
        """
        return self._fits(piece for token in run for piece in by_token.get(token, ()))

    def unspoken_alone(
        self,
        tokens: Sequence[Token],
        runs: Sequence[Sequence[int]],
        placed: Sequence[AlignedPiece],
    ) -> list[Sequence[int]]:
        """Return the runs of tokens that are not spoken between their neighbours, either.

        Others were placed beside tokens that are not spoken, which took their sound.
        """
        said = [piece for piece in placed if not piece.unscripted]
        found = []
        for run in runs:
            first, last = room_of(run, said, self.frames)
            path = None
            if 0 < last - first <= ALONE:
                chosen = [tokens[index] for index in run]
                path = self.search(chosen, first, last, self._second_penalties(), to_end=True)
            if path is None or not self._fits(path.pieces, first):
                found.append(run)
        return found

    def _fits(self, pieces: Iterable[AlignedPiece], first: int = 0) -> bool:
        """Whether pieces, whose frames count from ``first``, fit as well as spoken ones."""
        total = 0.0
        for piece in pieces:
            if not piece.unscripted:
                contrast = self.contrasts[self.recording.part_of(first + piece.start)]
                total += (piece.margin - MIN_MARGIN * contrast) * (piece.end - piece.start)
        return total > 0

    def _second_penalties(self) -> Penalties:
        return Penalties(unscripted=UNSCRIPTED * self.contrast, skip=1e9)

    def result(self, count: int, placed: Sequence[AlignedPiece]) -> ForcedAlignment:
        """Return the pieces by token, in seconds."""
        by_token = pieces_by_token(placed)
        spans = [by_token.get(token, []) for token in range(count)]
        return ForcedAlignment(
            times=tuple(_interval(span[0].start, span[-1].end) if span else None for span in spans),
            margins=tuple(self._margin(span) for span in spans),
            unscripted=tuple(
                (p.token, _interval(p.start, p.end))
                for p in placed
                if p.unscripted and not p.filler
            ),
            contrast=self.contrast,
            fillers=tuple((p.token, _interval(p.start, p.end)) for p in placed if p.filler),
            stretches=tuple(
                (first * FRAME, contrast)
                for first, contrast in zip(self.recording.firsts, self.contrasts, strict=True)
            ),
        )

    def _margin(self, span: Sequence[AlignedPiece]) -> float:
        """Return the mean margin of a token, as if its stretch had the contrast of the whole."""
        if not span:
            return 0.0
        total = sum(p.margin * (p.end - p.start) for p in span) / sum(p.end - p.start for p in span)
        own = self.recording.parts[self.recording.part_of(span[0].start)].contrast
        return total if own == self.contrast else total * self.contrast / own


def _interval(start: int, end: int) -> Interval:
    return Interval(start * FRAME + ONSET, end * FRAME + ONSET)
