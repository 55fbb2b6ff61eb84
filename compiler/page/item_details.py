"""The panel's facts about an item: place, words, recipe, media, attempts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio

from ...renderers.base import RendererError
from ...renderers.run.attempts import AttemptLog
from ...renderers.run.recipe import Recipe, RecipeError, recipe_key
from ...renderers.run.store import sidecar_of
from ..media.media_info import MediaInfo
from ..timeline.effects import effect_name, is_active
from ..timeline.layout import Placed
from ..timeline.media import media_path
from ..timeline.metadata import MEDIA_KEY
from ..timeline.slots import SlotClip
from ..timeline.takes import takes_of
from .frame_text import FrameClock
from .view_model import Fact, Group, State, TextSpan


def place(placed: Placed, clock: FrameClock) -> Group:
    """State an item's frames, transitions, speed and effects."""
    start, last = placed.start, placed.end - 1
    facts = [
        Fact("In", f"{clock.label(start)}, frame {start}"),
        Fact("Out", f"{clock.label(last)}, frame {last}"),
        Fact("Length", f"{placed.frames} frames, {clock.seconds(placed.frames)}"),
    ]
    for label, blend in (("Transition in", placed.into), ("Transition out", placed.out)):
        if blend is not None:
            text = f"{blend.kind}, {blend.frames} frames: {blend.before} before the cut, "
            facts.append(Fact(label, f"{text}{blend.after} after it"))
    if placed.speed != 1:
        speed = "a frozen frame" if not placed.speed else f"{float(placed.speed):.4g} times as fast"
        facts.append(Fact("Speed", speed))
    if len(placed.item.effects):
        named = (effect_name(effect) for effect in placed.item.effects if is_active(effect))
        facts.append(Fact("Effects", ", ".join(dict.fromkeys(named))))
    return Group("Place", tuple(facts))


def cut_among_words(
    cut: int, words: Sequence[TextSpan], fps: Fraction, *, may_cut_in: bool
) -> Fact | None:
    """State the distance from a cut to the words around it; None without words.

    Args:
        cut: the first frame after it.
        words: of the reel, in order.
        fps: of the reel.
        may_cut_in: no warning if the cut is within a word, as for a slot's continuation or an
            editor's own clip.
    """
    if not words or not cut:
        return None
    before = max((word for word in words if word.start < cut), key=lambda w: w.start, default=None)
    after = next((word for word in words if word.start >= cut), None)
    if before is not None and before.end > cut + 1 and before.start < cut - 1:
        kind = "" if may_cut_in else "warning"
        return Fact("Cut", f"within the word “{before.text}”", kind=kind)
    parts = []
    if before is not None:
        parts.append(f"{_gap(cut - before.end, fps)} after “{before.text}”")
    if after is not None:
        parts.append(f"{_gap(after.start - cut, fps)} before “{after.text}”")
    return Fact("Cut", ", ".join(parts))


def _gap(frames: float, fps: Fraction) -> str:
    return f"{max(0.0, frames / float(fps)):.2f} s"


def recipe_groups(stated: Mapping[str, Any]) -> Iterator[Group]:
    """Yield a summary of a recipe, then the full JSON.

    Args:
        stated: JSON, perhaps edited by hand.
    """
    try:
        facts = list(_recipe_facts(Recipe.from_json(stated)))
    except RecipeError as error:
        facts = [Fact("Recipe", str(error), kind="warning")]
    yield Group("Recipe", tuple(fact for fact in facts if fact.text or fact.file))
    whole = json.dumps(stated, indent=1, ensure_ascii=False, sort_keys=True)
    yield Group("Full recipe", (Fact("", whole, kind="code"),), folded=True)


