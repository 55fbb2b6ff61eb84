"""Compile: read, align, schedule, build the timeline, render and flatten. Nothing is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import opentimelineio as otio

from ...renderers.run.store import Store
from ..files.exists import is_folder
from ..files.protected_files import refuse_inputs
from ..notices import Notice
from ..outputs.paths import Outputs, outputs_beside, refuse_unwritable, timeline_text
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import FileClaims
from ..progress import OnProgress, silent
from ..progress_clock import ProgressClock, count
from ..report import Report
from ..script.model import Quality
from ..stages.edit import build_edit, edit_report
from ..stages.flatten import (
    caption_warnings,
    captions_text,
    flatten_summary,
    make_videos,
    refuse_small_size_limit,
    report_videos,
)
from ..stages.input_files import NEW_FOLDER, inputs_of_script, store_files
from ..stages.model_checks import refuse_models
from ..stages.output_options import OutputOptions
from ..stages.read import ParsedScript, read_script
from ..stages.render import RenderOptions, fill_slots, refuse_engine, render_summary
from ..stages.signing import mark_signed
from ..stages.verify_stores import verify_stored
from ..timeline.slots import slot_clips
from .arguments import refuse_unknown
from .init import DRAFT_NAME, init_script

Until = Literal["timeline", "media", "video"]


def compile_script(
    script: str | Path,
    *,
    output: str | Path | None = None,
    until: Until = "video",
    config: str | Path | None = None,
    renderer: str | None = None,
    quality: Quality | None = None,
    engine: str = "local",
    force: bool = False,
    allow_outside: bool = False,
    relative_media: bool = False,
    verify: bool = False,
    output_options: OutputOptions | None = None,
    on_progress: OnProgress = silent,
) -> Report:
    """Compile a script into a timeline, its media and the finished reel.

    Args:
        script: the YAML file; or a folder with its ``script.yaml``, which is drafted as by
            `init_script` if there is none.
        output: the output folder; by default ``build/<script's name>/`` beside the script.
        until: the last stage: ``timeline``, ``media`` or ``video``.
        config: the configuration; else ``video_config.yaml`` beside the script, else in the user's
            configuration folder.
        renderer: the renderer of every scene; by default the script's.
        quality: the quality of every scene; by default the script's.
        engine: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: render every slot again, cache hits too.
        allow_outside: let the script name files outside its folder.
        relative_media: write media paths relative to the timeline.
        verify: compare every stored file with its SHA-256, unused ones too.
        output_options: preset, sizes and size limit of the video.
        on_progress: called with each step.

    Returns:
        The report, as written to ``report.json``.

    Raises:
        InputError: the script, its files, the configuration or the output options are wrong.
            Nothing was written, except the timeline if its sound alone exceeds the size limit.
        WorkError: the work failed. The next run reuses finished parts.
    """
    refuse_engine(engine)
    refuse_unknown("until", until, "a stage", get_args(Until))
    refuse_unknown("quality", quality, "a quality", get_args(Quality))
    clock = ProgressClock(on_progress)
    path, drafted = _script_file(Path(script).absolute(), clock)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    refuse_unwritable(outputs)
    wanted = (output_options or OutputOptions()) if until == "video" else None
    parsed = read_script(
        path,
        config,
        renderer,
        quality,
        allow_outside,
        clock,
        wanted,
        outputs,
        media=outputs.media,
        needs_models=until != "timeline" and engine == "local",
        writes_prompts=True,
    )
    if parsed.output is not None:
        outputs = replace(outputs, suffix=parsed.output.suffix)
    options = RenderOptions(engine, force, relative_media)
    with lock_reel(outputs.video, "timeline", on_progress):
        return compile_parsed(
            parsed, outputs, until, options, clock, warnings=drafted, verify=verify
        )


def _script_file(path: Path, clock: ProgressClock) -> tuple[Path, list[Notice]]:
    """Return the script, and the guesses of its draft if it was written now."""
    if not is_folder(path):
        return path, []
    script = path / DRAFT_NAME
    if script.exists():
        return script, []
    drafted, guesses = init_script(path)
    clock.done("read", f"{drafted.name}: drafted from {path.name}")
    return drafted, guesses


def compile_parsed(
    parsed: ParsedScript,
    outputs: Outputs,
    until: Until,
    options: RenderOptions,
    clock: ProgressClock,
    *,
    warnings: Sequence[Notice] = (),
    verify: bool = False,
) -> Report:
    """Compile a parsed script under the lock of its reel; its warnings follow the given ones.

    Errors as in `compile_script`.
    """
    damaged = verify_stored(outputs) if verify else []
    timeline, report, claims = _write_edit(parsed, outputs, until, options, clock)
    report.warnings[:0] = warnings
    report.warnings += damaged
    if parsed.output is not None:
        refuse_small_size_limit(
            timeline, outputs.timeline, outputs.video, parsed.output, parsed.credentials
        )
    if until != "timeline":
        with clock.stage("render"), report.kept_on_failure():
            try:
                fill_slots(timeline, outputs, report, parsed.config, options, clock.on_progress)
            finally:
                claims.write({outputs.timeline: timeline_text(timeline)})
                _write_report(report, claims, clock)
            clock.done("render", render_summary(report.slots))
    if parsed.output is not None:
        with clock.stage("flatten"), report.kept_on_failure():
            videos = make_videos(
                timeline,
                outputs.timeline,
                outputs.video,
                parsed.output,
                parsed.credentials,
                clock.on_progress,
                claims.before_rename,
            )
            report_videos(report, videos, parsed.output)
            clock.done("flatten", flatten_summary(report))
    _write_report(report, claims, clock)
    return report


def _write_edit(
    parsed: ParsedScript,
    outputs: Outputs,
    until: Until,
    options: RenderOptions,
    clock: ProgressClock,
) -> tuple[otio.schema.Timeline, Report, FileClaims]:
    """Write the timeline of a script, with stills as media, and its report.

    Raises:
        InputError: rendering would overwrite an input, or a model cannot run here. Nothing was
            written.
    """
    with clock.stage("timeline"):
        schedule, timeline = build_edit(parsed)
        if parsed.credentials is not None:
            mark_signed(timeline)
        report = edit_report(parsed, schedule, timeline, outputs)
        if until != "timeline":
            recipes = ((slot.name, slot.recipe) for slot in slot_clips(timeline))
            media = store_files(Store(outputs.media, read=False), recipes)
            refuse_inputs(media, inputs_of_script(parsed.script, parsed.config), NEW_FOLDER)
            refuse_models(timeline, outputs, parsed.config, options)
        claims = FileClaims(report, outputs)
        size = report.width, report.height
        captions = captions_text(timeline, outputs, size, report.fps)
        report.warnings += caption_warnings(timeline, size, report.fps)
        report.captions = list(captions)
        claims.write({outputs.timeline: timeline_text(timeline), **captions})
        _write_report(report, claims, clock)
        slots = sum(len(scene.slots) for scene in schedule.scenes)
        clock.done(
            "timeline",
            f"{outputs.timeline.name}: {count(schedule.frames, 'frame')}, {count(slots, 'slot')}",
        )
    return timeline, report, claims


def _write_report(report: Report, claims: FileClaims, clock: ProgressClock) -> None:
    report.seconds = dict(clock.seconds)
    claims.write_report()
