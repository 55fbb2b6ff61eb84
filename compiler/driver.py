"""The whole way, stage by stage: the only module that knows all of them.

`compile_script` reads, aligns, schedules, builds the timeline, renders and flattens;
`render_timeline` and `flatten_timeline` begin from a timeline file. Nothing here prints.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import opentimelineio as otio

from ..renderers import base, pool
from ..renderers.recipe import recipe_key
from ..renderers.store import Store
from .backend.captions import captions_of, to_srt, to_vtt
from .backend.encode import Encoding, write_clip
from .backend.flatten import flatten
from .errors import InputError, Problem, WorkError
from .frontend.audio import duration_of
from .frontend.config import Config, load_config
from .frontend.model import Quality, Scene, Script
from .frontend.script import load_script
from .frontend.speech import Speech, hear
from .inspection.check import Check, check_reel
from .outputs import Outputs, keep_edited, outputs_beside, write_text, write_timeline
from .progress import OnProgress, Progress, Stage, silent
from .report import Loudness, Report, SceneReport, SlotReport
from .sync import edit
from .sync.frames import frame_time
from .sync.schedule import lay_end_to_end, make_schedule
from .sync.types import Interval, Word
from .timeline.build import NAMESPACE, Sound, build_timeline
from .timeline.rate import exact_rate, whole_frames
from .timeline.recipes import Making, slot_recipes
from .timeline.slots import set_media, slot_clips

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
        on_progress: called as the work goes on.

    Returns:
        The report, as it is written to ``report.json``.

    Raises:
        InputError: the script, its files or the configuration are wrong. Nothing was written.
        WorkError: the work failed. What was finished is kept, and is used by the next run.
    """
    path = Path(script).absolute()
    clock = _Clock(on_progress)
    front = _read(path, config, renderer, quality, allow_outside, clock)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    with clock.stage("timeline"):
        schedule, timeline = _edit(front)
        report = _report(front, schedule, outputs)
        kept = keep_edited(outputs)
        if kept is not None:
            report.warnings.append(
                f"{outputs.timeline.name} was edited since it was compiled; kept as {kept.name}"
            )
        write_timeline(timeline, outputs.timeline)
        report.captions = _write_captions(timeline, outputs)
        _write_report(report, outputs, clock)
        slots = sum(len(scene.slots) for scene in schedule.scenes)
        clock.done(
            "timeline",
            f"{outputs.timeline.name}: {_count(schedule.frames, 'frame')}, {_count(slots, 'slot')}",
        )
    if until != "timeline":
        with clock.stage("render"):
            try:
                _render(
                    timeline,
                    outputs,
                    report,
                    front.config,
                    _Rendering(engine, force, relative_media),
                    on_progress,
                )
            finally:
                write_timeline(timeline, outputs.timeline)
                _write_report(report, outputs, clock)
            clock.done("render", _made(report.slots))
    if until == "video":
        with clock.stage("flatten"):
            _flatten(timeline, outputs.timeline, outputs.video, front.config, report, on_progress)
            clock.done("flatten", _reel(report))
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
    """What `compile_script` would do, one line for each slot; nothing is written.

    Arguments and errors as in `compile_script`.
    """
    path = Path(script).absolute()
    front = _read(path, config, renderer, quality, allow_outside, _Clock(silent))
    schedule, timeline = _edit(front)
    outputs = outputs_beside(path, Path(output).absolute() if output else None)
    store = Store(outputs.media)
    scenes = {scene.id: scene for scene in schedule.scenes}
    lines = [f"{outputs.timeline}: {_count(schedule.frames, 'frame')} at {float(schedule.fps):g}"]
    for slot in slot_clips(timeline):
        recipe = slot.recipe
        state = "reuse" if store.find(slot.name, recipe_key(recipe)) else "render"
        start = scenes[slot.scene].start / schedule.fps
        lines.append(
            f"{state:<7} {slot.name:<20} {float(start):7.2f} s  {recipe['frames']:4} frames  "
            f"{recipe['renderer']} {recipe['motion']['camera']}"
        )
    lines += [f"note    {notice.scene}: {notice.what}" for notice in schedule.notices]
    return lines


