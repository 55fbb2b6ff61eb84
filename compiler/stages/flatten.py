"""Flatten: one video file, and the captions beside it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import opentimelineio as otio

from ..backend.captions.burn import to_ass
from ..backend.captions.cues import captions_of
from ..backend.captions.sidecars import to_srt, to_vtt
from ..backend.encode import Encoding
from ..backend.flatten import flatten
from ..frontend.config import Config
from ..outputs import Outputs, write_text
from ..progress import OnProgress, Progress
from ..report import Loudness, Report
from .clock import count


def write_captions(
    timeline: otio.schema.Timeline, outputs: Outputs, size: tuple[int, int], fps: Fraction
) -> list[Path]:
    """Write the sidecars for a reel of that size and rate, and return their paths."""
    cues = captions_of(timeline)
    write_text(outputs.srt, to_srt(cues))
    write_text(outputs.vtt, to_vtt(cues))
    write_text(outputs.ass, to_ass(timeline, size, fps))
    return [outputs.srt, outputs.vtt, outputs.ass]


def make_video(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    config: Config,
    report: Report,
    on_progress: OnProgress,
    own_sound_db: float | None = None,
) -> None:
    """Flatten a timeline, and put what came of it into the report."""
    encoder = config.encoder
    result = flatten(
        timeline,
        video,
        media_root=timeline_path.parent,
        width=report.width,
        height=report.height,
        fps=report.fps,
        encoding=Encoding(encoder.codec, encoder.preset, encoder.crf),
        own_sound_db=own_sound_db,
        on_progress=lambda done, total: on_progress(Progress("flatten", done, total)),
    )
    report.video = video
    report.frames = result.frames
    report.warnings += [line for line in result.warnings if line not in report.warnings]
    if result.loudness_lufs is not None and result.true_peak_dbtp is not None:
        report.loudness = Loudness(result.loudness_lufs, result.true_peak_dbtp)


def reel_made(report: Report) -> str:
    """The finished reel in a line."""
    name = report.video.name if report.video else ""
    sound = f", {report.loudness.integrated_lufs:.1f} LUFS" if report.loudness else ""
    seconds = float(report.frames / report.fps)
    return f"{name}: {count(report.frames, 'frame')}, {seconds:.2f} s{sound}"
