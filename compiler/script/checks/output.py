"""Check the reel's frame rate and start timecode."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import opentimelineio as otio

from ...errors import Problem
from ...sync.rationals import parse_rational
from ..shown_values import show
from ..yaml_source import YamlSource

FASTEST = 240
"""Frames a second."""


def check_output(source: YamlSource, output: object) -> Iterator[Problem]:
    """Check that the rate is not too high, and that the timecode exists at it."""
    if not isinstance(output, dict):
        return
    rate = _rate(output.get("fps", 24))
    if rate is None:
        return
    if rate > FASTEST and isinstance(output["fps"], str):
        what = f"{show(output['fps'])} is more than {FASTEST} frames a second"
        yield source.problem(("output", "fps"), what)
        return
    timecode = output.get("start_timecode")
    if not isinstance(timecode, str):
        return
    try:
        otio.opentime.from_timecode(timecode, float(rate))
    except ValueError:
        what = f"{timecode!r} is not a timecode at {float(rate):.5g} frames a second"
        if ";" in timecode and rate not in (Fraction(30000, 1001), Fraction(60000, 1001)):
            hint = "only 30000/1001 and 60000/1001 drop frames; write a colon before the frames"
        else:
            hint = f"frames count from 00 to {-(-rate.numerator // rate.denominator) - 1:02}"
        yield source.problem(("output", "start_timecode"), what, hint)


def _rate(fps: object) -> Fraction | None:
    """Parse a rate; None if the schema rejects it."""
    if isinstance(fps, bool) or not isinstance(fps, int | str):
        return None
    try:
        rate = parse_rational(str(fps))
    except (ValueError, ZeroDivisionError):
        return None
    return rate if rate >= 1 else None
