"""Split long scenes into slots: at pauses, else at word ends, else evenly."""

from __future__ import annotations

import math
from collections.abc import Iterable
from enum import IntEnum


class Break(IntEnum):
    """Kinds of split points, best first."""

    PAUSE = 0
    WORD = 1
    EVEN = 2


def split_scene(
    frames: int,
    least: int,
    most: int,
    pauses: Iterable[int] = (),
    word_ends: Iterable[int] = (),
    usual: int | None = None,
) -> tuple[int, ...]:
    """Return the split points of a scene, in frames from its start; none for a short scene.

    All parts have ``least`` to ``most`` frames. Preferred are the fewest even splits, then the
    fewest at word ends, then a split rather than none, then the least time that parts last beyond
    4/3 of ``usual``, then the fewest parts, then the most even parts (least sum of squares).

    Args:
        frames: length of the scene.
        least: shortest part; at most half of ``most``.
        most: longest part.
        pauses: best split points, in frames from the scene's start.
        word_ends: second best.
        usual: length from which a scene is split, at pauses if not at all; by default ``most``.

    Raises:
        ValueError: ``least`` is more than half of ``most``: some lengths have no split.

    >>> split_scene(300, 48, 240, pauses=[100, 290])
    (100,)
    >>> split_scene(480, 48, 240)
    (240,)
    >>> split_scene(230, 48, 240, pauses=[70, 100], usual=144)
    (100,)
    """
    if 2 * least > most:
        raise ValueError(f"parts of {least} to {most} frames cannot make up every length")
    usual = most if usual is None else usual
    if frames <= usual:
        return ()
    kinds = dict.fromkeys(_even(frames, least, most), Break.EVEN)
    kinds.update(dict.fromkeys(word_ends, Break.WORD))
    kinds.update(dict.fromkeys(pauses, Break.PAUSE))
    places = [0, *sorted(p for p in kinds if least <= p <= frames - least), frames]

    # Shortest path over the split points; a cost is
    # (evens, word ends, wholes, frames beyond 4/3 of the usual length, parts, sum of squares).
    best: list[tuple[tuple[int, ...], int] | None] = [((0, 0, 0, 0, 0, 0), -1)]
    first = 0
    for place in places[1:]:
        while place - places[first] > most:
            first += 1
        kind = Break.PAUSE if place == frames else kinds[place]
        ways = []
        for index in range(first, len(best)):
            before, length = best[index], place - places[index]
            if before is not None and length >= least:
                evens, words, _, beyond, parts, squares = before[0]
                cost = (
                    evens + (kind is Break.EVEN),
                    words + (kind is Break.WORD),
                    int(length == frames),
                    beyond + max(0, length - usual * 4 // 3),
                    parts + 1,
                    squares + length * length,
                )
                ways.append((cost, index))
        best.append(min(ways, default=None))
    splits = []
    step = best[-1]
    while step is not None and step[1] > 0:
        splits.append(places[step[1]])
        step = best[step[1]]
    return tuple(reversed(splits))


def _even(frames: int, least: int, most: int) -> Iterable[int]:
    """Yield the split points of last resort: equal parts, and a regular grid."""
    parts = math.ceil(frames / most)
    yield from (frames * part // parts for part in range(1, parts))
    yield from range(least, frames - least + 1, max(1, least // 2))
