"""Levels of clips as FCPXML's ``adjust-volume``.

``amount`` is a constant gain; its parameter holds fades and keyframes, whose times count in the
clip's own time, like its ``start``. DaVinci Resolve drops an animation of a single keyframe. The
order of the elements is that of the DTD: fades before keyframes.
"""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from ...timeline.level_curves import MUTED_DB, ClipLevels
from .fcpxml_media import seconds_of

LOUDEST_DB = 12.0
"""The highest level of Final Cut's inspector."""
_LINEAR, _EQUAL_POWER = "linear", "easeIn"
"""Shapes of a fade; the second is Final Cut's default."""


def volume_element(levels: ClipLevels, start_s: Fraction) -> Element | None:
    """Return the element for the levels of a clip; None for 0 dB without fades.

    Args:
        levels: of the clip.
        start_s: the clip's own time at its start, in seconds.
    """
    fades = {"fadeIn": levels.fade_in, "fadeOut": levels.fade_out}
    if not (levels.points or any(fades.values())):
        return None
    is_constant = len(levels.points) < 2
    element = Element("adjust-volume")
    if is_constant:
        element.set("amount", _amount(levels.gain_db))
    if is_constant and not any(fades.values()):
        return element
    parameter = SubElement(element, "param", name="amount")
    for name, length in fades.items():
        if length:
            kind = _LINEAR if levels.is_linear else _EQUAL_POWER
            SubElement(parameter, name, {"type": kind, "duration": f"{length}s"})
    if not is_constant:
        animation = SubElement(parameter, "keyframeAnimation")
        for time, level in levels.points:
            values = {"time": f"{start_s + time}s", "value": _amount(level)}
            SubElement(animation, "keyframe", values)
    return element


def levels_in(element: Element) -> ClipLevels | None:
    """Return the levels that an item states; None if it states none.

    Values that are no levels count as 0 dB.
    """
    volume = element.find("adjust-volume")
    if volume is None:
        return None
    start = seconds_of(element.get("start"))
    parameter = next((p for p in volume.iterfind("param") if p.get("name") == "amount"), None)
    stated = volume.get("amount")
    if parameter is None:
        return _constant(_level(stated))
    points = sorted(
        (seconds_of(point.get("time")) - start, _level(point.get("value")))
        for point in parameter.iterfind("keyframeAnimation/keyframe")
    )
    constant = _level(stated if stated is not None else parameter.get("value"))
    fade_in, fade_out = (parameter.find(name) for name in ("fadeIn", "fadeOut"))
    kinds = {fade.get("type") for fade in (fade_in, fade_out) if fade is not None}
    return ClipLevels(
        tuple(points) or _constant(constant).points,
        seconds_of(fade_in.get("duration")) if fade_in is not None else Fraction(0),
        seconds_of(fade_out.get("duration")) if fade_out is not None else Fraction(0),
        is_linear=kinds == {_LINEAR},
    )


def _constant(level: float) -> ClipLevels:
    return ClipLevels(((Fraction(0), level),) if level else ())


def _amount(level: float) -> str:
    return f"{round(min(LOUDEST_DB, max(MUTED_DB, level)), 3):g}dB"


def _level(text: str | None) -> float:
    """Return the decibels of ``-5.5dB``, ``-inf`` included."""
    found = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+|inf))\s*(?:dB)?\s*", text or "0", re.I)
    return max(MUTED_DB, float(found.group(1))) if found else 0.0
