"""``motion.strength`` and ``image_strength`` as parameters of each model (pure)."""

from __future__ import annotations

from ..base import Motion, Shot

SVD_BUCKET = 127
"""The motion bucket that Stable Video Diffusion was tuned at."""
MOST_NOISE = 0.4
"""Most noise on keyframes of LTX-Video, unless the preset has more; Lightricks' default is 0.15."""


def keyframe_strength(strength: float, shot: Shot) -> float:
    """Return the conditioning strength of a keyframe: ``strength`` at ``motion.strength`` 0.5.

    It falls with ``motion.strength``, and on retries of a video that stood still: a model given a
    still at full strength tends to repeat it.
    """
    adjusted = strength + 0.3 * (0.5 - shot.motion.strength)
    return min(1.0, max(0.2, adjusted * shot.image_strength))


def condition_noise(noise: float, shot: Shot) -> float:
    """Return the noise that LTX-Video sees on keyframes: ``noise`` at ``motion.strength`` 0.5.

    From half of it at 0 to twice as much at 1, and more on retries of a video that stood still, up
    to `MOST_NOISE`. The model takes it for what it is only while there is much noise elsewhere.
    """
    looser = 4 ** (shot.motion.strength - 0.5) / max(0.25, shot.image_strength) ** 2
    return min(max(noise, MOST_NOISE), noise * float(looser))


def keyframe_crf(crf: int, strength: float) -> int:
    """Return the H.264 crf of a keyframe: coarser for more ``motion.strength``; 0 stays 0."""
    return 0 if crf == 0 else min(38, max(1, round(crf + 16 * (strength - 0.5))))


def motion_bucket(motion: Motion) -> int:
    """Return Stable Video Diffusion's motion bucket, 1 to 255: 127 at strength 0.5 and amount 0.3.

    The bucket measures all motion of a training clip, camera included: more for a larger amount,
    less for a static camera.
    """
    camera = 0.75 if motion.camera == "static" else 1 + 0.5 * (motion.amount - 0.3)
    return round(min(255.0, max(1.0, SVD_BUCKET * 4 ** (motion.strength - 0.5) * camera)))


def keyframe_noise(noise: float, shot: Shot) -> float:
    """Return the noise added to a keyframe: ``noise`` at ``motion.strength`` 0.5.

    From a quarter of it at 0 to four times as much at 1, and more on retries.
    """
    return noise * float(16 ** (shot.motion.strength - 0.5)) / max(0.25, shot.image_strength) ** 4
