"""What each slot's picture is made of: the recipe in its `GeneratorReference`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ..frontend import model
from ..sync import edit
from .places import frame_in_scene

Recipe = dict[str, Any]

AUTO_MOVES = ("push_in", "pan_right", "pull_out", "tilt_up", "pan_left", "tilt_down")


@dataclass(frozen=True, slots=True)
class Making:
    """How pictures are made: what a recipe takes from the machine's side.

    Attributes:
        versions: of the renderers, by name; part of every key.
        settings: of the renderers, by name, from the machine's configuration.
        encoding: codec, preset and crf of the media.
        key_of: the key of a recipe.
        continues: names of the renderers whose slots need the media of the slot before.
    """

    versions: Mapping[str, int]
    settings: Mapping[str, Mapping[str, Any]]
    encoding: Mapping[str, Any]
    key_of: Callable[[Recipe], str]
    continues: frozenset[str] = frozenset()


def slot_recipes(
    script: model.Script, schedule: edit.Schedule, making: Making
) -> dict[str, Recipe]:
    """The recipe of every slot, by the slot's name."""
    moves = choose_moves(script.scenes)
    lengths = {t.cut: t.before + t.after for t in schedule.transitions}
    recipes: dict[str, Recipe] = {}
    for scene, placed in zip(script.scenes, schedule.scenes, strict=True):
        keyframes = keyframe_places(scene, placed, schedule.fps)
        follows: str | None = None
        for slot in placed.slots:
            recipe = _recipe(script, scene, moves[scene.id], making)
            recipe |= {
                "fps": f"{schedule.fps.numerator}/{schedule.fps.denominator}",
                "frames": slot.frames,
                "head": slot.head,
                "tail": slot.tail,
                "start": slot.span_start,
                "span": slot.span,
                "keyframes": keyframes,
                "idr": idr_frames(slot, lengths.get(slot.start, 0), lengths.get(slot.end, 0)),
                "follows": follows,
            }
            if scene.renderer in making.continues and slot.part < slot.parts:
                follows = making.key_of(recipe)
            recipes[slot.name] = recipe
    return recipes


def idr_frames(slot: edit.Slot, incoming: int, outgoing: int) -> list[int]:
    """Frames of a slot's media at which a copy may start or stop.

    They are the first frames of the body and of each handle, and the frames between which the body
    is seen alone: after the incoming transition and before the outgoing one.

    Args:
        slot: the slot.
        incoming, outgoing: frames of the transitions at its start and end.
    """
    places = {0, slot.head, incoming, slot.frames - outgoing, slot.frames - slot.tail}
    return sorted(place for place in places if 0 <= place < slot.frames)


def _recipe(script: model.Script, scene: model.Scene, camera: str, making: Making) -> Recipe:
    """What all slots of a scene share."""
    motion = scene.motion
    return {
        "renderer": scene.renderer,
        "version": making.versions[scene.renderer],
        "width": script.output.width,
        "height": script.output.height,
        "depth": str(scene.depth) if scene.depth else None,
        "fit": scene.fit,
        "prompt": scene.prompt,
        "negative_prompt": scene.negative_prompt,
        "seed": scene.seed if scene.seed is not None else seed_of(scene.id),
        "motion": {
            "camera": camera,
            "amount": motion.amount,
            "easing": motion.easing,
            "strength": motion.strength,
            "loras": [{"path": str(x.path), "weight": x.weight} for x in motion.loras],
        },
        "quality": scene.quality,
        "settings": dict(making.settings.get(scene.renderer, {})),
        "encoding": dict(making.encoding),
    }


def keyframe_places(
    scene: model.Scene, placed: edit.Scene, fps: Fraction
) -> list[dict[str, object]]:
    """The scene's stills with the frame of its span (handles included) that each is reached at.

    A still at the start or the end holds through the handle there.
    """
    head = placed.slots[0].head
    span = placed.slots[0].span
    places: list[dict[str, object]] = []
    for keyframe in scene.keyframes:
        at = keyframe.at
        if at.kind == "start":
            frame = 0
        elif at.kind == "end":
            frame = span - 1
        else:
            frame = head + frame_in_scene(at, placed, fps)
        places.append({"image": str(keyframe.image), "frame": max(0, min(frame, span - 1))})
    return places


def seed_of(scene_id: str) -> int:
    """A scene's seed where the script gives none: the same for the same name, on every machine."""
    return int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:4], "big") >> 1


def choose_moves(scenes: Sequence[model.Scene]) -> dict[str, str]:
    """The camera move of each scene; ``auto`` is decided, never the same as the scene before.

    The choice hangs on the scene's name and its neighbour's move alone, so that editing one scene
    leaves the others' pictures as they are.
    """
    chosen: dict[str, str] = {}
    before = ""
    for scene in scenes:
        move = scene.motion.camera
        if move == "auto":
            choices = [candidate for candidate in AUTO_MOVES if candidate != before]
            move = choices[seed_of(scene.id) % len(choices)]
        chosen[scene.id] = before = move
    return chosen
