"""The content of the page as plain data, in whole frames of the reel: no OTIO, no HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path

from ..media.media_info import MediaInfo
from ..notices import Notice
from ..timeline.confidence import DoubtfulScene


class State(StrEnum):
    """The state of an item's media; the value is its CSS class."""

    RENDERED = "rendered"
    """A slot with its video."""
    WAITING = "waiting"
    """A slot that shows its still until it is rendered."""
    MEDIA = "media"
    """A clip that is no slot, with its media."""
    MISSING = "missing"
    """Media missing or unreadable."""
    NESTED = "nested"
    """A timeline within the timeline."""
    GAP = "gap"
    OFF = "off"
    """Switched off by the editor."""


@dataclass(frozen=True, slots=True)
class PlaylistEntry:
    """Frames ``[start, end)`` of the reel that show one file or colour.

    Attributes:
        path: a video, a still, or an image of a sequence; None for a colour or nothing.
        at_s: seconds into the video at the first frame.
        speed: seconds of video a second of the reel.
        is_video: whether it is a video.
        colour: ``#rrggbb`` without a file; empty for nothing, or for missing media.
    """

    start: int
    end: int
    path: Path | None = None
    at_s: Fraction = Fraction(0)
    speed: Fraction = Fraction(1)
    is_video: bool = False
    colour: str = ""

    def at(self, frame: int, fps: Fraction) -> Fraction:
        """Return the seconds into the video at a frame of the reel."""
        return self.at_s + (frame - self.start) / fps * self.speed


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the panel: label, text, and a file to link to.

    ``kind`` is ``warning`` for problems, ``said`` for prompts and spoken words, ``code`` for
    monospaced text.
    """

    label: str
    text: str
    file: Path | None = None
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Facts under a heading; ``folded`` ones show on a click."""

    title: str
    facts: tuple[Fact, ...]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """An item of a track.

    Attributes:
        name: as the timeline has it.
        start, frames: its frames, from cut to cut.
        state: of its picture or sound.
        renderer, quality: of a slot, else empty.
        spoken: the words spoken meanwhile.
        transition: into it, in words; empty for a cut.
        media: its file.
        playlist: its playlist.
        groups: the panel's facts about it.
        warned: whether one of these facts is a warning.
    """

    name: str
    start: int
    frames: int
    state: State
    renderer: str = ""
    quality: str = ""
    spoken: str = ""
    transition: str = ""
    media: Path | None = None
    playlist: tuple[PlaylistEntry, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.start + self.frames

    @property
    def warned(self) -> bool:
        """Whether a fact about it is a warning."""
        return any(fact.kind == "warning" for group in self.groups for fact in group.facts)


@dataclass(frozen=True, slots=True)
class CutTransition:
    """A transition over a cut, with its frames before and after."""

    name: str
    cut: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Row:
    """A track.

    Attributes:
        name: of the track.
        is_picture: picture or sound.
        role: ``narration``, ``music``, ``effects``, or nothing.
        enabled: whether it is visible or audible.
        peaks: the waveform of a sound track: a byte a step, 255 times the root of the loudest
            sample.
    """

    name: str
    is_picture: bool
    role: str
    enabled: bool
    blocks: tuple[Block, ...]
    joins: tuple[CutTransition, ...]
    peaks: bytes = b""


@dataclass(frozen=True, slots=True)
class PageMarker:
    """A marker; ``colour`` is OTIO's name of it, in lower case."""

    name: str
    start: int
    frames: int
    comment: str
    colour: str


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A word or a caption, in fractional frames of the reel.

    ``confidence`` is the probability that a word starts there, 0..1; None if unknown.
    """

    start: float
    end: float
    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SoundSpan:
    """A stretch of a sound file, ``start_s`` to ``end_s`` of the reel, from its second ``at_s``."""

    path: Path
    start_s: float
    end_s: float
    at_s: float
    speed: float
    gain: float


@dataclass(slots=True)
class PageView:
    """A timeline as the page shows it.

    Attributes:
        path: of the timeline.
        title: of the reel.
        width, height, fps, frames: of the reel.
        first: the frame number of its start timecode.
        rows: picture tracks from the top down, then sound.
        playlist: the playlist of the whole picture.
        sounds: the playlist of the whole mix.
        media: the probed properties of its files.
        peaks_per_s: of the rows' peaks.
        reel: the finished video, if there is one beside the timeline.
        has_cover: whether the reel is to have a cover beside it.
        doubts: scenes to listen to, the least certain first; None if confidence is unknown.
        facts: about the whole reel, such as loudness and disclosure.
        notes: one line for each missing file and other problem, the most important first.
    """

    path: Path
    title: str
    width: int
    height: int
    fps: Fraction
    frames: int
    first: int = 0
    rows: list[Row] = field(default_factory=list)
    markers: list[PageMarker] = field(default_factory=list)
    words: list[TextSpan] = field(default_factory=list)
    captions: list[TextSpan] = field(default_factory=list)
    playlist: list[PlaylistEntry] = field(default_factory=list)
    sounds: list[SoundSpan] = field(default_factory=list)
    media: dict[Path, MediaInfo] = field(default_factory=dict)
    peaks_per_s: int = 0
    reel: Path | None = None
    has_cover: bool = False
    doubts: list[DoubtfulScene] | None = None
    facts: list[Fact] = field(default_factory=list)
    notes: list[Notice] = field(default_factory=list)

    @property
    def blocks(self) -> list[Block]:
        """The blocks of all picture rows."""
        return [block for row in self.rows if row.is_picture for block in row.blocks]
