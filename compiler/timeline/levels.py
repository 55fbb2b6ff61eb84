"""Audio levels of tracks and clips: gain, keyframes and fades, as our metadata or Resolve's state.

DaVinci Resolve's exports state a clip's volume in the effect "Fairlight Clip Volume and Fades": in
dB, with keyframes in frames from the clip's start, and fades in frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from ..errors import InputError, Place, Problem
from .effects import is_volume
from .item_label import label_of
from .level_curves import ClipLevels, LevelPoint
from .metadata import NAMESPACE, own_metadata
from .rate import exact_rate

LEVEL_KEYS = frozenset({"gain_db", "duck_db", "attack", "release", "fade_in", "fade_out"})
"""Levels in our metadata of a track."""
MAX_DB, MAX_S = 300, 86_400
"""Limits of levels and times in metadata."""


def clip_levels(clip: otio.schema.Clip) -> ClipLevels:
    """Return the levels of a clip: of our metadata, else of Resolve's.

    Our metadata may hold ``gain_db``, ``levels`` (pairs of seconds from the clip's start and dB,
    added to it), ``fade_in``, ``fade_out`` (seconds) and ``fade`` (``linear``, or equal-power).

    Raises:
        InputError: a number is invalid; lists all of them.
    """
    stated = own_metadata(clip)
    if not {"gain_db", "levels", "fade_in", "fade_out"} & stated.keys():
        return _resolve_levels(clip)
    problems: list[Problem] = []
    gain = _collected(clip, "gain_db", problems)
    points = [(Fraction(time), gain + db) for time, db in _keyframes(clip, problems)]
    fade_in, fade_out = (
        Fraction(max(0.0, _collected(clip, key, problems))) for key in ("fade_in", "fade_out")
    )
    if problems:
        raise InputError(problems)
    constant = [(Fraction(0), gain)] if gain else []
    return ClipLevels(tuple(points or constant), fade_in, fade_out, stated.get("fade") == "linear")


def state_levels(clip: otio.schema.Clip, levels: ClipLevels) -> None:
    """Write levels into our metadata of a clip, in place of Resolve's; none for 0 dB."""
    clip.effects[:] = [effect for effect in clip.effects if not is_volume(effect)]
    kept = {
        key: value
        for key, value in own_metadata(clip).items()
        if key not in ("gain_db", "levels", "fade_in", "fade_out", "fade")
    }
    if len(levels.points) > 1:
        kept["levels"] = [[float(time), db] for time, db in levels.points]
    elif levels.gain_db:
        kept["gain_db"] = levels.gain_db
    if levels.fade_in:
        kept["fade_in"] = float(levels.fade_in)
    if levels.fade_out:
        kept["fade_out"] = float(levels.fade_out)
    if levels.is_linear and (levels.fade_in or levels.fade_out):
        kept["fade"] = "linear"
    if kept:
        clip.metadata[NAMESPACE] = kept
    else:
        clip.metadata.pop(NAMESPACE, None)


def number_of(item: otio.core.Item, name: str, default: float = 0.0) -> float:
    """Return a number in our metadata of an item.

    Raises:
        InputError: it is no number, or out of bounds.
    """
    return _bounded(item, name, own_metadata(item).get(name, default))


def _bounded(item: otio.core.Item, name: str, value: Any, unit: str = "") -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    most = MAX_DB if (unit or name).endswith("db") else MAX_S
    if not abs(number) <= most:
        what = f"is more than {most:,}" if math.isfinite(number) else "is not a number"
        place = Place(where=str(item.name))
        raise InputError(Problem.at(place, f"{name} {value!r} {what}"))
    return number


def _collected(item: otio.core.Item, name: str, problems: list[Problem]) -> float:
    try:
        return number_of(item, name)
    except InputError as error:
        problems += error.problems
        return 0.0


def _keyframes(clip: otio.schema.Clip, problems: list[Problem]) -> list[tuple[float, float]]:
    stated = own_metadata(clip).get("levels", ())
    try:
        pairs = [tuple(pair) for pair in stated]
        return sorted(
            (_bounded(clip, "levels", time, "s"), _bounded(clip, "levels", db, "db"))
            for time, db in pairs
        )
    except InputError as error:
        problems += error.problems
    except (TypeError, ValueError):
        what = "levels is not a list of pairs of seconds and dB"
        problems.append(Problem.at(Place(where=label_of(clip)), what))
    return []


def _resolve_levels(clip: otio.schema.Clip) -> ClipLevels:
    """Return what Resolve's effects state; values that are no numbers count as their defaults."""
    fps = exact_rate(clip.trimmed_range().duration.rate)
    for effect in clip.effects:
        if not (effect.enabled and is_volume(effect)):
            continue
        stated = effect.metadata["Resolve_OTIO"]
        if not stated.get("Enabled", True):
            continue
        parameters = {str(one.get("Parameter ID")): one for one in _mappings(stated, "Parameters")}
        volume = parameters.get("volume", {})
        points = tuple(sorted(_resolve_keyframes(volume, fps)))
        constant = _number(volume.get("Parameter Value"))
        if not points and constant:
            points = ((Fraction(0), constant),)
        fade_in, fade_out = (
            Fraction(max(0.0, _number(parameters.get(name, {}).get("Parameter Value")))) / fps
            for name in ("faderIn", "faderOut")
        )
        return ClipLevels(points, fade_in, fade_out, is_linear=True)
    return ClipLevels()


def _resolve_keyframes(volume: Mapping[str, Any], fps: Fraction) -> Iterator[LevelPoint]:
    stated: Any = volume.get("Key Frames")
    for frame, one in stated.items() if hasattr(stated, "items") else ():
        value = one.get("Value") if hasattr(one, "get") else one
        yield Fraction(_number(frame)).limit_denominator(1000) / fps, _number(value)


def _mappings(stated: Any, name: str) -> Iterator[Any]:
    found = stated.get(name)
    if hasattr(found, "__iter__"):
        yield from (one for one in found if hasattr(one, "get"))


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if abs(number) <= MAX_S else 0.0
