"""What goes into an edit and what comes out of it: the data of the schedule."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from .timemap import TimeMap
from .types import Interval, Word


class ScheduleError(ValueError):
    """No schedule is possible; says for which scene and why."""

    def __init__(self, scene: str, what: str, hint: str):
        self.scene, self.what, self.hint = scene, what, hint
        super().__init__(f"{scene}: {what}; {hint}")


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """One voice file: its length, and the frame of the narration's axis that it starts at."""

    start: int
    duration: Fraction


@dataclass(frozen=True, slots=True)
class SceneInput:
    """A scene as sync sees it: exactly one of words, time and beat says when it is.

    Attributes:
        id: its name.
        words: its words on the narration's axis, in order.
        time: its stated stretch of the narration; words may be given beside it.
        beat: seconds of silence that belong to no narration.
        transition: seconds wanted for the transition into it.
    """

    id: str
    words: tuple[Word, ...] = ()
    time: Interval | None = None
    beat: Fraction | None = None
    transition: Fraction = Fraction(0)

    @property
    def speech(self) -> tuple[Interval, ...]:
        """Where the scene is spoken, on the narration's axis."""
        if self.words:
            return tuple(Interval(word.start, word.end) for word in self.words)
        return (self.time,) if self.time else ()


@dataclass(frozen=True, slots=True)
class SilencePolicy:
    """What becomes of pauses longer than ``longer_than`` seconds, of which ``keep`` stay."""

    policy: Literal["hold", "gap", "tighten"] = "hold"
    longer_than: Fraction = Fraction(3, 5)
    keep: Fraction = Fraction(1, 4)


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of picture that waits for video. Frames of the reel, half-open.

    Attributes:
        scene: whose picture it is.
        part, parts: which part of the scene, from 1, and of how many.
        start, end: the body.
        head, tail: frames of media before and after the body, for transitions.
        span_start: the first frame of its media, counted from the first the scene is seen at.
        span: frames for which the scene is seen, its outer handles included.
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

    @property
    def name(self) -> str:
        """The scene's name; from the second part on with its number."""
        return self.scene if self.part == 1 else f"{self.scene}.{self.part}"

    @property
    def frames(self) -> int:
        """Length of the media."""
        return self.head + self.end - self.start + self.tail


@dataclass(frozen=True, slots=True)
class ScheduledScene:
    """A scene in the reel: ``[start, end)`` frames, where it was meant to start, and its words."""

    id: str
    start: int
    end: int
    cut: Fraction
    """Reel seconds that the cut into it was meant for."""
    words: tuple[Word, ...]
    """Its words in reel seconds."""
    slots: tuple[Slot, ...]


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
    """``frames`` frames of voice: from frame ``start`` of a source, heard from frame ``reel``."""

    source: int
    start: int
    frames: int
    reel: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Something that was bent to make the edit possible, and for which scene."""

    scene: str
    what: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The result of sync: everything in whole frames of the reel."""

    fps: Fraction
    frames: int
    scenes: tuple[ScheduledScene, ...]
    gaps: tuple[Gap, ...]
    transitions: tuple[ScheduledTransition, ...]
    voice: tuple[VoiceClip, ...]
    time_map: TimeMap
    notices: tuple[Adjustment, ...]
