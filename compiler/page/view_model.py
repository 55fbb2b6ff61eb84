"""What the page shows, as plain data: everything in whole frames of the reel, no OTIO, no HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from ..media.media_info import MediaInfo
from ..notices import Notice


class State(StrEnum):
    """How far the picture of an item is; the value is what the page calls it."""

    RENDERED = "rendered"
    """A slot's video is there."""
    WAITING = "waiting"
    """A slot shows its still until it is rendered."""
    MEDIA = "media"
    """A clip that is no slot, with its media."""
    MISSING = "missing"
    """The media that it names are not there, or cannot be read."""
    NESTED = "nested"
    """A timeline within the timeline."""
    GAP = "gap"
    OFF = "off"
    """Switched off by the editor."""


@dataclass(frozen=True, slots=True)
class ShownSpan:
    """Frames ``[start, end)`` of the reel, and the one picture that they show.

    Attributes:
        path: a video, a still, or an image of a sequence; None for a colour or nothing.
        at_s: seconds into the video that the first frame shows.
        speed: seconds of it that pass in a second of the reel.
        moves: whether it is a video.
        colour: ``#rrggbb`` where there is no file; empty for nothing, or for what is missing.
    """

    start: int
    end: int
    path: Path | None = None
    at_s: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    moves: bool = False
    colour: str = ""

    def at(self, frame: int, fps: Fraction) -> Fraction:
        """Seconds into the video that a frame of the reel shows."""
        return self.at_s + (frame - self.start) / fps * self.speed


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the panel: what it is about, what is so, and the file that it leads to.

    ``kind`` is ``warning`` for what is wrong, ``said`` for words that somebody wrote or says.
    """

    label: str
    text: str
    file: Path | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under a heading; ``folded`` where only some want to read them."""

    title: str
    facts: tuple[Fact, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """An item of a track.

    Attributes:
        name: as the timeline has it.
        start, frames: where it lies, without the reach of transitions.
        state: how far its picture is, or its sound.
        renderer, quality: of a slot; empty of anything else.
        said: the words that are heard meanwhile.
        transition: into it, in words; empty for a cut.
        media: the file that is shown or heard.
        seen: what it shows, in order.
        groups: what the panel says of it.
        warned: whether one of these facts is a warning.
    """

    name: str
    start: int
    frames: int
    state: State
    renderer: str = ""
    quality: str = ""
    said: str = ""
    transition: str = ""
    media: Path | None = None
    seen: tuple[ShownSpan, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames

    @property
    def warned(self) -> bool:
        """Whether something about it is wrong."""
        return any(fact.kind == "warning" for group in self.groups for fact in group.facts)


@dataclass(frozen=True, slots=True)
class CutTransition:
    """A transition over a cut: its name and its frames on either side."""

    name: str
    cut: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Row:
    """A track, with ``peaks`` of what is heard of it where it is sound.

    Attributes:
        name: of the track.
        is_picture: or sound.
        role: ``narration``, ``music``, ``effects``, or nothing.
        enabled: whether it is seen or heard.
        peaks: one byte for each step of time, 255 times the root of the loudest sample.
    """

    name: str
    is_picture: bool
    role: str
    enabled: bool
    blocks: tuple[Block, ...]
    joins: tuple[CutTransition, ...]
    peaks: bytes = b""


@dataclass(frozen=True, slots=True)
class Mark:
    """A marker; ``colour`` is its name in OTIO, in small letters."""

    name: str
    start: int
    frames: int
    comment: str
    colour: str


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A word or a caption, in frames of the reel that need not be whole."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class SoundStretch:
    """A stretch of a sound file: reel seconds, and the place in the file that it begins at."""

    path: Path
    start_s: float
    end_s: float
    at_s: float
    speed: float
    gain: float


@dataclass(slots=True)
class PageView:
    """A timeline to be looked at.

    Attributes:
        path: of the timeline.
        title: of the reel.
        width, height, fps, frames: of the reel.
        first: frame that its timecode begins at.
        rows: picture tracks from the top one down, then sound.
        seen: what is to be seen altogether, in order.
        heard: what is to be heard altogether.
        media: what is known of the files in it.
        peaks_per_s: of the rows' peaks.
        reel: the finished video, where it lies beside the timeline.
        facts: of the whole: loudness, what made it.
        notes: what is missing or off, one line each, the most important first.
    """

    path: Path
    title: str
    width: int
    height: int
    fps: Fraction
    frames: int
    first: int = 0
    rows: list[Row] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    words: list[TextSpan] = field(default_factory=list)
    captions: list[TextSpan] = field(default_factory=list)
    seen: list[ShownSpan] = field(default_factory=list)
    heard: list[SoundStretch] = field(default_factory=list)
    media: dict[Path, MediaInfo] = field(default_factory=dict)
    peaks_per_s: int = 0
    reel: Path | None = None
    facts: list[Fact] = field(default_factory=list)
    notes: list[Notice] = field(default_factory=list)

    @property
    def blocks(self) -> list[Block]:
        """Everything with a picture, row by row."""
        return [block for row in self.rows if row.is_picture for block in row.blocks]
