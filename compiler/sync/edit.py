"""Data of the schedule: the input of `make_schedule`, and its result."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .timemap import TimeMap
from .types import Interval, Word


class ScheduleError(ValueError):
    """No schedule is possible: the scene, the fact, and a hint."""

    def __init__(self, scene: str, what: str, hint: str):
        self.scene, self.what, self.hint = scene, what, hint
        super().__init__(f"{scene}: {what}; {hint}")


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """A voice file: its length, and its start frame on the narration's axis."""

    start: int
    duration: Fraction


@dataclass(frozen=True, slots=True)
class SceneInput:
    """A scene, timed by words, by ``time`` or by ``beat``.

    Attributes:
        id: its name.
        words: its words on the narration's axis, in order; optional beside ``time``.
        time: its stated interval of the narration.
        beat: seconds of silence without narration.
        transition: requested length of the transition into it, in seconds.
        confidence: probability that the cut into it lies in its pause, 0..1; None if unknown.
        unscripted: speech outside the script, since the end of the words of the scene before.
        may_cut_in: whether the framing of a long still may change at a pause.
    """

    id: str
    words: tuple[Word, ...] = ()
    time: Interval | None = None
    beat: Fraction | None = None
    transition: Fraction = Fraction(0)
    confidence: Fraction | None = None
    unscripted: tuple[Interval, ...] = ()
    may_cut_in: bool = False

    @property
    def speech(self) -> tuple[Interval, ...]:
        """Intervals of its words, on the narration's axis."""
        if self.words:
            return tuple(Interval(word.start, word.end) for word in self.words)
        return (self.time,) if self.time else ()


@dataclass(frozen=True, slots=True)
class SilencePolicy:
    """Policy for pauses longer than ``longer_than`` seconds, of which ``keep`` seconds stay."""

    policy: Literal["hold", "gap", "tighten"] = "hold"
    longer_than: Fraction = Fraction(3, 5)
    keep: Fraction = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Slot:
    """A clip that waits for video. Frames of the reel, half-open.

    Attributes:
        scene: its scene.
        part, parts: its number in the scene, from 1, and the number of slots.
        start, end: the body.
        head, tail: handles: frames of media before and after the body, for transitions.
        span_start: first frame of its media, from the first visible frame of the scene.
        span: visible frames of the scene, with its outer handles.
        cuts_in: whether it begins at a pause at which the framing of the scene may change.
    """

    scene: str
    part: int
    parts: int
    start: int
    end: int
    head: int
    tail: int
    span_start: int
    span: int
    cuts_in: bool = False

    @property
    def name(self) -> str:
        """The scene's name; with a number from the second slot on."""
        return self.scene if self.part == 1 else f"{self.scene}.{self.part}"

    @property
    def frames(self) -> int:
        """Length of the media in frames."""
        return self.head + self.end - self.start + self.tail


@dataclass(frozen=True, slots=True)
class ScheduledScene:
    """A scene in the reel: frames ``[start, end)``, and its words."""

    id: str
    start: int
    end: int
    cut: Fraction
    """Ideal time of the cut into it, in reel seconds."""
    words: tuple[Word, ...]
    """Its words in reel seconds."""
    slots: tuple[Slot, ...]
    confidence: Fraction | None = None
    """Probability that the cut lies in its pause, 0..1; None if unknown."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames ``[start, end)`` of the reel without a picture."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ScheduledTransition:
    """A transition into ``scene``: its frames before and after the reel's frame ``cut``."""

    scene: str
    cut: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class VoiceClip:
    """``frames`` frames of voice, from frame ``start`` of a source, at frame ``reel``."""

    source: int
    start: int
    frames: int
    reel: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A deviation from a scene's request, and the reason."""

    scene: str
    what: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The result of sync, in whole frames of the reel."""

    fps: Fraction
    frames: int
    scenes: tuple[ScheduledScene, ...]
    gaps: tuple[Gap, ...]
    transitions: tuple[ScheduledTransition, ...]
    voice: tuple[VoiceClip, ...]
    time_map: TimeMap
    notices: tuple[Adjustment, ...]
