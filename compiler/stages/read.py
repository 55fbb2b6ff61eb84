"""Read: a script, what is heard of it, and how its pictures are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...renderers import base
from ...renderers.diffusion.finding import pinned
from ...renderers.diffusion.setup import origin_of
from ...renderers.guard import with_fallbacks
from ...renderers.native import is_unbounded
from ...renderers.recipe import recipe_key
from ...renderers.saliency import look_at
from ..backend.ffmpeg import ffmpeg_path
from ..backend.transitions import transition_names
from ..errors import InputError, Problem
from ..frontend.config import Config
from ..frontend.model import Quality, Scene, Script
from ..frontend.script import load_script
from ..frontend.speech import Speech, hear
from ..outputs import Outputs, refuse_unwritable
from ..progress import Progress
from ..protected_files import refuse_inputs
from ..timeline.recipes import Look, Making, unseen
from .clock import Clock, count
from .configured import read_config
from .finishing import Finishing, Plan, plan_of, refuse_too_long
from .flatten import segments_of, videos_of
from .inputs import NEW_FOLDER, inputs_of_script


@dataclass(frozen=True, slots=True)
class Front:
    """What is known before the edit: the script, what is heard, and how pictures are made."""

    script: Script
    config: Config
    making: Making
    speech: Speech
    plan: Plan | None
    """What is made of it in the end; None where that is not asked."""


def read_script(
    path: Path,
    config: str | Path | None,
    renderer: str | None,
    quality: Quality | None,
    allow_outside: bool,
    clock: Clock,
    finishing: Finishing | None = None,
    outputs: Outputs | None = None,
) -> Front:
    """Read, check and hear a script; with ``outputs``, see that its media can be written there.

    Raises:
        InputError: it, what is configured or what is asked of the finished video is wrong; but for
            what has to be heard for it, that is found before anything is.
    """
    with clock.stage("read"):
        settings = read_config(config, path)
        plan = None if finishing is None else plan_of(settings, finishing)
        script = load_script(
            path,
            allow_outside=allow_outside,
            renderers=base.renderer_names(),
            transitions={*settings.expressions, *transition_names(ffmpeg_path())},
        )
        script = _override(script, renderer, quality)
        making = _making(script.scenes, settings)
        if plan is not None:
            refuse_too_long(plan, script)
        if outputs is not None:
            refuse_unwritable(outputs, [f"{scene.id}.99" for scene in script.scenes])
            _refuse_inputs(outputs, plan, script, settings)
        clock.done("read", f"{path.name}: {count(len(script.scenes), 'scene')}")
    with clock.stage("align"):
        speech = hear(script, lambda share: clock.tell(Progress("align", share, 1)))
        spoken = sum(len(words) for words in speech.words.values())
        seconds = float(sum((voice.duration for voice in speech.voices), Fraction(0)))
        clock.done("align", f"{count(spoken, 'word')} in {seconds:.1f} s of narration")
    return Front(script, settings, making, speech, plan)


def _refuse_inputs(outputs: Outputs, plan: Plan | None, script: Script, config: Config) -> None:
    files = [outputs.timeline, outputs.srt, outputs.vtt, outputs.ass, outputs.report]
    folders = []
    if plan is not None:
        video = replace(outputs, suffix=plan.output.suffix).video
        files += videos_of(video, plan)
        folders.append(segments_of(video))
    refuse_inputs(files, inputs_of_script(script, config), NEW_FOLDER, folders=folders)


def _override(script: Script, renderer: str | None, quality: Quality | None) -> Script:
    """The script with one renderer or quality for all scenes; a draft is half as large."""
    if renderer is not None and renderer not in base.renderer_names():
        known = ", ".join(base.renderer_names())
        raise InputError(
            Problem("", 0, 0, "--renderer", f"there is no renderer {renderer!r}", f"known: {known}")
        )
    scenes = tuple(
        replace(scene, renderer=renderer or scene.renderer, quality=quality or scene.quality)
        for scene in script.scenes
    )
    output = script.output
    if all(scene.quality == "draft" for scene in scenes):
        # A mixed reel keeps its size: its drafts would have to be enlarged again, frame by frame.
        output = replace(output, width=_halved(output.width), height=_halved(output.height))
    return replace(script, scenes=scenes, output=output)


def _halved(length: int) -> int:
    """Half of a length, even."""
    return max(2, length // 4 * 2)


def _making(scenes: Sequence[Scene], config: Config) -> Making:
    """Versions and settings of the renderers that the scenes name.

    Raises:
        InputError: renderers cannot run here, or their settings are wrong.
    """
    versions: dict[str, int] = {}
    continues: set[str] = set()
    origins: dict[str, dict[str, Any]] = {}
    settings: dict[str, Mapping[str, Any]] = dict(config.renderers)
    problems = []
    seen: set[tuple[str, str]] = set()
    for scene in scenes:
        name = scene.renderer
        if (name, scene.quality) in seen:
            continue
        seen.add((name, scene.quality))
        try:
            kind = base.renderer_class(name)
        except base.UnavailableError as error:
            place = scene.places.get("renderer") or scene.places.get("")
            problems.append(
                Problem(place.file, place.line, place.column, place.where, str(error))
                if place
                else Problem("", 0, 0, scene.id, str(error))
            )
            continue
        versions[name] = kind.version
        try:
            limits = kind(config.renderers.get(name, {}), scene.quality).limits
            if limits.continues:
                continues.add(name)
            origin = origin_of(name, config.renderers.get(name, {}))
            if origin is not None:
                origins[name] = origin
                settings[name] = pinned(name, config.renderers.get(name, {}))
            if not is_unbounded(limits):
                settings[name] = with_fallbacks(settings.get(name, {}), config.renderers)
        except base.RendererError as error:
            problems.append(config.problem(("renderers", name), str(error)))
    if problems:
        raise InputError(problems)
    return Making(
        versions=versions,
        settings=settings,
        encoding=lambda quality: asdict(config.encoder.of(quality)),
        key_of=recipe_key,
        continues=frozenset(continues),
        look=_look,
        origins=origins,
    )


def _look(still: Path) -> Look:
    try:
        seen = look_at(still)
    except base.RendererError:
        return unseen(still)  # Rendering says what is wrong with it.
    return seen.aspect, seen.focus
