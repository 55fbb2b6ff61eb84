"""Scores of alignments against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from .aligned import FPS, Aligned, cut_s
from .clips import Clip
from .references import Times
from .scripts import Scene

HALF_FRAME = 0.5
"""Frames outside its pause up to which a cut is in it: a cut is a whole frame."""
SILENT = 2.0
"""Frames outside its pause from which a cut must be warned about."""
CLOSE_MS = 50.0
"""Error of a word that its confidence is about."""
FAR_MS = 150.0
"""Error of a word from which a warning about its scene is right."""


@dataclass(slots=True)
class Cut:
    """A cut, its distance from its true pause, and its warnings."""

    scene: str
    outside_frames: float
    confidence: float | None = None
    is_warned: bool = False


@dataclass(slots=True)
class Scores:
    """Everything measured on some scripts; adds up."""

    word_errors_ms: list[float] = field(default_factory=list)
    word_confidences: list[float | None] = field(default_factory=list)
    words_not_found: int = 0
    cuts: list[Cut] = field(default_factory=list)
    refused_rightly: int = 0
    refused_wrongly: int = 0
    warned_rightly: int = 0
    warned_wrongly: int = 0
    scenes: int = 0

    def __iadd__(self, other: Scores) -> Scores:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    @property
    def in_pause(self) -> int:
        """Return the number of cuts in their pauses."""
        return sum(cut.outside_frames <= HALF_FRAME for cut in self.cuts)

    @property
    def silent(self) -> list[Cut]:
        """Return the cuts that nobody is warned about."""
        return [c for c in self.cuts if c.outside_frames > SILENT and not c.is_warned]


def outside(cut: float, pause: tuple[float, float]) -> float:
    """Return the frames of a cut outside a pause."""
    return max(0.0, pause[0] - cut, cut - pause[1]) * FPS


def score(clip: Clip, script: Sequence[Scene], found: Aligned) -> Scores:
    """Score our alignment of a script."""
    scores = Scores(scenes=len(script))
    named = set(found.refused) | {scene for scene, _ in found.warnings}
    suspect = {scene.id for scene in script if scene.is_altered}
    for scene, words in zip(script, found.words, strict=True):
        for (_, place), (start, _, confidence) in zip(scene.words, words, strict=True):
            if place is None or not clip.words[place].is_timed:
                continue
            error = (start - clip.words[place].start) * 1000
            scores.word_errors_ms.append(error)
            scores.word_confidences.append(confidence)
            if abs(error) > FAR_MS:
                suspect.add(scene.id)
    told = [(n, scene) for n, scene in enumerate(script) if scene.number is not None]
    for (before, first), (after, second) in pairwise(told):
        pause = (clip.pause_before(first.number + 1)[0], clip.pause_before(second.number)[1])
        # A scene that is never said shares their pause with them.
        off = outside(found.cuts_s[after], pause)
        confidence = found.confidences[after]
        scores.cuts.append(Cut(second.id, off, confidence, second.id in named))
        if off > HALF_FRAME:
            suspect |= {script[n].id for n in range(before, after + 1)}
    _count_verdicts(scores, script, found, named, suspect)
    return scores


def _count_verdicts(
    scores: Scores, script: Sequence[Scene], found: Aligned, named: set[str], suspect: set[str]
) -> None:
    """Count refusals and warnings: a scene is said if half of its words are."""
    for scene in script:
        said = sum(place is not None for _, place in scene.words)
        if scene.id in found.refused and 2 * said >= len(scene.words):
            scores.refused_wrongly += 1
        elif scene.id in found.refused:
            scores.refused_rightly += 1
        elif scene.id in named & suspect:
            scores.warned_rightly += 1
        elif scene.id in named:
            scores.warned_wrongly += 1


def score_reference(clip: Clip, script: Sequence[Scene], times: Times) -> Scores:
    """Score another program's words of a right script, in order; its cuts as ours are made."""
    scores = Scores(scenes=len(script))
    placed = iter(times)
    by_scene = [[(place, next(placed)) for _, place in scene.words] for scene in script]
    for place, time in (pair for scene in by_scene for pair in scene):
        if time is None:
            scores.words_not_found += 1
        elif place is not None and clip.words[place].is_timed:
            scores.word_errors_ms.append((time[0] - clip.words[place].start) * 1000)
    for number in range(1, len(script)):
        ends = [time[1] for _, time in by_scene[number - 1] if time]
        starts = [time[0] for _, time in by_scene[number] if time]
        off = float("inf")
        if ends and starts:
            off = outside(cut_s(ends[-1], starts[0]), clip.pause_before(number))
        scores.cuts.append(Cut(script[number].id, off))
    return scores


def calibration_error(
    confidences: Iterable[float | None], right: Iterable[bool], bins: int = 10
) -> float | None:
    """Return the expected calibration error over bins of equal width; None without confidences.

    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks (2017), equation 3.
    """
    pairs = [(c, r) for c, r in zip(confidences, right, strict=True) if c is not None]
    if not pairs:
        return None
    sure = np.array([c for c, _ in pairs])
    true = np.array([r for _, r in pairs], float)
    which = np.minimum((sure * bins).astype(int), bins - 1)
    return float(
        sum(abs(sure[which == b].sum() - true[which == b].sum()) for b in set(which.tolist()))
        / len(pairs)
    )
