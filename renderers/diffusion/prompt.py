"""The prompt and the negative prompt of a shot: the script's words, then camera and motion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..base import Motion, Shot

CAMERA_PHRASES: Mapping[str, str] = {
    "static": "the camera stands still while the scene moves",
    "push_in": "the camera {pace} pushes in",
    "pull_out": "the camera {pace} pulls back",
    "pan_left": "the camera {pace} pans to the left",
    "pan_right": "the camera {pace} pans to the right",
    "tilt_up": "the camera {pace} tilts up",
    "tilt_down": "the camera {pace} tilts down",
    "orbit_left": "the camera {pace} orbits to the left around the subject",
    "orbit_right": "the camera {pace} orbits to the right around the subject",
    "roll_left": "the camera {pace} rolls to the left",
    "roll_right": "the camera {pace} rolls to the right",
}
MOTION_PHRASES = (
    (0.2, "subtle, calm movement"),
    (0.7, "natural movement"),
    (1.0, "lively movement"),
)
"""By the largest ``motion.strength`` that each is for."""
DEFAULT_NEGATIVE_PROMPT = "worst quality, blurry, jittery, distorted, text, watermark"
"""The negative prompt of a scene without one."""


class Prompt(NamedTuple):
    """The texts that a model is guided by, and away from."""

    positive: str
    negative: str


def prompt_of(shot: Shot) -> Prompt:
    """Return the prompt and the negative prompt of a shot."""
    parts = [shot.prompt.strip().rstrip(".,;"), camera_phrase(shot.motion)]
    parts.append(next(text for most, text in MOTION_PHRASES if shot.motion.strength <= most))
    positive = ", ".join(part for part in parts if part)
    return Prompt(positive, shot.negative_prompt or DEFAULT_NEGATIVE_PROMPT)


def camera_phrase(motion: Motion) -> str:
    """Describe a camera move in words, its amount as a pace; ``static`` if the amount is 0."""
    if motion.amount == 0 and motion.camera != "static":
        return CAMERA_PHRASES["static"]
    pace = "slowly" if motion.amount < 0.4 else "steadily" if motion.amount < 0.75 else "quickly"
    return CAMERA_PHRASES.get(motion.camera, "").format(pace=pace)
