"""Read: a timeline file, and what is known of it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..errors import InputError, Problem
from ..report import Report
from ..timeline.build import NAMESPACE
from ..timeline.rate import exact_rate, whole_frames


def read_timeline(path: Path) -> otio.schema.Timeline:
    """Read any timeline that OTIO's adapters can.

    Raises:
        InputError: the file is missing, broken, or holds something else than a timeline.
    """
    try:
        loaded = otio.adapters.read_from_file(str(path))
    except FileNotFoundError as error:
        raise InputError(Problem(str(path), 0, 0, "", "no such file")) from error
    except (otio.exceptions.OTIOError, OSError, ValueError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            Problem(str(path), 0, 0, "", f"cannot be read as a timeline: {what}")
        ) from error
    if not isinstance(loaded, otio.schema.Timeline):
        raise InputError(
            Problem(str(path), 0, 0, "", f"holds a {type(loaded).__name__}, not a Timeline")
        )
    return loaded


def report_of_timeline(timeline: otio.schema.Timeline, path: Path) -> Report:
    """An empty report for a timeline, with the size and rate that it states."""
    output = timeline.metadata.get(NAMESPACE, {}).get("output", {})
    try:
        duration = timeline.duration()
    except otio.exceptions.OTIOError as error:
        what = f"has no length: {' '.join(str(error).split())}"
        raise InputError(Problem(str(path), 0, 0, "", what)) from error
    fps = Fraction(output["fps"]) if "fps" in output else exact_rate(duration.rate)
    return Report(
        timeline=path,
        width=output.get("width", 1080),
        height=output.get("height", 1920),
        fps=fps,
        frames=whole_frames(duration, fps),
    )
