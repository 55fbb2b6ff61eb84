"""The whole way, stage by stage: the only module that knows all of them.

`compile_script` reads, aligns, schedules, builds the timeline, renders and flattens;
`render_timeline` and `flatten_timeline` begin from a timeline file. Nothing here prints.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import opentimelineio as otio

from ..renderers.recipe import recipe_key
from ..renderers.store import Store
from .editors.compare import compare
from .editors.dialects import EDITORS
from .editors.draft import to_yaml
from .editors.draft_folder import from_folder
from .editors.draft_timeline import from_timeline
from .editors.relink import Relinked, relink
from .errors import InputError, Problem
from .evaluation.evaluation import Evaluation, redrawn
from .evaluation.page import page_of
from .frontend.config import FILE_NAME, load_config
from .frontend.model import Quality
from .inspection.check import Check, check_reel
from .outputs import Outputs, keep_edited, outputs_beside, write_text, write_timeline
from .progress import OnProgress, Progress, silent
from .report import Report
from .stages.bring_back import bring_back, to_render
from .stages.clock import Clock, count
from .stages.disclosure import disclose
from .stages.edit import lay_out, report_of
from .stages.evaluate import (
    chosen_slots,
    evaluate_slots,
    known_qualities,
    pick_takes,
    picked,
)
from .stages.export import export, output_for
from .stages.finishing import Finishing, plan_of
from .stages.flatten import make_videos, reel_made, write_captions
from .stages.models import fetch_models, models_there
from .stages.read import read_script
from .stages.render import Rendering, calls_of, fill_slots, slots_made
from .stages.rendered import link_rendered
from .stages.timelines import read_timeline, report_of_timeline
from .timeline.slots import slot_clips

PLAIN = Finishing()
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
    finishing: Finishing = PLAIN,
    on_progress: OnProgress = silent,
) -> Report:
    """Compile a script into a timeline, its media and the finished reel.

    Args:
        script: the YAML file.
        output: folder for everything that is made; ``build/<script's name>/`` beside the script.
        until: where to stop: at the ``timeline``, at its rendered ``media``, or at the ``video``.
        config: the machine's configuration; else ``video_config.yaml`` beside the script, else the
            user's own.
        renderer: use this one for every scene, whatever the script says.
        quality: use this one for every scene.
        engine: where slots are rendered: ``local``, ``ray`` or ``ray://HOST:PORT``.
        force: render every slot again, also those that the store holds.
        allow_outside: let the script name files outside its folder.
        relative_media: name media relative to the timeline, for a folder that will move.
        finishing: what is asked of the finished video.
        on_progress: called as the work goes on.

    Returns:
        The report, as it is written to ``report.json``.

    Raises:
        InputError: the script, its files or the configuration are wrong. Nothing was written.
        WorkError: the work failed. What was finished is kept, and is used by the next run.
    """
    path = Path(script).absolute()
    clock = Clock(on_progress)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    front = read_script(path, config, renderer, quality, allow_outside, clock)
    if until == "video":
        made = plan_of(front.config, finishing).output
        outputs = replace(outputs, suffix=made.suffix)
    with clock.stage("timeline"):
        schedule, timeline = lay_out(front)
        report = report_of(front, schedule, outputs)
        kept = keep_edited(outputs)
        if kept is not None:
            report.warnings.append(
                f"{outputs.timeline.name} was edited since it was compiled; kept as {kept.name}"
            )
        write_timeline(timeline, outputs.timeline)
        report.captions = write_captions(
            timeline, outputs, (report.width, report.height), report.fps
        )
        _write_report(report, outputs, clock)
        slots = sum(len(scene.slots) for scene in schedule.scenes)
        clock.done(
            "timeline",
            f"{outputs.timeline.name}: {count(schedule.frames, 'frame')}, {count(slots, 'slot')}",
        )
    if until != "timeline":
        with clock.stage("render"):
            try:
                fill_slots(
                    timeline,
                    outputs,
                    report,
                    front.config,
                    Rendering(engine, force, relative_media),
                    on_progress,
                )
            finally:
                write_timeline(timeline, outputs.timeline)
                _write_report(report, outputs, clock)
            clock.done("render", slots_made(report.slots))
    if until == "video":
        with clock.stage("flatten"):
            make_videos(
                timeline,
                outputs.timeline,
                outputs.video,
                front.config,
                finishing,
                report,
                on_progress,
            )
            clock.done("flatten", reel_made(report))
    _write_report(report, outputs, clock)
    return report


def plan_script(
    script: str | Path,
    *,
    output: str | Path | None = None,
    config: str | Path | None = None,
    renderer: str | None = None,
    quality: Quality | None = None,
    allow_outside: bool = False,
) -> list[str]:
    """What `compile_script` would do, a line for each slot and, where a model makes it, its calls;
    nothing is written.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    front = read_script(path, config, renderer, quality, allow_outside, Clock(silent))
    schedule, timeline = lay_out(front)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    store = Store(outputs.media)
    scenes = {scene.id: scene for scene in schedule.scenes}
    lines = [f"{outputs.timeline}: {count(schedule.frames, 'frame')} at {float(schedule.fps):g}"]
    for slot in slot_clips(timeline):
        recipe = slot.recipe
        state = "reuse" if store.find(slot.name, recipe_key(recipe)) else "render"
        start = scenes[slot.scene].start / schedule.fps
        lines.append(
            f"{state:<7} {slot.name:<20} {float(start):7.2f} s  {recipe['frames']:4} frames  "
            f"{recipe['renderer']} {recipe['motion']['camera']}"
        )
        lines += [f"        {line}" for line in calls_of(recipe)]
    lines += [f"note    {notice.scene}: {notice.what}" for notice in schedule.notices]
    return lines


