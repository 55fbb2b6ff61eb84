"""Changes between two timelines, as records; each prints itself in an editor's words.

Frames are those of the reel unless a field says otherwise; a positive number is later or longer.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from ..progress_clock import count


@dataclass(frozen=True, slots=True)
class Change:
    """One change; subclasses are its kinds."""

    def lines(self) -> list[str]:
        """Return the text of this change."""
        raise NotImplementedError

    def as_json(self) -> dict[str, Any]:
        """Return ``kind`` (``clip_trimmed``), the fields and the ``text``."""
        kind = re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()
        return {"kind": kind, **asdict(self), "text": self.lines()}


@dataclass(frozen=True, slots=True)
class RateChanged(Change):
    """Another frame rate: the frames of each timeline are counted at its own."""

    before: float
    after: float

    def lines(self) -> list[str]:
        """``rate: 24 to 30 fps``."""
        return [f"rate: {self.before:.6g} to {self.after:.6g} fps"]


@dataclass(frozen=True, slots=True)
class ClipRemoved(Change):
    """A clip of the first timeline without a counterpart in the second."""

    clip: str

    def lines(self) -> list[str]:
        """``storm removed``."""
        return [f"{self.clip} removed"]


@dataclass(frozen=True, slots=True)
class ClipAdded(Change):
    """A clip of the second timeline without a counterpart in the first."""

    clip: str
    start: int
    frames: int

    def lines(self) -> list[str]:
        """``drone added at frame 90, 25 frames``."""
        return [f"{self.clip} added at frame {self.start}, {count(self.frames, 'frame')}"]


@dataclass(frozen=True, slots=True)
class ClipsSwapped(Change):
    """Two clips that took each other's place."""

    clip: str
    other: str

    def lines(self) -> list[str]:
        """``stairs and storm swapped``."""
        return [f"{self.clip} and {self.other} swapped"]


@dataclass(frozen=True, slots=True)
class ClipReordered(Change):
    """A clip with another neighbour before it: ``after``, or None at the front."""

    clip: str
    after: str | None

    def lines(self) -> list[str]:
        """``storm moved after breath``."""
        place = "to the front" if self.after is None else f"after {self.after}"
        return [f"{self.clip} moved {place}"]


@dataclass(frozen=True, slots=True)
class ClipMoved(Change):
    """A clip that starts elsewhere, other than by following those before it."""

    clip: str
    frames: int

    def lines(self) -> list[str]:
        """``storm starts 3 frames later``."""
        return [f"{self.clip} starts {_later(self.frames)}"]


@dataclass(frozen=True, slots=True)
class ClipTrimmed(Change):
    """A clip with other in and out points.

    Attributes:
        head, tail: frames of its media by which its in and out points moved; ``tail`` is 0 if its
            speed changed as well.
        before, after: its length.
    """

    clip: str
    head: int
    tail: int
    before: int
    after: int

    def lines(self) -> list[str]:
        """``stairs ends 6 frames later in its picture``, and its length."""
        lines = []
        if self.head:
            lines.append(f"{self.clip} begins {_later(self.head)} in its picture")
        if self.tail:
            lines.append(f"{self.clip} ends {_later(self.tail)} in its picture")
        if self.before != self.after:
            change = _longer(self.after - self.before)
            lines.append(f"{self.clip} is {change}: {self.before} to {self.after} frames")
        return lines


@dataclass(frozen=True, slots=True)
class ClipSlipped(Change):
    """A clip of the same length that shows other frames of its media."""

    clip: str
    frames: int

    def lines(self) -> list[str]:
        """``breath slipped by 2 frames, to earlier frames of its picture``."""
        side = "later" if self.frames > 0 else "earlier"
        moved = count(abs(self.frames), "frame")
        return [f"{self.clip} slipped by {moved}, to {side} frames of its picture"]


@dataclass(frozen=True, slots=True)
class ClipSplit(Change):
    """A clip that was cut in two, or one cut of several.

    Attributes:
        after: frames of the clip before the cut.
        moved_to: the first frame of the second piece, if it does not follow the first.
    """

    clip: str
    after: int
    moved_to: int | None = None

    def lines(self) -> list[str]:
        """``storm split after 12 frames``."""
        text = f"{self.clip} split after {count(self.after, 'frame')}"
        if self.moved_to is not None:
            text += f", the second piece at frame {self.moved_to}"
        return [text]


