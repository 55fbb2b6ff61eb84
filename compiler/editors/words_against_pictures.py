"""Words that an edit moved against the pictures of their scenes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ..notices import Notice
from ..progress_clock import count
from ..timeline.media import media_file_name
from ..timeline.metadata import own_metadata
from ..timeline.nested import open_timeline
from ..timeline.properties import visible_start
from ..timeline.slots import slot_of
from .pair_clips import ShownClip, shown_clips


def words_moved(
    before: otio.schema.Timeline,
    after: otio.schema.Timeline,
    old_fps: Fraction,
    new_fps: Fraction,
) -> Iterator[Notice]:
    """Yield a warning for each scene whose words lie over other pictures, or later or earlier.

    Args:
        before, after: with recipes in their slots, and words in their metadata.
        old_fps, new_fps: the frame rate of each.
    """
    old, new = _Scenes(before, old_fps), _Scenes(after, new_fps)
    late: dict[int, list[str]] = defaultdict(list)
    for scene, words in new.words.items():
        if scene not in old.words:
            continue
        frames = _frames_late(old, new, scene) if old_fps == new_fps else 0
        elsewhere = new.elsewhere(scene)
        if len(elsewhere) > len(old.elsewhere(scene)):
            ((shown, _),) = Counter(elsewhere).most_common(1)
            some = (
                "the words"
                if len(elsewhere) == len(words)
                else (f"{len(elsewhere)} of the {len(words)} words")
            )
            by = f", {_late(frames)} for their picture" if frames else ""
            yield Notice("sync", f"{some} of {scene} now lie over {shown}{by}")
        elif frames:
            late[frames].append(scene)
    for frames, scenes in late.items():
        *others, last = scenes
        names = f"{', '.join(others)} and {last}" if others else last
        pictures = "pictures" if others else "picture"
        text = f"the words of {names} are now {_late(frames)} for their {pictures}"
        yield Notice("sync", text)


class _Scenes:
    """The words of each scene of a timeline, in frames, and what they lie over."""

    def __init__(self, timeline: otio.schema.Timeline, fps: Fraction):
        self._shown = shown_clips(open_timeline(timeline, fps))
        hidden = round(visible_start(timeline) * fps)
        self.words: dict[str, list[int]] = defaultdict(list)
        stated: Sequence[Mapping[str, Any]] = own_metadata(timeline).get("words") or ()
        for word in stated:
            middle = (float(word["start"]) + float(word["end"])) / 2
            self.words[str(word.get("scene", ""))].append(int(middle * fps) - hidden)

    def elsewhere(self, scene: str) -> list[str]:
        """Return what each word lies over that does not lie over a picture of its scene."""
        over = [self._at(frame) for frame in self.words[scene]]
        return [_name(clip) for clip in over if clip is None or _scene(clip) != scene]

    def picture(self, scene: str) -> ShownClip | None:
        """Return the first clip of a scene."""
        own = [clip for clip in self._shown if _scene(clip) == scene]
        return min(own, key=lambda clip: clip.placed.start, default=None)

    def _at(self, frame: int) -> ShownClip | None:
        """Return the uppermost clip at a frame."""
        found = [
            clip
            for clip in self._shown
            if clip.placed.is_clip and clip.placed.start <= frame < clip.placed.end
        ]
        return max(found, key=lambda clip: clip.track, default=None)


def _frames_late(old: _Scenes, new: _Scenes, scene: str) -> int:
    """Return the frames by which the words of a scene come later for its picture; 0 if unknown.

    A clip that keeps its start among the words was trimmed or slipped, which is said elsewhere.
    """
    pictures = old.picture(scene), new.picture(scene)
    before, after = pictures
    if before is None or after is None or before.placed.speed != after.placed.speed:
        return 0
    spoken = new.words[scene][0] - old.words[scene][0]
    moved = after.placed.start - before.placed.start - spoken
    begun = after.in_point - before.in_point
    return begun - moved if moved else 0


def _scene(clip: ShownClip) -> str:
    item = clip.placed.item
    slot = slot_of(item) if isinstance(item, otio.schema.Clip) else None
    return slot.scene if slot is not None else ""


def _name(clip: ShownClip | None) -> str:
    if clip is None:
        return "no picture"
    if _scene(clip):
        return clip.name
    return media_file_name(getattr(clip.placed.item, "media_reference", None)) or clip.name


def _late(frames: int) -> str:
    return f"{count(abs(frames), 'frame')} {'late' if frames > 0 else 'early'}"
