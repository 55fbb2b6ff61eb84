"""Find models that cannot run here before a run does any work: weights, device, memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers import base, registry
from ...renderers.base import Keyframe, Shot
from ...renderers.diffusion.diffusion_renderer import DiffusionRenderer
from ...renderers.diffusion.local_weights import commits
from ...renderers.diffusion.memory import GB
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.prompt_writer import answer_hash
from ...renderers.diffusion.requirements import requirement_problems
from ...renderers.run.concurrency import free_bytes
from ...renderers.run.loaded_renderers import kind_of
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import DamagedError, Store, read_sidecar
from ..errors import InputError
from ..outputs.paths import Outputs
from ..script.config import Config
from ..script.model import Script
from ..timeline.slots import slot_clips
from .render import RenderOptions, slots_to_render

SHORTEST_S = 2
"""Least length of a slot, in seconds, where the narration allows."""


def refuse_first_models(
    script: Script, settings: Mapping[str, Mapping[str, Any]], media: Path, config: Config
) -> None:
    """Reject models that cannot run here and have rendered nothing of a script yet.

    Nothing is known about the slots before alignment: the shortest possible one is assumed. Models
    with finished media are checked by `refuse_models`, once the missing slots are known.

    Args:
        script: with the scenes.
        settings: of the renderers, by name.
        media: folder of the script's rendered media.
        config: of this machine.

    Raises:
        InputError: weights are missing, or the device is too small; a problem each.
    """
    kinds = {(s.renderer, s.quality) for s in script.scenes if s.renderer in model_table()}
    finished = {name for name, _ in finished_models(media)} if kinds else set()
    output = script.output
    frames = int(SHORTEST_S * output.fps)
    _refuse(
        {
            (name, quality): [
                Shot(
                    *(output.width, output.height, output.fps, frames, 0, 0, 0, frames),
                    keyframes=(Keyframe(Path(), 0),),
                    quality=quality,
                    settings=settings.get(name, {}),
                )
            ]
            for name, quality in sorted(kinds)
            if name not in finished
        },
        config,
    )


def finished_models(media: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return renderer and settings of each finished video of a model in a folder, oldest first."""
    return [
        (recipe["renderer"], dict(recipe.get("settings") or {}))
        for recipe in _finished_recipes(media)
    ]


def finished_prompts(media: Path) -> dict[str, str]:
    """Return the prompts that language models wrote for finished media, by `answer_hash`."""
    found: dict[str, str] = {}
    for document in _finished_recipes(media):
        with contextlib.suppress(base.RendererError):
            recipe = Recipe.from_json(document)
            shot = recipe.shot
            renderer = registry.renderer_class(recipe.renderer)(shot.settings, shot.quality)
            if shot.written and isinstance(renderer, DiffusionRenderer):
                found[answer_hash(renderer, shot)] = shot.written
    return found


def _finished_recipes(media: Path) -> Iterator[dict[str, Any]]:
    """Yield the JSON of the recipe of each finished video of a model in a folder, oldest first."""
    for path in sorted(media.glob("*.json"), key=_age):
        try:
            document = read_sidecar(path.with_suffix(".mp4")) or {}
        except DamagedError:
            continue
        recipe = document.get("recipe")
        if isinstance(recipe, dict) and recipe.get("renderer") in model_table():
            yield recipe


def finished_commits(media: Path) -> dict[str, str]:
    """Return the commits of the weights that rendered finished media, by source; latest last.

    With them, finished slots keep their keys after their weights were deleted.
    """
    found: dict[str, str] = {}
    for renderer, settings in finished_models(media):
        with contextlib.suppress(base.RendererError):
            found |= commits(renderer, settings)
    return found


def refuse_models(
    timeline: otio.schema.Timeline, outputs: Outputs, config: Config, options: RenderOptions
) -> None:
    """Reject models that cannot run here and have to render slots of a timeline.

    A slot with finished media needs no model. Weights on the machines of a cluster are not looked
    at.

    Raises:
        InputError: weights are missing, or the device is too small; a problem each.
    """
    if options.engine != "local":
        return
    if not any(slot.recipe.renderer in model_table() for slot in slot_clips(timeline)):
        return
    store = Store(outputs.media, options.also, read=False)
    jobs, _ = slots_to_render(timeline, store, outputs.folder)
    wanted = [slot for slot, *_ in jobs.values() if options.wanted(slot.recipe)]
    missing = [
        slot.recipe
        for slot in wanted
        if options.force or store.find(slot.name, recipe_key(slot.recipe)) is None
    ]
    kinds: dict[tuple[str, str], list[Shot]] = {}
    for recipe in missing:
        kinds.setdefault((recipe.renderer, kind_of(recipe.renderer, recipe.shot)), []).append(
            recipe.shot
        )
    _refuse(kinds, config)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _refuse(kinds: Mapping[tuple[str, str], Sequence[Shot]], config: Config) -> None:
    """Reject models that cannot render shots.

    Args:
        kinds: shots of equal settings, by the renderer's name and what tells kinds apart.
        config: of this machine.
    """
    free_gb = free_bytes() / GB
    problems = {
        config.problem(("renderers", name), what): None
        for (name, _), shots in kinds.items()
        if name in model_table()
        for what in requirement_problems(name, shots, free_gb)
    }
    if problems:
        raise InputError(problems)
