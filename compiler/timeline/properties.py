"""What a timeline says of itself: rate, size, kinds of transitions, speeds of clips."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio

from .metadata import NAMESPACE
from .rate import exact_rate


def rate_of(timeline: otio.schema.Timeline) -> Fraction:
    """Frames a second: what the timeline's metadata say, else what its picture is counted in."""
    stated = timeline.metadata.get(NAMESPACE, {})
    output = stated.get("output", {}) if hasattr(stated, "get") else {}
    if "fps" in output:
        return Fraction(output["fps"])
    for track in (*timeline.video_tracks(), *timeline.tracks):
        if len(track):
            return exact_rate(track.duration().rate)
    return exact_rate(timeline.duration().rate)


def size_of(timeline: otio.schema.Timeline) -> tuple[int, int]:
    """Width and height in pixels, as the timeline's metadata say."""
    stated = timeline.metadata.get(NAMESPACE, {})
    output = stated.get("output", {}) if hasattr(stated, "get") else {}
    return int(output.get("width", 1080)), int(output.get("height", 1920))


def kind_of(transition: otio.schema.Transition) -> str:
    """A transition's name among ours: ``dissolve``, ``wipe_left``, …"""
    stated = transition.metadata.get(NAMESPACE, {})
    kind = stated.get("transition") if hasattr(stated, "get") else None
    if kind:
        return str(kind)
    dissolve = otio.schema.TransitionTypes.SMPTE_Dissolve
    return "dissolve" if transition.transition_type == dissolve else str(transition.name)


def speed_of(clip: otio.core.Item) -> Fraction:
    """How many times faster than its media a clip plays; 0 is a frozen frame."""
    speed = Fraction(1)
    for effect in clip.effects:
        if effect.enabled and isinstance(effect, otio.schema.LinearTimeWarp):
            speed *= Fraction(effect.time_scalar).limit_denominator(1_000_000)
    return speed
