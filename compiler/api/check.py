"""Check: a finished reel measured against its timeline."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from ..editors.read_timeline import read_timeline, report_of_timeline
from ..errors import InputError, Problem, WorkError
from ..files.exists import is_file, is_folder
from ..inspection.check import check_reel
from ..inspection.findings import Check
from ..inspection.signature_check import signature_findings
from ..media.probe import probe
from ..progress import OnProgress, Progress, silent
from ..stages.signing import claims_of, is_marked_signed


def check_video(
    video: str | Path,
    timeline: str | Path,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    on_progress: OnProgress = silent,
) -> Check:
    """Measure a finished reel against its timeline.

    Args:
        video: the reel.
        timeline: the timeline it was flattened from.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        on_progress: called with each step.

    Returns:
        The findings: cuts in frames, voice in milliseconds, loudness, black, freezes, signature.

    Raises:
        InputError: a file is missing or of another kind.
        WorkError: the video cannot be decoded.
    """
    path, reel = Path(timeline).absolute(), Path(video).absolute()
    if not is_file(reel):
        what = "is a folder, not a video" if is_folder(reel) else "no such file"
        raise InputError(Problem.in_file(video, what))
    _refuse_other_files(reel, str(video))
    loaded = read_timeline(path, fps, sequence)
    report = report_of_timeline(loaded, path, path.parent)
    signature = tuple(
        signature_findings(reel, lambda: claims_of(loaded, path.parent), is_marked_signed(loaded))
    )
    try:
        found = check_reel(
            reel,
            loaded,
            media_root=path.parent,
            width=report.width,
            height=report.height,
            fps=report.fps,
            on_frame=lambda done: on_progress(Progress("check", done, report.frames)),
        )
    except WorkError as error:
        broken = [f"{finding.name}: {finding.measured}" for finding in signature if not finding.ok]
        raise WorkError("; ".join([str(error), *broken])) from error
    found = replace(found, findings=(*found.findings, *signature))
    off = sum(not finding.ok for finding in found.findings)
    verb = "is" if off == 1 else "are"
    summary = f"{reel.name}: {off} of {len(found.findings)} findings {verb} off"
    on_progress(Progress("check", 1, 1, summary if off else f"{reel.name}: nothing is off"))
    return found


def _refuse_other_files(reel: Path, shown: str) -> None:
    try:
        has_picture = probe(reel).video is not None
    except WorkError as error:
        raise InputError(Problem.in_file(shown, "is not a readable video")) from error
    if not has_picture:
        raise InputError(Problem.in_file(shown, "has no video stream", "name the finished reel"))