def render_timeline(
    timeline: str | Path,
    *,
    output: str | Path | None = None,
    compiled: str | Path | None = None,
    media: str | Path | None = None,
    config: str | Path | None = None,
    engine: str = "local",
    force: bool = False,
    relative_media: bool = False,
    on_progress: OnProgress = silent,
) -> Report:
    """Fill the slots of a timeline that lack media, and name the media in the file.

    The timeline may come from an editor that dropped the recipes: they are found again, and slots
    that show more than their media hold are rendered again. Media go to ``media/`` beside the
    timeline; what is rendered already is used where it is.

    Args:
        timeline: ``.otio``, or any file that an editor writes.
        output: the ``.otio`` to write; the timeline itself, else a file named after it.
        compiled: the timeline that it was made from, where it is not near.
        media: a folder of rendered media, where they are not near.
        config, engine, force, relative_media, on_progress: as in `compile_script`.

    Raises:
        InputError, WorkError: as in `compile_script`.
    """
    path = Path(timeline).absolute()
    clock = Clock(on_progress)
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        returned = bring_back(
            path,
            compiled=Path(compiled).absolute() if compiled else None,
            media=Path(media).absolute() if media else None,
        )
        target = Path(output).absolute() if output else returned.output
        outputs = Outputs(target.parent, target.stem)
        report = report_of_timeline(returned.timeline, target)
        report.warnings += returned.notes
        clock.done("read", f"{count(report.frames, 'frame')}; {returned.summary}")
    with clock.stage("render"):
        try:
            fill_slots(
                returned.timeline,
                outputs,
                report,
                settings,
                Rendering(engine, force, relative_media, tuple(returned.library.folders)),
                on_progress,
            )
        finally:
            write_timeline(returned.timeline, target)
        clock.done("render", slots_made(report.slots))
    report.seconds = clock.seconds
    return report


def diff_timelines(before: str | Path, after: str | Path) -> list[str]:
    """What changed from one timeline to another, and what would be rendered, one line each.

    Args:
        before: a timeline, such as was compiled.
        after: the same after an edit, in any format that is read.

    Raises:
        InputError: one of them cannot be read.
    """
    old_path, new_path = Path(before).absolute(), Path(after).absolute()
    old = bring_back(old_path)
    new = bring_back(new_path, compiled=old_path if old_path.suffix == ".otio" else None)
    lines = compare(old.timeline, new.timeline, new.fps) or ["nothing changed"]
    store = Store(new.output.parent / "media", new.library.folders)
    return lines + to_render(new, store)


