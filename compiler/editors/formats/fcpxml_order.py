"""The order of items in FCPXML: what forms a storyline, and the children of an item."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

import opentimelineio as otio

from ...timeline.layout import Placed


def runs_of(items: Iterable[Placed]) -> list[list[Placed]]:
    """Group items that transitions join; every other clip is a group of its own."""
    runs: list[list[Placed]] = []
    for placed in items:
        if placed.into is not None and runs and runs[-1][-1].end == placed.start:
            runs[-1].append(placed)
        elif not isinstance(placed.item, otio.schema.Gap) or placed.out is not None:
            runs.append([placed])
    return runs


def sort_children(element: Element) -> None:
    """Sort an item's children as the DTD requires: time map, volume, connected items, markers."""
    rank = {"timeMap": 0, "adjust-volume": 1, "marker": 3}
    element[:] = sorted(element, key=lambda child: rank.get(child.tag, 2))
