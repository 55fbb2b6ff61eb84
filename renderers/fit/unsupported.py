"""What of a shot's wishes a renderer meets in another way, or not at all, line by line."""

from __future__ import annotations

from collections.abc import Sequence

from ..base import Call, Limits, Shot


def wishes_not_met(shot: Shot, limits: Limits) -> list[str]:
    """What the shot asks for and the renderer cannot do."""
    motion, controls = shot.motion, limits.controls
    notes = []
    has_camera = "camera" in controls and motion.camera in {*limits.moves, "auto"}
    if motion.camera != "static" and not has_camera:
        how = "is not honoured"
        if "pace" in controls:
            how = "only decides how much moves"
        elif "prompt" in controls:
            how = "is put into words only"
        notes.append(f"motion.camera {motion.camera} {how}")
    if motion.strength != type(motion)().strength and "strength" not in controls:
        notes.append("motion.strength is not honoured")
    if motion.loras and "loras" not in controls:
        notes.append("motion.loras are not honoured")
    if shot.prompt and "prompt" not in controls and not limits.is_unbounded:
        notes.append("the prompt is not used")
    return notes


def keyframes_not_met(
    shot: Shot, places: Sequence[int], needed: int, calls: Sequence[Call]
) -> list[str]:
    """Keyframes that are reached beside their places, or left out.

    Args:
        shot: whose keyframes they are.
        places: theirs, in native frames from the start of the media.
        needed: native frames of the slot.
        calls: that make it.
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
