"""Compile a script; one that has not changed since its last run is only verified."""

from __future__ import annotations

import time
from pathlib import Path
from typing import get_args

from ...renderers.files.atomic_file import clear_scratch
from ..files.exists import is_file, is_folder
from ..outputs.last_run import has_run, read_run
from ..outputs.paths import Outputs, outputs_beside, refuse_unwritable
from ..outputs.reel_lock import lock_reel
from ..outputs.report_claims import FileClaims
from ..progress import OnProgress, silent
from ..progress_clock import ProgressClock
from ..report import Report
from ..script.model import Quality
from ..stages.output_options import OutputOptions
from .arguments import refuse_unknown, script_in
from .compile_options import CompileOptions, Until


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

    A run that would repeat the last one is recognised by the content of all its files: they are
    verified, and only the report is written again.

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
        relative_media: write the paths of rendered media relative to the timeline.
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
    refuse_unknown("until", until, "a stage", get_args(Until))
    refuse_unknown("quality", quality, "a quality", get_args(Quality))
    started = time.time()
    clock = ProgressClock(on_progress)
    options = CompileOptions(
        until,
        config,
        renderer,
        quality,
        engine,
        force,
        allow_outside,
        relative_media,
        verify,
        output_options or OutputOptions(),
    )
    folder = Path(output).absolute() if output else None
    path = script_in(Path(script).absolute())
    if options.are_repeatable and is_file(path):
        report = _repeat(options, path, outputs_beside(path, folder), clock)
        if report is not None:
            return report
    from .compile_stages import compile_changed  # noqa: PLC0415 - 0.5 s

    return compile_changed(Path(script).absolute(), folder, options, clock, started)


def _repeat(
    options: CompileOptions, script: Path, outputs: Outputs, clock: ProgressClock
) -> Report | None:
    """Return the report of a run that would change nothing; None if this one may.

    Raises:
        InputError: the folder cannot be written.
        WorkError: the report cannot be written.
    """
    arguments = options.run_arguments(script, outputs)
    if not has_run(arguments) or not is_folder(outputs.folder):
        return None
    refuse_unwritable(outputs)
    with lock_reel(outputs.video, "timeline", clock.on_progress):
        run = read_run(arguments)
        if run is None:
            return None
        for stage, message in run.messages:
            with clock.stage(stage):
                clock.done(stage, message)
        for store in run.stores:
            clear_scratch(store)
        report = run.report
        report.seconds = dict(clock.seconds)
        FileClaims(report, outputs, report.files).write_report()
        return report
