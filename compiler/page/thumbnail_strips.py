"""Choose the thumbnails of each item's strip, and decode every picture once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from .thumbnails import ThumbnailRequest, thumbnails
from .view_model import Block, PageView

MOST_THUMBNAILS = 600
"""Thumbnails of a page; about 2 kB each."""
_LEAST_S = 2
"""Least seconds of the reel between two thumbnails."""
_MOST_OF_BLOCK = 12

Strip = Sequence[tuple[int, int]]
"""An item's thumbnails: the frame of the reel, and the number of the picture."""


@dataclass(frozen=True, slots=True)
class Strips:
    """Pictures as ``data:`` URLs, and the strips of items by the items' names."""

    pictures: list[str] = field(default_factory=list)
    of: dict[str, Strip] = field(default_factory=dict)

    def get(self, name: str) -> Strip:
        """Return the strip of an item; empty if it shows nothing."""
        return self.of.get(name, ())


def draw_strips(view: PageView, named: Sequence[tuple[str, Block]]) -> Strips:
    """Decode the strips of named items."""
    rows = [(name, block) for name, block in named if block.playlist]
    length = sum(block.frames for _, block in rows) or 1
    step = max(float(_LEAST_S * view.fps), 2 * length / MOST_THUMBNAILS)
    wanted = [(name, at, shot) for name, block in rows for at, shot in _shots(view, block, step)]
    numbers: dict[str, int] = {}
    strips: dict[str, list[tuple[int, int]]] = {}
    for (name, at, _), url in zip(wanted, thumbnails([s for *_, s in wanted]), strict=True):
        if not url:
            continue
        strip = strips.setdefault(name, [])
        number = numbers.setdefault(url, len(numbers))
        if not strip or strip[-1][1] != number:
            strip.append((at, number))
    return Strips(list(numbers), {**strips})


def _shots(view: PageView, block: Block, step: float) -> Iterator[tuple[int, ThumbnailRequest]]:
    """Yield the frames of a block's strip: the first, the last, some between."""
    fps = view.fps
    moving = any(entry.is_video for entry in block.playlist)
    count = (
        min(_MOST_OF_BLOCK, max(2, round(block.frames / step))) if moving else len(block.playlist)
    )
    if moving:
        frames = [block.start + round(n * (block.frames - 1) / (count - 1)) for n in range(count)]
    else:
        frames = [entry.start for entry in block.playlist[:_MOST_OF_BLOCK]]
    near = Fraction(block.frames, count)
    for frame in dict.fromkeys(frames):
        entry = next((one for one in block.playlist if one.start <= frame < one.end), None)
        if entry is None or entry.path is None:
            continue
        if not entry.is_video:
            yield frame, ThumbnailRequest(entry.path)
            continue
        at = entry.at(frame, fps)
        ends = sorted((entry.at(entry.start, fps), entry.at(entry.end - 1, fps)))
        reach = near * abs(entry.speed) / fps
        early, late = max(ends[0], at - reach), min(ends[1], at + reach)
        wanted = frame == frames[0]
        yield (
            frame,
            ThumbnailRequest(entry.path, at, early, late, wanted, view.media[entry.path].video),
        )
