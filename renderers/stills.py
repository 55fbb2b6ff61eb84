"""Stills as people have them, into upright 8-bit RGB in the sRGB colour space."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from .base import RendererError

MOST_PIXELS = 200_000_000
"""A still with more is refused before it is decoded."""
BLUR_SHARE = 1 / 24
"""Radius of the blur that fills a frame beside its picture, of the frame's width."""
BLUR_LIGHT = 0.55
"""Brightness of that fill."""

RgbImage = NDArray[np.uint8]
"""Shape ``(height, width, 3)``."""


def load_still(path: Path) -> Image.Image:
    """Load a still: turned as its EXIF says, converted to sRGB, without alpha (over black).

    Raises:
        RendererError: the file cannot be decoded, or is absurdly large.
    """
    try:
        with Image.open(path) as image:
            if image.width * image.height > MOST_PIXELS:
                raise RendererError(
                    f"{path}: {image.width}x{image.height} is more than "
                    f"{MOST_PIXELS // 1_000_000} million pixels"
                )
            profile = image.info.get("icc_profile")
            image.load()
            upright = ImageOps.exif_transpose(image)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise RendererError(f"{path}: cannot be decoded: {error}") from error
    return _to_srgb(_to_rgb(upright), profile)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        # Pillow clips 16-bit grey to 8 bits; scale it instead.
        values = np.asarray(image).astype(np.float64)
        top = 65535.0 if values.max() > 255 else 255.0
        image = Image.fromarray(np.clip(values * (255 / top), 0, 255).round().astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        flat = Image.new("RGB", rgba.size)
        flat.paste(rgba, mask=rgba.getchannel("A"))
        return flat
    return image.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        made = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except ImageCms.PyCMSError:
        return image
    return made if made is not None else image


def fit_still(image: Image.Image, aspect: float, fit: str) -> Image.Image:
    """The picture that the camera moves over, for a frame of ``aspect`` (height over width).

    ``cover`` is the still itself; ``contain`` puts it whole on black, ``blur`` on a blurred and
    darkened enlargement of itself.
    """
    if fit == "cover":
        return image
    width, height = image.size
    if height / width >= aspect:
        canvas = (round(height / aspect), height)
    else:
        canvas = (width, round(width * aspect))
    if fit == "contain":
        back = Image.new("RGB", canvas)
    else:
        # Blurring a small copy costs little, and what is enlarged from it is as smooth.
        small = (96, max(2, round(96 * canvas[1] / canvas[0])))
        back = ImageOps.fit(image, small, Image.Resampling.BOX)
        back = back.filter(ImageFilter.GaussianBlur(96 * BLUR_SHARE))
        back = back.point(lambda value: value * BLUR_LIGHT)
        back = back.resize(canvas, Image.Resampling.BICUBIC)
    back.paste(image, ((canvas[0] - width) // 2, (canvas[1] - height) // 2))
    return back
