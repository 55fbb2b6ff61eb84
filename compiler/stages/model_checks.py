"""Find models that cannot run here before a run does any work: weights, device, memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers import base
from ...renderers.diffusion.local_weights import commits
from ...renderers.diffusion.model_settings import model_setup
from ...renderers.diffusion.presets import model_table
from ...renderers.diffusion.requirements import requirement_problems
from ...renderers.run.recipe import recipe_key
from ...renderers.run.store import DamagedError, Store, read_sidecar
from ..errors import InputError, Problem
from ..outputs.paths import Outputs
from ..script.config import Config
from ..script.model import ScriptScene
from ..timeline.slots import SlotClip, slot_clips
from .render import RenderOptions, slots_to_render


def refuse_first_models(
    scenes: Sequence[ScriptScene],
    settings: Mapping[str, Mapping[str, Any]],
    media: Path,
    config: Config,
) -> None:
    """Reject models that cannot run here and have rendered nothing of a script yet.

    Nothing is known about the slots before alignment; models with finished media are checked
    by `refuse_models`, once the missing slots are known.

    Args:
        scenes: of the script.
        settings: of the renderers, by name.
        media: folder of the script's rendered media.
        config: of this machine.

    Raises:
        InputError: weights are missing, or the device is too small; a problem each.
    """
    kinds = {(s.renderer, s.quality): None for s in scenes if s.renderer in model_table()}
    finished = {name for name, _ in finished_models(media)} if kinds else set()
    _refuse(
        [(name, settings.get(name, {}), q) for name, q in kinds if name not in finished], config
    )


def finished_models(media: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return renderer and settings of each finished video of a model in a folder, oldest first."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for path in sorted(media.glob("*.json"), key=_age):
        try:
            document = read_sidecar(path.with_suffix(".mp4")) or {}
        except DamagedError:
            continue
        recipe = document.get("recipe")
        if isinstance(recipe, dict) and recipe.get("renderer") in model_table():
            found.append((recipe["renderer"], dict(recipe.get("settings") or {})))
    return found


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
    missing = [
        slot
        for slot, *_ in jobs.values()
        if options.force or store.find(slot.name, recipe_key(slot.recipe)) is None
    ]
    _refuse(map(_kind, missing), config)


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _kind(slot: SlotClip) -> tuple[str, Mapping[str, Any], str]:
    shot = slot.recipe.shot
    return slot.recipe.renderer, shot.settings, shot.quality


def _refuse(kinds: Iterable[tuple[str, Mapping[str, Any], str]], config: Config) -> None:
    problems: dict[Problem, None] = {}
    for name, settings, quality in kinds:
        if name not in model_table():
            continue
        try:
            found = requirement_problems(model_setup(name, settings, quality))
        except base.RendererError as error:
            found = [str(error)]
        problems |= dict.fromkeys(config.problem(("renderers", name), what) for what in found)
    if problems:
        raise InputError(problems)
