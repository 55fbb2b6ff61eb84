"""Expected content of a reel: cuts, transitions, gaps, stillness, black."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, pairwise
from pathlib import Path
from typing import TypeGuard

import opentimelineio as otio

from ...renderers.base import Shot
from ...renderers.camera.keyframe_weights import keyframe_weights
from ...renderers.registry import STILL_RENDERERS
from ...renderers.run.recipe import Recipe
from ..backend.spans.frame_content import (
    ImageContent,
    OverlayContent,
    Picture,
    SlateContent,
    TransitionContent,
    TransparentContent,
    VideoContent,
    advance,
    leaves,
)
from ..backend.spans.media import nearest_frame
from ..backend.spans.read_spans import read_spans
from ..backend.spans.spans import Span
from ..media.media_info import MediaInfo
from ..timeline.layout import TrackLayout, kind_of, lay_out_timeline
from ..timeline.media import media_path
from ..timeline.properties import frames_of
from ..timeline.slots import slot_clips


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames ``[start, end)`` of the reel."""

    start: int
    end: int

    def holds(self, frame: int, margin: int = 0) -> bool:
        """Whether a frame lies in the range, or within ``margin`` frames of it."""
        return self.start - margin <= frame < self.end + margin


@dataclass(frozen=True, slots=True)
class SourceFrame:
    """A frame of media.

    Attributes:
        media: the video or image sequence.
        number: of the frame in it, from 0.
    """

    media: MediaInfo
    number: int


@dataclass(frozen=True, slots=True)
class ExpectedReel:
    """The expected content of a reel.

    Attributes:
        frames: length.
        fps: frame rate.
        spans: the content, in order, without holes.
        cuts: first frames after hard cuts, with the name of the item there.
        media: headers of the media in the spans.
        recipes: the recipes of slots, by the paths of their media.
        names: the names of slots, likewise.
    """

    frames: int
    fps: Fraction
    spans: tuple[Span, ...]
    cuts: tuple[tuple[int, str], ...]
    media: Mapping[Path, MediaInfo]
    recipes: Mapping[Path, Recipe]
    names: Mapping[Path, str]

    @property
    def transitions(self) -> tuple[FrameRange, ...]:
        """Frames of transitions."""
        return _ranges(span for span in self.spans if _is_blend(span.picture))

    @property
    def gaps(self) -> tuple[FrameRange, ...]:
        """Frames without a picture."""
        return _ranges(s for s in self.spans if isinstance(s.picture, TransparentContent))

    @property
    def slates(self) -> tuple[FrameRange, ...]:
        """Frames that show slates, because media are missing."""
        return _ranges(
            span
            for span in self.spans
            if any(isinstance(leaf, SlateContent) for leaf in leaves(span.picture))
        )

    @property
    def still(self) -> tuple[FrameRange, ...]:
        """Where stillness is fine: everywhere but in slots whose camera or subject moves."""
        return _ranges(chain.from_iterable(map(self._still_parts, self.spans)))

    @property
    def edges(self) -> list[int]:
        """Frames at which the content changes, in order."""
        return [span.start for span in self.spans[1:]]

    def stills_at(self, frame: int) -> list[Path]:
        """Return the stills at a frame, among them the keyframes of slots."""
        found: list[Path] = []
        for leaf in self._leaves_at(frame):
            if isinstance(leaf, ImageContent):
                found.append(leaf.path)
            elif isinstance(leaf, VideoContent) and leaf.path in self.recipes:
                found += [one.image for one in self.recipes[leaf.path].shot.keyframes]
        return found

    def sources_at(self, frame: int) -> list[SourceFrame]:
        """Return the source frames at a frame of the reel, of videos that are no slots."""
        found = []
        for leaf in self._leaves_at(frame):
            if isinstance(leaf, VideoContent) and leaf.path not in self.recipes:
                info = self.media[leaf.path]
                assert info.video is not None
                number = nearest_frame(info.video, leaf.start)
                found.append(SourceFrame(info, min(max(0, number), info.video.frames - 1)))
        return found

    def _leaves_at(self, frame: int) -> Iterator[Picture]:
        index = bisect_right([span.start for span in self.spans], frame) - 1
        if index >= 0:
            span = self.spans[index]
            yield from leaves(advance(span.picture, frame - span.start, self.fps))

    def _still_parts(self, span: Span) -> Iterator[FrameRange]:
        """Yield the parts of a span in which nothing moves."""
        moves = list(filter(self._moves, leaves(span.picture)))
        if not moves:
            yield FrameRange(span.start, span.end)
        elif all(map(self._dissolves_only, moves)):
            for frame in range(span.start, span.end):
                if not any(self._dissolves(leaf, frame - span.start) for leaf in moves):
                    yield FrameRange(frame, frame + 1)

    def _moves(self, leaf: Picture) -> TypeGuard[VideoContent]:
        if not isinstance(leaf, VideoContent) or not leaf.speed or leaf.path not in self.recipes:
            return False
        shot = self.recipes[leaf.path].shot
        return len(shot.keyframes) != 1 or not _is_static(shot)

    def _dissolves_only(self, leaf: VideoContent) -> bool:
        recipe = self.recipes[leaf.path]
        return recipe.renderer in STILL_RENDERERS and _is_static(recipe.shot)

    def _dissolves(self, leaf: VideoContent, frames: int) -> bool:
        """Whether a slot dissolves between two keyframes, some frames into its span."""
        shot = self.recipes[leaf.path].shot
        second = leaf.start + frames * leaf.speed / self.fps
        frame = shot.start + round(second * shot.fps)
        return keyframe_weights(shot.keyframes, frame, shot)[2] > 0