@dataclass(frozen=True, slots=True)
class SpeedChanged(Change):
    """A clip that plays at another speed; 1 is that of its media."""

    clip: str
    before: float
    after: float

    def lines(self) -> list[str]:
        """``breath plays at 50 % instead of 100 %``."""
        return [f"{self.clip} plays at {percent(self.after)} instead of {percent(self.before)}"]


@dataclass(frozen=True, slots=True)
class ClipToggled(Change):
    """A clip that was disabled or enabled."""

    clip: str
    enabled: bool

    def lines(self) -> list[str]:
        """``storm switched off``."""
        return [f"{self.clip} switched {'on' if self.enabled else 'off'}"]


@dataclass(frozen=True, slots=True)
class MediaReplaced(Change):
    """A clip that shows another file; the names of both."""

    clip: str
    before: str
    after: str

    def lines(self) -> list[str]:
        """``drone shows b.mov instead of a.mov``."""
        return [f"{self.clip} shows {self.after} instead of {self.before}"]


@dataclass(frozen=True, slots=True)
class TransitionTiming:
    """A transition: its kind (``dissolve``, ``wipe_left``), frames before and after the cut."""

    kind: str
    in_frames: int
    out_frames: int

    @property
    def frames(self) -> int:
        """Its length."""
        return self.in_frames + self.out_frames


@dataclass(frozen=True, slots=True)
class TransitionChanged(Change):
    """The transition into a clip was added, removed or changed; None is a cut.

    With ``is_out``, it is the one out of the clip, where no other clip follows.
    """

    clip: str
    before: TransitionTiming | None
    after: TransitionTiming | None
    is_out: bool = False

    def lines(self) -> list[str]:
        """``dissolve into storm 12 to 6 frames``."""
        old, new = self.before, self.after
        where = f"{'out of' if self.is_out else 'into'} {self.clip}"
        if old is None:
            assert new is not None
            return [f"{new.kind} of {count(new.frames, 'frame')} {where} added"]
        if new is None:
            return [f"{old.kind} {where} removed"]
        lines = [] if old.kind == new.kind else [f"{old.kind} {where} is now {new.kind}"]
        if old.frames != new.frames:
            lines.append(f"{new.kind} {where} {old.frames} to {new.frames} frames")
        elif old.in_frames != new.in_frames:
            lines.append(f"{new.kind} {where} begins {_later(old.in_frames - new.in_frames)}")
        return lines


@dataclass(frozen=True, slots=True)
class AudioTrackChanged(Change):
    """An audio track with other clips: how many before and after, and how many are new or moved."""

    track: str
    before: int
    after: int
    changed: int

    def lines(self) -> list[str]:
        """``sound of A1: 1 to 2 clips, 2 changed``."""
        return [
            f"sound of {self.track}: {self.before} to {self.after} clips, {self.changed} changed"
        ]


@dataclass(frozen=True, slots=True)
class AudioTracksCounted(Change):
    """Another number of audio tracks."""

    before: int
    after: int

    def lines(self) -> list[str]:
        """``1 sound track removed``."""
        verb = "added" if self.after > self.before else "removed"
        return [f"{count(abs(self.after - self.before), 'sound track')} {verb}"]


@dataclass(frozen=True, slots=True)
class LengthChanged(Change):
    """Another length of the reel, also where only its sound is longer or shorter."""

    before: int
    after: int

    def lines(self) -> list[str]:
        """``the reel is 6 frames longer: 90 to 96 frames``."""
        change = _longer(self.after - self.before)
        return [f"the reel is {change}: {self.before} to {self.after} frames"]


def percent(speed: float) -> str:
    """Return a playback speed as text."""
    return f"{speed * 100:g} %"


def _later(change: int) -> str:
    return f"{count(abs(change), 'frame')} {'later' if change > 0 else 'earlier'}"


def _longer(change: int) -> str:
    return f"{count(abs(change), 'frame')} {'longer' if change > 0 else 'shorter'}"
