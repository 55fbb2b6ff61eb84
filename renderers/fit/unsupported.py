"""List the settings and keyframes of a shot that a renderer supports in part, or not at all."""

from __future__ import annotations

from collections.abc import Sequence

from ..base import Call, Limits, Shot

PROMPT_ONLY = "is only described in the prompt"
"""End of the line for a camera move that a model gets as text."""


def unsupported_settings(shot: Shot, limits: Limits) -> list[str]:
    """Return a line for each setting that the renderer does not support."""
    motion, controls = shot.motion, limits.controls
    notes = []
    has_camera = "camera" in controls and motion.camera in {*limits.moves, "auto"}
    if motion.camera != "static" and not has_camera:
        how = "is not honoured"
        if "pace" in controls:
            how = "only decides how much moves"
        elif "prompt" in controls:
            how = PROMPT_ONLY
        notes.append(f"motion.camera {motion.camera} {how}")
    if motion.strength != type(motion)().strength and "strength" not in controls:
        notes.append("motion.strength is not honoured")
    if motion.depth_of_field and "depth_of_field" not in controls:
        notes.append("motion.depth_of_field is not honoured")
    elif motion.depth_of_field and shot.fit != "cover":
        notes.append(f"motion.depth_of_field has no effect with fit: {shot.fit}")
    if motion.loras and "loras" not in controls:
        notes.append("motion.loras are not honoured")
    if shot.prompt and "prompt" not in controls and not limits.is_unbounded:
        notes.append("the prompt is not used")
    return notes


def unsupported_keyframes(
    shot: Shot, places: Sequence[int], needed: int, calls: Sequence[Call]
) -> list[str]:
    """Return a line for each keyframe that is moved or dropped.

    Args:
        shot: the slot.
        places: positions of its keyframes, in native frames from the start of the media.
        needed: length of the media, in native frames.
        calls: the planned calls.
    """
    met = {(key.image, call.first + key.frame) for call in calls for key in call.keyframes}
    notes = []
    for key, place in zip(shot.keyframes, places, strict=True):
        if not 0 <= place < needed:
            continue
        offsets = [abs(at - place) for image, at in met if image == key.image]
        moved = min(offsets, default=None)
        if moved is None:
            notes.append(f"keyframe {key.image.name} at frame {key.frame} is not honoured")
        elif moved > 0:
            seconds = float(moved / calls[0].fps)
            notes.append(
                f"keyframe {key.image.name} at frame {key.frame} is reached within {seconds:.2f} s"
            )
    return notes