def relink_timeline(
    timeline: str | Path, media: str | Path, output: str | Path | None = None
) -> tuple[Path, Relinked]:
    """Find the files of a timeline again after they were moved.

    Args:
        timeline: an ``.otio`` file.
        media: the folder to look in, and in all below it.
        output: what to write; the timeline itself where it is not given.

    Returns:
        What was written, and what became of the files that were missing.

    Raises:
        InputError: the timeline or the folder cannot be read.
    """
    path, folder = Path(timeline).absolute(), Path(media)
    if not folder.is_dir():
        raise InputError(Problem(str(media), 0, 0, "", "no such folder"))
    loaded = read_timeline(path)
    done = relink(loaded, path.parent, folder)
    target = Path(output).absolute() if output else path
    if target.suffix != ".otio":
        raise InputError(Problem(str(target), 0, 0, "", "is no .otio file", "give -o X.otio"))
    write_timeline(loaded, target)
    return target, done


def init_script(
    source: str | Path, output: str | Path | None = None, *, force: bool = False
) -> tuple[Path, list[str]]:
    """Write a script from a folder of stills, a voice and a text, or from a timeline.

    Args:
        source: the folder, or a timeline in any format that is read.
        output: the script; else ``script.yaml`` in the folder, or the timeline's name with
            ``.yaml``.
        force: write over a script that is there.

    Returns:
        The script's path, and what was guessed, one line each.

    Raises:
        InputError: nothing can be made of it, or the script is there already.
    """
    path = Path(source).absolute()
    is_folder = path.is_dir() and path.suffix not in (".otiod", ".fcpxmld")
    target = path / "script.yaml" if is_folder else path.with_suffix(".yaml")
    target = Path(output).absolute() if output else target
    if target.exists() and not force:
        what = "is there already"
        raise InputError(Problem(str(target), 0, 0, "", what, "give another -o, or --force"))
    if is_folder:
        draft, notes = from_folder(path)
    else:
        draft, notes = from_timeline(read_timeline(path), path, target.parent)
    write_text(target, to_yaml(draft))
    return target, notes


