"""Find the finished reel and the report beside a timeline."""

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
    """The outputs compiled from a timeline.

    Attributes:
        reel: the video to play; None unless its length is the timeline's.
        report: of the run that wrote it; empty if the timeline has none.
        notes: one line for each doubt about the reel.
    """

    reel: Path | None
    report: dict[str, Any]
    notes: tuple[Notice, ...] = ()


def find_reel(timeline: Path, frames: int, fps: Fraction) -> FinishedReel:
    """Find the outputs beside a timeline.

    Args:
        timeline: its file.
        frames, fps: its length; a reel of another length is out of date.
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
        what = f"{reel.name} has {held} frames, the timeline {frames}: the reel is out of date; "
        what += "playing the slots' media"
        return FinishedReel(None, report, (Notice("reel", what),))
    if reel.stat().st_mtime < timeline.stat().st_mtime:
        what = f"{reel.name} is older than the timeline and may be out of date"
        return FinishedReel(reel, report, (Notice("reel", what),))
    return FinishedReel(reel, report)
