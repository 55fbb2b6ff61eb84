"""Loop music on its bars, without a break in the beat, and end it on one."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Beat:
    """Start of the first bar of music, and length of a bar, in seconds."""

    first: Fraction
    bar: Fraction


@dataclass(frozen=True, slots=True)
class MusicLoop:
    """Music from ``source`` seconds on, in reel seconds ``[start, end)``."""

    start: Fraction
    end: Fraction
    source: Fraction


def loop_on_bars(length: Fraction, beat: Beat, reel: Fraction, margin: Fraction) -> list[MusicLoop]:
    """Loop music from the end of its last whole bar back to a bar, for the length of a reel.

    It loops to the first bar, or to the second if less than ``margin`` precedes the first, since a
    crossfade needs sound on both sides. An upbeat or intro plays once.

    Args:
        length: of the music, in seconds.
        beat: its bars.
        reel: length to fill, in seconds.
        margin: length of the crossfade before a seam, in seconds.

    Returns:
        Consecutive loops; only one if the music is too short to loop.
    """
    bars = floor((length - beat.first) / beat.bar)
    back = 0 if beat.first >= margin else 1
    if bars - back < 1:
        return [MusicLoop(Fraction(0), min(length, reel), Fraction(0))]
    seam = beat.first + bars * beat.bar
    again = beat.first + back * beat.bar
    loops = [MusicLoop(Fraction(0), min(seam, reel), Fraction(0))]
    while loops[-1].end < reel:
        start = loops[-1].end
        loops.append(MusicLoop(start, min(start + seam - again, reel), again))
    return loops


def last_bar_line(loops: list[MusicLoop], beat: Beat) -> Fraction:
    """Return the last bar line at or before the end, or the end, in reel seconds."""
    for loop in reversed(loops):
        heard = loop.source + loop.end - loop.start
        line = beat.first + floor((heard - beat.first) / beat.bar) * beat.bar
        if line > loop.source:
            return loop.start + line - loop.source
    return loops[-1].end
