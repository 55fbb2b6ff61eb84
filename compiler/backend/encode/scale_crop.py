"""Scale, crop and colour-convert pictures to the frame of the reel.

A picture is scaled until it covers the frame; the overhang is cropped around its focus point.
High dynamic range is tone-mapped to BT.709.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps

from ....renderers.camera.letterbox import BLUR_BRIGHTNESS, BLUR_SIGMA, BLUR_WIDTH
from ....renderers.image.open_image import image_file
from ....renderers.image.stills import to_8_bits
from ...files.atomic_output import write_errors
from ...media.media_info import VideoInfo, has_alpha

Filters: TypeAlias = tuple[tuple[str, dict[str, Any]], ...]
"""Names and options of ffmpeg's filters, in order."""
Focus: TypeAlias = tuple[float, float]
"""A point of a picture, as shares of its width and height."""
CENTRE: Focus = (0.5, 0.5)
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
_UNKNOWN = 2
_BT709_LIMITED = (1, 1)
"""Matrix and range of `VideoInfo.colors`."""
_PQ, _HLG = 16, 18
_SD_LINES = 576
_TONE_MAP: Filters = (
    ("zscale", {"t": "linear", "npl": 203}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": 0}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
)
"""High dynamic range (PQ and HLG) to BT.709, reference white (ITU-R BT.2408) to white."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """The common frame of all pictures of a reel.

    Attributes:
        size: width and height, in pixels.
        fps: of the reel.
        focus: focus points by file; the centre for all others.
    """

    size: tuple[int, int]
    fps: Fraction
    focus: Mapping[Path, Focus] = field(default_factory=dict)

    def focus_of(self, path: Path) -> Focus:
        """Return the point that a file's pictures are cropped around."""
        return self.focus.get(path, CENTRE)


def cover_size(shown: tuple[Fraction, Fraction], size: tuple[int, int]) -> tuple[int, int]:
    """Return the even size at which a picture covers the frame.

    >>> cover_size((Fraction(1920), Fraction(1080)), (1080, 1920))
    (3414, 1920)
    """
    scale = max(side / picture for side, picture in zip(size, shown, strict=True))
    width, height = (math.ceil(side * scale / 2) * 2 for side in shown)
    return max(width, size[0]), max(height, size[1])


def crop_origin(scaled: tuple[int, int], size: tuple[int, int], focus: Focus) -> tuple[int, int]:
    """Return left and top, even, of the crop window that is centred on a point if it can be.

    >>> crop_origin((3414, 1920), (1080, 1920), CENTRE), crop_origin((200, 96), (96, 96), (1, 0))
    ((1168, 0), (104, 0))
    """
    left, top = (
        min(max(0, round((whole * point - part / 2) / 2) * 2), whole - part)
        for whole, part, point in zip(scaled, size, focus, strict=True)
    )
    return left, top


def contain_size(shown: tuple[Fraction, Fraction], size: tuple[int, int]) -> tuple[int, int]:
    """Return the even size at which all of a picture is in the frame.

    >>> contain_size((Fraction(1920), Fraction(1080)), (1080, 1920))
    (1080, 608)
    """
    scale = min(side / picture for side, picture in zip(size, shown, strict=True))
    width, height = (max(2, round(side * scale / 2) * 2) for side in shown)
    return min(width, size[0]), min(height, size[1])


def fit_filters(
    video: VideoInfo, size: tuple[int, int], focus: Focus = CENTRE, *, crops: bool = True
) -> Filters:
    """Return the filters that fit a video into the frame, in BT.709 limited range.

    Args:
        video: the source.
        size: width and height of the frame, in pixels.
        focus: the point to crop around.
        crops: whether it covers the frame; else the frame is larger than it (letterbox).
    """
    filters: list[tuple[str, dict[str, Any]]] = []
    hdr = video.colors[1] in (_PQ, _HLG)
    alpha = has_alpha(video.pixel_format)
    if hdr:
        filters += _TONE_MAP
    if alpha:
        # Premultiplied, since colours of transparent pixels must not bleed when scaled.
        filters += [("format", {"pix_fmts": "gbrap"}), ("premultiply", {"inplace": 1})]
    width, height = (cover_size if crops else contain_size)(video.display_size, size)
    fits = (
        (width, height) == size
        and video.display_size == tuple(map(Fraction, size))
        and video.pixel_format == "yuv420p"
        and video.colors[2:] == _BT709_LIMITED
        and not hdr
    )
    if not fits:
        scale = {
            "w": width,
            "h": height,
            "flags": "lanczos+accurate_rnd+full_chroma_int+full_chroma_inp",
            **({} if alpha else {"out_color_matrix": "bt709", "out_range": "tv"}),
        }
        if not hdr and not alpha:
            scale["in_color_matrix"] = _matrix(video)
        filters.append(("scale", scale))
        if crops and (width, height) != size:
            left, top = crop_origin((width, height), size, focus)
            crop = {"out_w": size[0], "out_h": size[1], "x": left, "y": top}
            filters.append(("crop", crop))
    if alpha:
        to_yuv = {"out_color_matrix": "bt709", "out_range": "tv", "flags": "accurate_rnd"}
        filters += [("unpremultiply", {"inplace": 1}), ("scale", to_yuv)]
    filters.append(("format", {"pix_fmts": "yuva420p" if alpha else "yuv420p"}))
    return tuple(filters)


def backdrop_filters(video: VideoInfo, size: tuple[int, int]) -> Filters:
    """Return the filters of a darkened blur that fills the frame behind a letterboxed video.

    It looks as that of a still by `renderers.camera.letterbox`.
    """
    small = BLUR_WIDTH, max(2, round(BLUR_WIDTH * size[1] / size[0] / 2) * 2)
    chroma = f"128+(val-128)*{BLUR_BRIGHTNESS}"
    return (
        *fit_filters(video, small),
        ("gblur", {"sigma": BLUR_SIGMA}),
        ("lutyuv", {"y": f"16+(val-16)*{BLUR_BRIGHTNESS}", "u": chroma, "v": chroma}),
        ("scale", {"w": size[0], "h": size[1], "flags": "bicubic+accurate_rnd"}),
    )


def _matrix(video: VideoInfo) -> str:
    """Return the colour matrix of a video; guessed by its size if unspecified."""
    stated = video.colors[2]
    if stated == _UNKNOWN:
        return "bt601" if min(video.width, video.height) <= _SD_LINES else "bt709"
    return _MATRICES.get(stated, "auto")


def fit_still(image: Path, size: tuple[int, int], fitted: Path, focus: Focus = CENTRE) -> None:
    """Write a still upright, scaled and cropped to the frame, as 8-bit sRGB with alpha.

    Args:
        image: of one of `open_image.FORMATS`.
        size: width and height of the frame, in pixels.
        fitted: the PAM file to write.
        focus: the point to crop around.

    Raises:
        ImageFileError: the image cannot be read.
        WorkError: the file cannot be written.
    """
    with image_file(image) as opened:
        upright = to_8_bits(ImageOps.exif_transpose(opened))
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        centering = _centering(upright.size, size, focus)
        flat = ImageOps.fit(upright, size, Image.Resampling.LANCZOS, centering=centering)
    write_pam(np.asarray(flat.convert("RGBA")), fitted)


def _centering(shown: tuple[int, int], size: tuple[int, int], focus: Focus) -> tuple[float, float]:
    """Return Pillow's ``centering`` (shares of the overhang) that centres the crop on a point."""
    scale = max(side / picture for side, picture in zip(size, shown, strict=True))
    shares = []
    for picture, side, point in zip(shown, size, focus, strict=True):
        room = picture * scale - side
        share = min(1.0, max(0.0, (picture * scale * point - side / 2) / room)) if room else 0
        shares.append(share)
    return shares[0], shares[1]


def write_pam(pixels: np.ndarray[Any, np.dtype[np.uint8]], path: Path) -> None:
    """Write pixels of shape ``(height, width, 4)`` as they are (netpbm's PAM).

    Raises:
        WorkError: the file cannot be written.
    """
    height, width, _ = pixels.shape
    head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    with write_errors(path), path.open("wb") as stream:
        stream.write(head.encode() + np.ascontiguousarray(pixels).tobytes())
