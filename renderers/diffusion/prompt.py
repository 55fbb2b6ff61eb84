"""The prompt and the negative prompt of a shot: the script's words, then camera and motion.

The style ``described`` has the shape that each model's authors ask for, and adds nothing that the
script does not say. What follows is told if it belongs to the shot: a shot that ends on the still
that the next scene begins with ends as that scene's prompt says. Nothing is said of what lies
beyond a cut, since a model would show it.

* ``paragraph``: the action in its order, then movement, then the camera, in sentences
  (``prompt_enhance_utils.py`` of Lightricks' LTX-Video).
* ``camera_first``: the camera, then what moves (the prompts for image-to-video in
  ``wan/utils/system_prompt.py`` of Wan 2.2; of a first and a last frame, both and the change
  between them, in ``wan/utils/prompt_extend.py`` of Wan 2.1).
* ``tags``: phrases between commas, the most important first, for CLIP's 77 tokens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from ..base import Motion, Shot

PromptStyle = Literal["described", "plain"]
PromptShape = Literal["paragraph", "camera_first", "tags"]
STYLES: tuple[str, ...] = get_args(PromptStyle)

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
MOTION_SENTENCES = (
    (0.2, "the movement is subtle and calm"),
    (0.7, "the movement is natural and continuous"),
    (1.0, "the movement is lively and continuous"),
)
"""The same as sentences."""
CHANGING = "the picture changes gradually, in one shot without a cut"
"""Of a shot with several keyframes."""
ENDING = "by the end of the shot: {}"
ENDING_TAG = "then {}"
DEFAULT_NEGATIVE_PROMPT = "worst quality, blurry, jittery, distorted, text, watermark"
"""The negative prompt of a scene without one."""
_ENDS = ".!?…。！？｡؟।"
_COMMAS = ",;:，、；：،"


class Prompt(NamedTuple):
    """The texts that a model is guided by, and away from."""

    positive: str
    negative: str


def prompt_of(
    shot: Shot,
    style: str = "plain",
    shape: PromptShape = "paragraph",
    tokens: int | None = None,
) -> Prompt:
    """Return the prompt and the negative prompt of a shot; what a language model wrote, if it did.

    Args:
        shot: the shot.
        style: one of `STYLES`; ``plain`` is the script's prompt with the phrases of camera and
            motion after commas.
        shape: of the style ``described``.
        tokens: that the model reads. What ``described`` adds is left out where it does not fit.
    """
    negative = shot.negative_prompt or DEFAULT_NEGATIVE_PROMPT
    if shot.written:
        return Prompt(shot.written, negative)
    own = " ".join(shot.prompt.split())
    ending = " ".join(shot.ending.split()) if style == "described" else ""
    camera = camera_phrase(shot.motion)
    is_tags = style == "plain" or shape == "tags"
    phrases = MOTION_PHRASES if is_tags else MOTION_SENTENCES
    motion = next(text for most, text in phrases if shot.motion.strength <= most)
    if is_tags:
        last = ENDING_TAG.format(ending.rstrip(_ENDS + _COMMAS)) if ending else ""
        parts = [part for part in (own.rstrip(_ENDS + _COMMAS), camera, motion, last) if part]
        room = tokens if style == "described" else None
        return Prompt(", ".join(_fitting(parts, own, room)), negative)
    action = [own, ENDING.format(ending) if ending else ""]
    added = [motion, CHANGING] if len(shot.keyframes) > 1 else [motion]
    order = [camera, *action, *added] if shape == "camera_first" else [*action, *added, camera]
    sentences = [_sentence(part) for part in order if part]
    return Prompt(" ".join(_fitting(sentences, _sentence(own), tokens)), negative)


def estimated_tokens(text: str) -> int:
    """Estimate the tokens of a text: a word of ASCII letters up to 6 letters, else a character.

    An estimate for the vocabularies of T5, UMT5 and CLIP; CLIP has more for other scripts.
    """
    words = re.findall(r"[A-Za-z0-9]+|[^\sA-Za-z0-9]", text)
    return sum(math.ceil(len(word) / 6) for word in words) + 2


def cut_note(shot: Shot, most: int | None) -> str | None:
    """Return a line on a scene's prompt of more than the ``most`` tokens read; None if it fits."""
    tokens = estimated_tokens(shot.prompt)
    if most is None or tokens <= most:
        return None
    return f"prompt has about {tokens} tokens of which {most} are read; shorten it"


def camera_phrase(motion: Motion) -> str:
    """Describe a camera move in words, its amount as a pace; ``static`` if the amount is 0."""
    if motion.amount == 0 and motion.camera != "static":
        return CAMERA_PHRASES["static"]
    pace = "slowly" if motion.amount < 0.4 else "steadily" if motion.amount < 0.75 else "quickly"
    return CAMERA_PHRASES.get(motion.camera, "").format(pace=pace)


def _fitting(parts: list[str], own: str, tokens: int | None) -> list[str]:
    """Drop added parts from the end until a prompt fits; the script's own part stays."""
    kept = list(parts)
    while tokens is not None and estimated_tokens(" ".join(kept)) > tokens:
        added = [index for index, part in enumerate(kept) if not own.startswith(part)]
        if not added:
            break
        del kept[added[-1]]
    return kept


def _sentence(text: str) -> str:
    """Begin a text with a capital letter, and end it with a full stop if it has no mark."""
    text = text.rstrip(_COMMAS)
    if not text:
        return ""
    closed = text if text[-1] in _ENDS or text.rstrip("\"'”’»」』)")[-1:] in _ENDS else text + "."
    first = closed[0].upper()
    return first + closed[1:] if first.lower() == closed[0] else closed
