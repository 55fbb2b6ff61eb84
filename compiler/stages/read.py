"""Read: a script, what is heard of it, and how its pictures are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from ...renderers import base
from ...renderers.recipe import recipe_key
from ..errors import InputError, Problem
from ..frontend.config import Config, load_config
from ..frontend.model import Quality, Scene, Script
from ..frontend.script import load_script
from ..frontend.speech import Speech, hear
from ..progress import Progress
from ..timeline.recipes import Making
from .clock import Clock, count


@dataclass(frozen=True, slots=True)
class Front:
    """What is known before the edit: the script, what is heard, and how pictures are made."""

    script: Script
    config: Config
    making: Making
    speech: Speech


def read_script(
    path: Path,
    config: str | Path | None,
    renderer: str | None,
    quality: Quality | None,
    allow_outside: bool,
    clock: Clock,
) -> Front:
    """Read, check and hear a script."""
    with clock.stage("read"):
        settings = load_config(Path(config) if config else None, path)
        script = load_script(
            path,
            allow_outside=allow_outside,
            renderers=base.renderer_names(),
            transitions=settings.expressions,
        )
        script = _override(script, renderer, quality)
        making = _making(script.scenes, settings)
        clock.done("read", f"{path.name}: {count(len(script.scenes), 'scene')}")
    with clock.stage("align"):
        speech = hear(script, lambda share: clock.tell(Progress("align", share, 1)))
        spoken = sum(len(words) for words in speech.words.values())
        seconds = float(sum((voice.duration for voice in speech.voices), Fraction(0)))
        clock.done("align", f"{count(spoken, 'word')} in {seconds:.1f} s of narration")
    return Front(script, settings, making, speech)


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
