"""Effects of an item of FCPXML: filters, adjustments, curved speed ramps."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

import opentimelineio as otio

DEFAULTS = {
    "anchor": ("0 0",),
    "amount": ("0dB", "1", "1.0"),
    "enabled": ("1",),
    "position": ("0 0",),
    "rotation": ("0",),
    "scale": ("1 1",),
    "type": ("fit",),
}
"""Neutral values of adjustments, which programs write on every clip."""
NEUTRAL = {("adjust-colorConform", "conformNone")}
"""Adjustments that change nothing, with their ``conformType``."""
VOLUME = "Volume"
ADJUSTMENTS = {
    "adjust-blend": "Compositing",
    "adjust-colorConform": "Color Conform",
    "adjust-conform": "Spatial Conform",
    "adjust-corners": "Distort",
    "adjust-crop": "Crop",
    "adjust-EQ": "Equalization",
    "adjust-noiseReduction": "Noise Removal",
    "adjust-panner": "Pan",
    "adjust-rollingShutter": "Rolling Shutter",
    "adjust-stabilization": "Stabilization",
    "adjust-transform": "Transform",
    "adjust-volume": VOLUME,
}
"""Names of adjustments in Final Cut's inspector."""


def effects_of(element: Element) -> Iterator[otio.schema.Effect]:
    """Yield an item's filters, and its adjustments other than neutral ones."""
    # A point with a time before or after it curves; two points are a constant speed.
    points = element.findall("./timeMap/timept")
    if any(p.get(side, "0s") != "0s" for p in points[1:-1] for side in ("inTime", "outTime")):
        yield otio.schema.Effect("", "Smooth Speed Transition")
    for child in element:
        if child.get("enabled", "1") == "0":
            continue
        if child.tag in ("filter-video", "filter-audio", "filter-video-mask"):
            yield otio.schema.Effect("", child.get("name") or child.tag)
        elif (
            child.tag.startswith("adjust-")
            and (child.tag, child.get("conformType")) not in NEUTRAL
            and (len(child) or any(v not in DEFAULTS.get(name, ()) for name, v in child.items()))
        ):
            yield otio.schema.Effect("", ADJUSTMENTS.get(child.tag, child.tag))
