"""The pictures of a reel against the media of its slots, and its opening on a platform."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import opentimelineio as otio

from ..backend.spans.frame_content import VideoContent, advance
from ..backend.spans.media import nearest_frame
from ..timeline.metadata import output_metadata
from .expected_reel import ExpectedReel
from .findings import Finding
from .frame_measures import FROZEN_CHANGE, NEARLY_BLACK, FrameMeasure, Luma, source_frame

AFTER_CUT = 6
"""Frames after a slot's first one at which it is compared: a late cut has a finding of its own."""
_MOST_CHANGE = 2.5
"""Median difference of luma that encoding may make."""
_MOST_SHARE = 0.3
"""Median difference of luma, as a share of the picture's own spread, that is no other picture."""


@dataclass(frozen=True, slots=True)
class SlotSample:
    """A frame at which a slot is compared with its media.

    Attributes:
        frame: of the reel.
        content: of the frame, the media alone.
    """

    frame: int
    content: VideoContent


def slot_samples(expected: ExpectedReel) -> tuple[SlotSample, ...]:
    """Return one frame of each span that shows nothing but the media of a slot."""
    found = []
    for span in expected.spans:
        after = min(AFTER_CUT, span.frames // 2)
        content = advance(span.picture, after, expected.fps)
        if isinstance(content, VideoContent) and content.path in expected.recipes:
            found.append(SlotSample(span.start + after, content))
    return tuple(found)


def picture_findings(
    measure: FrameMeasure, expected: ExpectedReel, size: tuple[int, int]
) -> Iterator[Finding]:
    """Yield the slots that show another picture than their media, else one finding for all.

    Burned-in captions cover less than half of a frame, so the median does not see them.

    Args:
        measure: of the reel, with the frames of `slot_samples`.
        expected: of the timeline.
        size: width and height of the reel's frames; media of another shape are cropped, and not
            compared.
    """
    compared = wrong = 0
    for sample in slot_samples(expected):
        shown = measure.lumas.get(sample.frame)
        info = expected.media[sample.content.path]
        if shown is None or info.video is None:
            continue
        if info.video.width * size[1] != info.video.height * size[0]:
            continue
        number = nearest_frame(info.video, sample.content.start)
        luma = source_frame(info, min(max(0, number), info.video.frames - 1))
        if luma is None or luma.shape != shown.shape:
            continue
        compared += 1
        if not _is_same(shown, luma):
            wrong += 1
            yield Finding(
                f"picture {expected.names[sample.content.path]}",
                False,
                f"another picture at frame {sample.frame}",
                f"that of {info.path.name}",
            )
    if compared and not wrong:
        right = f"{compared} as in the timeline"
        yield Finding("pictures", True, right, right)


def _is_same(luma: Luma, other: Luma) -> bool:
    spread = float(np.median(np.abs(other - np.median(other))))
    return float(np.median(np.abs(luma - other))) <= max(_MOST_CHANGE, _MOST_SHARE * spread)


_WANTED = "a picture that moves"


def opening(
    measure: FrameMeasure, timeline: otio.schema.Timeline, second: int
) -> Iterator[Finding]:
    """Yield the faults of the opening of a reel, if its timeline names a platform.

    None is an error: the reel is as its timeline has it.

    Args:
        measure: of the reel.
        timeline: of the reel.
        second: frames of one second.
    """
    if not output_metadata(timeline).get("platform") or not measure.frames:
        return
    if measure.bright[0] < NEARLY_BLACK:
        yield Finding("opening", True, "the first frame is black, or nearly so", _WANTED)
    if (measure.change[1:second] < FROZEN_CHANGE).all():
        yield Finding("opening", True, "stands still for a second", _WANTED)