def render_timeline(
    timeline: str | Path,
    *,
    config: str | Path | None = None,
    engine: str = "local",
    force: bool = False,
    relative_media: bool = False,
    on_progress: OnProgress = silent,
) -> Report:
    """Fill the slots of a timeline that lack media, and name the media in the file.

    Media go to ``media/`` beside the timeline. Arguments and errors as in `compile_script`.
    """
    path = Path(timeline).absolute()
    clock = _Clock(on_progress)
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        loaded = read_timeline(path)
        outputs = Outputs(path.parent, path.stem)
        report = report_of_timeline(loaded, path)
        clock.done("read", f"{path.name}: {_count(report.frames, 'frame')}")
    with clock.stage("render"):
        try:
            _render(
                loaded,
                outputs,
                report,
                settings,
                _Rendering(engine, force, relative_media),
                on_progress,
            )
        finally:
            write_timeline(loaded, path)
        clock.done("render", _made(report.slots))
    report.seconds = clock.seconds
    return report


def flatten_timeline(
    timeline: str | Path,
    output: str | Path,
    *,
    config: str | Path | None = None,
    on_progress: OnProgress = silent,
) -> Report:
    """Flatten any OpenTimelineIO timeline to one video file.

    Arguments and errors as in `compile_script`.
    """
    path = Path(timeline).absolute()
    clock = _Clock(on_progress)
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        loaded = read_timeline(path)
        report = report_of_timeline(loaded, path)
        clock.done("read", f"{path.name}: {_count(report.frames, 'frame')}")
    with clock.stage("flatten"):
        _flatten(loaded, path, Path(output).absolute(), settings, report, on_progress)
        clock.done("flatten", _reel(report))
    report.seconds = clock.seconds
    return report


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
        raise InputError(Problem(str(video), 0, 0, "", "no such file"))
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


def read_timeline(path: Path) -> otio.schema.Timeline:
    """Read any timeline that OTIO's adapters can.

    Raises:
        InputError: the file is missing, broken, or holds something else than a timeline.
    """
    try:
        loaded = otio.adapters.read_from_file(str(path))
    except FileNotFoundError as error:
        raise InputError(Problem(str(path), 0, 0, "", "no such file")) from error
    except (otio.exceptions.OTIOError, OSError, ValueError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            Problem(str(path), 0, 0, "", f"cannot be read as a timeline: {what}")
        ) from error
    if not isinstance(loaded, otio.schema.Timeline):
        raise InputError(
            Problem(str(path), 0, 0, "", f"holds a {type(loaded).__name__}, not a Timeline")
        )
    return loaded


def report_of_timeline(timeline: otio.schema.Timeline, path: Path) -> Report:
    """An empty report for a timeline, with the size and rate that it states."""
    output = timeline.metadata.get(NAMESPACE, {}).get("output", {})
    duration = timeline.duration()
    fps = Fraction(output["fps"]) if "fps" in output else exact_rate(duration.rate)
    return Report(
        timeline=path,
        width=output.get("width", 1080),
        height=output.get("height", 1920),
        fps=fps,
        frames=whole_frames(duration, fps),
    )


class _Clock:
    """Seconds by stage, and the first and last word of each stage's progress."""

    def __init__(self, on_progress: OnProgress):
        self.tell = on_progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        self.tell(Progress(stage, 0, 1))
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - started

    def done(self, stage: Stage, message: str) -> None:
        self.tell(Progress(stage, 1, 1, message))


@dataclass(frozen=True, slots=True)
class _Front:
    """What is known before the edit: the script, what is heard, and how pictures are made."""

    script: Script
    config: Config
    making: Making
    speech: Speech


def _read(
    path: Path,
    config: str | Path | None,
    renderer: str | None,
    quality: Quality | None,
    allow_outside: bool,
    clock: _Clock,
) -> _Front:
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        script = load_script(path, allow_outside=allow_outside, renderers=base.renderer_names())
        script = _override(script, renderer, quality)
        making = _making(script.scenes, settings)
        clock.done("read", f"{path.name}: {_count(len(script.scenes), 'scene')}")
    with clock.stage("align"):
        speech = hear(script, lambda share: clock.tell(Progress("align", share, 1)))
        spoken = sum(len(words) for words in speech.words.values())
        seconds = float(sum((voice.duration for voice in speech.voices), Fraction(0)))
        clock.done("align", f"{_count(spoken, 'word')} in {seconds:.1f} s of narration")
    return _Front(script, settings, making, speech)