def expected_reel(timeline: otio.schema.Timeline, root: Path, fps: Fraction) -> ExpectedReel:
    """Resolve a timeline to its expected reel, by the code that flattens it.

    Args:
        timeline: any timeline whose items have lengths.
        root: folder that relative media paths start from.
        fps: of the reel.
    """
    kinds = {
        kind_of(one) for one in timeline.find_children() if isinstance(one, otio.schema.Transition)
    }
    reading = read_spans(timeline, root, fps, transitions=kinds | {"dissolve"}, verify=False)
    slots = {
        path: slot
        for slot in slot_clips(timeline)
        if (path := media_path(slot.clip.media_reference, root)) is not None
    }
    recipes = {path: slot.recipe for path, slot in slots.items()}
    names = {path: str(slot.clip.name) for path, slot in slots.items()}
    layouts = [
        one for one in lay_out_timeline(timeline, fps) if one.is_picture and one.track.enabled
    ]
    frames = frames_of(timeline, fps)
    cuts = []
    for before, after in pairwise(reading.spans):
        if _is_blend(before.picture) or _is_blend(after.picture):
            continue
        if _continues(before, after, recipes, fps):
            continue
        if after.end < frames or not isinstance(after.picture, TransparentContent):
            cuts.append((after.start, _name_at(layouts, after)))
    return ExpectedReel(frames, fps, reading.spans, tuple(cuts), reading.media, recipes, names)


def _continues(before: Span, after: Span, recipes: Mapping[Path, Recipe], fps: Fraction) -> bool:
    """Whether a slot continues another one of its scene without a missing frame."""
    frames = []
    for picture in (advance(before.picture, before.frames, fps), after.picture):
        if not isinstance(picture, VideoContent) or picture.path not in recipes:
            return False
        shot = recipes[picture.path].shot
        frame = shot.start + round(picture.start * shot.fps)
        frames.append((shot.keyframes, picture.speed, frame))
    return bool(frames[0] == frames[1])


def _name_at(layouts: Sequence[TrackLayout], span: Span) -> str:
    """Return the name of the uppermost visible item; preferably of one that starts there."""
    if isinstance(span.picture, TransparentContent):
        return "gap"
    names = [
        (placed.start == span.start, str(placed.item.name))
        for layout in reversed(layouts)
        for placed in layout.items
        if placed.start <= span.start < placed.end
        and placed.item.enabled
        and not isinstance(placed.item, otio.schema.Gap)
    ]
    return max(names, key=lambda one: one[0])[1] if names else ""


def _is_blend(picture: Picture) -> bool:
    if isinstance(picture, OverlayContent):
        return _is_blend(picture.upper) or _is_blend(picture.lower)
    return isinstance(picture, TransitionContent)


def _is_static(shot: Shot) -> bool:
    return shot.motion.camera == "static" or not shot.motion.amount


def _ranges(spans: Iterator[Span] | Iterator[FrameRange]) -> tuple[FrameRange, ...]:
    """Return the frames of some spans or ranges; adjacent ones become one range."""
    found: list[FrameRange] = []
    for span in spans:
        if found and found[-1].end == span.start:
            found[-1] = FrameRange(found[-1].start, span.end)
        else:
            found.append(FrameRange(span.start, span.end))
    return tuple(found)
