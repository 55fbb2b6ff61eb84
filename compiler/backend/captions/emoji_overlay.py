"""Emoji in colour over the captions of a range: a video with transparency, a frame a change.

Outline, shadow, opacity and growth are those of the text.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ....renderers.files.open_media import open_output
from .ass import POP_FROM, POP_MS
from .colour_emoji import ColourFont
from .emoji_places import PlacedEmoji
from .style import Colour

_Layers = tuple[tuple[Image.Image, int, int], ...]
"""Pictures from the lowest to the highest, each with its left and upper edge in the frame."""


@dataclass(frozen=True, slots=True)
class EmojiLook:
    """Appearance of emoji.

    Attributes:
        font: a colour font.
        outline: its width, in ems.
        outline_colour: as of the letters.
        shadow: offset to the right and down, in pixels; 0 for none.
        opacity: of the letters, 0 to 255.
        pops: whether captions grow when they appear.
    """

    font: ColourFont
    outline: float
    outline_colour: Colour
    shadow: int
    opacity: int
    pops: bool


@dataclass(frozen=True, slots=True)
class ShownEmoji:
    """The emoji of a caption; lengths in pixels.

    Attributes:
        start, end: in seconds of the range.
        em: of the letters.
        middle: of the caption.
        emoji: with their places.
    """

    start: Fraction
    end: Fraction
    em: float
    middle: tuple[float, float]
    emoji: tuple[PlacedEmoji, ...]


@dataclass(frozen=True, slots=True)
class EmojiOverlay:
    """The emoji of a range of the reel."""

    look: EmojiLook
    shown: tuple[ShownEmoji, ...]

    def write(self, path: Path, frames: int, fps: Fraction) -> tuple[int, int]:
        """Write the pictures as PNG in a MOV, and return the place of their upper left corner.

        Args:
            path: of the file.
            frames: of the range.
            fps: of the reel.

        Returns:
            Even numbers, since chroma has half the resolution.
        """
        states: list[tuple[int, tuple[tuple[ShownEmoji, float], ...]]] = []
        for frame in range(frames):
            state = tuple(self._state(frame / fps))
            if not states or states[-1][1] != state:
                states.append((frame, state))
        drawn = [
            (at, [layers for one, scale in state for layers in self._layers(one, scale)])
            for at, state in states
        ]
        boxes = [
            (left, top, left + image.width, top + image.height)
            for _, all_layers in drawn
            for layers in all_layers
            for image, left, top in layers
        ]
        left, top = (min((box[side] for box in boxes), default=0) // 2 * 2 for side in (0, 1))
        right, bottom = (max((box[side] for box in boxes), default=2) for side in (2, 3))
        size = math.ceil((right - left) / 2) * 2, math.ceil((bottom - top) / 2) * 2
        with open_output(path, "mov") as container:
            stream = container.add_stream("png", rate=fps)
            stream.width, stream.height, stream.pix_fmt = *size, "rgba"
            stream.time_base = 1 / fps
            for at, all_layers in drawn:
                canvas = Image.new("RGBA", size)
                # All shadows and outlines are below all pictures.
                for layers in zip(*all_layers, strict=True):
                    for image, x, y in layers:
                        canvas.alpha_composite(image, (x - left, y - top))
                frame_of = av.VideoFrame.from_ndarray(np.asarray(canvas), format="rgba")
                frame_of.pts, frame_of.time_base = at, 1 / fps
                container.mux(stream.encode(frame_of))
            container.mux(stream.encode())
        return left, top

    def _state(self, time: Fraction) -> Iterator[tuple[ShownEmoji, float]]:
        """Yield the visible emoji at a time of the range, and their scale."""
        for one in self.shown:
            if one.start <= time < one.end:
                passed = float(time - one.start) * 1000 / POP_MS if self.look.pops else 1.0
                yield one, POP_FROM + (1 - POP_FROM) * min(1.0, passed)

    def _layers(self, one: ShownEmoji, scale: float) -> Iterator[_Layers]:
        for emoji in one.emoji:
            x, y = (
                centre + scale * (place - centre)
                for centre, place in zip(one.middle, (emoji.x, emoji.y), strict=True)
            )
            layers, below = _drawn(self.look, emoji.text, one.em * scale, scale)
            yield tuple(
                (
                    image,
                    round(x - image.width / 2) + offset,
                    round(y + below - image.height / 2) + offset,
                )
                for image, offset in layers
            )


@functools.lru_cache(256)
def _drawn(
    look: EmojiLook, emoji: str, em: float, scale: float
) -> tuple[tuple[tuple[Image.Image, int], ...], float]:
    """Return shadow, outline and picture with their offsets, and the middle below the baseline."""
    picture, below = look.font.picture(emoji, em)
    alpha = np.asarray(picture.getchannel("A"))
    width = look.outline * em
    edge = math.ceil(width) + 1
    inside = np.pad(alpha, edge) > 127
    distance = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    spread = np.clip(width + 0.5 - distance, 0, 1) * 255 if width else np.zeros(inside.shape)
    if look.opacity < 255:  # As in libass, letters cover their outline.
        spread = spread * (1 - np.pad(alpha, edge) / 255)
    *rgb, opacity = look.outline_colour
    outline = _flat(rgb, spread * (opacity / 255))
    shadow = _flat(rgb, spread * (opacity // 2 / 255) * bool(look.shadow))
    if look.opacity < 255:
        picture.putalpha(picture.getchannel("A").point(lambda a: a * look.opacity // 255))
    return ((shadow, round(look.shadow * scale)), (outline, 0), (picture, 0)), below


def _flat(rgb: list[int], alpha: NDArray[np.floating]) -> Image.Image:
    """Return one colour with an opacity of 0 to 255."""
    image = Image.new("RGBA", alpha.shape[::-1], (rgb[0], rgb[1], rgb[2], 0))
    image.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return image
