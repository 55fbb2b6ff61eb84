"""Shotcut's markers, in a property of an MLT document's main tractor.

Format: `markerToProperties` in https://github.com/mltframework/shotcut/blob/master/src/models/markersmodel.cpp.
"""

from __future__ import annotations

from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

import opentimelineio as otio

from ...timeline.markers import markers_of
from ...timeline.rate import seconds

COLOURS = {
    "PINK": "#FFC0CB",
    "RED": "#FF0000",
    "ORANGE": "#FFA500",
    "YELLOW": "#FFFF00",
    "GREEN": "#008000",
    "CYAN": "#00FFFF",
    "BLUE": "#0000FF",
    "PURPLE": "#800080",
    "MAGENTA": "#FF00FF",
    "BLACK": "#000000",
    "WHITE": "#FFFFFF",
}
"""OpenTimelineIO's colours as red, green and blue, those of CSS."""


def add_markers(main: Element, timeline: otio.schema.Timeline) -> None:
    """Add the markers of a timeline, and of its items at their places in it."""
    found = sorted(markers_of(timeline), key=lambda pair: pair[0])
    if not found:
        return
    listed = SubElement(main, "properties", name="shotcut:markers")
    for number, (start, marker) in enumerate(found):
        end = start + seconds(marker.marked_range.duration)
        values = {
            "text": str(marker.name),
            "start": _clock(start),
            "end": _clock(end),
            "color": COLOURS.get(str(marker.color), COLOURS["GREEN"]),
        }
        one = SubElement(listed, "properties", name=str(number))
        for name, value in values.items():
            SubElement(one, "property", name=name).text = value


def _clock(time: Fraction) -> str:
    """Return seconds as ``00:01:02.500``.

    >>> _clock(Fraction(125, 2))
    '00:01:02.500'
    """
    minutes, milliseconds = divmod(round(time * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"
