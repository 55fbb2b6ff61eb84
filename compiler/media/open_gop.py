"""Open GOPs: pictures that are shown before a key frame and decoded after it.

A decoder that starts at that key frame drops them, and MP4 seeks by decoding times.
"""

from __future__ import annotations

from fractions import Fraction

import av
from av.container import InputContainer
from av.video.stream import VideoStream

_MOST_PACKETS = 600
_MOST_KEYS = 4


def open_gop_lead(container: InputContainer, stream: VideoStream) -> Fraction:
    """Return the seconds by which to seek early in an MP4; 0 if its first GOPs are closed.

    Twice the longest time from the decoding to the display of a key frame: a seek by one lands
    before each key frame whose leading pictures hold the place. By the other one, the decoder knows
    the order of pictures: it may drop one of the first.

    Args:
        container: the open file; its first packets are read.
        stream: of its pictures.
    """
    lead = keys = 0
    shown, delay = 0, 0
    try:
        container.seek(0)
        for number, packet in enumerate(container.demux(stream)):
            if packet.pts is None or packet.dts is None or number > _MOST_PACKETS:
                break
            if packet.is_keyframe:
                keys += 1
                if keys > _MOST_KEYS:
                    break
                shown, delay = packet.pts, packet.pts - packet.dts
            elif packet.pts < shown:
                lead = max(lead, delay)
    except av.error.FFmpegError:  # What is decoded later says so.
        pass
    return 2 * lead * Fraction(stream.time_base or 0)
