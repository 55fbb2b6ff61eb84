"""Place the voice of a reel: the pieces of its time map, by voice file."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction

from .edit import VoiceClip, VoiceSource
from .frames import frame_at_or_after
from .timemap import TimeMap


def voice_clips(
    time_map: TimeMap, sources: Sequence[VoiceSource], fps: Fraction
) -> tuple[VoiceClip, ...]:
    """Return the pieces of a time map, cut at the ends of the sources.

    Args:
        time_map: from the narration to the reel.
        sources: the voice files on the narration's axis, in order.
        fps: frames a second.
    """
    clips = []
    remaining = deque(sources)
    for piece in time_map.pieces:
        end = piece.source + piece.frames
        while remaining:
            source = remaining[0]
            source_end = source.start + frame_at_or_after(source.duration, fps)
            first, last = max(piece.source, source.start), min(end, source_end)
            if first < last:
                clips.append(
                    VoiceClip(
                        source=len(sources) - len(remaining),
                        start=first - source.start,
                        frames=last - first,
                        reel=piece.reel + first - piece.source,
                    )
                )
            if source_end > end:
                break
            remaining.popleft()
    return tuple(clips)
