"""Music cut on its bars: where it is looped so that the beat goes on, and where it may end."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Beat:
    """The bars of a piece of music: seconds of the first one's start, and of each."""

    first: Fraction
    bar: Fraction


@dataclass(frozen=True, slots=True)
class MusicLoop:
    """Reel seconds ``[start, end)`` in which music plays from ``source`` seconds on."""

    start: Fraction
    end: Fraction
    source: Fraction


def loop_on_bars(length: Fraction, beat: Beat, reel: Fraction, margin: Fraction) -> list[MusicLoop]:
    """Music repeated for the length of a reel: from the end of its last whole bar back to a bar.

    It goes back to its first bar, or to the second where less than ``margin`` lies before the
    first: a crossfade needs sound on both sides. So an upbeat or intro is heard once.

    Args:
        length: of the music, seconds.
        beat: where its bars are.
        reel: seconds to fill.
        margin: seconds of the crossfade before a seam.

    Returns:
        Stretches that follow one another; just one where the music has not two bars.
    """
    bars = floor((length - beat.first) / beat.bar)
    back = 0 if beat.first >= margin else 1
    if bars - back < 1:
        return [MusicLoop(Fraction(0), min(length, reel), Fraction(0))]
    seam = beat.first + bars * beat.bar
    again = beat.first + back * beat.bar
    stretches = [MusicLoop(Fraction(0), min(seam, reel), Fraction(0))]
    while stretches[-1].end < reel:
        start = stretches[-1].end
        stretches.append(MusicLoop(start, min(start + seam - again, reel), again))
    return stretches


def last_bar_line(stretches: list[MusicLoop], beat: Beat) -> Fraction:
    """Reel seconds of the last start of a bar at or before the end; the end where there is none."""
    for stretch in reversed(stretches):
        heard = stretch.source + stretch.end - stretch.start
        line = beat.first + floor((heard - beat.first) / beat.bar) * beat.bar
        if line > stretch.source:
            return stretch.start + line - stretch.source
    return stretches[-1].end