def timeline_of_script(script: str | Path, *, allow_outside: bool = False) -> otio.schema.Timeline:
    """The timeline of a script, with the media that are rendered already; nothing is written.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    front = read_script(path, None, None, None, allow_outside, Clock(silent))
    _, timeline = lay_out(front)
    link_rendered(timeline, [outputs_beside(path, None).media])
    return timeline


@dataclass(frozen=True, slots=True)
class Exported:
    """A file for another program, and what is otherwise in it than in the timeline."""

    path: Path
    notes: list[str]


def export_timeline(
    timeline: str | Path, output: str | Path | None = None, *, editor: str | None = None
) -> Exported:
    """Write a timeline as the file of another program.

    Args:
        timeline: any timeline, with or without rendered media.
        output: what to write; its suffix says in which format. Without it, what the editor likes
            best, beside the timeline.
        editor: one of `EDITORS`, for whose reader it is written.

    Raises:
        InputError: the timeline cannot be read, or nothing writes such a file.
        WorkError: the file cannot be written.
    """
    path = Path(timeline).absolute()
    target, program = (
        output_for(path, editor)
        if output is None
        else (
            Path(output).absolute(),
            EDITORS[editor] if editor is not None else None,
        )
    )
    loaded = read_timeline(path)
    return Exported(target, export(loaded, path.parent, target, program))


def flatten_timeline(
    timeline: str | Path,
    output: str | Path,
    *,
    config: str | Path | None = None,
    finishing: Finishing = PLAIN,
    on_progress: OnProgress = silent,
) -> Report:
    """Flatten any OpenTimelineIO timeline to a video file, or to one for each size.

    Arguments and errors as in `compile_script`.
    """
    path = Path(timeline).absolute()
    clock = Clock(on_progress)
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        loaded = read_timeline(path)
        report = report_of_timeline(loaded, path)
        clock.done("read", f"{path.name}: {count(report.frames, 'frame')}")
    with clock.stage("flatten"):
        video = Path(output).absolute()
        make_videos(loaded, path, video, settings, finishing, report, on_progress)
        clock.done("flatten", reel_made(report))
    report.seconds = clock.seconds
    return report


def list_models(*, config: Path | None = None) -> Iterator[str]:
    """What the configured renderers' models need, and whether it is here: line by line.

    Raises:
        InputError: the configuration is wrong, or what the models need is not installed.
    """
    return models_there(load_config(config, Path.cwd() / FILE_NAME))


def pull_models(
    renderers: Sequence[str],
    *,
    qualities: Sequence[str] | None = None,
    config: Path | None = None,
    bars: bool = False,
) -> Iterator[str]:
    """Fetch what renderers' models need: a line for each thing, as it is there.

    Args:
        renderers: by name.
        qualities: to fetch for; all of them unless they are given.
        config: the machine's configuration; else ``video_config.yaml`` in the current folder, else
            the user's own.
        bars: whether the hub's library shows what it fetches, on standard error.

    Raises:
        InputError: there is no such renderer, or the configuration is wrong.
        WorkError: something cannot be fetched. What was fetched is kept.
    """
    return fetch_models(
        renderers, qualities, load_config(config, Path.cwd() / FILE_NAME), bars=bars
    )


def check_video(
    video: str | Path, timeline: str | Path, *, on_progress: OnProgress = silent
) -> Check:
    """Measure a finished reel against the timeline it was made from.

    Raises:
        InputError: a file is missing or is not what it should be.
        WorkError: the video cannot be decoded.
    """
    path, reel = Path(timeline).absolute(), Path(video).absolute()
    if not reel.is_file():
        what = "is a folder, not a video" if reel.is_dir() else "no such file"
        raise InputError(Problem(str(video), 0, 0, "", what))
    loaded = read_timeline(path)
    report = report_of_timeline(loaded, path)
    found = check_reel(
        reel,
        loaded,
        media_root=path.parent,
        width=report.width,
        height=report.height,
        fps=report.fps,
        on_frame=lambda done: on_progress(Progress("check", done, report.frames)),
    )
    off = sum(not finding.ok for finding in found.findings)
    summary = f"{reel.name}: {off} of {len(found.findings)} findings are off"
    on_progress(Progress("check", 1, 1, summary if off else f"{reel.name}: nothing is off"))
    return found


def evaluate_timeline(
    timeline: str | Path,
    *,
    renderers: Sequence[str] = (),
    qualities: Sequence[str] = ("standard",),
    slots: Sequence[str] = (),
    picks: Sequence[str] = (),
    config: str | Path | None = None,
    force: bool = False,
    on_progress: OnProgress = silent,
) -> Evaluation:
    """Compare renderers on slots of a timeline: make takes, measure them, and show them on a page.

    The takes are added to the timeline's clips, whose media stay what they are until one is picked.
    What was made and measured before is not made again.

    Args:
        timeline: as `compile_script` writes it.
        renderers: to compare; all that can run here where none are named, none where takes are
            only to be picked.
        qualities: of each.
        slots: to try; three, spread over the reel, where none are named; ``["all"]`` for all.
        picks: takes to make active, as ``TAKE`` or ``SLOT=TAKE``.
        config: the machine's configuration, as `compile_script` takes it.
        force: make and measure again what was.
        on_progress: called as the work goes on.

    Returns:
        The evaluation, as it is written to ``<name>.evaluation.json``.

    Raises:
        InputError: the timeline, a name or the configuration is wrong. Nothing was written.
        WorkError: what was made cannot be measured.
    """
    path = Path(timeline).absolute()
    clock = Clock(on_progress)
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        loaded = read_timeline(path)
        tried = chosen_slots(loaded, slots, path)
        wanted = known_qualities(qualities)
        clock.done("read", f"{path.name}: {count(len(list(slot_clips(loaded))), 'slot')}")
    found = Evaluation(path)
    if renderers or not picks:
        with clock.stage("evaluate"):
            outputs = Outputs(path.parent, path.stem)
            evaluate_slots(
                tried, renderers, wanted, settings, outputs, found, on_progress, force=force
            )
            clock.done("evaluate", f"{count(len(found.takes), 'take')} measured")
    pick_takes(loaded, picks, slots, path)
    found.picked = picked(loaded)
    if picks:
        disclose(loaded, path.parent)
    if found.takes or picks:
        write_timeline(loaded, path)
    shown = found if found.takes else redrawn(found)
    if shown.takes:
        write_text(found.data, shown.as_text())
        write_text(found.page, page_of(shown, tried if found.takes else list(slot_clips(loaded))))
    return found


def _write_report(report: Report, outputs: Outputs, clock: Clock) -> None:
    report.seconds = dict(clock.seconds)
    report.timeline_sha256 = hashlib.sha256(outputs.timeline.read_bytes()).hexdigest()
    write_text(outputs.report, report.as_text())
