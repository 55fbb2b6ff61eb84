"""Flatten: a timeline to a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from ..editors.formats import refuse_missing
from ..editors.read_timeline import read_timeline, report_of_timeline
from ..editors.relink import relink_nearby
from ..files.path_limits import names_of_video, refuse_unusable
from ..files.protected_files import refuse_inputs
from ..notices import Notice
from ..outputs.made_files import keep_hash
from ..outputs.paths import segments_of, videos_of
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import claim_file, keep_unclaimed
from ..progress import OnProgress, silent
from ..progress_clock import ProgressClock, count
from ..report import Report
from ..script.renderer_settings import read_config
from ..stages.flatten import (
    covers_of,
    flatten_summary,
    make_videos,
    refuse_wrong_suffix,
    report_videos,
    unrendered_notices,
)
from ..stages.input_files import NEW_NAME, inputs_of_timeline, timeline_file
from ..stages.old_covers import remove_old_covers
from ..stages.output_options import OutputOptions
from ..stages.resolve_output import resolve_output
from ..stages.signing import credentials_of, is_marked_signed
from ..timeline.properties import refuse_empty


def flatten_timeline(
    timeline: str | Path,
    output: str | Path,
    *,
    fps: Fraction | None = None,
    sequence: str | None = None,
    config: str | Path | None = None,
    output_options: OutputOptions | None = None,
    on_progress: OnProgress = silent,
) -> Report:
    """Flatten any OpenTimelineIO timeline to a video, or to one for each size.

    Args:
        timeline: in any format that can be read.
        output: the video file; its suffix is that of the preset.
        fps: frame rate of an ``.edl``, which states none.
        sequence: name of the timeline, for files that hold several.
        config: the configuration; else ``video_config.yaml`` beside the input, else in the user's
            configuration folder.
        output_options: preset, sizes, and the media to accept.
        on_progress: called with each step.

    Returns:
        The report, with a warning for each omitted item.

    Raises:
        InputError: the timeline, the configuration or the preset is wrong. Nothing was written.
        WorkError: the work failed, or media are missing. The next run reuses finished segments.
    """
    path, video = Path(timeline).absolute(), Path(output).absolute()
    clock = ProgressClock(on_progress)
    settings = read_config(config, path)
    spec = resolve_output(settings, output_options or OutputOptions())
    credentials = credentials_of(settings)
    refuse_wrong_suffix(video, spec)
    refuse_unusable(video.parent, names_of_video(video))
    refuse_missing(path)
    with lock_reel(video, "flatten", on_progress):
        with clock.stage("read"):
            loaded = read_timeline(path, fps, sequence)
            relinked = relink_nearby(loaded, path.parent)
            inputs = [*timeline_file(path), *inputs_of_timeline(loaded, path, settings)]
            refuse_inputs(
                [*videos_of(video, spec.sizes), *covers_of(loaded, videos_of(video, spec.sizes))],
                inputs,
                NEW_NAME,
                folders=[segments_of(video)],
            )
            report = report_of_timeline(loaded, path, path.parent)
            refuse_empty(loaded, report.frames, path)
            report.warnings += [*relinked, *unrendered_notices(loaded, path)]
            if path.suffix.lower() == ".edl" and not loaded.audio_tracks():
                what = "carries no sound; otio-gvideo render adds that of its compiled timeline"
                report.warnings.append(Notice("format", f"{path.name}: {what}"))
            if is_marked_signed(loaded) and credentials is None:
                what = f"{path.name} was compiled to be signed, and {video.name} is not"
                report.warnings.append(Notice("unsigned", f"{what} (--config)"))
            clock.done("read", f"{path.name}: {count(report.frames, 'frame')}")

        def before_rename(made: Path, temporary: Path) -> None:
            if made != video:
                kept = keep_unclaimed(path, made, temporary)
                report.warnings += [] if kept is None else [kept]
                keep_hash(made, temporary)
            claim_file(path, made, temporary)

        with clock.stage("flatten"), report.kept_on_failure():
            videos = make_videos(loaded, path, video, spec, credentials, on_progress, before_rename)
            report_videos(report, videos, spec)
            remove_old_covers(path, videos_of(video, spec.sizes), report.covers, inputs)
            clock.done("flatten", flatten_summary(report))
    report.seconds = clock.seconds
    return report
