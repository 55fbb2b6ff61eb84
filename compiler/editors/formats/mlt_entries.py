"""Entries of MLT playlists, and properties of MLT elements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, SubElement


@dataclass(frozen=True, slots=True)
class MltEntry:
    """A part of a playlist.

    Attributes:
        producer: its id; None for a blank.
        first, frames: the producer's first frame shown, and the number of frames.
        frozen: frame of the producer, from ``first`` on, shown throughout; None if it plays.
    """

    producer: str | None
    first: int
    frames: int
    frozen: int | None = None

    def add_to(self, playlist: Element) -> Element:
        """Append the entry to a playlist."""
        if self.producer is None:
            return SubElement(playlist, "blank", length=str(self.frames))
        span = {"in": str(self.first), "out": str(self.first + self.frames - 1)}
        entry = SubElement(playlist, "entry", {"producer": self.producer, **span})
        if self.frozen is not None:
            values = {"mlt_service": "freeze", "kdenlive_id": "freeze", "frame": self.frozen,
                      "freeze_before": 0, "freeze_after": 0}  # fmt: skip
            properties(SubElement(entry, "filter"), values)
        return entry


def properties(element: Element, values: Mapping[str, Any]) -> Element:
    """Add properties to an element, and return it."""
    for name, value in values.items():
        SubElement(element, "property", name=name).text = str(value)
    return element
