"""Doubtful scenes: cuts that were placed by listening and are probably not in their pause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from .metadata import own_metadata
from .properties import visible_start

LEAST_CUT = Fraction(9, 10)
"""Confidence below which a cut is doubtful."""
LEAST_WORD = 0.8
"""Confidence below which a word is doubtful; the others bound the error of a cut between them."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word of a scene: start and end in seconds, and its confidence, 0..1."""

    scene: str
    start: float
    end: float
    confidence: float | Fraction


@dataclass(frozen=True, slots=True)
class DoubtfulScene:
    """A scene whose cut is probably not in its pause.

    Attributes:
        scene: its id.
        confidence: of its cut, 0..1.
        at_s: second of its first word.
        off_s: largest error of that word in seconds: the distance to the words beside it that are
            certain.
    """

    scene: str
    confidence: float
    at_s: float
    off_s: float

    @property
    def place(self) -> str:
        """The doubt in figures, without the scene's name."""
        return (
            f"{self.confidence:.0%} certain: its first word, at {self.at_s:.2f} s, may be up to "
            f"{self.off_s:.1f} s off"
        )

    def __str__(self) -> str:
        """Return the doubt as a warning, without the scene's name."""
        return f"its cut is {self.place}; listen to it"


def doubtful_scenes(
    words: Sequence[TimedWord], confidence: Mapping[str, float | Fraction]
) -> Iterator[DoubtfulScene]:
    """Yield the doubtful scenes.

    Args:
        words: in order of time.
        confidence: of the cut into each scene.
    """
    certain = [number for number, word in enumerate(words) if word.confidence >= LEAST_WORD]
    nearest = 0
    for number, word in enumerate(words):
        if number and words[number - 1].scene == word.scene:
            continue
        sure = confidence.get(word.scene, 1)
        if sure >= LEAST_CUT:
            continue
        while nearest < len(certain) and certain[nearest] < number:
            nearest += 1
        earliest = words[certain[nearest - 1]].end if nearest else words[0].start
        latest = words[certain[nearest]].start if nearest < len(certain) else words[-1].end
        off = max(word.start - earliest, latest - word.start, 0.1)
        yield DoubtfulScene(word.scene, float(sure), word.start, off)


def scene_confidence(timeline: otio.schema.Timeline) -> dict[str, float]:
    """Return the confidence of each scene's cut; empty for a timeline that states none."""
    stated = own_metadata(timeline).get("scenes") or ()
    return {
        str(scene["scene"]): float(scene["confidence"])
        for scene in stated
        if scene.get("confidence") is not None
    }


def doubts_of(timeline: otio.schema.Timeline) -> list[DoubtfulScene]:
    """Return the doubtful scenes of a timeline, in seconds of its reel."""
    first = float(visible_start(timeline))
    words = [_word(word, first) for word in own_metadata(timeline).get("words") or ()]
    shown = sorted((word for word in words if word.end > 0), key=lambda word: word.start)
    return list(doubtful_scenes(shown, scene_confidence(timeline)))


def _word(stated: Any, first: float) -> TimedWord:
    sure = stated.get("confidence")
    return TimedWord(
        str(stated.get("scene", "")),
        float(stated["start"]) - first,
        float(stated["end"]) - first,
        0.0 if sure is None else float(sure),
    )
