"""Evaluate: render and measure takes of slots with several renderers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...renderers import base, registry
from ...renderers.run.job import Job
from ...renderers.run.motion_guard import without_fallback
from ...renderers.run.recipe import Recipe, recipe_key
from ...renderers.run.store import Store
from ..errors import InputError, Problem
from ..evaluation.evaluation import Evaluation, Take, takes_before
from ..evaluation.measure import measure
from ..evaluation.worker import Failure, MadeTake, make_takes
from ..files.protected_files import InputFile, refuse_inputs
from ..outputs.paths import Outputs
from ..progress import OnProgress, Progress
from ..script.config import Config
from ..script.model import Quality
from ..timeline.metadata import NAMESPACE
from ..timeline.slots import SlotClip
from ..timeline.takes import retaken, set_take, take_name
from .input_files import store_files
from .render import damage_warnings


@dataclass(frozen=True, slots=True)
class _Kind:
    """A renderer at a quality."""

    renderer: str
    quality: Quality
    version: int
    continues: bool
    runs_model: bool

    @property
    def take(self) -> str:
        return take_name(self.renderer, self.quality)


def evaluate_slots(
    timeline: Path,
    slots: Sequence[SlotClip],
    renderers: Sequence[str],
    qualities: Sequence[Quality],
    config: Config,
    outputs: Outputs,
    on_progress: OnProgress,
    *,
    force: bool = False,
    inputs: Sequence[InputFile] = (),
) -> Evaluation:
    """Render takes, measure them, and add them to the clips of the timeline.

    Args:
        timeline: the file of the timeline.
        slots: to render.
        renderers: by name; all that can run here if empty.
        qualities: of each renderer.
        config: of this machine.
        outputs: the timeline's folder, and its store.
        on_progress: called as it goes.
        force: ignore cached takes and measurements.
        inputs: files that takes must not overwrite.

    Raises:
        InputError: a requested renderer cannot run here, or a take would overwrite an input.
    """
    found = Evaluation(timeline)
    kinds, found.left_out = _kinds(renderers, qualities, config)
    earlier = takes_before(found.data)
    store = Store(outputs.media)
    work = [(kind, _recipes(slots, kind, config)) for kind in kinds]
    recipes_by_slot = (pair for _, recipes in work for pair in recipes.items())
    hint = "copy the timeline to another folder"
    refuse_inputs(store_files(store, recipes_by_slot), inputs, hint)
    total = sum(recipe.shot.frames for _, recipes in work for recipe in recipes.values())
    progress = _TakeProgress(on_progress, total)
    takes: dict[tuple[str, str], Take] = {}
    for kind, recipes in work:
        cached = {} if force else _cached_takes(recipes, earlier, store)
        for name, take in cached.items():
            takes[name, kind.take] = take
            progress.report(name, kind.take, take.frames)
        missing = {name: recipe for name, recipe in recipes.items() if name not in cached}
        rendered, failed = _render_takes(kind, missing, outputs, progress)
        takes |= {(take.slot, take.name): take for take in rendered}
        if not renderers and len(failed) == len(recipes) and _are_unavailable(failed):
            # The weights are not on this machine, and the renderer was not requested by name.
            found.left_out[kind.renderer] = next(iter(failed.values())).why
        else:
            found.failed |= {(slot, kind.take): failure.why for slot, failure in failed.items()}
    found.damaged = damage_warnings(store)
    for slot in slots:
        for kind in kinds:
            if (slot.name, kind.take) in takes:
                take = takes[slot.name, kind.take]
                set_take(slot, kind.take, take.made.path)
                found.takes.append(take)
    found.before = [
        take
        for take in earlier.values()
        if (take.slot, take.name) not in takes and take.made.path.is_file()
    ]
    return found


def _cached_takes(
    recipes: Mapping[str, Recipe], earlier: Mapping[str, Take], store: Store
) -> dict[str, Take]:
    """Return the takes of an earlier evaluation whose media are in the store, by slot."""
    keys = {name: recipe_key(recipe) for name, recipe in recipes.items()}
    return {
        name: earlier[key]
        for name, key in keys.items()
        if key in earlier and earlier[key].slot == name and store.find(name, key) is not None
    }


def _render_takes(
    kind: _Kind, recipes: Mapping[str, Recipe], outputs: Outputs, progress: _TakeProgress
) -> tuple[list[Take], dict[str, Failure]]:
    """Render and measure takes; return them, and the failures by slot."""
    takes: list[Take] = []

    def on_made(made: MadeTake) -> None:
        shot = recipes[made.slot].shot
        measures = measure(made.path, shot)
        takes.append(Take(made.slot, kind.take, made, shot.frames, shot.fps, measures))
        progress.report(made.slot, kind.take, shot.frames)

    if not recipes:
        return [], {}
    failed = make_takes(
        [Job(name, recipe) for name, recipe in recipes.items()],
        outputs.media,
        on_frames=lambda slot, frames: progress.report(slot, kind.take, frames),
        on_made=on_made,
    )
    return takes, failed


def _are_unavailable(failed: Mapping[str, Failure]) -> bool:
    return all(failure.is_unavailable for failure in failed.values())


def _kinds(
    renderers: Sequence[str], qualities: Sequence[Quality], config: Config
) -> tuple[list[_Kind], dict[str, str]]:
    """Return the renderers at each quality, and the errors of those that cannot run, by name."""
    kinds = []
    left_out = {}
    problems = []
    for name in renderers or registry.renderer_names():
        try:
            kind = registry.renderer_class(name)
            for quality in qualities:
                limits = kind(config.renderers.get(name, {}), quality).limits
                runs_model = not limits.is_unbounded
                kinds.append(_Kind(name, quality, kind.version, limits.continues, runs_model))
        except base.RendererError as error:
            if renderers:
                problems.append(Problem.option("--renderers", str(error)))
            left_out[name] = str(error)
    if problems:
        raise InputError(problems)
    return kinds, left_out


def _recipes(slots: Sequence[SlotClip], kind: _Kind, config: Config) -> dict[str, Recipe]:
    """Return the recipes of takes by slot; each follows the previous part of its scene."""
    recipes: dict[str, Recipe] = {}
    parts: dict[tuple[str, int], str] = {}
    settings = config.renderers.get(kind.renderer, {})
    if kind.runs_model:
        # A still video must count against the model: no fallback renderer.
        settings = without_fallback(settings)
    for slot in slots:
        recipe = retaken(slot.recipe, kind.renderer, kind.version, kind.quality, settings)
        part = int(slot.clip.metadata.get(NAMESPACE, {}).get("part", 1))
        if kind.continues:
            recipe = replace(recipe, follows=parts.get((slot.scene, part - 1)))
        recipes[slot.name] = recipe
        parts[slot.scene, part] = recipe_key(recipe)
    return recipes


class _TakeProgress:
    """Sums the rendered frames of all takes."""

    def __init__(self, on_progress: OnProgress, total: int):
        self._on_progress, self._total = on_progress, total
        self._done: dict[tuple[str, str], int] = {}

    def report(self, slot: str, take: str, frames: int) -> None:
        self._done[slot, take] = frames
        self._on_progress(Progress("evaluate", sum(self._done.values()), self._total))
