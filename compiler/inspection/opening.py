"""The opening of a reel for a platform: it is not black, and it moves."""

from __future__ import annotations

from collections.abc import Iterator

import opentimelineio as otio

from ..timeline.metadata import output_metadata
from .findings import Finding
from .frame_measures import FROZEN_CHANGE, NEARLY_BLACK, FrameMeasure

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
