"""Stills as people have them, into upright 8-bit RGB in the sRGB colour space."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

from .base import RendererError

MOST_PIXELS = 170_000_000
"""A still with more is refused before it is decoded; just below where Pillow itself refuses."""
_TOO_LARGE = f"more than {MOST_PIXELS // 1_000_000} million pixels"
FURTHEST_ASPECT = 50
"""A still more than this many times as long as it is wide is taken for a mistake."""


def load_still(path: Path) -> Image.Image:
    """Load a still: turned as its EXIF says, converted to sRGB, without alpha (over black).

    Of an animation it is the first picture.

    Raises:
        RendererError: the file cannot be decoded, or its size is absurd.
    """
    try:
        with Image.open(path) as image:
            _check_size(path, *image.size)
            profile = image.info.get("icc_profile")
            image.load()
            upright = ImageOps.exif_transpose(image)
    except RendererError:
        raise
    except Image.DecompressionBombError as error:
        raise RendererError(f"{path}: {_TOO_LARGE}") from error
    # Pillow's decoders raise more kinds of errors over broken files than it documents.
    except Exception as error:
        raise RendererError(f"{path}: cannot be decoded: {error}") from error
    return _flat(upright, profile)


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise RendererError(f"{path}: {width}x{height} is {_TOO_LARGE}")
    if max(width, height) > FURTHEST_ASPECT * min(width, height):
        raise RendererError(f"{path}: {width}x{height} is no shape for a still")


def _flat(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Any mode to RGB, and alpha over black."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.mode not in ("RGBA", "LA", "La", "RGBa", "PA") and "transparency" not in image.info:
        return _to_srgb(image, profile)
    rgba = image.convert("RGBA")
    black = Image.new("RGB", rgba.size)
    black.paste(_to_srgb(rgba.convert("RGB"), profile), mask=rgba.getchannel("A"))
    return black


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey scaled to 8 bits, where Pillow would clip it."""
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F":
        top = 1.0 if values.max() <= 1 else 255.0
    else:
        top = 65535.0 if image.mode.startswith("I;16") or values.max() > 255 else 255.0
    return Image.fromarray(np.clip(values * (255 / top), 0, 255).round().astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            made = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            made = None  # A broken profile, or one of another mode: the plain conversion is near.
        if made is not None:
            return made
    return image.convert("RGB")
