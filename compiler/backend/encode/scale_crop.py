"""Fitting a picture into the reel: its size, its shape and its colours.

A picture covers the frame: it is scaled until it does, and what stands over is cut off, around the
point that is to stay in sight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from ....renderers.image.open_image import image_file
from ...files.atomic_output import writing
from ...media.probe import VideoInfo, has_alpha

CENTRE = (0.5, 0.5)
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


def window_at(
    scaled: tuple[int, int], size: tuple[int, int], focus: tuple[float, float]
) -> tuple[int, int]:
    """Left and top edge, even, of a window within a picture, as near to a point as it can be.

    >>> window_at((3414, 1920), (1080, 1920), (0.5, 0.5)), window_at((200, 96), (96, 96), (1, 0))
    ((1166, 0), (104, 0))
    """
    left, top = (
        min(max(0, round((whole * point - part / 2) / 2) * 2), whole - part)
        for whole, part, point in zip(scaled, size, focus, strict=True)
    )
    return left, top


def fit_of(video: VideoInfo, size: tuple[int, int], focus: tuple[float, float] = CENTRE) -> Fit:
    """How a video is fitted into a frame of a size, in BT.709 of limited range.

    Args:
        video: what is known of it.
        size: width and height of the frame, in pixels.
        focus: the point, as shares of width and height, that the frame is laid around.
    """
    filters: list[tuple[str, dict[str, Any]]] = []
    hdr = video.colors[1] in (_PQ, _HLG)
    alpha = has_alpha(video.pixel_format)
    if hdr:
        filters += _TONE_MAP
    if alpha:
        # Colours of what is not seen must not be scaled into what is.
        filters += [("format", {"pix_fmts": "gbrap"}), ("premultiply", {"inplace": 1})]
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
            **({} if alpha else {"out_color_matrix": "bt709", "out_range": "tv"}),
        }
        if not hdr and not alpha:
            scale["in_color_matrix"] = _matrix(video)
        filters.append(("scale", scale))
        if (width, height) != size:
            left, top = window_at((width, height), size, focus)
            crop = {"out_w": size[0], "out_h": size[1], "x": left, "y": top}
            filters.append(("crop", crop))
    if alpha:
        to_yuv = {"out_color_matrix": "bt709", "out_range": "tv", "flags": "accurate_rnd"}
        filters += [("unpremultiply", {"inplace": 1}), ("scale", to_yuv)]
    filters.append(("format", {"pix_fmts": "yuva420p" if alpha else "yuv420p"}))
    return Fit(tuple(filters))


def _matrix(video: VideoInfo) -> str:
    """The matrix of a video; where it states none, what its size makes likely."""
    stated = video.colors[2]
    if stated == _UNKNOWN:
        return "bt601" if min(video.width, video.height) <= _SD_LINES else "bt709"
    return _MATRICES.get(stated, "auto")


def fit_still(
    image: Path, size: tuple[int, int], fitted: Path, focus: tuple[float, float] = CENTRE
) -> None:
    """Write a still as it is shown: upright, covering the frame; 8 bits of sRGB, with alpha.

    Args:
        image: of one of `image_files.FORMATS`.
        size: width and height of the frame, in pixels.
        fitted: written as PAM.
        focus: as in `fit_of`.

    Raises:
        ImageFileError: the image cannot be read.
        WorkError: the file cannot be written.
    """
    with image_file(image) as opened:
        upright = _eight_bits(ImageOps.exif_transpose(opened))
        flat = ImageOps.fit(upright, size, Image.Resampling.LANCZOS, centering=_centering(
            upright.size, size, focus
        ))  # fmt: skip
    write_pam(np.asarray(flat.convert("RGBA")), fitted)


def _centering(
    seen: tuple[int, int], size: tuple[int, int], focus: tuple[float, float]
) -> tuple[float, float]:
    """What Pillow calls centering (shares of the overhang) for a point to lie in the middle."""
    scale = max(side / shown for side, shown in zip(size, seen, strict=True))
    shares = []
    for shown, side, point in zip(seen, size, focus, strict=True):
        room = shown * scale - side
        shares.append(min(1.0, max(0.0, (shown * scale * point - side / 2) / room)) if room else 0)
    return shares[0], shares[1]


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip
        grey = (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def write_pam(pixels: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    """Write pixels of shape ``(height, width, 4)`` as they are (netpbm's PAM).

    Raises:
        WorkError: the file cannot be written.
    """
    height, width, _ = pixels.shape
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    with writing(path), path.open("wb") as stream:
        stream.write(head.encode() + np.ascontiguousarray(pixels).tobytes())
