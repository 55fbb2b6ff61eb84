"""What a timeline promises of its reel: cuts, transitions, gaps, stillness, the voice."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio

from ..timeline.metadata import GENERATOR_KEY, NAMESPACE
from ..timeline.rate import whole_frames


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Frames ``[start, end)`` of the reel."""

    start: int
    end: int

    def holds(self, frame: int, margin: int = 0) -> bool:
        """Whether a frame lies in it, or within ``margin`` frames of it."""
        return self.start - margin <= frame < self.end + margin


@dataclass(frozen=True, slots=True)
class ExpectedReel:
    """What is to be seen.

    Attributes:
        frames: of the reel.
        cuts: first frames after hard cuts between different scenes, with the scene's name.
        joins: first frames of slots that continue the slot before.
        transitions: where pictures blend.
        gaps: without a picture.
        still: where nothing is to move.
        pictures: the stills that are seen in each stretch, as the timeline names them.
    """

    frames: int
    cuts: tuple[tuple[int, str], ...]
    joins: tuple[int, ...]
    transitions: tuple[FrameRange, ...]
    gaps: tuple[FrameRange, ...]
    still: tuple[FrameRange, ...]
    pictures: tuple[tuple[FrameRange, tuple[str, ...]], ...]


def promise_of(timeline: otio.schema.Timeline, fps: Fraction) -> ExpectedReel:
    """What a timeline's first picture track promises."""
    frames = whole_frames(timeline.duration(), fps)
    tracks = timeline.video_tracks()
    if not tracks:
        return ExpectedReel(frames, (), (), (), (FrameRange(0, frames),), (), ())
    track = tracks[0]
    transitions: list[FrameRange] = []
    gaps: list[FrameRange] = []
    still: list[FrameRange] = []
    pictures: list[tuple[FrameRange, tuple[str, ...]]] = []
    shown: list[tuple[int, str, str, bool]] = []
    position = 0
    blended = False
    for child in track:
        if isinstance(child, otio.schema.Transition):
            before = whole_frames(child.in_offset, fps)
            transitions.append(
                FrameRange(position - before, position + whole_frames(child.out_offset, fps))
            )
            blended = True
            continue
        stretch = FrameRange(position, position + whole_frames(child.duration(), fps))
        if isinstance(child, otio.schema.Gap):
            gaps.append(stretch)
            shown.append((position, "gap", "", blended))
        else:
            scene = str(child.metadata.get(NAMESPACE, {}).get("scene", child.name))
            shown.append((position, str(child.name), scene, blended))
            pictures.append((stretch, _stills(child)))
            if _stands_still(child):
                still.append(stretch)
        position, blended = stretch.end, False
    if position < frames:
        gaps.append(FrameRange(position, frames))  # the sound goes on after the picture
    cuts, joins = [], []
    for (_, _, scene_before, _), (frame, name, scene, into) in pairwise(shown):
        if scene and scene == scene_before:
            joins.append(frame)
        elif not into:
            cuts.append((frame, name))
    return ExpectedReel(
        frames,
        tuple(cuts),
        tuple(joins),
        tuple(transitions),
        tuple(gaps),
        tuple(still),
        tuple(pictures),
    )


def _stills(item: otio.core.Item) -> tuple[str, ...]:
    reference = _generator(item)
    if reference is None:
        return ()
    return tuple(str(keyframe["image"]) for keyframe in reference.parameters.get("keyframes", []))


def _stands_still(item: otio.core.Item) -> bool:
    reference = _generator(item)
    if reference is None:
        return True
    motion = reference.parameters.get("motion", {})
    keyframes = reference.parameters.get("keyframes", [])
    return len(keyframes) == 1 and (motion.get("camera") == "static" or not motion.get("amount"))


def _generator(item: otio.core.Item) -> otio.schema.GeneratorReference | None:
    """The recipe of a slot; None of other clips, and of nested compositions."""
    if not isinstance(item, otio.schema.Clip):
        return None
    reference = item.media_references().get(GENERATOR_KEY)
    return reference if isinstance(reference, otio.schema.GeneratorReference) else None
