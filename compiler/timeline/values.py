"""Readings that picture and sound share: exact times of OTIO, and the files that it names."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ..files.exists import refusal
from ..files.file_urls import paths_of
from .metadata import NAMESPACE

_NTSC_TOLERANCE = 0.005
"""Frames a second by which a written rate (23.98, 29.97) may miss the one that it stands for."""


def exact_rate(rate: float) -> Fraction:
    """The rate that a rounded one stands for.

    >>> exact_rate(24.0), exact_rate(23.98), exact_rate(29.97), exact_rate(12.5)
    (Fraction(24, 1), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2))
    """
    whole = round(rate)
    if abs(rate - whole) < 1e-6:
        return Fraction(whole)
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    if abs(rate - ntsc) < _NTSC_TOLERANCE:
        return ntsc
    return Fraction(rate).limit_denominator(1001)


def seconds(time: otio.opentime.RationalTime) -> Fraction:
    """A time in exact seconds; a value a hair off a whole frame, by rounding, is that frame."""
    whole = round(time.value)
    near = abs(time.value - whole) < 1e-4
    value = Fraction(whole) if near else Fraction(time.value).limit_denominator(10**6)
    return value / exact_rate(time.rate)


def to_frames(time: otio.opentime.RationalTime, fps: Fraction) -> int:
    """A time in whole frames of the reel, the nearest."""
    return round(seconds(time) * fps)


def source_start(clip: otio.schema.Clip) -> Fraction:
    """Seconds into its media at which a clip begins."""
    start = seconds(clip.trimmed_range().start_time)
    available = clip.media_reference.available_range
    return start - seconds(available.start_time) if available is not None else start


def media_path(reference: otio.core.MediaReference | None, root: Path) -> Path | None:
    """Return the file of an `ExternalReference`; None for a network's URL and other references.

    A plain path or a ``file:`` URL, relative to ``root``. Programs differ in whether they encode a
    path (``%20``): the spelling of a file that exists wins.
    """
    if not isinstance(reference, otio.schema.ExternalReference):
        return None
    paths = [(root / way).absolute() for way in paths_of(str(reference.target_url))]
    possible = [path for path in paths if not refusal(path)]
    return next((path for path in possible if path.is_file()), possible[0] if possible else None)


def why_no_path(url: str) -> str:
    """Why `media_path` has no path for a reference."""
    if not paths_of(url):
        return "are on a network"
    return "have a name that this system or locale refuses"


def own_metadata(item: otio.core.SerializableObjectWithMetadata) -> dict[str, Any]:
    """This project's metadata of an item; empty where there are none, or where they are foreign."""
    found = item.metadata.get(NAMESPACE, {})
    return dict(found) if hasattr(found, "items") else {}


def is_active(effect: otio.schema.Effect) -> bool:
    """Whether an effect changes anything.

    DaVinci Resolve writes its Transform, Cropping and others on every clip, with the parameters
    that were touched in ``Resolve_OTIO``; those at their defaults do nothing.
    """
    stated = effect.metadata.get("Resolve_OTIO")
    if not effect.enabled:
        return False
    if not hasattr(stated, "get") or isinstance(effect, otio.schema.LinearTimeWarp):
        return True
    touched = (
        parameter
        for parameter in stated.get("Parameters", ())
        if str(parameter.get("Parameter Value")) != str(parameter.get("Default Parameter Value"))
        or len(parameter.get("Key Frames", {}))
    )
    return bool(stated.get("Enabled", True)) and next(touched, None) is not None
