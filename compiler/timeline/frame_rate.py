"""The frame rate that a timeline is cut at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

import opentimelineio as otio

from .length import timeline_length
from .values import exact_rate, own_metadata

_HIGHEST_FPS = 240
"""Higher rates count samples, not frames."""
_FPS = Fraction(24)


def frame_rate_of(timeline: otio.schema.Timeline) -> Fraction:
    """Frames a second of a timeline, exact.

    What its metadata state; else, of the rates that its picture tracks count in (its audio tracks,
    where there is no picture), one that holds its length in whole frames: that of
    ``global_start_time``, else the most frequent, of those the highest. A clip that counts in a
    lower rate than the rest does not coarsen the reel. 24 where nothing is said.

    Raises:
        otio.exceptions.OTIOError: something in the timeline has no length.
    """
    stated = own_metadata(timeline).get("output", {}).get("fps")
    if stated:
        return Fraction(stated)
    rates = _rates(timeline.video_tracks()) or _rates(timeline.audio_tracks())
    if not rates:
        return _FPS
    length, start = timeline_length(timeline), timeline.global_start_time
    begins = exact_rate(start.rate) if start is not None else None
    return max(
        rates,
        key=lambda rate: ((length * rate).denominator == 1, rate == begins, rates[rate], rate),
    )


def _rates(tracks: Iterable[otio.schema.Track]) -> Counter[Fraction]:
    """The rates that the items of some tracks count in, with how many do."""
    found: Counter[Fraction] = Counter()
    for track in tracks:
        for item in track.find_children(descended_from_type=otio.core.Item):
            shown = item.source_range
            if shown is None and isinstance(item, otio.schema.Clip):
                shown = item.media_reference.available_range
            if shown is not None and 1 <= shown.duration.rate <= _HIGHEST_FPS:
                found[exact_rate(shown.duration.rate)] += 1
    return found
