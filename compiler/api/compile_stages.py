"""The stages of a compile: read, align, schedule, build the timeline, render and flatten."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import opentimelineio as otio

from ...renderers.run.store import Store
from ..files.protected_files import refuse_inputs
from ..notices import Notice
from ..outputs.last_run import LastRun, write_run
from ..outputs.paths import (
    Outputs,
    outputs_beside,
    refuse_unwritable,
    segments_of,
    timeline_text,
    videos_of,
)
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import FileClaims
from ..progress import Progress, Stage
from ..progress_clock import ProgressClock, count
from ..report import Report
from ..stages.edit import build_edit, edit_report
from ..stages.flatten import (
    caption_warnings,
    captions_text,
    flatten_summary,
    make_videos,
    refuse_small_size_limit,
    report_videos,
    sound_while_rendering,
)
from ..stages.input_files import NEW_FOLDER, inputs_of_script, store_files
from ..stages.model_checks import refuse_models
from ..stages.old_covers import remove_old_covers
from ..stages.read import ParsedScript, read_script
from ..stages.render import RenderOptions, fill_slots, refuse_engine, render_summary
from ..stages.repeatable import files_of_run
from ..stages.signing import mark_signed
from ..stages.verify_stores import verify_stored
from ..timeline.slots import slot_clips
from .arguments import script_in
from .compile_options import CompileOptions, Until
from .init import init_script


def compile_changed(
    source: Path,
    folder: Path | None,
    options: CompileOptions,
    clock: ProgressClock,
    started: float,
) -> Report:
    """Compile a script with all its stages; see `compile_script`.

    Args:
        source: the script, or a folder with it.
        folder: for all outputs; None for ``build/<script's name>/`` beside the script.
        options: of the run.
        clock: of the run.
        started: when the run began, in seconds since the epoch.
    """
    refuse_engine(options.engine)
    messages: list[tuple[Stage, str]] = []
    show = clock.on_progress

    def note(progress: Progress) -> None:
        if progress.message and progress.done == progress.total == 1:
            messages.append((progress.stage, progress.message))
        show(progress)

    clock.on_progress = note
    path, drafted = _script_file(source, clock)
    outputs = outputs_beside(path, folder)
    refuse_unwritable(outputs)
    parsed = read_script(
        path,
        options.config,
        options.renderer,
        options.quality,
        options.allow_outside,
        clock,
        options.output if options.until == "video" else None,
        outputs,
        media=outputs.media,
        needs_models=options.until != "timeline" and options.engine == "local",
        writes_prompts=True,
    )
    arguments = options.run_arguments(path, outputs)
    if parsed.output is not None:
        outputs = replace(outputs, suffix=parsed.output.suffix)
    rendering = RenderOptions(options.engine, options.force, options.relative_media)
    with lock_reel(outputs.video, "timeline", show):
        report = compile_parsed(
            parsed,
            outputs,
            options.until,
            rendering,
            clock,
            warnings=drafted,
            verify=options.verify,
        )
        with suppress(OSError):  # A run that cannot be kept is done again.
            kept = options.are_repeatable
            files = files_of_run(parsed, outputs, options.config, report, started) if kept else None
            if files is not None:
                stores = [outputs.media, segments_of(outputs.video)]
                run = LastRun(_of_repetition(messages, report), stores, report)
                write_run(arguments, files, run)
    return report


def _of_repetition(
    messages: Sequence[tuple[Stage, str]], report: Report
) -> list[tuple[Stage, str]]:
    """Return the messages of a run that repeats one: it renders nothing."""
    reused = render_summary([replace(slot, reused=True) for slot in report.slots])
    return [(stage, reused if stage == "render" else text) for stage, text in messages]


def _script_file(path: Path, clock: ProgressClock) -> tuple[Path, list[Notice]]:
    """Return the script, and the guesses of its draft if it was written now."""
    script = script_in(path)
    if script == path or script.exists():
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
    timeline, report, claims, has_work = _write_edit(parsed, outputs, until, options, clock)
    report.warnings[:0] = warnings
    report.warnings += damaged
    if parsed.output is not None:
        report.warnings += refuse_small_size_limit(
            timeline, outputs.timeline, outputs.video, parsed.output, parsed.credentials
        )
    if until != "timeline":
        with clock.stage("render"), report.kept_on_failure():
            beside = parsed.output if has_work else None
            try:
                sound = sound_while_rendering(timeline, outputs.timeline, outputs.video, beside)
                with sound as store:
                    fill_slots(timeline, outputs, report, parsed.config, options, clock.on_progress)
                report.warnings += store.warnings
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
            remove_old_covers(
                outputs.timeline,
                videos_of(outputs.video, parsed.output.sizes),
                report.covers,
                inputs_of_script(parsed.script, parsed.config),
            )
            clock.done("flatten", flatten_summary(report))
    _write_report(report, claims, clock)
    return report


def _write_edit(
    parsed: ParsedScript,
    outputs: Outputs,
    until: Until,
    options: RenderOptions,
    clock: ProgressClock,
) -> tuple[otio.schema.Timeline, Report, FileClaims, bool]:
    """Write the timeline of a script, with stills as media, and its report.

    Returns:
        Also the claims of its files, and whether there are slots to render.

    Raises:
        InputError: rendering would overwrite an input, or a model cannot run here. Nothing was
            written.
    """
    with clock.stage("timeline"):
        schedule, timeline = build_edit(parsed)
        if parsed.credentials is not None:
            mark_signed(timeline)
        report = edit_report(parsed, schedule, timeline, outputs)
        missing: list[Path] = []
        if until != "timeline":
            recipes = ((slot.name, slot.recipe) for slot in slot_clips(timeline))
            missing += store_files(Store(outputs.media, read=False), recipes)
            refuse_inputs(missing, inputs_of_script(parsed.script, parsed.config), NEW_FOLDER)
            refuse_models(timeline, outputs, parsed.config, options)
        claims = FileClaims(report, outputs)
        size = report.width, report.height
        captions = captions_text(timeline, outputs, size, report.fps)
        report.warnings += caption_warnings(timeline, size, report.fps)
        report.captions = list(captions)
        claims.write({outputs.timeline: timeline_text(timeline), **captions})
        _write_report(report, claims, clock)
        slots = sum(len(scene.slots) for scene in schedule.scenes)
        clips = sum(len(scene.clips) for scene in parsed.script.scenes)
        parts = [count(schedule.frames, "frame"), count(slots, "slot")]
        parts += [count(clips, "clip")] if clips else []
        clock.done("timeline", f"{outputs.timeline.name}: {', '.join(parts)}")
    return timeline, report, claims, bool(missing)


def _write_report(report: Report, claims: FileClaims, clock: ProgressClock) -> None:
    report.seconds = dict(clock.seconds)
    claims.write_report()