def _recipe_facts(recipe: Recipe) -> Iterator[Fact]:
    shot, motion = recipe.shot, recipe.shot.motion
    yield Fact("Renderer", f"{recipe.renderer}, {shot.quality}")
    yield Fact("Prompt", shot.prompt, kind="said")
    yield Fact("Negative prompt", shot.negative_prompt, kind="said")
    move = motion.camera.replace("_", " ")
    if motion.camera != "static":
        move += f" {motion.amount:g}, {motion.easing.replace('_', ' ')}"
    yield Fact("Motion", move)
    yield Fact("Strength", f"{motion.strength:g}")
    yield Fact("Seed", str(shot.seed))
    for keyframe in shot.keyframes:
        yield Fact("Keyframe", f"at frame {keyframe.frame} of {shot.span}", keyframe.image)
    if shot.depth:
        yield Fact("Depth", "", shot.depth)
    for lora in motion.loras:
        yield Fact("LoRA", f"weight {lora.weight:g}", lora.path)
    yield Fact("Media hold", f"{shot.frames} frames; handles of {shot.head} and {shot.tail}")
    if recipe.follows:
        yield Fact("Continues", recipe.follows[:12])


def media_group(
    media: Path | None, info: MediaInfo | None, slot: SlotClip | None, root: Path, state: State
) -> Group:
    """State a clip's file, its key and the takes of a slot.

    Args:
        media: the clip's file, if it has one.
        info: the probed properties of ``media``.
        slot: the clip, if it is a slot.
        root: base folder of relative media paths.
        state: of the clip.
    """
    facts = []
    if media is not None:
        what = "still, until rendered" if state is State.WAITING else _stream(info)
        facts.append(Fact("File", what, media))
    beside = sidecar(media)
    key = str(beside.get("key", ""))
    if key:
        facts.append(Fact("Key", key, kind="code"))
    if slot is not None:
        facts += _slot_facts(slot, key, root)
    return Group("Media", tuple(facts))


def _slot_facts(slot: SlotClip, key: str, root: Path) -> Iterator[Fact]:
    """Yield the takes, and a warning if the media are not those of the recipe."""
    active = slot.clip.active_media_reference_key
    references = slot.clip.media_references()
    for name in takes_of(slot):
        url = getattr(references[name], "target_url", None)
        file = media_path(otio.schema.ExternalReference(str(url)), root) if url else None
        yield Fact("Take", f"{name}, picked" if name == active else str(name), file)
    try:
        wanted = recipe_key(Recipe.from_json(slot.stated))
    except RecipeError:
        return  # The recipe's own group has the warning.
    except RendererError:
        yield Fact("Recipe", "one of its files is missing", kind="warning")
        return
    if not key:
        yield Fact("Key", f"{wanted} (to be rendered)", kind="code")
    elif active == MEDIA_KEY and wanted != key:
        what = "changed after rendering; render makes the slot again"
        yield Fact("Recipe", what, kind="warning")


def made_group(media: Path | None) -> Group | None:
    """List the attempts at a model's slot, from the file beside its media."""
    document = sidecar(media).get("made")
    if not isinstance(document, dict):
        return None
    try:
        made = AttemptLog.from_json(document)
    except (KeyError, TypeError, IndexError, ValueError):
        return None
    facts = [Fact("Renderer", made.renderer)]
    if made.notice:
        facts.append(Fact("Notice", made.notice, kind="warning"))
    for number, one in enumerate(made.attempts):
        what = one.failed or (
            f"{one.renderer}, seed {one.seed}: motion {one.first_second:.2f} in the first second, "
            f"{one.whole:.2f} in all"
        )
        what += f", kept: {made.reason}" if number == made.used else ""
        facts.append(Fact(f"Attempt {number + 1}", what))
    return Group("Attempts", tuple(facts))


def sidecar(media: Path | None) -> dict[str, Any]:
    """Read the JSON beside rendered media: ``key``, ``recipe``, ``made``; empty without one."""
    if media is None:
        return {}
    try:
        document = json.loads(sidecar_of(media).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    ours = isinstance(document, dict) and isinstance(document.get("recipe"), dict)
    return document if ours else {}


def _stream(info: MediaInfo | None) -> str:
    if info is None or info.video is None:
        return ""
    width, height = (round(side) for side in info.video.display_size)
    if info.still:
        return f"still, {width}x{height}"
    rate = f"{float(info.video.fps):.5g} fps"
    return f"{width}x{height}, {rate}, {info.video.codec}, {info.video.frames} frames"
