"""The score of speech outside the script, which decides between a word and other speech."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .stretches import Stretches
from .viterbi import AlignedPiece

FOREIGN = 0.4
"""Leeway of words of another language, as a share of the contrast."""
UNADAPTED = 0.3
"""Further leeway before adaptation to noise or a room: words sound least like the model's."""
LEAST = 20
"""Tokens that tell how a voice scores."""


class UnscriptedLevels:
    """Level of unscripted speech relative to the best phones in each stretch, in nats a frame."""

    def __init__(self, recording: Stretches, *, foreign: bool):
        self._recording = recording
        self._is_foreign = foreign
        self._share = FOREIGN if foreign else 0.14
        self._margins: list[list[float]] = [[] for _ in recording.parts]
        self._leeways = [0.0] * len(recording.parts)
        self.values = [0.0] * len(recording.parts)
        self._usual: list[float] | None = None
        """Levels before `relax`."""
        self.judge(range(len(recording.parts)))

    def judge(self, numbers: Iterable[int]) -> None:
        """Judge some stretches by their contrast."""
        for number in numbers:
            part = self._recording.parts[number]
            contrast = part.contrast
            # In noise nearly as loud as the voice, others' speech would pass for the script's.
            further = min(0.15, 0.06 * max(0, 9.2 - contrast)) if part.is_adapted else UNADAPTED
            further = 0.0 if self._is_foreign else further
            # Nats a frame by which a spoken word may score below the voice's usual.
            self._leeways[number] = (self._share + further) * contrast
            self.values[number] = 0.65 * (min(contrast, 13.5) - 9) - 0.5 - self._leeways[number]
            if self._usual is not None:
                self._usual[number] = self.values[number]
                self.values[number] -= self._leeways[number] / 2

    def relax(self) -> bool:
        """Allow for another voice, which scores below the one before; False if that was done."""
        if self._usual is not None:
            return False
        self._usual = list(self.values)
        self.values = [
            value - leeway / 2 for value, leeway in zip(self.values, self._leeways, strict=True)
        ]
        return True

    def restore(self) -> None:
        """Return to the levels before `relax`."""
        self.values, self._usual = self._usual or self.values, None

    def keep(self) -> None:
        """Stay with the levels as they are."""
        self._usual = None

    def adapt(self, found: Iterable[AlignedPiece]) -> bool:
        """Adapt to the voice in each stretch, once; return whether that changed one much."""
        new: list[list[float]] = [[] for _ in self.values]
        for piece in found:
            if not piece.unscripted:
                number = self._recording.part_of(piece.start)
                new[number].append(piece.margin + self.values[number])
        changed = [self._adapt(number, margins) for number, margins in enumerate(new)]
        return any(changed)

    def _adapt(self, number: int, margins: list[float]) -> bool:
        known = self._margins[number]
        before = len(known)
        known += margins
        if before >= LEAST or len(known) < LEAST:
            return False
        leeway = self._leeways[number]
        change = float(np.percentile(known, 60)) - leeway - self.values[number]
        # A voice that scores far below all known ones is not reading the script.
        self.values[number] += max(-leeway / 2, change)
        return abs(change) > leeway / 4
