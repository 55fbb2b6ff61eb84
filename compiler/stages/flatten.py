"""Flatten: video files and caption sidecars of a timeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import opentimelineio as otio

from ..backend.captions.burn import to_ass
from ..backend.captions.cues import captions_of
from ..backend.captions.sidecars import to_srt, to_vtt
from ..backend.flatten import OutputFile, flatten, refuse_unfitting
from ..errors import InputError, Problem, WorkError
from ..notices import Notice
from ..outputs.paths import Outputs
from ..progress import OnProgress, Progress
from ..progress_clock import count
from ..provenance.claims import Claims
from ..provenance.sign import Signing
from ..report import Loudness, Report
from .output_options import Finishing, FlattenPlan
from .signing import claims_of


def captions_text(
    timeline: otio.schema.Timeline, outputs: Outputs, size: tuple[int, int], fps: Fraction
) -> dict[Path, str]:
    """Return the text of each caption sidecar, by path."""
    cues = captions_of(timeline)
    return {
        outputs.srt: to_srt(cues),
        outputs.vtt: to_vtt(cues),
        outputs.ass: to_ass(timeline, size, fps),
    }


def refuse_misnamed(video: Path, plan: FlattenPlan) -> None:
    """Reject a video whose suffix does not fit the preset.

    Raises:
        InputError: it has another suffix.
    """
    suffix = plan.output.suffix
    if video.suffix.lower() != suffix:
        what = f"this preset makes a {suffix} file"
        raise InputError(Problem.option("--output", what, f"name it {video.stem}{suffix}"))


def refuse_large(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    plan: FlattenPlan,
    finishing: Finishing,
) -> None:
    """Reject a size limit that the audio alone exceeds, before slots are rendered.

    Arguments as in `make_videos`.

    Raises:
        InputError: the limit is too small.
    """
    if plan.output.most_bytes is not None:
        output = _signed(plan, _claims(plan, timeline, timeline_path), video)
        refuse_unfitting(
            timeline,
            video,
            plan.output.most_bytes,
            media_root=timeline_path.parent,
            segments=segments_of(video) if finishing.keep_segments else None,
            manifest_bytes=output.manifest_bytes,
        )


def make_videos(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    plan: FlattenPlan,
    finishing: Finishing,
    report: Report,
    on_progress: OnProgress,
    before_rename: Callable[[Path, Path], None] | None = None,
) -> None:
    """Flatten a timeline once for each size, and add the results to a report.

    Args:
        timeline: to flatten.
        timeline_path: its file; relative media paths start in its folder.
        video: the file to write. Further files have their size in their names.
        plan: of the video files.
        finishing: options of the run.
        report: receives the results.
        on_progress: called as the work goes on.
        before_rename: called with the path of a video and its temporary file before it is renamed.

    Raises:
        InputError: the timeline cannot be used.
        WorkError: ffmpeg failed; or media are missing without ``allow_missing``: the files are
            written with slates.
    """
    sizes: tuple[tuple[int, int] | None, ...] = plan.sizes or (None,)
    paths = videos_of(video, plan)
    missing: list[str] = []
    claims = _claims(plan, timeline, timeline_path)
    report.warnings += plan.warnings
    for number, (size, path) in enumerate(zip(sizes, paths, strict=True)):
        result = flatten(
            timeline,
            path,
            media_root=timeline_path.parent,
            width=size[0] if size else None,
            height=size[1] if size else None,
            made=_signed(plan, claims, path),
            style=plan.style,
            segments=segments_of(video) if finishing.keep_segments else None,
            allow_network=finishing.allow_network,
            own_sound_db=finishing.clip_sound_db,
            on_progress=_share(on_progress, number, len(sizes)),
            before_rename=before_rename and partial(before_rename, path),
        )
        report.warnings += [line for line in result.warnings if line not in report.warnings]
        missing += [line for line in result.missing if line not in missing]
        if number:
            report.other_videos.append(path)
            continue
        report.video = path
        report.frames, report.fps = result.frames, result.fps
        report.width, report.height = result.width, result.height
        if result.loudness_lufs is not None and result.true_peak_dbtp is not None:
            report.loudness = Loudness(result.loudness_lufs, result.true_peak_dbtp)
    if missing and finishing.allow_missing:
        report.warnings += [Notice("missing", f"missing: {line}") for line in missing]
    elif missing:
        listed = "\n".join(f"  {line}" for line in missing)
        raise WorkError(
            f"{video.name} was written, but slates and silence stand in for media that are "
            f"missing (--allow-missing accepts that):\n{listed}"
        )


def videos_of(video: Path, plan: FlattenPlan) -> list[Path]:
    """List the files of a plan: the video, then those of further sizes."""
    more = (video.with_stem(f"{video.stem}-{w}x{h}") for w, h in plan.sizes[1:])
    return [video, *more]


def _claims(
    plan: FlattenPlan, timeline: otio.schema.Timeline, timeline_path: Path
) -> Claims | None:
    """Return the claims of the manifest; None without a signature."""
    return None if plan.credentials is None else claims_of(timeline, timeline_path.parent)


def _signed(plan: FlattenPlan, claims: Claims | None, video: Path) -> OutputFile:
    """Add the signature to the output; its manifest counts towards the size limit."""
    if plan.credentials is None or claims is None:
        return plan.output
    signing = Signing(plan.credentials, claims, video.name)
    counted = 0 if plan.output.most_bytes is None else signing.manifest_bytes()
    return replace(plan.output, sign=signing.sign, manifest_bytes=counted)


def segments_of(video: Path) -> Path:
    """Return the folder of the encoded segments of a video."""
    return video.with_name(f"{video.stem}.segments")


def _share(on_progress: OnProgress, number: int, parts: int) -> Callable[[int, int], None]:
    """Map the progress of one of several files to that of all."""

    def told(done: int, total: int) -> None:
        on_progress(Progress("flatten", number * total + done, parts * total))

    return told


def reel_made(report: Report) -> str:
    """Return a summary such as ``reel.mp4: 240 frames, 10.00 s, -14.0 LUFS``."""
    name = report.video.name if report.video else ""
    sound = f", {report.loudness.integrated_lufs:.1f} LUFS" if report.loudness else ""
    seconds = float(report.frames / report.fps)
    return f"{name}: {count(report.frames, 'frame')}, {seconds:.2f} s{sound}"
