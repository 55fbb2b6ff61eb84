"""What each slot's picture is made of: the recipe in its `GeneratorReference`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...renderers.base import MIDDLE, Keyframe, Lora, Motion, Shot
from ...renderers.run.recipe import Recipe
from ..script import model
from ..sync import edit
from .auto_camera import SceneView, choose_moves
from .places import frame_in_scene

Look = tuple[float, tuple[float, float]]
"""Of a still: height over width, and the point that draws the eye, 0..1 of width and height."""


def unseen(_: Path) -> Look:
    """What is said of a still at which nobody looks."""
    return 1.0, MIDDLE


@dataclass(frozen=True, slots=True)
class RendererInputs:
    """How pictures are made: what a recipe takes from the machine's side.

    Attributes:
        versions: of the renderers, by name; part of every key.
        settings: of the renderers, by name, from the machine's configuration.
        encoding: codec, preset and crf of a scene's media, by its quality.
        key_of: the key of a recipe.
        continues: names of the renderers whose slots need the media of the slot before.
        look: what a glance at a still tells; called from several threads.
        origins: what is to be told of the models behind renderers, by the renderers' names.
    """

    versions: Mapping[str, int]
    settings: Mapping[str, Mapping[str, Any]]
    encoding: Callable[[model.Quality], Mapping[str, Any]]
    key_of: Callable[[Recipe], str]
    continues: frozenset[str] = frozenset()
    look: Callable[[Path], Look] = unseen
    origins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def slot_recipes(
    script: model.Script, schedule: edit.Schedule, making: RendererInputs
) -> dict[str, Recipe]:
    """The recipe of every slot, by the slot's name."""
    motions = decided_motions(script, schedule, making.look)
    lengths = {t.cut: t.before + t.after for t in schedule.transitions}
    recipes: dict[str, Recipe] = {}
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        keyframes = keyframe_places(scene, placed, schedule.fps)
        follows: str | None = None
        for slot in placed.slots:
            recipe = Recipe(
                renderer=scene.renderer,
                version=making.versions[scene.renderer],
                shot=Shot(
                    width=script.output.width,
                    height=script.output.height,
                    fps=schedule.fps,
                    frames=slot.frames,
                    head=slot.head,
                    tail=slot.tail,
                    start=slot.span_start,
                    span=slot.span,
                    keyframes=keyframes,
                    depth=scene.depth,
                    fit=scene.fit,
                    prompt=scene.prompt,
                    negative_prompt=scene.negative_prompt,
                    seed=scene.seed if scene.seed is not None else seed_of(scene.id),
                    motion=_shot_motion(motions[scene.id]),
                    quality=scene.quality,
                    settings=dict(making.settings.get(scene.renderer, {})),
                ),
                encoding=dict(making.encoding(scene.quality)),
                idr=idr_frames(slot, lengths.get(slot.start, 0), lengths.get(slot.end, 0)),
                follows=follows,
            )
            if scene.renderer in making.continues and slot.part < slot.parts:
                follows = making.key_of(recipe)
            recipes[slot.name] = recipe
    return recipes


def idr_frames(slot: edit.Slot, incoming: int, outgoing: int) -> tuple[int, ...]:
    """Frames of a slot's media at which a copy may start or stop.

    They are the first frames of the body and of each handle, and the frames between which the body
    is seen alone: after the incoming transition and before the outgoing one.

    Args:
        slot: the slot.
        incoming, outgoing: frames of the transitions at its start and end.
    """
    places = {0, slot.head, incoming, slot.frames - outgoing, slot.frames - slot.tail}
    return tuple(sorted(place for place in places if 0 <= place < slot.frames))


def decided_motions(
    script: model.Script, schedule: edit.Schedule, look: Callable[[Path], Look]
) -> dict[str, model.ScriptMotion]:
    """The motion of every scene, by its id: its move and its focus decided."""
    sights: dict[str, SceneView] = {}
    frame = script.output.width / script.output.height
    undecided = [s for s in script.scenes if s.motion.camera == "auto" or s.motion.focus == "auto"]
    # What does not fill the frame is seen whole, wherever the eye is drawn.
    stills = {s.id: s.keyframes[0].image for s in undecided if s.fit == "cover"}
    different = list(dict.fromkeys(stills.values()))
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        seen = dict(zip(different, workers.map(look, different), strict=True))
    for scene in undecided:
        aspect, focus = seen[stills[scene.id]] if scene.id in stills else (1.0, MIDDLE)
        stated = scene.motion.focus if isinstance(scene.motion.focus, tuple) else None
        if scene.motion.focus == "middle":
            stated = MIDDLE
        sights[scene.id] = SceneView(1 / aspect / frame, stated or focus)
    seconds = {
        scene.id: float(placed.slots[0].span / schedule.fps)
        for scene, placed in zip(script.scenes, schedule.scenes, strict=True)
    }
    return {
        scene: replace(motion, focus=sights[scene].focus if scene in sights else motion.focus)
        for scene, motion in choose_moves(script.scenes, sights, seconds).items()
    }


def _shot_motion(motion: model.ScriptMotion) -> Motion:
    return Motion(
        camera=motion.camera,
        amount=motion.amount,
        easing=motion.easing,
        strength=motion.strength,
        loras=tuple(Lora(lora.path, lora.weight) for lora in motion.loras),
        focus=motion.focus if isinstance(motion.focus, tuple) else MIDDLE,
    )


def keyframe_places(
    scene: model.ScriptScene, placed: edit.ScheduledScene, fps: Fraction
) -> tuple[Keyframe, ...]:
    """The scene's stills with the frame of its span (handles included) that each is reached at.

    A still at the start or the end holds through the handle there.
    """
    head = placed.slots[0].head
    span = placed.slots[0].span
    places: list[Keyframe] = []
    for keyframe in scene.keyframes:
        at = keyframe.at
        if at.kind == "start":
            frame = 0
        elif at.kind == "end":
            frame = span - 1
        else:
            frame = head + frame_in_scene(at, placed, fps)
        places.append(Keyframe(keyframe.image, max(0, min(frame, span - 1))))
    return tuple(places)


def seed_of(scene_id: str) -> int:
    """A scene's seed where the script gives none: the same for the same name, on every machine."""
    return int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:4], "big") >> 1