def _override(script: Script, renderer: str | None, quality: Quality | None) -> Script:
    """The script with one renderer or quality for all scenes."""
    if renderer is not None and renderer not in base.renderer_names():
        known = ", ".join(base.renderer_names())
        raise InputError(
            Problem("", 0, 0, "--renderer", f"there is no renderer {renderer!r}", f"known: {known}")
        )
    scenes = tuple(
        replace(scene, renderer=renderer or scene.renderer, quality=quality or scene.quality)
        for scene in script.scenes
    )
    return replace(script, scenes=scenes)


def _making(scenes: Sequence[Scene], config: Config) -> Making:
    """Versions and settings of the renderers that the scenes name.

    Raises:
        InputError: a renderer cannot run here, for every scene that names it.
    """
    versions: dict[str, int] = {}
    continues: set[str] = set()
    problems = []
    for scene in scenes:
        name = scene.renderer
        if name in versions:
            continue
        try:
            kind = base.renderer_class(name)
            versions[name] = kind.version
            if kind(config.renderers.get(name, {}), scene.quality).limits.continues:
                continues.add(name)
        except base.UnavailableError as error:
            place = scene.places.get("renderer") or scene.places.get("")
            problems.append(
                Problem(place.file, place.line, place.column, place.where, str(error))
                if place
                else Problem("", 0, 0, scene.id, str(error))
            )
    if problems:
        raise InputError(problems)
    encoder = config.encoder
    return Making(
        versions=versions,
        settings=config.renderers,
        encoding={"codec": encoder.codec, "preset": encoder.preset, "crf": encoder.crf},
        key_of=recipe_key,
        continues=frozenset(continues),
    )


def _schedule(script: Script, speech: Speech) -> edit.Schedule:
    fps = script.output.fps
    sources = lay_end_to_end((voice.duration for voice in speech.voices), fps)
    scenes = []
    for scene in script.scenes:
        offset = Fraction(0)
        if scene.id in speech.voice_of:
            offset = frame_time(sources[speech.voice_of[scene.id]].start, fps)
        scenes.append(
            edit.SceneInput(
                id=scene.id,
                words=tuple(
                    Word(word.text, word.start + offset, word.end + offset)
                    for word in speech.words.get(scene.id, ())
                ),
                time=scene.time and Interval(scene.time[0] + offset, scene.time[1] + offset),
                beat=scene.duration,
                transition=scene.transition.duration,
            )
        )
    policy = script.silences
    silences = edit.Silences(policy.policy, policy.longer_than, policy.keep)
    try:
        return make_schedule(scenes, sources, fps, silences)
    except edit.ScheduleError as error:
        scene = next(scene for scene in script.scenes if scene.id == error.scene)
        place = scene.places.get("")
        raise InputError(
            Problem(
                place.file if place else "",
                place.line if place else 0,
                place.column if place else 0,
                place.where if place else scene.id,
                error.what,
                error.hint,
            )
        ) from error


def _edit(front: _Front) -> tuple[edit.Schedule, otio.schema.Timeline]:
    """The schedule of a script, and its timeline with stills as media."""
    script, speech = front.script, front.speech
    schedule = _schedule(script, speech)
    music = None
    if script.music is not None:
        music = Sound(script.music.audio, duration_of(script.music.audio))
    voices = [Sound(voice.path, voice.duration) for voice in speech.voices]
    recipes = slot_recipes(script, schedule, front.making)
    return schedule, build_timeline(script, schedule, recipes, voices, music)


def _report(front: _Front, schedule: edit.Schedule, outputs: Outputs) -> Report:
    return Report(
        script=front.script.path,
        timeline=outputs.timeline,
        width=front.script.output.width,
        height=front.script.output.height,
        fps=schedule.fps,
        frames=schedule.frames,
        scenes=[SceneReport(s.id, s.start, s.end, s.cut) for s in schedule.scenes],
        warnings=[
            *front.speech.warnings,
            *_not_done(front.script),
            *(f"{notice.scene}: {notice.what}" for notice in schedule.notices),
        ],
    )


