"""Cut in: a still on screen for long alternates between two framings, the whole and a closer one.

The cuts are those that the schedule offers, in pauses. A still too small to be shown closer, or
whose heads would not all stay in the frame, keeps one framing and one move.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ...renderers.base import Motion
from ...renderers.camera.poses import Framing, cover_framing, pose_at
from ...renderers.image.saliency import SaliencyGlance
from ...renderers.registry import STILL_RENDERERS
from ..script import model
from ..sync import edit
from .auto_camera import FILLS, LEAST_MOVE, OPPOSITE, SceneView, amount_for, kind_of, move_of
from .face_framing import SceneLook, heads_box, keep_in_frame

CLOSER = (1.6, 1.4, 1.3)
"""Factors on the zoom before the cut that are tried; the least still reads as another shot."""
MOST_ENLARGED = 2.5
"""Pixels of the frame to one of the still, at most, in a closer framing."""
KINDS = ("push", "tilt", "pan")
"""Kinds of its move, in order of preference."""


@dataclass(frozen=True, slots=True)
class SlotFraming:
    """The move of a slot, and its part of that move's time.

    Attributes:
        motion: the move.
        start: first frame of the slot's media within the move.
        span: frames of the whole move.
    """

    motion: Motion
    start: int
    span: int


def may_cut_in(scene: model.ScriptScene) -> bool:
    """Return whether a script leaves the framing of a scene to the automatic camera."""
    motion = scene.motion
    return (
        motion.camera == "auto"
        and motion.cut_in
        and motion.focus in (None, "auto")
        and scene.fit in FILLS
        and scene.renderer in STILL_RENDERERS
        and [key.at.kind for key in scene.keyframes] == ["start"]
    )


def framing_lengths(placed: edit.ScheduledScene) -> list[int]:
    """Return the frames of each framing that a scene has, with its outer handles."""
    return [sum(slot.frames for slot in slots) for slots in _by_framing(placed)]


def with_closer(
    scene: model.ScriptScene,
    look: SceneLook,
    glance: SaliencyGlance,
    frame: tuple[int, int],
    seconds: float,
    following: str,
) -> SceneLook:
    """Add a closer framing to a look, if the still allows one; a push before it becomes a pull.

    Args:
        scene: the scene.
        look: its first framing.
        glance: its still.
        frame: width and height of the frame in pixels.
        seconds: length of the closer framing.
        following: move of the next scene, whose kind the closer framing leaves out.
    """
    width, height = frame
    found = look
    if look.motion.camera == "push_in":  # The cut would undo what the push has shown.
        look = replace(look, motion=replace(look.motion, camera="pull_out"))
    shape = Framing(1.0, height / width, height / width)
    if look.fit == "cover":
        shape = cover_framing(glance.aspect, height / width)
    before = pose_at(look.motion, 1.0, shape).zoom
    fills = max if look.fit == "cover" else min
    filled = fills(width, height / glance.aspect)
    taken = {kind_of(look.motion.camera), kind_of(following)}
    kind = next(kind for kind in KINDS if kind not in taken)
    view = SceneView(height / width / glance.aspect, look.motion.focus)
    wanted = replace(
        look.motion,
        camera=move_of(scene.id, kind, view),
        amount=amount_for(scene.motion.amount, seconds),
    )
    extent = glance.extent or (*glance.focus, *glance.focus)
    least: Motion | None = None
    for zoom in (round(factor * before, 2) for factor in CLOSER):
        if glance.width is not None and filled * zoom > glance.width * MOST_ENLARGED:
            continue
        closer = replace(wanted, zoom=zoom)
        subject = heads_box(glance.faces) if glance.faces else extent
        kept = keep_in_frame(subject, glance.aspect, height / width, closer, look.fit)
        if kept is not None and kept.amount >= LEAST_MOVE * wanted.amount:
            return replace(look, closer=kept)
        least = kept if glance.faces else closer
    return found if least is None else replace(look, closer=least)


def slot_framings(placed: edit.ScheduledScene, look: SceneLook) -> Iterator[SlotFraming]:
    """Yield the framing of each slot of a scene, in order."""
    if look.closer is None:
        for slot in placed.slots:
            yield SlotFraming(look.motion, slot.span_start, slot.span)
        return
    for number, slots in enumerate(_by_framing(placed)):
        motion = look.closer if number % 2 else look.motion
        if number % 4 >= 2:  # Both framings again: back from where they went.
            motion = replace(motion, camera=OPPOSITE.get(motion.camera, motion.camera))
        span, start = sum(slot.frames for slot in slots), 0
        for slot in slots:
            yield SlotFraming(motion, start, span)
            start += slot.frames


def _by_framing(placed: edit.ScheduledScene) -> Iterator[Sequence[edit.Slot]]:
    """Yield runs of slots between cuts to another framing."""
    cuts = 0
    numbered = []
    for slot in placed.slots:
        cuts += slot.cuts_in
        numbered.append((cuts, slot))
    for _, run in groupby(numbered, lambda pair: pair[0]):
        yield [slot for _, slot in run]
