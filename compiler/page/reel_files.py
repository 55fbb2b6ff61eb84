"""The finished reel and the report of a timeline, where they lie beside it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..errors import WorkError
from ..media.probe import probe
from ..notices import Notice
from ..outputs.paths import read_report, report_path

_PLAYED = (".mp4", ".m4v", ".webm", ".mov")


@dataclass(frozen=True, slots=True)
class FinishedReel:
    """What was made of a timeline.

    Attributes:
        reel: the video to be played; None where there is none of this timeline's length.
        report: of the run that made it; empty where none belongs to the timeline.
        notes: what is to be known of the reel, one line each.
    """

    reel: Path | None
    report: dict[str, Any]
    notes: tuple[Notice, ...] = ()


def finished_of(timeline: Path, frames: int, fps: Fraction) -> FinishedReel:
    """What lies beside a timeline that was made of it.

    Args:
        timeline: its file.
        frames, fps: its length; a reel of another one shows another cut.
    """
    report = read_report(report_path(timeline)) or {}
    video = report.get("video")
    named = [Path(video), timeline.with_name(Path(video).name)] if isinstance(video, str) else []
    found = [*named, *(timeline.with_suffix(suffix) for suffix in _PLAYED)]
    reel = next((path for path in found if path.suffix.lower() in _PLAYED and path.is_file()), None)
    if reel is None:
        return FinishedReel(None, report)
    try:
        held = round(probe(reel).duration * fps)
        length = probe(reel).video
    except WorkError as error:
        return FinishedReel(None, report, (Notice("reel", str(error)),))
    held = length.frames if length is not None and length.fps == fps else held
    if held != frames:
        what = f"{reel.name} has {held} frames and the timeline {frames}: it shows another cut, "
        what += "and the slots' own media are played"
        return FinishedReel(None, report, (Notice("reel", what),))
    if reel.stat().st_mtime < timeline.stat().st_mtime:
        what = f"{reel.name} is older than the timeline and may show it as it was before"
        return FinishedReel(reel, report, (Notice("reel", what),))
    return FinishedReel(reel, report)