def _not_done(script: Script) -> list[str]:
    """What the script asks for and does not get."""
    undone = []
    if script.captions.burn:
        undone.append("captions.burn: captions are written beside the reel, not into the picture")
    first = script.scenes[0]
    if first.transition.duration and "transition" in first.places:
        undone.append(f"{first.id}: the first scene comes in by a cut; its transition is left out")
    return undone


def _write_captions(timeline: otio.schema.Timeline, outputs: Outputs) -> list[Path]:
    cues = captions_of(timeline)
    write_text(outputs.srt, to_srt(cues))
    write_text(outputs.vtt, to_vtt(cues))
    return [outputs.srt, outputs.vtt]


def _write_report(report: Report, outputs: Outputs, clock: _Clock) -> None:
    report.seconds = dict(clock.seconds)
    report.timeline_sha256 = hashlib.sha256(outputs.timeline.read_bytes()).hexdigest()
    write_text(outputs.report, report.as_text())


@dataclass(frozen=True, slots=True)
class _Rendering:
    """How slots are filled: where, whether again, and how their media are named."""

    engine: str
    force: bool
    relative_media: bool


def _render(
    timeline: otio.schema.Timeline,
    outputs: Outputs,
    report: Report,
    config: Config,
    how: _Rendering,
    on_progress: OnProgress,
) -> None:
    """Render what the slots lack; what is finished is named in the timeline, also on failure."""
    slots = list(slot_clips(timeline))
    by_name = {slot.name: slot for slot in slots}
    total = sum(int(slot.recipe["frames"]) for slot in slots)
    done: dict[str, int] = {}

    def on_frames(slot: str, frames: int, _: int) -> None:
        done[slot] = frames
        on_progress(Progress("render", sum(done.values()), total))

    def on_finished(rendered: pool.Rendered) -> None:
        slot = by_name[rendered.slot]
        set_media(slot, rendered.path, outputs.folder if how.relative_media else None)
        report.slots.append(
            SlotReport(
                name=rendered.slot,
                renderer=str(slot.recipe["renderer"]),
                key=rendered.key,
                media=rendered.path,
                reused=rendered.reused,
                seconds=rendered.seconds,
            )
        )

    try:
        pool.render_slots(
            [pool.Job(slot.name, slot.recipe) for slot in slots],
            Store(outputs.media),
            write_clip=_write_clip,
            workers=config.workers,
            engine=how.engine,
            force=how.force,
            on_frames=on_frames,
            on_finished=on_finished,
        )
    except base.UnavailableError as error:
        raise InputError(Problem("", 0, 0, "", str(error))) from error
    except base.RendererError as error:
        raise WorkError(str(error)) from error
    order = {slot.name: index for index, slot in enumerate(slots)}
    report.slots.sort(key=lambda slot: order[slot.name])


def _write_clip(
    frames: Iterator[base.Frame],
    path: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    idr: Sequence[int],
    encoding: dict[str, Any],
) -> object:
    """The encoder as the pool calls it, its settings as a recipe holds them."""
    return write_clip(
        frames, path, width=width, height=height, fps=fps, idr=idr, encoding=Encoding(**encoding)
    )


def _flatten(
    timeline: otio.schema.Timeline,
    timeline_path: Path,
    video: Path,
    config: Config,
    report: Report,
    on_progress: OnProgress,
) -> None:
    encoder = config.encoder
    result = flatten(
        timeline,
        video,
        media_root=timeline_path.parent,
        width=report.width,
        height=report.height,
        fps=report.fps,
        encoding=Encoding(encoder.codec, encoder.preset, encoder.crf),
        on_progress=lambda done, total: on_progress(Progress("flatten", done, total)),
    )
    report.video = video
    report.frames = result.frames
    if result.loudness_lufs is not None and result.true_peak_dbtp is not None:
        report.loudness = Loudness(result.loudness_lufs, result.true_peak_dbtp)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _made(slots: Sequence[SlotReport]) -> str:
    reused = sum(slot.reused for slot in slots)
    return f"{_count(len(slots), 'slot')}: {len(slots) - reused} made, {reused} reused"


def _reel(report: Report) -> str:
    name = report.video.name if report.video else ""
    sound = f", {report.loudness.integrated_lufs:.1f} LUFS" if report.loudness else ""
    seconds = float(report.frames / report.fps)
    return f"{name}: {_count(report.frames, 'frame')}, {seconds:.2f} s{sound}"
