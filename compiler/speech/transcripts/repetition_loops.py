"""Drop repetition loops: a passage that a recogniser got stuck in and repeated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Repair
from .integer_time import Repaired, TickRate, TickWord, excerpt
from .words import weight

_MAX_PASSAGE = 40
"""Words of the longest passage that is searched for."""
_PASSAGE = 4
"""Words from which a passage that comes three times is a loop; shorter ones take `_CHANTS`."""
_CHANTS = 6
_FASTEST, _SLOWEST = 30, 3
"""Range of natural speech, in letters a second."""


def drop_loops(words: Sequence[TickWord], rate: TickRate) -> Repaired:
    """Drop the repeats of stuck passages; one repair for each passage.

    A loop is a passage of four words or more that comes three times or more in a row, one to three
    words that come six times or more, or two words or more whose repeats take no time. Three
    repeats with speech underneath, at a natural pace, are a speaker's own.
    """
    if len(words) < 4:
        return list(words), []
    repairs: list[Repair] = []
    known: dict[str, int] = {}
    ids = np.array([known.setdefault(_folded(word.text), len(known)) for word in words])
    dropped = np.zeros(len(words), bool)
    for size in range(1, min(_MAX_PASSAGE, len(words) // 2) + 1):
        for first, stop in _runs(ids[size:] == ids[:-size], size):
            times = (stop - first) // size
            if times < 2 or dropped[first:stop].any():
                continue
            repeats = words[first + size : first + size * times]
            if not _is_loop(repeats, size, times, rate):
                continue
            dropped[first + size : first + size * times] = True
            what = f"{excerpt(words[first : first + size])} comes {times} times in a row; kept once"
            repairs.append(Repair(repeats[0].place, what))
    return [word for word, drop in zip(words, dropped.tolist(), strict=True) if not drop], repairs


def _runs(same: np.typing.NDArray[np.bool_], size: int) -> list[tuple[int, int]]:
    """Return ``[first, stop)`` of the runs with period ``size`` and at least one repeat."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, stop + size) for start, stop in runs if stop - start >= size]


def _is_loop(repeats: Sequence[TickWord], size: int, times: int, rate: TickRate) -> bool:
    timed = [w for w in repeats if w.start is not None and w.end is not None]
    if size >= 2 and timed and len(timed) == len(repeats) and all(w.end == w.start for w in timed):
        return True
    if times >= _CHANTS:
        return True
    return times >= 3 and size >= _PASSAGE and not _is_spoken(repeats, rate)


def _is_spoken(words: Sequence[TickWord], rate: TickRate) -> bool:
    """Whether most of the words' time has speech, at a natural pace."""
    start, end = words[0].start, words[-1].end
    if start is None or end is None or end <= start:
        return False
    speech = sum(
        max(0, min(end, stop) - max(start, begin))
        for begin, stop in rate.speech
        if stop > start and begin < end
    )
    letters = sum(weight(word.text) for word in words) * rate.per_second
    is_natural = _SLOWEST * (end - start) <= letters <= _FASTEST * (end - start)
    return is_natural and 2 * speech >= end - start


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text
