"""The recipe of every slot, from the script, the schedule and the configuration."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...renderers.base import MIDDLE, Keyframe, Lora, Motion, Shot
from ...renderers.image.saliency import SaliencyGlance
from ...renderers.run.recipe import Recipe
from ..script import model
from ..sync import edit
from .auto_camera import FILLS, IN_DEPTH, LEAST_MOVE, SceneView, choose_moves
from .cut_in import framing_lengths, slot_framings, with_closer
from .face_framing import SceneLook, frame_faces
from .scene_positions import frame_in_scene


def unseen(_: Path) -> SaliencyGlance:
    """Return a square with its focus in the middle, for stills that are not examined."""
    return SaliencyGlance(1.0, MIDDLE)


@dataclass(frozen=True, slots=True)
class RendererInputs:
    """What recipes take from the configuration.

    Attributes:
        versions: of the renderers, by name; part of every key.
        settings: of the renderers, by name.
        encoding: returns codec, preset and crf by quality.
        key_of: returns the key of a recipe.
        continues: names of the renderers with `Limits.continues`.
        describes: names of the renderers whose prompts say how a shot ends.
        look: returns shape and focus of a still; called from several threads.
        origins: disclosed origins of the renderers' models, by renderer.
        pins: further settings that pin weights of one quality, by renderer and quality.
        write: returns the prompt that a language model writes for a recipe; empty for none.
    """

    versions: Mapping[str, int]
    settings: Mapping[str, Mapping[str, Any]]
    encoding: Callable[[model.Quality], Mapping[str, Any]]
    key_of: Callable[[Recipe], str]
    continues: frozenset[str] = frozenset()
    describes: frozenset[str] = frozenset()
    look: Callable[[Path], SaliencyGlance] = unseen
    origins: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pins: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    write: Callable[[Recipe], str] = lambda _: ""


def slot_recipes(
    script: model.Script, schedule: edit.Schedule, inputs: RendererInputs
) -> dict[str, Recipe]:
    """Return the recipe of every slot of stills, by name."""
    looks = decided_looks(script, schedule, inputs.look)
    lengths = {t.cut: t.before + t.after for t in schedule.transitions}
    recipes: dict[str, Recipe] = {}
    following = (*script.scenes[1:], None)
    for scene, placed, after in zip(script.scenes, schedule.scenes, following, strict=True):
        if not scene.keyframes:
            continue
        keyframes = keyframe_places(scene, placed, schedule.fps)
        ending = _ending(scene, after) if scene.renderer in inputs.describes else ""
        follows: str | None = None
        framings = slot_framings(placed, looks[scene.id])
        for slot, framing in zip(placed.slots, framings, strict=True):
            recipe = Recipe(
                renderer=scene.renderer,
                version=inputs.versions[scene.renderer],
                shot=Shot(
                    width=script.output.width,
                    height=script.output.height,
                    fps=schedule.fps,
                    frames=slot.frames,
                    head=slot.head,
                    tail=slot.tail,
                    start=framing.start,
                    span=framing.span,
                    keyframes=keyframes,
                    depth=scene.depth,
                    fit=looks[scene.id].fit,
                    people=looks[scene.id].people,
                    prompt=scene.prompt,
                    negative_prompt=scene.negative_prompt,
                    ending=ending if slot.part == slot.parts else "",
                    seed=scene.seed if scene.seed is not None else seed_of(scene.id),
                    motion=framing.motion,
                    quality=scene.quality,
                    settings={
                        **inputs.settings.get(scene.renderer, {}),
                        **inputs.pins.get((scene.renderer, scene.quality), {}),
                    },
                ),
                encoding=dict(inputs.encoding(scene.quality)),
                idr=idr_frames(slot, lengths.get(slot.start, 0), lengths.get(slot.end, 0)),
                follows=follows,
            )
            written = inputs.write(recipe)
            if written:
                recipe = replace(recipe, shot=replace(recipe.shot, written=written))
            if scene.renderer in inputs.continues and slot.part < slot.parts:
                follows = inputs.key_of(recipe)
            recipes[slot.name] = recipe
    return recipes


def _ending(scene: model.ScriptScene, after: model.ScriptScene | None) -> str:
    """Return the prompt of the scene after, if it begins with the still that a scene ends on."""
    if after is None or len(scene.keyframes) < 2:
        return ""
    last, first = scene.keyframes[-1], after.keyframes[:1]
    is_same = last.at.kind == "end" and [one.image for one in first] == [last.image]
    return after.prompt if is_same else ""


def idr_frames(slot: edit.Slot, incoming: int, outgoing: int) -> tuple[int, ...]:
    """Return the frames of a slot's media at which a stream copy may start or stop.

    They are the first frames of the body and of each handle, and the limits of the body without its
    transitions.

    Args:
        slot: the slot.
        incoming, outgoing: lengths of its transitions, in frames.
    """
    places = {0, slot.head, incoming, slot.frames - outgoing, slot.frames - slot.tail}
    return tuple(sorted(place for place in places if 0 <= place < slot.frames))


def decided_looks(
    script: model.Script, schedule: edit.Schedule, look: Callable[[Path], SaliencyGlance]
) -> dict[str, SceneLook]:
    """Return motion and fit of every scene with stills, by id: without ``auto``, around faces."""
    sights: dict[str, SceneView] = {}
    frame = script.output.width / script.output.height
    pairs = zip(script.scenes, schedule.scenes, strict=True)
    shown = [(scene, placed) for scene, placed in pairs if scene.keyframes]
    scenes = [scene for scene, _ in shown]
    undecided = [s for s in scenes if s.motion.camera == "auto" or s.motion.focus == "auto"]
    glances = _glances(script, look)
    for scene in undecided:
        # A still that does not fill the frame is visible whole, so its focus does not matter.
        is_whole = scene.fit not in FILLS
        glance = SaliencyGlance(1.0, MIDDLE) if is_whole else glances[scene.keyframes[0].image]
        stated = scene.motion.focus if isinstance(scene.motion.focus, tuple) else None
        if scene.motion.focus == "middle":
            stated = MIDDLE
        sights[scene.id] = SceneView(1 / glance.aspect / frame, stated or glance.focus)
    seconds = {
        scene.id: float(framing_lengths(placed)[0] / schedule.fps) for scene, placed in shown
    }
    moves = choose_moves(scenes, sights, seconds)
    looks: dict[str, SceneLook] = {}
    for scene in scenes:
        stills = [glances[key.image] for key in scene.keyframes if key.image in glances]
        looks[scene.id] = _look_of(scene, moves[scene.id], sights.get(scene.id), stills, frame)
    following = [*(looks[scene.id].motion.camera for scene in scenes[1:]), "static"]
    for (scene, placed), after in zip(shown, following, strict=False):
        lengths = framing_lengths(placed)
        if len(lengths) > 1:
            looks[scene.id] = with_closer(
                scene,
                looks[scene.id],
                glances[scene.keyframes[0].image],
                (script.output.width, script.output.height),
                float(lengths[1] / schedule.fps),
                after,
            )
    return looks


def without_closer(
    script: model.Script, schedule: edit.Schedule, look: Callable[[Path], SaliencyGlance]
) -> frozenset[str]:
    """Return the scenes that are scheduled to be cut in on, and whose stills do not allow it."""
    cut = {scene.id for scene in schedule.scenes if len(framing_lengths(scene)) > 1}
    looks = decided_looks(script, schedule, look) if cut else {}
    return frozenset(name for name in cut if looks[name].closer is None)


def _look_of(
    scene: model.ScriptScene,
    motion: model.ScriptMotion,
    sight: SceneView | None,
    stills: Sequence[SaliencyGlance],
    frame: float,
) -> SceneLook:
    """Return the look of a scene by its decided move, with its faces in the frame.

    Args:
        scene: the scene.
        motion: its move.
        sight: its first still, if its move or focus was not stated.
        stills: those that were examined.
        frame: width of the frame by its height.
    """
    moved = _shot_motion(replace(motion, focus=sight.focus if sight else motion.focus))
    peopled = [still for still in stills if still.faces]
    faces = [face for still in peopled for face in still.faces]
    if not faces or scene.motion.focus not in (None, "auto"):
        return SceneLook(moved, "cover" if scene.fit == "auto" else scene.fit)
    fit = None if scene.fit == "auto" else scene.fit
    found = frame_faces(faces, peopled[0].aspect, 1 / frame, moved, fit)
    if scene.motion.camera == "auto" and found.amount < LEAST_MOVE * moved.amount:
        moved = replace(moved, camera="push_in")  # It needs no room beside the faces.
        found = frame_faces(faces, peopled[0].aspect, 1 / frame, moved, fit)
    moved = replace(moved, focus=found.focus, amount=found.amount)
    people = scene.renderer in IN_DEPTH and found.fit == "cover"
    return SceneLook(moved, found.fit, people)


def _glances(
    script: model.Script, look: Callable[[Path], SaliencyGlance]
) -> dict[Path, SaliencyGlance]:
    """Look at the stills whose focus or faces count."""
    stills = {
        key.image: None
        for scene in script.scenes
        for key in scene.keyframes
        if scene.motion.focus in (None, "auto") or scene.motion.camera == "auto"
    }
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return dict(zip(stills, workers.map(look, stills), strict=True))


def _shot_motion(motion: model.ScriptMotion) -> Motion:
    return Motion(
        camera=motion.camera,
        amount=motion.amount,
        easing=motion.easing,
        strength=motion.strength,
        depth_of_field=motion.depth_of_field,
        loras=tuple(Lora(lora.path, lora.weight) for lora in motion.loras),
        focus=motion.focus if isinstance(motion.focus, tuple) else MIDDLE,
    )


def keyframe_places(
    scene: model.ScriptScene, placed: edit.ScheduledScene, fps: Fraction
) -> tuple[Keyframe, ...]:
    """Return a scene's keyframes, in frames of its span, handles included.

    A keyframe at the start or end holds through the handle there.
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
    """Return the default seed of a scene, a hash of its id."""
    return int.from_bytes(hashlib.sha256(scene_id.encode()).digest()[:4], "big") >> 1
