"""Cutting a reel into segments: what can be copied, and what must be encoded.

A segment is a run of frames made in one way: a body shown as it is, or a transition between two
pictures. Planning is pure; it knows media only by what `Layer` says of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Layer:
    """A picture for some frames of the reel.

    Attributes:
        kind: ``video``, a ``still``, or ``black``.
        path: the media; None for black.
        start: seconds into the media of the layer's first frame.
        rate: frames a second of a video.
    """

    kind: Literal["video", "still", "black"]
    path: Path | None = None
    start: Fraction = Fraction(0)
    rate: Fraction = Fraction(0)

    def later(self, seconds: Fraction) -> Layer:
        """The same picture, from some seconds later (or, negative, earlier) on."""
        return replace(self, start=self.start + seconds)


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch ``[start, end)`` of the reel's picture track, in frames."""

    name: str
    start: int
    end: int
    layer: Layer


@dataclass(frozen=True, slots=True)
class Blend:
    """A transition around frame ``cut``: its name and its frames on either side."""

    name: str
    cut: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Segment:
    """Frames ``[start, end)``: one layer, or two that a transition joins."""

    start: int
    end: int
    layers: tuple[Layer, ...]
    transition: str = ""

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return self.end - self.start


def plan_segments(
    items: Sequence[Item], blends: Sequence[Blend], fps: Fraction
) -> Iterator[Segment]:
    """The segments of a picture track, in order; together they are every frame of it.

    Args:
        items: in order, without holes.
        blends: by cut; none reaches into another.
        fps: frames a second.
    """
    by_cut = {blend.cut: blend for blend in blends}
    black = Layer("black")
    for index, item in enumerate(items):
        into, out = by_cut.get(item.start), by_cut.get(item.end)
        before = items[index - 1].layer if index else black
        if into is not None:
            length = items[index - 1].end - items[index - 1].start if index else 0
            yield Segment(
                item.start - into.before,
                item.start + into.after,
                (
                    before.later((length - into.before) / fps),
                    item.layer.later(-into.before / fps),
                ),
                into.name,
            )
        start = item.start + (into.after if into else 0)
        end = item.end - (out.before if out else 0)
        if start < end:
            layer = item.layer.later((start - item.start) / fps)
            yield Segment(start, end, (layer,))
    last = items[-1] if items else None
    if last is not None and (out := by_cut.get(last.end)) is not None:
        length = last.end - last.start
        yield Segment(
            last.end - out.before,
            last.end,
            (last.layer.later((length - out.before) / fps), black),
            out.name,
        )
