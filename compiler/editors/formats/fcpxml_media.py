"""Times and files of media in FCPXML, in frames of their own rate where they are whole."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from xml.etree.ElementTree import Element

import opentimelineio as otio
from opentimelineio.opentime import RationalTime

from ...files.file_urls import path_of_url
from ...sync.rationals import parse_rational
from ...timeline.rate import time, time_range


def seconds_of(text: str | None) -> Fraction:
    """Return the seconds of ``61/12s``; 0 if there is no text."""
    return parse_rational((text or "0s").rstrip("s") or "0")


def reference_of(
    asset: Element, resources: Mapping[str, Element], fps: Fraction
) -> otio.schema.ExternalReference:
    """Return the reference to the file of an asset.

    Args:
        asset: the element.
        resources: of the document, by id.
        fps: of the reel.
    """
    media = asset.find("media-rep")
    url = (media if media is not None else asset).get("src") or ""
    start, length = (seconds_of(asset.get(name)) for name in ("start", "duration"))
    rate = _rate_of(asset, resources, fps)
    if any((one * rate).denominator != 1 for one in (start, length)):
        rate = fps
    frames = round(length * rate)
    available = time_range(round(start * rate), frames, rate) if frames else None
    return otio.schema.ExternalReference(path_of_url(url), available)


def media_start(
    at_s: Fraction, asset: Element | None, resources: Mapping[str, Element], fps: Fraction
) -> RationalTime:
    """Return a time of a file as a frame of its own rate, if it is one, else the reel's nearest.

    Args:
        at_s: in seconds of the file.
        asset: None for an item without a file.
        resources: of the document, by id.
        fps: of the reel.
    """
    rate = fps if asset is None else _rate_of(asset, resources, fps)
    frame = at_s * rate
    return time(int(frame), rate) if frame.denominator == 1 else time(round(at_s * fps), fps)


def _rate_of(asset: Element, resources: Mapping[str, Element], fps: Fraction) -> Fraction:
    """Return the frame rate of a file; the reel's if its format states none."""
    stated = resources.get(asset.get("format") or "")
    frame = seconds_of(stated.get("frameDuration")) if stated is not None else Fraction(0)
    return 1 / frame if frame > 0 else fps
