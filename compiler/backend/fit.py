"""Fitting a picture into the reel: its size, its shape and its colours.

A picture covers the frame: it is scaled until it does, and what stands over is cut off on both
sides alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from .probe import VideoInfo
from .whole_file import writing

_MATRICES = {
    1: "bt709",
    4: "fcc",
    5: "bt601",
    6: "bt601",
    7: "smpte240m",
    9: "bt2020",
    10: "bt2020",
}
"""ffmpeg's names for matrix coefficients of ITU-T H.273."""
_UNKNOWN, _RGB = 2, 0
_BT709 = (1, 1, 1, 1)
_PQ, _HLG = 16, 18
_SD_LINES = 576
_TONE_MAP: tuple[tuple[str, dict[str, Any]], ...] = (
    ("zscale", {"t": "linear", "npl": 203}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)
"""High dynamic range (PQ and HLG) to BT.709, its reference white (ITU-R BT.2408) to white."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Filters, with their options, that make a video fit; none where it fits as it is."""

    filters: tuple[tuple[str, dict[str, Any]], ...]


def cover(shown: tuple[Fraction, Fraction], size: tuple[int, int]) -> tuple[int, int]:
    """The even size to scale a picture to, so that it covers the frame.

    >>> cover((Fraction(1920), Fraction(1080)), (1080, 1920))
    (3414, 1920)
    """
    scale = max(side / seen for side, seen in zip(size, shown, strict=True))
    width, height = (math.ceil(side * scale / 2) * 2 for side in shown)
    return max(width, size[0]), max(height, size[1])


def fit_of(video: VideoInfo, size: tuple[int, int]) -> Fit:
    """How a video is fitted into a frame of a size, in BT.709 of limited range."""
    filters: list[tuple[str, dict[str, Any]]] = []
    hdr = video.colors[1] in (_PQ, _HLG)
    if hdr:
        filters += _TONE_MAP
    if _has_alpha(video.pixel_format):
        filters += [("format", {"pix_fmts": "rgba"}), ("premultiply", {"inplace": 1})]
    width, height = cover(video.display_size, size)
    as_it_is = (
        (width, height) == size
        and video.display_size == tuple(map(Fraction, size))
        and video.pixel_format == "yuv420p"
        and video.colors[2:] == _BT709[2:]
        and not hdr
    )
    if not as_it_is:
        scale = {
            "w": width,
            "h": height,
            "flags": "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp",
            "out_color_matrix": "bt709",
            "out_range": "tv",
        }
        if not hdr:
            scale["in_color_matrix"] = _matrix(video)
        filters.append(("scale", scale))
        if (width, height) != size:
            filters.append(("crop", {"out_w": size[0], "out_h": size[1]}))
    filters.append(("format", {"pix_fmts": "yuv420p"}))
    return Fit(tuple(filters))


def _has_alpha(pixel_format: str) -> bool:
    return pixel_format.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya", "pal"))


def _matrix(video: VideoInfo) -> str:
    """The matrix of a video; where it states none, what its size makes likely."""
    stated = video.colors[2]
    if stated == _UNKNOWN:
        return "bt601" if min(video.width, video.height) <= _SD_LINES else "bt709"
    return _MATRICES.get(stated, "auto")


def fit_still(image: Path, size: tuple[int, int], fitted: Path) -> None:
    """Write a still as it is shown: upright, over black, covering the frame; 8 bits of sRGB.

    Args:
        image: anything that Pillow reads.
        size: width and height of the frame, in pixels.
        fitted: written as PPM.

    Raises:
        WorkError: the file cannot be written.
    """
    with Image.open(image) as opened:
        upright = ImageOps.exif_transpose(opened)
        flat = ImageOps.fit(_opaque(upright), size, Image.Resampling.LANCZOS)
    with writing(fitted):
        flat.save(fitted, format="PPM")


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)).convert(
            "RGB"
        )
    if image.has_transparency_data:
        shown = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", shown.size, "black"), shown).convert("RGB")
    return image.convert("RGB")
