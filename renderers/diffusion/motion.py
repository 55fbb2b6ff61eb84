"""A shot's motion in what models understand: words, buckets, strengths, LoRAs (pure)."""

from __future__ import annotations

from collections.abc import Mapping

from ..base import Motion, Shot
from .model_settings import WeightSource

WORDS: Mapping[str, str] = {
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
LIVELINESS = ((0.2, "subtle, calm movement"), (0.7, "natural movement"), (1.0, "lively movement"))
NEGATIVE = "worst quality, blurry, jittery, distorted, text, watermark"
"""What must not be seen where the script says nothing."""
SVD_BUCKET = 127
"""The motion bucket that Stable Video Diffusion was tuned at."""


def words(shot: Shot) -> tuple[str, str]:
    """The prompt and the negative prompt of a shot, its motion put into words."""
    said = [shot.prompt.strip().rstrip(".,;"), camera_words(shot.motion)]
    said.append(next(word for most, word in LIVELINESS if shot.motion.strength <= most))
    return ", ".join(part for part in said if part), shot.negative_prompt or NEGATIVE


def camera_words(motion: Motion) -> str:
    """A camera move in words; its amount says how fast. Nothing for a move without an amount."""
    if motion.amount == 0 and motion.camera != "static":
        return WORDS["static"]
    pace = "slowly" if motion.amount < 0.4 else "steadily" if motion.amount < 0.75 else "quickly"
    return WORDS.get(motion.camera, "").format(pace=pace)


def hold(strength: float, shot: Shot) -> float:
    """How firmly a keyframe is held: ``strength`` at `Motion.strength` 0.5, less where more life is
    wanted, and where an earlier try stood still.

    Models that are given a still with strength 1 and little else to do stand still.
    """
    held = strength + 0.3 * (0.5 - shot.motion.strength)
    return min(1.0, max(0.2, held * shot.image_strength))


def still_crf(crf: int, liveliness: float) -> int:
    """The H.264 quality that a keyframe goes through: coarser where more life is wanted."""
    return 0 if crf == 0 else min(38, max(1, round(crf + 16 * (liveliness - 0.5))))


def bucket(motion: Motion) -> int:
    """Stable Video Diffusion's motion bucket, 1 to 255: 127 at strength 0.5 and amount 0.3.

    The bucket stands for all motion of the training clips, the camera's included: a move by a
    larger amount asks for more, a camera that stands still for less.
    """
    camera = 0.75 if motion.camera == "static" else 1 + 0.5 * (motion.amount - 0.3)
    return round(min(255.0, max(1.0, SVD_BUCKET * 4 ** (motion.strength - 0.5) * camera)))


def added_noise(noise: float, shot: Shot) -> float:
    """Noise on a keyframe: ``noise`` at strength 0.5, four times as much or little at the ends, and
    more where the keyframe is to hold less."""
    return noise * float(16 ** (shot.motion.strength - 0.5)) / max(0.25, shot.image_strength) ** 4


def camera_lora(
    motion: Motion, configured: Mapping[str, WeightSource]
) -> tuple[WeightSource, float] | None:
    """The motion LoRA for a shot's camera move and its weight; None where there is none.

    The published ones move far at weight 1, so the amount of 0.3 that is the default takes 0.7.
    """
    source = configured.get(motion.camera)
    if source is None or motion.amount == 0:
        return None
    return source, round(min(1.0, 0.55 + 0.5 * motion.amount), 3)
