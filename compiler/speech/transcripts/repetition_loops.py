"""A passage said again and again by a model that got stuck: all but the first taken out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Repair
from .integer_time import TickRate, TickWord
from .words import weight

_LONGEST = 40
"""Words in the longest passage that is looked for."""
_PASSAGE = 4
"""Words from which on three times the same is a loop; of shorter ones it takes `_CHANTS`."""
_CHANTS = 6
_FASTEST, _SLOWEST = 30, 3
"""Letters a second between which a passage may have been said."""


def drop_loops(words: Sequence[TickWord], clock: TickRate, repairs: list[Repair]) -> list[TickWord]:
    """The words without the repeats of stuck passages; one repair for each passage.

    Three or more times in a row the same four words or more, six or more times the same one to
    three, or any two words or more that come again in no time at all. A speaker who does say a
    line thrice is believed where there is a voice all along, at a pace that people speak at.
    """
    if len(words) < 4:
        return list(words)
    known: dict[str, int] = {}
    ids = np.array([known.setdefault(_folded(word.text), len(known)) for word in words])
    dropped = np.zeros(len(words), bool)
    for size in range(1, min(_LONGEST, len(words) // 2) + 1):
        for first, stop in _runs(ids[size:] == ids[:-size], size):
            times = (stop - first) // size
            if times < 2 or dropped[first:stop].any():
                continue
            said = words[first : first + size]
            again = words[first + size : first + size * times]
            if not _is_loop(again, size, times, clock):
                continue
            dropped[first + size : first + size * times] = True
            shown = " ".join(word.text for word in said[:8]) + (" …" if size > 8 else "")
            what = f"{shown!r} comes {times} times in a row; kept once"
            repairs.append(Repair(again[0].place, what))
    return [word for word, drop in zip(words, dropped.tolist(), strict=True) if not drop]


def _runs(same: np.typing.NDArray[np.bool_], size: int) -> list[tuple[int, int]]:
    """First and last + 1 of the stretches that repeat with a period, once at the least."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(start, stop + size) for start, stop in runs if stop - start >= size]


def _is_loop(again: Sequence[TickWord], size: int, times: int, clock: TickRate) -> bool:
    known = [w for w in again if w.start is not None and w.end is not None]
    if size >= 2 and known and len(known) == len(again) and all(w.end == w.start for w in known):
        return True
    if times >= _CHANTS:
        return True
    return times >= 3 and size >= _PASSAGE and not _said(again, clock)


def _said(words: Sequence[TickWord], clock: TickRate) -> bool:
    """Whether there is a voice under most of some words, and time enough to say them."""
    start, end = words[0].start, words[-1].end
    if start is None or end is None or end <= start:
        return False
    voiced = sum(
        max(0, min(end, stop) - max(start, begin))
        for begin, stop in clock.speech
        if stop > start and begin < end
    )
    letters = sum(weight(word.text) for word in words)
    natural = _SLOWEST * (end - start) <= letters * clock.rate <= _FASTEST * (end - start)
    return natural and 2 * voiced >= end - start


def _folded(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold())) or text
